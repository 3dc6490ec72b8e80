"""The server's side of a connection: what may come when, and what it is told."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.mqtt.connect import Connect, decode_connack, encode_connect
from holdfast.protocol.mqtt.disconnect import PINGREQ, Disconnect, encode_disconnect
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.properties import Property
from holdfast.protocol.mqtt.publish import (
    Acknowledgement,
    Publish,
    decode_publish,
    encode_puback,
    encode_publish,
)
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.server import (
    KEEP_ALIVE_MAXIMUM,
    MAXIMUM_CONNECT,
    RECEIVE_MAXIMUM,
    Event,
    Ping,
    ServerConnection,
    State,
    is_persistent,
    silence_allowed,
)
from holdfast.protocol.mqtt.subscribe import (
    Subscribe,
    TopicFilter,
    Unsubscribe,
    encode_subscribe,
    encode_unsubscribe,
)
from holdfast.protocol.mqtt.wire import V5, V311
from tests.protocol.mqtt import strategies as packets
from tests.protocol.mqtt.test_framing import single_bytes

MAXIMUM = 10_000


def opened(version: int = V311, **fields: object) -> ServerConnection:
    connection = ServerConnection(MAXIMUM)
    connect = Connect("d", version, **fields)  # type: ignore[arg-type]  # fields of the tuple
    (event,) = connection.receive(encode_connect(connect))
    assert event == connect
    connection.accept(connect, session_present=False)
    return connection


def run(chunks: Sequence[bytes]) -> tuple[list[Event], Reason | None, State]:
    connection = ServerConnection(MAXIMUM)
    events: list[Event] = []
    for chunk in chunks:
        new = connection.receive(chunk)
        while new:
            events += new
            accepting = [event for event in new if isinstance(event, Connect)]
            new = connection.accept(accepting[0], False)[1] if accepting else []
    return events, connection.failure.reason if connection.failure else None, connection.state


conversations = packets.connects(allow_authentication=False).flatmap(
    lambda connect: st.tuples(
        st.just(encode_connect(connect)),
        st.lists(
            st.one_of(
                packets.publishes(connect.version).map(lambda p: encode_publish(p, connect.version)),
                packets.subscribes(connect.version).map(lambda p: encode_subscribe(p, connect.version)),
                packets.packet_ids.map(lambda i: encode_puback(i, connect.version)),
                st.just(PINGREQ),
                st.just(encode_disconnect(Reason.SUCCESS, connect.version)),
                st.binary(max_size=30),
            ),
            max_size=6,
        ).map(b"".join),
    ).map(b"".join)
)


@given(conversations)
def test_a_conversation_is_the_same_whole_and_byte_by_byte(stream: bytes) -> None:
    assert run([stream]) == run(single_bytes(stream))


@given(st.binary(max_size=120))
def test_garbage_gives_an_event_or_a_failure_and_nothing_else(data: bytes) -> None:
    assert run([data]) == run(single_bytes(data))


@pytest.mark.parametrize("version", [V311, V5])
def test_every_packet_of_a_client_becomes_its_event(version: int) -> None:
    connection = opened(version)
    subscribe = Subscribe(2, (TopicFilter("a/#", 1),))
    unsubscribe = Unsubscribe(3, ("a/#",))
    message = Publish(b"t", b"x", qos=1, packet_id=1)
    data = b"".join(
        [
            encode_publish(message, version),
            encode_puback(7, version),
            encode_subscribe(subscribe, version),
            encode_unsubscribe(unsubscribe, version),
            PINGREQ,
            encode_disconnect(Reason.SUCCESS, version),
            PINGREQ,
        ]
    )
    expected = [message, Acknowledgement(7), subscribe, unsubscribe, Ping(), Disconnect()]
    assert connection.receive(data) == expected
    assert connection.state is State.CLOSED
    assert connection.failure is None
    assert connection.receive(PINGREQ) == []


def test_what_follows_connect_waits_for_the_answer() -> None:
    connection = ServerConnection(MAXIMUM)
    connect = Connect("d")
    large = Publish(b"t", b"x" * (MAXIMUM - 100))
    data = encode_publish(large, V311)
    assert connection.receive(encode_connect(connect) + data[:10]) == [connect]
    assert connection.receive(data[10:]) == []
    answer, events = connection.accept(connect, session_present=True)
    assert answer == b"\x20\x02\x01\x00"
    assert events == [large]


def test_a_flood_before_the_answer_is_a_failure() -> None:
    connection = ServerConnection(MAXIMUM)
    connection.receive(encode_connect(Connect("d")))
    connection.receive(b"x" * (MAXIMUM + MAXIMUM_CONNECT + 1))
    assert connection.failure is not None
    assert connection.failure.reason is Reason.QUOTA_EXCEEDED


def test_a_connect_that_is_too_large_is_refused_unread() -> None:
    connection = ServerConnection(1 << 20)
    data = encode_connect(Connect("d", user_name="u", password=b"x" * 0xFFFF))
    assert connection.receive(data[:5]) == []
    assert connection.failure is not None
    assert connection.farewell(connection.failure.reason) == b""


OPENING_ANSWERS = {
    "MQTT 3.1": (b"\x10\x0f\0\x06MQIsdp\x03\x02\0\0\0\x01d", b"\x20\x02\0\x01"),
    "no identifier and a kept session": (b"\x10\x0c\0\x04MQTT\x04\0\0\0\0\0", b"\x20\x02\0\x02"),
    "enhanced authentication": (
        encode_connect(Connect("d", V5, properties={Property.AUTHENTICATION_METHOD: "SCRAM"})),
        b"\x20\x03\0\x8c\0",
    ),
    "a packet before CONNECT": (PINGREQ, b""),
    "another protocol": (b"GET / HTTP/1.1\r\n\r\n", b""),
}


@pytest.mark.parametrize("name", OPENING_ANSWERS)
def test_a_bad_opening_is_answered_as_the_specification_says(name: str) -> None:
    data, answer = OPENING_ANSWERS[name]
    connection = ServerConnection(MAXIMUM)
    assert connection.receive(data) == []
    assert connection.failure is not None
    assert connection.farewell(connection.failure.reason) == answer
    assert connection.state is State.CLOSED


REFUSED_PACKETS = {
    "QoS 2": (V311, encode_publish(Publish(b"t", b"", qos=2, packet_id=1), V311), Reason.QOS_NOT_SUPPORTED),
    "a topic alias": (
        V5,
        encode_publish(Publish(b"t", b"", properties={Property.TOPIC_ALIAS: 1}), V5),
        Reason.TOPIC_ALIAS_INVALID,
    ),
    "no topic": (V311, encode_publish(Publish(b"", b""), V311), Reason.TOPIC_NAME_INVALID),
    "a subscription identifier": (
        V5,
        encode_subscribe(Subscribe(1, (TopicFilter("a"),), {Property.SUBSCRIPTION_IDENTIFIER: 1}), V5),
        Reason.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
    ),
    "a subscription identifier on a message": (
        V5,
        encode_publish(Publish(b"t", b"", properties={Property.SUBSCRIPTION_IDENTIFIER: 1}), V5),
        Reason.PROTOCOL_ERROR,
    ),
    "a second CONNECT": (V311, encode_connect(Connect("d")), Reason.PROTOCOL_ERROR),
    "a server's packet": (V311, b"\x20\x02\0\0", Reason.PROTOCOL_ERROR),
    "AUTH": (V5, b"\xf0\0", Reason.PROTOCOL_ERROR),
    "PUBREL without QoS 2": (V311, b"\x62\x02\0\x01", Reason.PROTOCOL_ERROR),
    "packet type 0": (V311, b"\0\0", Reason.PROTOCOL_ERROR),
    "wrong flags on SUBSCRIBE": (V311, b"\x80\x06\0\x01\0\x01a\0", Reason.MALFORMED_PACKET),
    "a PINGREQ with a body": (V311, b"\xc0\x01x", Reason.MALFORMED_PACKET),
    "a packet beyond the maximum": (
        V311,
        encode_publish(Publish(b"t", b"x" * MAXIMUM), V311),
        Reason.PACKET_TOO_LARGE,
    ),
}


@pytest.mark.parametrize("name", REFUSED_PACKETS)
def test_a_client_is_closed_for(name: str) -> None:
    version, data, reason = REFUSED_PACKETS[name]
    connection = opened(version)
    assert connection.receive(PINGREQ + data) == [Ping()]
    assert connection.failure is not None
    assert connection.failure.reason is reason
    farewell = connection.farewell(reason, "text")
    assert farewell == (b"" if version == V311 else encode_disconnect(reason, V5, "text"))
    assert connection.receive(PINGREQ) == []


def test_version_5_is_told_what_the_server_does() -> None:
    connection = ServerConnection(MAXIMUM)
    connect = Connect("d", V5, keep_alive=0, properties={Property.SESSION_EXPIRY_INTERVAL: 60})
    connection.receive(encode_connect(connect))
    data, _ = connection.accept(connect, session_present=False)
    answer = decode_connack(data, 2, len(data), V5)
    assert answer.properties == {
        Property.RECEIVE_MAXIMUM: RECEIVE_MAXIMUM,
        Property.MAXIMUM_QOS: 1,
        Property.MAXIMUM_PACKET_SIZE: MAXIMUM,
        Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 0,
        Property.SHARED_SUBSCRIPTION_AVAILABLE: 0,
        Property.SERVER_KEEP_ALIVE: KEEP_ALIVE_MAXIMUM,
        Property.SESSION_EXPIRY_INTERVAL: 0xFFFF_FFFF,
    }


def test_a_version_5_client_may_not_exceed_the_receive_maximum() -> None:
    connection = opened(V5)
    data = b"".join(
        encode_publish(Publish(b"t", b"", qos=1, packet_id=i + 1), V5) for i in range(RECEIVE_MAXIMUM)
    )
    connection.receive(data)
    assert connection.failure is None
    connection.unacknowledged -= 1
    connection.receive(encode_publish(Publish(b"t", b"", qos=1, packet_id=1), V5))
    assert connection.failure is None
    connection.receive(encode_publish(Publish(b"t", b"", qos=1, packet_id=2), V5))
    assert connection.failure is not None
    assert connection.failure.reason is Reason.RECEIVE_MAXIMUM_EXCEEDED


def test_deliveries_get_free_packet_identifiers() -> None:
    connection = opened()
    data, packet_id = connection.publish("a/b", b"x", qos=1)
    span = Framer(100).feed(data)[1][0]
    assert decode_publish(data, *span, V311) == Publish(b"a/b", b"x", qos=1, packet_id=packet_id)
    ids = {packet_id} | {connection.publish("a", b"", qos=1)[1] for _ in range(0xFFFE)}
    assert ids == set(range(1, 0x10000))
    connection.receive(encode_puback(700, V311))
    assert connection.publish("a", b"", qos=1)[1] == 700


def test_a_client_that_takes_few_messages_at_once_is_not_sent_more() -> None:
    connection = opened(V5, properties={Property.RECEIVE_MAXIMUM: 1})
    assert connection.room == 1
    _, packet_id = connection.publish("a", b"", qos=1)
    assert connection.room == 0
    connection.receive(encode_puback(packet_id, V5))
    assert connection.room == 1


def test_a_client_is_not_sent_a_packet_beyond_its_maximum() -> None:
    connection = opened(V5, properties={Property.MAXIMUM_PACKET_SIZE: 20})
    assert connection.publish("a", b"x" * 20, qos=1) == (b"", 0)
    assert connection.publish("a", b"x", qos=1)[1] > 0


def test_a_session_is_kept_when_the_client_asks_for_it() -> None:
    assert is_persistent(Connect("d", clean_start=False))
    assert not is_persistent(Connect("d", clean_start=True))
    assert is_persistent(Connect("d", V5, True, properties={Property.SESSION_EXPIRY_INTERVAL: 1}))
    assert not is_persistent(Connect("d", V5, False))


@pytest.mark.parametrize(("keep_alive", "seconds"), [(60, 90), (1177, 1765.5), (5000, 1765.5), (0, 1765.5)])
def test_silence_is_allowed_for_one_and_a_half_keep_alives(keep_alive: int, seconds: float) -> None:
    assert silence_allowed(keep_alive) == seconds
