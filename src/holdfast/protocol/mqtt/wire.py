"""MQTT's data types (MQTT 5 section 1.5, 3.1.1 section 1.5): integers, strings, and packets' frames."""

from enum import IntEnum
from typing import Final

from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.reasons import Reason


class PacketType(IntEnum):
    """The high half of a packet's first byte (section 2.1.2)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


V311: Final = 4
"""The protocol level of MQTT 3.1.1."""
V5: Final = 5
"""The protocol level of MQTT 5."""

VARINT_BYTES: Final = 4
"""A variable byte integer has at most four bytes (section 1.5.5)."""
VARINT_MAXIMUM: Final = 0x0FFF_FFFF


class Reader:
    """Takes typed values one after another from `data[at:end]`; MqttError where they do not fit.

    For the packets that come once a connection; PUBLISH and PUBACK are read in place.
    """

    __slots__ = ("_data", "_end", "at")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data = data
        self.at = at
        self._end = end

    def __bool__(self) -> bool:
        return self.at < self._end

    def _take(self, length: int) -> bytes:
        start = self.at
        stop = start + length
        if stop > self._end:
            raise MqttError("the packet ends in the middle of a field")
        self.at = stop
        return self._data[start:stop]

    def byte(self) -> int:
        """One byte."""
        return self._take(1)[0]

    def uint16(self) -> int:
        """A two byte integer, big-endian."""
        return int.from_bytes(self._take(2), "big")

    def uint32(self) -> int:
        """A four byte integer, big-endian."""
        return int.from_bytes(self._take(4), "big")

    def varint(self) -> int:
        """A variable byte integer in its shortest form."""
        value, shift = 0, 0
        for count in range(1, VARINT_BYTES + 1):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and count > 1:
                    raise MqttError("a variable byte integer is longer than it needs to be")
                return value
            shift += 7
        raise MqttError("a variable byte integer is longer than four bytes")

    def binary(self) -> bytes:
        """Binary data: a two byte length and that many bytes."""
        return self._take(self.uint16())

    def string(self) -> str:
        """A UTF-8 string without the null character (section 1.5.4)."""
        return decode_string(self.binary())

    def part(self, length: int) -> "Reader":
        """A reader of the next `length` bytes, which this one passes over."""
        start = self.at
        self._take(length)
        return Reader(self._data, start, self.at)

    def finish(self) -> None:
        """MqttError when something is left."""
        if self:
            raise MqttError("the packet goes on after its last field")


def decode_string(raw: bytes) -> str:
    """`raw` as text; MqttError when it is not well-formed UTF-8 or holds U+0000."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise MqttError("a string is not well-formed UTF-8") from None
    if "\0" in text:
        raise MqttError("a string holds the null character")
    return text


def encode_varint(value: int) -> bytes:
    """`value` as a variable byte integer; MqttError past 268,435,455."""
    if not 0 <= value <= VARINT_MAXIMUM:
        raise MqttError("a length is beyond what MQTT can say", Reason.PACKET_TOO_LARGE)
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def encode_binary(value: bytes) -> bytes:
    """`value` behind its two byte length; MqttError past 65,535 bytes."""
    if len(value) > 0xFFFF:
        raise MqttError("a field is longer than 65,535 bytes", Reason.PACKET_TOO_LARGE)
    return len(value).to_bytes(2, "big") + value


def encode_string(value: str) -> bytes:
    """`value` as a UTF-8 string behind its length."""
    return encode_binary(value.encode())


def frame(first: int, *parts: bytes) -> bytes:
    """A packet: its first byte, the length of `parts`, and `parts`."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((first, len(body))) + body
    return bytes((first,)) + encode_varint(len(body)) + body
