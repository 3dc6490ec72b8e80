"""PUBLISH and its acknowledgements (sections 3.3 to 3.7): the packets that come once a message.

They are read where they lie in the buffer; what is made for a message is its topic, its payload and one
struct, which costs no more than a tuple.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from holdfast.kernel.structs import UntrackedStruct
from holdfast.protocol.mqtt.errors import MqttError, ProtocolViolationError
from holdfast.protocol.mqtt.properties import (
    NO_PROPERTIES,
    Properties,
    encode_properties,
    read_properties,
)
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.wire import V5, PacketType, Reader, decode_string, encode_binary, frame

_DUP: Final = 0x08
_QOS: Final = 0x06
_RETAIN: Final = 0x01
_NULL: Final = 0x00
_HASH: Final = 0x23
_PLUS: Final = 0x2B
"""Looked for as numbers: to look for bytes in bytes costs ten times as much."""
_PUBACK: Final = PacketType.PUBACK << 4
_ACKNOWLEDGEMENT: Final = Struct(">BBH")
_ACKNOWLEDGEMENT_V5: Final = Struct(">BBHB")


class Publish(UntrackedStruct):
    """An application message."""

    topic: bytes
    """Well-formed UTF-8 without null and wildcard characters."""
    payload: bytes
    qos: int = 0
    retain: bool = False
    duplicate: bool = False
    packet_id: int = 0
    """0 with QoS 0."""
    properties: Properties = NO_PROPERTIES


class Acknowledgement(UntrackedStruct):
    """PUBACK from the other side."""

    packet_id: int
    reason: int = Reason.SUCCESS


def decode_publish(data: bytes, first: int, start: int, stop: int, version: int) -> Publish:
    """The PUBLISH with the first byte `first` whose remaining bytes are `data[start:stop]`."""
    if stop - start < 2:
        raise MqttError("PUBLISH has no topic")
    at = start + 2 + (data[start] << 8 | data[start + 1])
    topic = data[start + 2 : at]
    qos = (first & _QOS) >> 1
    packet_id = 0
    if qos:
        if qos == 3:
            raise MqttError("PUBLISH asks for QoS 3")
        at += 2
        if at <= stop:
            packet_id = data[at - 2] << 8 | data[at - 1]
            if not packet_id:
                raise ProtocolViolationError("a packet identifier is 0")
    elif first & _DUP:
        raise MqttError("PUBLISH of QoS 0 says that it is a duplicate")
    if at > stop:
        raise MqttError("PUBLISH ends before its payload")
    properties = NO_PROPERTIES
    if version == V5:
        reader = Reader(data, at, stop)
        properties = read_properties(reader, PacketType.PUBLISH)
        at = reader.at
    if _HASH in topic or _PLUS in topic or _NULL in topic or not topic.isascii():
        check_topic_name(topic)
    return Publish(topic, data[at:stop], qos, first & _RETAIN != 0, first & _DUP != 0, packet_id, properties)


def check_topic_name(topic: bytes) -> None:
    """MqttError unless `topic` may stand in a PUBLISH; in version 5 an empty one stands for its alias."""
    if _HASH in topic or _PLUS in topic:
        raise MqttError("a message's topic holds a wildcard", Reason.TOPIC_NAME_INVALID)
    if _NULL in topic or not topic.isascii():
        decode_string(topic)


def encode_publish(message: Publish, version: int) -> bytes:
    """The packet that carries `message`."""
    first = PacketType.PUBLISH << 4 | message.qos << 1
    if message.duplicate:
        first |= _DUP
    if message.retain:
        first |= _RETAIN
    return frame(
        first,
        encode_binary(message.topic),
        message.packet_id.to_bytes(2, "big") if message.qos else b"",
        encode_properties(message.properties) if version == V5 else b"",
        message.payload,
    )


def encode_puback(packet_id: int, version: int, reason: Reason = Reason.SUCCESS) -> bytes:
    """PUBACK; 3.1.1 cannot say a reason."""
    if reason and version == V5:
        return _ACKNOWLEDGEMENT_V5.pack(_PUBACK, 3, packet_id, reason)
    return _ACKNOWLEDGEMENT.pack(_PUBACK, 2, packet_id)


def encode_pubacks(packet_ids: Sequence[int]) -> bytes:
    """PUBACKs without a reason, which both versions write alike."""
    if len(packet_ids) == 1:
        return _ACKNOWLEDGEMENT.pack(_PUBACK, 2, packet_ids[0])
    return b"".join([_ACKNOWLEDGEMENT.pack(_PUBACK, 2, packet_id) for packet_id in packet_ids])


def decode_puback(data: bytes, start: int, stop: int, version: int) -> Acknowledgement:
    """The PUBACK whose remaining bytes are `data[start:stop]`."""
    if stop - start == 2:
        packet_id, reason = data[start] << 8 | data[start + 1], 0
    else:
        packet_id, reason = _decode_long_puback(Reader(data, start, stop), version)
    if not packet_id:
        raise ProtocolViolationError("a packet identifier is 0")
    return Acknowledgement(packet_id, reason)


def _decode_long_puback(reader: Reader, version: int) -> tuple[int, int]:
    packet_id = reader.uint16()
    reason = reader.byte() if version == V5 else 0
    if version == V5 and reader:
        read_properties(reader, PacketType.PUBACK)
    reader.finish()
    return packet_id, reason
