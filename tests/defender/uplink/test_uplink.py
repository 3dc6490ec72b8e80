"""The uplink against a server that the test plays: order, the window, and what a broken connection leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import Identity, SensorState
from holdfast.defender.uplink.uplink import KEEP_ALIVE, WINDOW, Uplink
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.errors import UnauthenticatedError, UnavailableError
from holdfast.protocol.mqtt.connect import decode_connect, encode_connack
from holdfast.protocol.mqtt.disconnect import PINGREQ, PINGRESP
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.publish import Publish, decode_publish, encode_puback, encode_publish
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.wire import V311

IDENTITY = Identity("s1", "hub.example", 8883, "", "", "")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SensorState]:
    state = SensorState(tmp_path, ManualClock(), SystemRandomness())
    yield state
    state.close()


@pytest.fixture
def spool(state: SensorState) -> Spool:
    spool = Spool(state)
    spool.append([b"%d" % number for number in range(WINDOW + 5)])
    return spool


def connected(state: SensorState, spool: Spool) -> Uplink:
    uplink = Uplink(IDENTITY, state, spool)
    uplink.begin(0.0)
    list(uplink.receive(encode_connack(Reason.SUCCESS, V311), 0.0))
    return uplink


def published(packets: Iterator[bytes]) -> list[Publish]:
    """The messages among packets, in order."""
    buffer, spans, failure = Framer(1 << 20).feed(b"".join(packets))
    assert failure is None
    return [
        decode_publish(buffer, first, start, stop, V311) for first, start, stop in spans if first >> 4 == 3
    ]


def test_it_says_who_it_is(state: SensorState, spool: Spool) -> None:
    buffer, spans, _ = Framer(1 << 16).feed(Uplink(IDENTITY, state, spool).begin(0.0))
    connect = decode_connect(buffer, spans[0][1], spans[0][2])
    assert (connect.client_id, connect.clean_start, connect.password) == ("s1", False, None)
    assert str(connect.user_name).startswith("hub.example/s1/?api-version=")


def test_nothing_is_sent_before_the_platform_has_answered(state: SensorState, spool: Spool) -> None:
    uplink = Uplink(IDENTITY, state, spool)
    uplink.begin(0.0)
    assert list(uplink.poll(0.0)) == []


def test_messages_go_in_order_as_far_as_the_window_reaches(state: SensorState, spool: Spool) -> None:
    uplink = connected(state, spool)
    sent = published(uplink.poll(0.0))
    assert [message.payload for message in sent] == [b"%d" % number for number in range(WINDOW)]
    assert b"bulletin=1" in sent[0].topic
    assert f"spool={spool.id}".encode() in sent[0].topic
    assert published(uplink.poll(0.0)) == []
    list(uplink.receive(encode_puback(sent[0].packet_id, V311), 0.0))
    assert [message.payload for message in published(uplink.poll(0.0))] == [b"%d" % WINDOW]


def test_a_message_leaves_the_spool_when_all_before_it_arrived(state: SensorState, spool: Spool) -> None:
    uplink = connected(state, spool)
    first, second, third, *_ = published(uplink.poll(0.0))
    list(uplink.receive(encode_puback(third.packet_id, V311) + encode_puback(second.packet_id, V311), 0.0))
    assert spool.after(0, 1)[0].data == b"0"
    list(uplink.receive(encode_puback(first.packet_id, V311), 0.0))
    assert spool.after(0, 1)[0].data == b"3"


def test_what_was_under_way_is_sent_again(state: SensorState, spool: Spool) -> None:
    published(connected(state, spool).poll(0.0))
    again = published(connected(state, spool).poll(0.0))
    assert [message.payload for message in again] == [b"%d" % number for number in range(WINDOW)]


def test_what_it_is_told_is_kept_before_it_is_acknowledged(state: SensorState, spool: Spool) -> None:
    uplink = connected(state, spool)
    told = encode_publish(Publish(b"devices/s1/messages/devicebound/", b"{}", 1, packet_id=9), V311)
    assert list(uplink.receive(told, 0.0)) == [encode_puback(9, V311)]
    assert [data for _, data in state.instructions()] == [b"devices/s1/messages/devicebound/\n{}"]


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.NOT_AUTHORIZED, UnauthenticatedError),
        (Reason.BAD_USER_NAME_OR_PASSWORD, UnauthenticatedError),
        (Reason.SERVER_UNAVAILABLE, UnavailableError),
    ],
)
def test_a_refusal_is_told_apart(
    state: SensorState, spool: Spool, reason: Reason, error: type[Exception]
) -> None:
    uplink = Uplink(IDENTITY, state, spool)
    with pytest.raises(error):
        list(uplink.receive(encode_connack(reason, V311), 0.0))


def test_a_silent_platform_is_asked_and_then_given_up(state: SensorState) -> None:
    uplink = connected(state, Spool(state))
    assert list(uplink.poll(KEEP_ALIVE / 2)) == []
    assert list(uplink.poll(KEEP_ALIVE / 2 + 1)) == [PINGREQ]
    assert not uplink.is_dead(KEEP_ALIVE)
    assert uplink.is_dead(KEEP_ALIVE + 2)
    list(uplink.receive(PINGRESP, KEEP_ALIVE))
    assert not uplink.is_dead(KEEP_ALIVE * 9)


def test_nonsense_of_the_platform_ends_the_connection(state: SensorState, spool: Spool) -> None:
    with pytest.raises(MqttError):
        list(connected(state, spool).receive(b"\x10\x02ab", 0.0))
