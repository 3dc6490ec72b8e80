"""CONNECT and CONNACK (sections 3.1 and 3.2)."""

from typing import NamedTuple

from holdfast.protocol.mqtt.errors import MqttError, ProtocolViolationError
from holdfast.protocol.mqtt.properties import (
    NO_PROPERTIES,
    WILL,
    Properties,
    Property,
    encode_properties,
    read_properties,
)
from holdfast.protocol.mqtt.reasons import Reason, connect_return_code
from holdfast.protocol.mqtt.wire import (
    V5,
    V311,
    PacketType,
    Reader,
    encode_binary,
    encode_string,
    frame,
)

_NAME = b"MQTT"
_OLD_NAME = b"MQIsdp"
"""What MQTT 3.1 calls itself; such a client can be told that its version is not spoken here."""

_RESERVED, _CLEAN, _WILL, _WILL_RETAIN, _PASSWORD, _USER_NAME = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
_WILL_QOS = 0x18


class Will(NamedTuple):
    """The message that the server publishes when the connection breaks (section 3.1.2.5)."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = NO_PROPERTIES


class Connect(NamedTuple):
    """A client's first packet. Never log it: it holds the password."""

    client_id: str
    version: int = V311
    clean_start: bool = True
    """CleanSession of 3.1.1, Clean Start of 5."""
    keep_alive: int = 0
    """Seconds; 0 switches it off."""
    user_name: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties = NO_PROPERTIES

    def number(self, name: Property, default: int) -> int:
        """The integer property `name`, or `default` where it is absent."""
        value = self.properties.get(name, default)
        return value if isinstance(value, int) else default


def decode_connect(data: bytes, start: int, stop: int) -> Connect:
    """The CONNECT whose remaining bytes are `data[start:stop]`."""
    reader = Reader(data, start, stop)
    version = _read_version(reader)
    flags = reader.byte()
    _check_flags(flags, version)
    keep_alive = reader.uint16()
    properties = read_properties(reader, PacketType.CONNECT) if version == V5 else NO_PROPERTIES
    client_id = reader.string()
    connect = Connect(
        client_id=client_id,
        version=version,
        clean_start=bool(flags & _CLEAN),
        keep_alive=keep_alive,
        will=_read_will(reader, flags, version) if flags & _WILL else None,
        user_name=reader.string() if flags & _USER_NAME else None,
        password=reader.binary() if flags & _PASSWORD else None,
        properties=properties,
    )
    reader.finish()
    if not client_id and version == V311 and not connect.clean_start:
        raise MqttError(
            "a client without an identifier must ask for a clean session", Reason.CLIENT_IDENTIFIER_NOT_VALID
        )
    return connect


def _read_version(reader: Reader) -> int:
    name, version = reader.binary(), reader.byte()
    if name not in {_NAME, _OLD_NAME}:
        raise MqttError("the connection does not begin with MQTT's name")
    if name == _OLD_NAME or version not in {V311, V5}:
        raise MqttError(
            "only MQTT 3.1.1 and 5 are spoken here; set one of them in the client",
            Reason.UNSUPPORTED_PROTOCOL_VERSION,
        )
    return version


def _check_flags(flags: int, version: int) -> None:
    if flags & _RESERVED:
        raise MqttError("CONNECT sets a reserved flag")
    if flags & _WILL_QOS == _WILL_QOS:
        raise MqttError("CONNECT asks for a will of QoS 3")
    if not flags & _WILL and flags & (_WILL_QOS | _WILL_RETAIN):
        raise MqttError("CONNECT describes a will that it does not have")
    if version == V311 and flags & _PASSWORD and not flags & _USER_NAME:
        raise MqttError("CONNECT has a password without a user name")


def _read_will(reader: Reader, flags: int, version: int) -> Will:
    properties = read_properties(reader, WILL) if version == V5 else NO_PROPERTIES
    topic, payload = reader.string(), reader.binary()
    return Will(topic, payload, (flags & _WILL_QOS) >> 3, bool(flags & _WILL_RETAIN), properties)


def encode_connect(connect: Connect) -> bytes:
    """The packet that says `connect`."""
    v5, will = connect.version == V5, connect.will
    parts = [
        encode_binary(_NAME),
        bytes((connect.version, _flags(connect))),
        connect.keep_alive.to_bytes(2, "big"),
        encode_properties(connect.properties) if v5 else b"",
        encode_string(connect.client_id),
    ]
    if will is not None:
        parts += [encode_properties(will.properties) if v5 else b""]
        parts += [encode_string(will.topic), encode_binary(will.payload)]
    if connect.user_name is not None:
        parts.append(encode_string(connect.user_name))
    if connect.password is not None:
        parts.append(encode_binary(connect.password))
    return frame(PacketType.CONNECT << 4, *parts)


def _flags(connect: Connect) -> int:
    flags = _CLEAN if connect.clean_start else 0
    if connect.will is not None:
        flags |= _WILL | connect.will.qos << 3 | (_WILL_RETAIN if connect.will.retain else 0)
    if connect.password is not None:
        flags |= _PASSWORD
    if connect.user_name is not None:
        flags |= _USER_NAME
    return flags


class Connack(NamedTuple):
    """The server's answer. `code` is a `Reason` in version 5 and a return code in 3.1.1."""

    session_present: bool
    code: int
    properties: Properties = NO_PROPERTIES


def encode_connack(
    reason: Reason, version: int, session_present: bool = False, properties: Properties = NO_PROPERTIES
) -> bytes:
    """The CONNACK that says `reason` in the words of `version`."""
    code = reason if version == V5 else connect_return_code(reason)
    head = bytes((session_present and not code, code))
    return frame(PacketType.CONNACK << 4, head, encode_properties(properties) if version == V5 else b"")


def decode_connack(data: bytes, start: int, stop: int, version: int) -> Connack:
    """The CONNACK whose remaining bytes are `data[start:stop]`."""
    reader = Reader(data, start, stop)
    flags, code = reader.byte(), reader.byte()
    if flags > 1:
        raise ProtocolViolationError("CONNACK sets a reserved flag")
    properties = read_properties(reader, PacketType.CONNACK) if version == V5 else NO_PROPERTIES
    reader.finish()
    return Connack(bool(flags), code, properties)
