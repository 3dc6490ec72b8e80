"""MQTT 3.1, 3.1.1 and 5.0 (OASIS): one record a control packet.

Keys: of publications (`PUBLISH`, topic); of subscriptions (kind, topics); of CONNECT (kind, protocol version,
client identifier); of the others (kind,), failures with the reason code behind.
"""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record

NAME: Final = "mqtt"
PACKETS: Final = {
    1: ("CONNECT", REQUEST),
    2: ("CONNACK", RESPONSE),
    3: ("PUBLISH", NOTICE),
    4: ("PUBACK", RESPONSE),
    5: ("PUBREC", RESPONSE),
    6: ("PUBREL", RESPONSE),
    7: ("PUBCOMP", RESPONSE),
    8: ("SUBSCRIBE", REQUEST),
    9: ("SUBACK", RESPONSE),
    10: ("UNSUBSCRIBE", REQUEST),
    11: ("UNSUBACK", RESPONSE),
    12: ("PINGREQ", REQUEST),
    13: ("PINGRESP", RESPONSE),
    14: ("DISCONNECT", NOTICE),
    15: ("AUTH", NOTICE),
}
_CONNECT, _CONNACK, _PUBLISH, _SUBSCRIBE, _SUBACK, _UNSUBSCRIBE, _UNSUBACK = 1, 2, 3, 8, 9, 10, 11
_RESERVED_FLAGS: Final = {6: 2, 8: 2, 10: 2}
"""What the lower bits of the first byte must be; 0 where nothing is said, anything for PUBLISH."""
_ACKNOWLEDGEMENTS: Final = frozenset({4, 5, 6, 7})
_VERSION_5: Final = 5
_FAILURE: Final = 0x80
_MAXIMUM_KEPT: Final = 128 * 1024
"""Longer packets are passed over without being held in memory; their head is enough for a record."""
_MAXIMUM_TOPICS: Final = 256

_CONNECT_STATUSES: Final = {
    0: "Connection Accepted",
    1: "Refused: unacceptable protocol version",
    2: "Refused: identifier rejected",
    3: "Refused: server unavailable",
    4: "Refused: bad user name or password",
    5: "Refused: not authorized",
}


class MqttSession(Session):
    """The control packets of one connection."""

    __slots__ = ("_skip", "_version")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._version = 4
        self._skip = [0, 0]
        """Bytes of a long packet that are still to be passed over, by direction."""

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        side = direction.to_server
        if self._skip[side]:
            passed = min(self._skip[side], end - start)
            self._skip[side] -= passed
            start += passed
        while start + 2 <= end:
            content, stop = _bounds(data, start, end)
            if content < 0:
                return start
            if stop > end:
                if stop - start <= _MAXIMUM_KEPT:
                    return start
                self._skip[side], stop = stop - end, end
            self._packet(data[start], data[content:stop], frame, time, direction)
            start = stop
        return start

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        self._skip[direction.to_server] = max(self._skip[direction.to_server] - missing, 0)

    def _packet(self, first: int, body: bytes, frame: int, time: int, direction: Direction) -> None:
        number = first >> 4
        if number == 0 or (number != _PUBLISH and first & 15 != _RESERVED_FLAGS.get(number, 0)):
            raise MalformedError("header", f"A control packet begins with 0x{first:02x}.")
        kind, role = PACKETS[number]
        if number == _CONNECT:
            self._version = _protocol_version(body)
        key: tuple[object, ...] = (kind, *_about(number, body, self._version))
        code = _reason(number, body, self._version)
        if code:
            role, key = FAILURE, (*key, code)
        content = (first, body, self._version)
        self.emit(Record(frame, time, direction, NAME, kind, role, key, content, _fields))


