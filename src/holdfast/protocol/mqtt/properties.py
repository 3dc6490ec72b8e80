"""The properties of MQTT 5 (section 2.2.2): one table, and the code that reads it."""

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import NamedTuple, TypeAlias

from holdfast.protocol.mqtt.errors import MqttError, ProtocolViolationError
from holdfast.protocol.mqtt.wire import PacketType, Reader, encode_binary, encode_string, encode_varint

MAXIMUM_USER_PROPERTIES = 100
"""User properties in one packet. The specification sets no bound; Azure Event Grid and HiveMQ allow a few
hundred at most, and what a device sends lies in its topic, not here."""

UserProperties: TypeAlias = tuple[tuple[str, str], ...]
Value: TypeAlias = int | str | bytes | UserProperties


class Property(IntEnum):
    """Identifiers, table 2-4."""

    PAYLOAD_FORMAT_INDICATOR = 0x01
    MESSAGE_EXPIRY_INTERVAL = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_IDENTIFIER = 0x0B
    SESSION_EXPIRY_INTERVAL = 0x11
    ASSIGNED_CLIENT_IDENTIFIER = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTHENTICATION_METHOD = 0x15
    AUTHENTICATION_DATA = 0x16
    REQUEST_PROBLEM_INFORMATION = 0x17
    WILL_DELAY_INTERVAL = 0x18
    REQUEST_RESPONSE_INFORMATION = 0x19
    RESPONSE_INFORMATION = 0x1A
    SERVER_REFERENCE = 0x1C
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28
    SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29
    SHARED_SUBSCRIPTION_AVAILABLE = 0x2A


Properties: TypeAlias = Mapping[Property, Value]
NO_PROPERTIES: Properties = {}


class _Type(Enum):
    """A value's form, and the smallest and largest integer that it may be."""

    FLAG = "byte", 0, 1
    UINT16 = "uint16", 0, 0xFFFF
    UINT16_POSITIVE = "uint16", 1, 0xFFFF
    UINT32 = "uint32", 0, 0xFFFF_FFFF
    UINT32_POSITIVE = "uint32", 1, 0xFFFF_FFFF
    VARINT_POSITIVE = "varint", 1, 0x0FFF_FFFF
    STRING = "string", 0, 0
    BINARY = "binary", 0, 0
    PAIR = "pair", 0, 0

    def __init__(self, form: str, least: int, most: int) -> None:
        self.form = form
        self.least = least
        self.most = most


WILL = 0
"""Stands for the will's properties inside CONNECT among the packet types of the table."""


class _Rule(NamedTuple):
    type: _Type
    packets: frozenset[int]


def _rule(kind: _Type, *packets: int) -> _Rule:
    return _Rule(kind, frozenset(packets))


_P = PacketType
_RULES: dict[Property, _Rule] = {
    Property.PAYLOAD_FORMAT_INDICATOR: _rule(_Type.FLAG, _P.PUBLISH, WILL),
    Property.MESSAGE_EXPIRY_INTERVAL: _rule(_Type.UINT32, _P.PUBLISH, WILL),
    Property.CONTENT_TYPE: _rule(_Type.STRING, _P.PUBLISH, WILL),
    Property.RESPONSE_TOPIC: _rule(_Type.STRING, _P.PUBLISH, WILL),
    Property.CORRELATION_DATA: _rule(_Type.BINARY, _P.PUBLISH, WILL),
    Property.SUBSCRIPTION_IDENTIFIER: _rule(_Type.VARINT_POSITIVE, _P.PUBLISH, _P.SUBSCRIBE),
    Property.SESSION_EXPIRY_INTERVAL: _rule(_Type.UINT32, _P.CONNECT, _P.CONNACK, _P.DISCONNECT),
    Property.ASSIGNED_CLIENT_IDENTIFIER: _rule(_Type.STRING, _P.CONNACK),
    Property.SERVER_KEEP_ALIVE: _rule(_Type.UINT16, _P.CONNACK),
    Property.AUTHENTICATION_METHOD: _rule(_Type.STRING, _P.CONNECT, _P.CONNACK, _P.AUTH),
    Property.AUTHENTICATION_DATA: _rule(_Type.BINARY, _P.CONNECT, _P.CONNACK, _P.AUTH),
    Property.REQUEST_PROBLEM_INFORMATION: _rule(_Type.FLAG, _P.CONNECT),
    Property.WILL_DELAY_INTERVAL: _rule(_Type.UINT32, WILL),
    Property.REQUEST_RESPONSE_INFORMATION: _rule(_Type.FLAG, _P.CONNECT),
    Property.RESPONSE_INFORMATION: _rule(_Type.STRING, _P.CONNACK),
    Property.SERVER_REFERENCE: _rule(_Type.STRING, _P.CONNACK, _P.DISCONNECT),
    Property.REASON_STRING: _rule(
        _Type.STRING,
        *(_P.CONNACK, _P.PUBACK, _P.PUBREC, _P.PUBREL, _P.PUBCOMP),
        *(_P.SUBACK, _P.UNSUBACK, _P.DISCONNECT, _P.AUTH),
    ),
    Property.RECEIVE_MAXIMUM: _rule(_Type.UINT16_POSITIVE, _P.CONNECT, _P.CONNACK),
    Property.TOPIC_ALIAS_MAXIMUM: _rule(_Type.UINT16, _P.CONNECT, _P.CONNACK),
    Property.TOPIC_ALIAS: _rule(_Type.UINT16, _P.PUBLISH),
    Property.MAXIMUM_QOS: _rule(_Type.FLAG, _P.CONNACK),
    Property.RETAIN_AVAILABLE: _rule(_Type.FLAG, _P.CONNACK),
    Property.USER_PROPERTY: _rule(
        _Type.PAIR, WILL, *(kind for kind in _P if kind not in (_P.PINGREQ, _P.PINGRESP))
    ),
    Property.MAXIMUM_PACKET_SIZE: _rule(_Type.UINT32_POSITIVE, _P.CONNECT, _P.CONNACK),
    Property.WILDCARD_SUBSCRIPTION_AVAILABLE: _rule(_Type.FLAG, _P.CONNACK),
    Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: _rule(_Type.FLAG, _P.CONNACK),
    Property.SHARED_SUBSCRIPTION_AVAILABLE: _rule(_Type.FLAG, _P.CONNACK),
}
"""What each property is and where it may stand, table 2-4."""


