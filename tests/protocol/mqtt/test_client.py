"""The client's side of MQTT, against the packets that the server's side writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.mqtt.client import (
    Acknowledged,
    Alive,
    Connected,
    MqttClient,
    Received,
    Subscribed,
)
from holdfast.protocol.mqtt.disconnect import PINGRESP
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.publish import Publish, encode_puback, encode_publish
from holdfast.protocol.mqtt.subscribe import encode_suback
from holdfast.protocol.mqtt.wire import V311

CONNACK = b"\x20\x02\x00\x05"
STREAM = (
    CONNACK
    + encode_suback(7, [1, 1], V311)
    + encode_puback(9, V311)
    + encode_publish(Publish(b"a/b", b"x", 1, packet_id=3), V311)
    + encode_publish(Publish(b"a", b""), V311)
    + PINGRESP
)
EVENTS = [
    Connected(5),
    Subscribed(7),
    Acknowledged(9),
    Received("a/b", b"x", 3),
    Received("a", b"", 0),
    Alive(),
]


def test_what_a_server_sends_is_understood() -> None:
    assert list(MqttClient().feed(STREAM)) == EVENTS


def test_byte_by_byte_it_is_the_same() -> None:
    client = MqttClient()
    assert [event for byte in STREAM for event in client.feed(bytes([byte]))] == EVENTS


@given(st.binary(max_size=60))
def test_anything_else_is_an_mqtt_error(data: bytes) -> None:
    try:
        list(MqttClient().feed(data))
    except MqttError:
        return


@pytest.mark.parametrize("packet", [b"\x10\x00", b"\x80\x00", b"\xc0\x00"])
def test_a_server_that_behaves_like_a_client_is_refused(packet: bytes) -> None:
    with pytest.raises(MqttError):
        list(MqttClient().feed(packet))


def test_packet_identifiers_come_round() -> None:
    client = MqttClient()
    identifiers = [client.publish("t", b"")[0] for _ in range(65_536)]
    assert (identifiers[0], identifiers[-2:]) == (1, [65_535, 1])