def _bounds(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the variable header begins and the packet stops; -1 while the length is incomplete."""
    length = shift = 0
    for position in range(start + 1, min(start + 5, end)):
        octet = data[position]
        length |= (octet & 0x7F) << shift
        shift += 7
        if not octet & 0x80:
            return position + 1, position + 1 + length
    if end - start > 4:
        raise MalformedError("length", "The remaining length has more than four bytes.", 1)
    return -1, -1


def _protocol_version(body: bytes) -> int:
    reader = Reader(body)
    reader.skip(reader.u16())
    return reader.u8() & 0x7F


def _length(reader: Reader) -> int:
    """A variable byte integer."""
    value = 0
    for shift in (0, 7, 14, 21):
        octet = reader.u8()
        value |= (octet & 0x7F) << shift
        if not octet & 0x80:
            return value
    raise MalformedError("length", "A variable byte integer has more than four bytes.", reader.position)


def _string(reader: Reader) -> str:
    return text(reader.take(reader.u16()))


def _skip_properties(reader: Reader, version: int) -> None:
    if version == _VERSION_5:
        reader.skip(_length(reader))


def _about(number: int, body: bytes, version: int) -> tuple[object, ...]:
    reader = Reader(body)
    if number == _PUBLISH:
        return (_string(reader),)
    if number in (_SUBSCRIBE, _UNSUBSCRIBE):
        return tuple(topic for topic, _ in _topics(reader, number, version))
    if number == _CONNECT:
        reader.skip(reader.u16() + 4)
        _skip_properties(reader, version)
        return version, _string(reader)
    return ()


def _topics(reader: Reader, number: int, version: int) -> list[tuple[str, int]]:
    """Topic filters and the quality of service asked for."""
    reader.skip(2)
    _skip_properties(reader, version)
    found: list[tuple[str, int]] = []
    while reader.left and len(found) < _MAXIMUM_TOPICS:
        topic = _string(reader)
        found.append((topic, reader.u8() & 3 if number == _SUBSCRIBE else 0))
    return found


def _reason(number: int, body: bytes, version: int) -> int:
    """The code of a refusal; 0 when nothing is refused."""
    if number == _CONNACK and len(body) >= 2:
        return body[1]
    if number == _SUBACK and body and body[-1] >= _FAILURE:
        return body[-1]
    if number in _ACKNOWLEDGEMENTS and version == _VERSION_5 and len(body) >= 3 and body[2] >= _FAILURE:
        return body[2]
    return 0


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with CONNECT; on its ports also with another well-formed packet."""
    if end - start < 2 or data[start] >> 4 == 0:
        return False
    try:
        content, stop = _bounds(data, start, end)
    except MalformedError:
        return False
    if content < 0:
        return False
    if data[start] == _CONNECT << 4:
        return data[content : content + 6] in (b"\0\4MQTT", b"\0\6MQIs")
    number = data[start] >> 4
    flags = _RESERVED_FLAGS.get(number, 0)
    return expected and stop <= end and (number == _PUBLISH or data[start] & 15 == flags)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    first, body, version = record.body
    number = first >> 4
    fields |= {"retain": bool(first & 1), "qos": first >> 1 & 3, "dup": bool(first & 8)}
    reader = Reader(body)
    if number == _CONNECT:
        _connect(reader, fields)
    elif number == _CONNACK:
        fields["session_present"], code = bool(reader.u8() & 1), reader.u8()
        fields["return_code"] = code
        fields["connect_status"] = _CONNECT_STATUSES.get(code, f"0x{code:02x}")
    elif number == _PUBLISH:
        _publish(reader, version, fields)
    elif number in (_SUBSCRIBE, _UNSUBSCRIBE):
        fields["message_id"] = int.from_bytes(body[:2], "big")
        topics = _topics(reader, number, version)
        fields["action"], fields["topics"] = f"MQTT::{record.kind}", [topic for topic, _ in topics]
        if number == _SUBSCRIBE:
            fields["qos_levels"] = [quality for _, quality in topics]
    elif number == _SUBACK:
        fields["message_id"] = reader.u16()
        _skip_properties(reader, version)
        codes = list(reader.rest())
        fields["return_codes"] = codes
        fields["granted_qos_level"] = codes[0] if codes else None
    elif number == _UNSUBACK:
        fields["message_id"] = reader.u16()
    elif number in _ACKNOWLEDGEMENTS:
        fields["message_id"] = reader.u16()
        fields["reason_code"] = reader.u8() if reader.left else 0


def _connect(reader: Reader, fields: Fields) -> None:
    fields["proto_name"] = _string(reader)
    version, flags = reader.u8(), reader.u8()
    fields["proto_version"] = {3: "3.1", 4: "3.1.1", 5: "5.0"}.get(version & 0x7F, str(version))
    fields["keep_alive"] = reader.u16()
    _skip_properties(reader, version)
    fields["client_id"] = _string(reader)
    fields["clean_session"] = bool(flags & 0x02)
    if flags & 0x04:
        _skip_properties(reader, version)
        fields["will_topic"], fields["will_payload"] = _string(reader), _string(reader)
        fields["will_qos"], fields["will_retain"] = flags >> 3 & 3, bool(flags & 0x20)
    fields["username"] = _string(reader) if flags & 0x80 else None
    fields["password"] = _string(reader) if flags & 0x40 else None


def _publish(reader: Reader, version: int, fields: Fields) -> None:
    fields["topic"] = _string(reader)
    if fields["qos"]:
        fields["message_id"] = reader.u16()
    _skip_properties(reader, version)
    payload = reader.rest()
    fields["payload_len"], fields["payload"] = len(payload), text(payload[:_PAYLOAD_SHOWN])


_PAYLOAD_SHOWN: Final = 100
"""Bytes of a publication that its record shows; Zeek shows as many."""

DISSECTOR: Dissector = Dissector(
    name=NAME, session=MqttSession, recognize=recognize, tcp=(1883,), over=("tcp",)
)