def allowed_in(packet: int) -> frozenset[Property]:
    """The properties that `packet` (a packet type, or `WILL`) may carry."""
    return frozenset(name for name, rule in _RULES.items() if packet in rule.packets)


def read_properties(reader: Reader, packet: int) -> Properties:
    """The properties at `reader`; MqttError for an unknown, misplaced, repeated or impossible one."""
    length = reader.varint()
    if not length:
        return NO_PROPERTIES
    part = reader.part(length)
    found: dict[Property, Value] = {}
    user: list[tuple[str, str]] = []
    while part:
        name, rule = _identify(part.varint(), packet)
        if rule.type is _Type.PAIR:
            user.append((part.string(), part.string()))
        elif name in found:
            raise ProtocolViolationError("a property stands twice in one packet")
        else:
            found[name] = _read_value(part, rule.type)
    if len(user) > MAXIMUM_USER_PROPERTIES:
        raise MqttError(f"a packet may carry at most {MAXIMUM_USER_PROPERTIES} user properties")
    if user:
        found[Property.USER_PROPERTY] = tuple(user)
    return found


def _identify(identifier: int, packet: int) -> tuple[Property, _Rule]:
    try:
        name = Property(identifier)
    except ValueError:
        raise MqttError("a property is not one that MQTT 5 knows") from None
    rule = _RULES[name]
    if packet not in rule.packets:
        raise ProtocolViolationError("a property may not stand in this packet")
    return name, rule


def _read_value(reader: Reader, kind: _Type) -> Value:
    if kind is _Type.STRING:
        return reader.string()
    if kind is _Type.BINARY:
        return reader.binary()
    number = _INTEGERS[kind.form](reader)
    if not kind.least <= number <= kind.most:
        raise ProtocolViolationError("a property's number is out of its range")
    return number


_INTEGERS = {"byte": Reader.byte, "uint16": Reader.uint16, "uint32": Reader.uint32, "varint": Reader.varint}


def encode_properties(properties: Properties) -> bytes:
    """The bytes of `properties` with their length in front."""
    if not properties:
        return b"\0"
    body = b"".join(_encode(name, value) for name, value in properties.items())
    return encode_varint(len(body)) + body


def _encode(name: Property, value: Value) -> bytes:
    identifier = bytes((name,))
    match value:
        case str():
            return identifier + encode_string(value)
        case bytes():
            return identifier + encode_binary(value)
        case int():
            return identifier + _encode_integer(_RULES[name].type.form, value)
        case _:
            return b"".join(identifier + encode_string(key) + encode_string(text) for key, text in value)


def _encode_integer(form: str, value: int) -> bytes:
    if form == "varint":
        return encode_varint(value)
    return value.to_bytes({"byte": 1, "uint16": 2, "uint32": 4}[form], "big")
