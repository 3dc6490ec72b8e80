"""SUBSCRIBE, UNSUBSCRIBE and their acknowledgements (sections 3.8 to 3.11)."""

from collections.abc import Sequence
from typing import NamedTuple

from holdfast.protocol.mqtt.errors import MqttError, ProtocolViolationError
from holdfast.protocol.mqtt.properties import (
    NO_PROPERTIES,
    Properties,
    encode_properties,
    read_properties,
)
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.wire import V5, PacketType, Reader, encode_string, frame

MAXIMUM_FILTERS = 50
"""Topic filters in one packet. A device has four to ask for; AWS IoT Core allows eight."""

_FLAGS = 0x02
"""SUBSCRIBE and UNSUBSCRIBE carry a fixed 0010 beside their type."""
_FAILURE_V311 = 0x80
_QOS, _NO_LOCAL_AND_RETAIN_AS_PUBLISHED, _RETAIN_HANDLING = 0x03, 0x0C, 0x30


class TopicFilter(NamedTuple):
    """One line of a SUBSCRIBE."""

    filter: str
    qos: int = 0
    options: int = 0
    """The other bits of version 5's subscription options: no-local, retain-as-published, retain handling."""


class Subscribe(NamedTuple):
    """A client asks for messages."""

    packet_id: int
    filters: tuple[TopicFilter, ...]
    properties: Properties = NO_PROPERTIES


class Unsubscribe(NamedTuple):
    """A client asks for no more messages."""

    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = NO_PROPERTIES


class Suback(NamedTuple):
    """The answer: a granted QoS or a failure for each filter, in order. UNSUBACK has the same form."""

    packet_id: int
    codes: tuple[int, ...]
    properties: Properties = NO_PROPERTIES


def decode_subscribe(data: bytes, start: int, stop: int, version: int) -> Subscribe:
    """The SUBSCRIBE whose remaining bytes are `data[start:stop]`."""
    reader = Reader(data, start, stop)
    packet_id, properties = _read_head(reader, PacketType.SUBSCRIBE, version)
    filters: list[TopicFilter] = []
    while reader:
        _check_count(len(filters))
        name, options = _read_filter(reader), reader.byte()
        _check_options(options, version)
        filters.append(TopicFilter(name, options & _QOS, options & ~_QOS))
    _check_not_empty(filters)
    return Subscribe(packet_id, tuple(filters), properties)


def decode_unsubscribe(data: bytes, start: int, stop: int, version: int) -> Unsubscribe:
    """The UNSUBSCRIBE whose remaining bytes are `data[start:stop]`."""
    reader = Reader(data, start, stop)
    packet_id, properties = _read_head(reader, PacketType.UNSUBSCRIBE, version)
    filters: list[str] = []
    while reader:
        _check_count(len(filters))
        filters.append(_read_filter(reader))
    _check_not_empty(filters)
    return Unsubscribe(packet_id, tuple(filters), properties)


def _read_head(reader: Reader, packet: PacketType, version: int) -> tuple[int, Properties]:
    packet_id = reader.uint16()
    if not packet_id:
        raise ProtocolViolationError("a packet identifier is 0")
    return packet_id, read_properties(reader, packet) if version == V5 else NO_PROPERTIES


def _check_count(count: int) -> None:
    if count >= MAXIMUM_FILTERS:
        raise MqttError(f"a packet names more than {MAXIMUM_FILTERS} topic filters", Reason.QUOTA_EXCEEDED)


def _check_not_empty(filters: Sequence[object]) -> None:
    if not filters:
        raise ProtocolViolationError("a packet names no topic filter")


def _read_filter(reader: Reader) -> str:
    name = reader.string()
    check_topic_filter(name)
    return name


def check_topic_filter(name: str) -> None:
    """MqttError unless wildcards stand where section 4.7.1 allows them."""
    levels = name.split("/")
    misplaced = any("#" in level or ("+" in level and level != "+") for level in levels[:-1])
    last = levels[-1]
    if not name or misplaced or (len(last) > 1 and ("#" in last or "+" in last)):
        raise MqttError("a topic filter is empty or has a wildcard out of place", Reason.TOPIC_FILTER_INVALID)


def _check_options(options: int, version: int) -> None:
    if options & _QOS == 3:
        raise MqttError("a subscription asks for QoS 3")
    reserved = 0xC0 if version == V5 else 0xFF & ~_QOS
    if options & reserved or options & _RETAIN_HANDLING == _RETAIN_HANDLING:
        raise MqttError("a subscription sets reserved options")


def encode_subscribe(packet: Subscribe, version: int) -> bytes:
    """The packet that says `packet`."""
    lines = (encode_string(line.filter) + bytes((line.qos | line.options,)) for line in packet.filters)
    return _frame(PacketType.SUBSCRIBE, _FLAGS, packet.packet_id, packet.properties, b"".join(lines), version)


def encode_unsubscribe(packet: Unsubscribe, version: int) -> bytes:
    """The packet that says `packet`."""
    lines = b"".join(map(encode_string, packet.filters))
    return _frame(PacketType.UNSUBSCRIBE, _FLAGS, packet.packet_id, packet.properties, lines, version)


def encode_suback(packet_id: int, codes: Sequence[Reason | int], version: int) -> bytes:
    """SUBACK; 3.1.1 knows one failure code only."""
    body = bytes(code if version == V5 or code < _FAILURE_V311 else _FAILURE_V311 for code in codes)
    return _frame(PacketType.SUBACK, 0, packet_id, NO_PROPERTIES, body, version)


def encode_unsuback(packet_id: int, codes: Sequence[Reason], version: int) -> bytes:
    """UNSUBACK; 3.1.1 has no codes in it."""
    body = bytes(codes) if version == V5 else b""
    return _frame(PacketType.UNSUBACK, 0, packet_id, NO_PROPERTIES, body, version)


def _frame(
    kind: PacketType, flags: int, packet_id: int, properties: Properties, body: bytes, version: int
) -> bytes:
    head = packet_id.to_bytes(2, "big")
    return frame(kind << 4 | flags, head, encode_properties(properties) if version == V5 else b"", body)


def decode_suback(data: bytes, start: int, stop: int, packet: PacketType, version: int) -> Suback:
    """The SUBACK or UNSUBACK (`packet`) whose remaining bytes are `data[start:stop]`."""
    reader = Reader(data, start, stop)
    packet_id, properties = _read_head(reader, packet, version)
    return Suback(packet_id, tuple(data[reader.at : stop]), properties)
