"""DISCONNECT (section 3.14) and the two packets that are only a header (3.12, 3.13)."""

from typing import NamedTuple

from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.properties import (
    NO_PROPERTIES,
    Properties,
    Property,
    encode_properties,
    read_properties,
)
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.wire import V5, PacketType, Reader, frame

PINGREQ = frame(PacketType.PINGREQ << 4)
PINGRESP = frame(PacketType.PINGRESP << 4)


class Disconnect(NamedTuple):
    """The other side says goodbye."""

    reason: int = Reason.SUCCESS
    properties: Properties = NO_PROPERTIES

    @property
    def wants_will(self) -> bool:
        """Whether the will is to be published although the connection ends in order (section 3.14.2.1)."""
        return self.reason != Reason.SUCCESS


def decode_disconnect(data: bytes, start: int, stop: int, version: int) -> Disconnect:
    """The DISCONNECT whose remaining bytes are `data[start:stop]`."""
    if start == stop:
        return Disconnect()
    if version != V5:
        raise MqttError("DISCONNECT of MQTT 3.1.1 carries nothing")
    reader = Reader(data, start, stop)
    reason = reader.byte()
    properties = read_properties(reader, PacketType.DISCONNECT) if reader else NO_PROPERTIES
    reader.finish()
    return Disconnect(reason, properties)


def encode_disconnect(reason: Reason, version: int, explanation: str = "") -> bytes:
    """DISCONNECT with why, and `explanation` for people, where the version can say it."""
    if version != V5:
        return frame(PacketType.DISCONNECT << 4)
    properties: Properties = {Property.REASON_STRING: explanation} if explanation else NO_PROPERTIES
    if reason is Reason.SUCCESS and not properties:
        return frame(PacketType.DISCONNECT << 4)
    return frame(PacketType.DISCONNECT << 4, bytes((reason,)), encode_properties(properties))
