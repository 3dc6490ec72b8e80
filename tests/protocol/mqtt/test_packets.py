"""Every packet reads as it was written, and nothing but MqttError leaves a decoder."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.mqtt.connect import (
    Connect,
    decode_connack,
    decode_connect,
    encode_connack,
    encode_connect,
)
from holdfast.protocol.mqtt.disconnect import (
    PINGREQ,
    PINGRESP,
    Disconnect,
    decode_disconnect,
    encode_disconnect,
)
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.framing import Framer, Span
from holdfast.protocol.mqtt.properties import MAXIMUM_USER_PROPERTIES, Property
from holdfast.protocol.mqtt.publish import (
    Acknowledgement,
    Publish,
    decode_puback,
    decode_publish,
    encode_puback,
    encode_publish,
)
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import (
    MAXIMUM_FILTERS,
    Subscribe,
    TopicFilter,
    Unsubscribe,
    check_topic_filter,
    decode_suback,
    decode_subscribe,
    decode_unsubscribe,
    encode_suback,
    encode_subscribe,
    encode_unsuback,
    encode_unsubscribe,
)
from holdfast.protocol.mqtt.wire import V5, V311, PacketType, frame
from tests.protocol.mqtt import strategies as packets


def only_packet(data: bytes) -> tuple[bytes, Span]:
    buffer, spans, failure = Framer(1 << 20).feed(data)
    assert failure is None
    assert len(spans) == 1
    assert spans[0][2] == len(data)
    return buffer, spans[0]


@given(packets.connects())
def test_connect_reads_as_written(connect: Connect) -> None:
    buffer, (first, start, stop) = only_packet(encode_connect(connect))
    assert first == PacketType.CONNECT << 4
    assert decode_connect(buffer, start, stop) == connect


@given(packets.versions.flatmap(lambda v: st.tuples(st.just(v), packets.publishes(v))))
def test_publish_reads_as_written(case: tuple[int, Publish]) -> None:
    version, message = case
    buffer, span = only_packet(encode_publish(message, version))
    assert decode_publish(buffer, *span, version) == message


@given(packets.versions.flatmap(lambda v: st.tuples(st.just(v), packets.subscribes(v))))
def test_subscribe_reads_as_written(case: tuple[int, Subscribe]) -> None:
    version, packet = case
    buffer, (first, start, stop) = only_packet(encode_subscribe(packet, version))
    assert first == PacketType.SUBSCRIBE << 4 | 2
    assert decode_subscribe(buffer, start, stop, version) == packet


@given(packets.versions.flatmap(lambda v: st.tuples(st.just(v), packets.unsubscribes(v))))
def test_unsubscribe_reads_as_written(case: tuple[int, Unsubscribe]) -> None:
    version, packet = case
    buffer, (_, start, stop) = only_packet(encode_unsubscribe(packet, version))
    assert decode_unsubscribe(buffer, start, stop, version) == packet


@given(packets.versions, packets.packet_ids, st.sampled_from([Reason.SUCCESS, Reason.QUOTA_EXCEEDED]))
def test_puback_reads_as_written(version: int, packet_id: int, reason: Reason) -> None:
    buffer, (_, start, stop) = only_packet(encode_puback(packet_id, version, reason))
    expected = reason if version == V5 else 0
    assert decode_puback(buffer, start, stop, version) == Acknowledgement(packet_id, expected)


@given(packets.versions, st.booleans(), packets.properties(PacketType.CONNACK))
def test_connack_reads_as_written(version: int, present: bool, properties: dict) -> None:
    data = encode_connack(Reason.SUCCESS, version, present, properties)
    buffer, (_, start, stop) = only_packet(data)
    answer = decode_connack(buffer, start, stop, version)
    assert (answer.session_present, answer.code) == (present, 0)
    assert answer.properties == (properties if version == V5 else {})


@given(packets.versions, packets.packet_ids)
def test_suback_and_unsuback_read_as_written(version: int, packet_id: int) -> None:
    codes = [Reason.GRANTED_QOS_1, Reason.SUCCESS, Reason.NOT_AUTHORIZED]
    buffer, (_, start, stop) = only_packet(encode_suback(packet_id, codes, version))
    expected = (1, 0, 0x87) if version == V5 else (1, 0, 0x80)
    assert decode_suback(buffer, start, stop, PacketType.SUBACK, version).codes == expected
    buffer, (_, start, stop) = only_packet(encode_unsuback(packet_id, [Reason.SUCCESS], version))
    answer = decode_suback(buffer, start, stop, PacketType.UNSUBACK, version)
    assert answer.codes == ((0,) if version == V5 else ())


def test_disconnect_of_version_5_says_why() -> None:
    data = encode_disconnect(Reason.SESSION_TAKEN_OVER, V5, "another connection took the session")
    buffer, (_, start, stop) = only_packet(data)
    packet = decode_disconnect(buffer, start, stop, V5)
    assert packet.reason == Reason.SESSION_TAKEN_OVER
    assert packet.properties == {Property.REASON_STRING: "another connection took the session"}
    assert packet.wants_will


def test_disconnect_without_a_reason_is_two_bytes() -> None:
    for version in (V311, V5):
        assert encode_disconnect(Reason.SUCCESS, version) == b"\xe0\0"
        assert decode_disconnect(b"\xe0\0", 2, 2, version) == Disconnect()
    assert not Disconnect().wants_will


def test_pings_are_two_bytes() -> None:
    assert (PINGREQ, PINGRESP) == (b"\xc0\0", b"\xd0\0")


# Bytes as a person would write them from the specification: reader and writer cannot be wrong alike.
VECTORS = {
    "CONNECT of 3.1.1, figure 3.6": (
        Connect("d", clean_start=True, keep_alive=60, user_name="u", password=b"p"),
        b"\x10\x13\0\x04MQTT\x04\xc2\0\x3c\0\x01d\0\x01u\0\x01p",
    ),
    "CONNECT of 5 with session expiry": (
        Connect("d", V5, False, 10, properties={Property.SESSION_EXPIRY_INTERVAL: 10}),
        b"\x10\x13\0\x04MQTT\x05\0\0\x0a\x05\x11\0\0\0\x0a\0\x01d",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_connect_has_the_bytes_of_the_specification(name: str) -> None:
    connect, data = VECTORS[name]
    assert encode_connect(connect) == data
    assert decode_connect(data, 2, len(data)) == connect


def test_publish_has_the_bytes_of_the_specification() -> None:
    message = Publish(b"a/b", b"hi", qos=1, packet_id=10)
    assert encode_publish(message, V311) == b"\x32\x09\0\x03a/b\0\x0ahi"
    assert encode_puback(10, V311) == b"\x40\x02\0\x0a"


MALFORMED_CONNECTS = {
    "another protocol": b"\0\x04HTTP\x04\x02\0\0\0\x01d",
    "a reserved flag": b"\0\x04MQTT\x04\x03\0\0\0\x01d",
    "a will of QoS 3": b"\0\x04MQTT\x04\x1e\0\0\0\x01d\0\x01t\0\x01p",
    "a QoS for no will": b"\0\x04MQTT\x04\x0a\0\0\0\x01d",
    "a password without a user name": b"\0\x04MQTT\x04\x42\0\0\0\x01d\0\x01p",
    "a null character": b"\0\x04MQTT\x04\x02\0\0\0\x01\0",
    "a lone surrogate": b"\0\x04MQTT\x04\x02\0\0\0\x03\xed\xa0\x80",
    "an overlong encoding": b"\0\x04MQTT\x04\x02\0\0\0\x02\xc0\x80",
    "more than its fields": b"\0\x04MQTT\x04\x02\0\0\0\x01dx",
    "fewer than its fields": b"\0\x04MQTT\x04\xc2\0\0\0\x01d\0\x01u",
    "a property twice": b"\0\x04MQTT\x05\x02\0\0\x06\x21\0\x01\x21\0\x02\0\x01d",
    "a property out of place": b"\0\x04MQTT\x05\x02\0\0\x03\x23\0\x01\0\x01d",
    "an unknown property": b"\0\x04MQTT\x05\x02\0\0\x02\x7f\0\0\x01d",
    "a property out of its range": b"\0\x04MQTT\x05\x02\0\0\x03\x21\0\0\0\x01d",
    "properties longer than the packet": b"\0\x04MQTT\x05\x02\0\0\x7f\0\x01d",
    "a property's length in five bytes": b"\0\x04MQTT\x05\x02\0\0\xff\xff\xff\xff\x01\0\x01d",
    "a property's length with a spare byte": b"\0\x04MQTT\x05\x02\0\0\x80\0\0\x01d",
}


@pytest.mark.parametrize("name", MALFORMED_CONNECTS)
def test_connect_is_refused_for(name: str) -> None:
    data = MALFORMED_CONNECTS[name]
    with pytest.raises(MqttError):
        decode_connect(data, 0, len(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\x04MQTT\x03\x02\0\0\0\x01d", Reason.UNSUPPORTED_PROTOCOL_VERSION),
        (b"\0\x06MQIsdp\x03\x02\0\0\0\x01d", Reason.UNSUPPORTED_PROTOCOL_VERSION),
        (b"\0\x04MQTT\x04\0\0\0\0\0", Reason.CLIENT_IDENTIFIER_NOT_VALID),
    ],
)
def test_connect_is_refused_with_a_reason(data: bytes, reason: Reason) -> None:
    with pytest.raises(MqttError) as caught:
        decode_connect(data, 0, len(data))
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("first", "body"),
    [
        (0x30, b""),
        (0x30, b"\0\x05a"),
        (0x36, b"\0\x01a\0\x01"),
        (0x38, b"\0\x01a"),
        (0x32, b"\0\x01a\0"),
        (0x32, b"\0\x01a\0\0"),
        (0x30, b"\0\x01#"),
        (0x30, b"\0\x01+"),
        (0x30, b"\0\x01\0"),
        (0x30, b"\0\x02\xc3\x28"),
    ],
)
def test_publish_is_refused(first: int, body: bytes) -> None:
    with pytest.raises(MqttError):
        decode_publish(body, first, 0, len(body), V311)


@pytest.mark.parametrize("name", ["", "a#", "a/#/b", "#/a", "a+", "+a/b", "a/b+", "##"])
def test_wildcards_stand_where_they_may(name: str) -> None:
    with pytest.raises(MqttError):
        check_topic_filter(name)


def test_a_subscription_names_a_bounded_number_of_filters() -> None:
    most = Subscribe(1, tuple(TopicFilter("a") for _ in range(MAXIMUM_FILTERS)))
    buffer, (_, start, stop) = only_packet(encode_subscribe(most, V311))
    assert decode_subscribe(buffer, start, stop, V311) == most
    more = Subscribe(1, (*most.filters, TopicFilter("a")))
    buffer, (_, start, stop) = only_packet(encode_subscribe(more, V311))
    with pytest.raises(MqttError):
        decode_subscribe(buffer, start, stop, V311)


def test_a_packet_carries_a_bounded_number_of_user_properties() -> None:
    pairs = tuple(("a", "b") for _ in range(MAXIMUM_USER_PROPERTIES + 1))
    message = Publish(b"t", b"", properties={Property.USER_PROPERTY: pairs})
    buffer, span = only_packet(encode_publish(message, V5))
    with pytest.raises(MqttError):
        decode_publish(buffer, *span, V5)


DECODERS: list[Callable[[bytes, int], object]] = [
    lambda data, _: decode_connect(data, 0, len(data)),
    lambda data, version: decode_connack(data, 0, len(data), version),
    lambda data, version: decode_publish(data, 0x30, 0, len(data), version),
    lambda data, version: decode_publish(data, 0x3B, 0, len(data), version),
    lambda data, version: decode_puback(data, 0, len(data), version),
    lambda data, version: decode_subscribe(data, 0, len(data), version),
    lambda data, version: decode_unsubscribe(data, 0, len(data), version),
    lambda data, version: decode_suback(data, 0, len(data), PacketType.SUBACK, version),
    lambda data, version: decode_disconnect(data, 0, len(data), version),
]


@given(st.sampled_from(DECODERS), packets.versions, st.binary(max_size=80))
def test_a_decoder_raises_nothing_but_its_own_error(
    decode: Callable[[bytes, int], object], version: int, data: bytes
) -> None:
    with contextlib.suppress(MqttError):
        decode(data, version)


def test_a_frame_says_its_length_in_as_few_bytes_as_it_can() -> None:
    assert frame(0x30, b"x" * 127)[:2] == b"\x30\x7f"
    assert frame(0x30, b"x" * 128)[:3] == b"\x30\x80\x01"
    assert frame(0x30, b"x" * 2_097_152)[:5] == b"\x30\x80\x80\x80\x01"
