"""SNMP of all three versions (RFC 1157, RFC 3416, RFC 3412) over UDP.

Key: (version, PDU type, community or user, object identifiers of requests).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from holdfast.defender.dissect import ber
from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME: Final = "snmp"
_VERSIONS: Final = {0: "1", 1: "2c", 3: "3"}
_SEQUENCE, _INTEGER, _OCTETS, _NULL, _OBJECT_IDENTIFIER = 0x30, 0x02, 0x04, 0x05, 0x06
PDUS: Final = {
    0xA0: ("get-request", Role.REQUEST),
    0xA1: ("get-next-request", Role.REQUEST),
    0xA2: ("response", Role.RESPONSE),
    0xA3: ("set-request", Role.REQUEST),
    0xA4: ("trap", Role.NOTICE),
    0xA5: ("get-bulk-request", Role.REQUEST),
    0xA6: ("inform-request", Role.NOTICE),
    0xA7: ("trap-v2", Role.NOTICE),
    0xA8: ("report", Role.NOTICE),
}
_ERRORS: Final = (
    "noError",
    "tooBig",
    "noSuchName",
    "badValue",
    "readOnly",
    "genErr",
    "noAccess",
    "wrongType",
    "wrongLength",
    "wrongEncoding",
    "wrongValue",
    "noCreation",
    "inconsistentValue",
    "resourceUnavailable",
    "commitFailed",
    "undoFailed",
    "authorizationError",
    "notWritable",
    "inconsistentName",
)
SYSTEM_OBJECTS: Final = {
    "1.3.6.1.2.1.1.1.0": "sys_description",
    "1.3.6.1.2.1.1.2.0": "sys_object_id",
    "1.3.6.1.2.1.1.4.0": "sys_contact",
    "1.3.6.1.2.1.1.5.0": "sys_name",
    "1.3.6.1.2.1.1.6.0": "sys_location",
}
"""Objects of the system group (RFC 3418) that identify a device; their values are fields of their own."""
_MAXIMUM_BINDINGS: Final = 256
_MAXIMUM_OUTSTANDING: Final = 64
_TRAP_V1: Final = 0xA4


class _Message(NamedTuple):
    version: int
    principal: str
    """Community, or user of version 3."""
    pdu: int
    """Tag of the PDU; 0 when it is encrypted."""
    data: bytes
    content: ber.Element | None


class SnmpSession(Session):
    """The messages between two ports."""

    __slots__ = ("_asked",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._asked: dict[int, Record] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        message = _read_message(data[start:end])
        kind, role = PDUS.get(message.pdu, ("encrypted", Role.NOTICE))
        names: tuple[str, ...] = ()
        identifier = status = 0
        if message.content is not None and message.pdu != _TRAP_V1:
            identifier, status = _numbers(message)[:2]
            if role is Role.REQUEST:
                names = tuple(name for name, _ in _bindings(message))
        key: tuple[object, ...] = (message.version, kind, message.principal, *names)
        if role is Role.RESPONSE and status:
            role, key = Role.FAILURE, (*key, status)
        request = self._asked.pop(identifier, None) if role in (Role.RESPONSE, Role.FAILURE) else None
        record = Record(frame, time, direction, NAME, kind, role, key, message, _fields, request)
        self.emit(record)
        if role is Role.REQUEST:
            self._asked[identifier] = record
            if len(self._asked) > _MAXIMUM_OUTSTANDING:
                del self._asked[next(iter(self._asked))]
        return end


def _read_message(data: bytes) -> _Message:
    outer = ber.read(data, 0, len(data))
    if outer.tag != _SEQUENCE:
        raise MalformedError("tag", f"The message has the tag 0x{outer.tag:02x}.")
    parts = list(ber.children(data, outer.start, outer.stop))
    if len(parts) < 3 or parts[0].tag != _INTEGER:
        raise MalformedError("message", "A message has a version, a community or header, and a PDU.")
    version = ber.unsigned(data, parts[0])
    if version != 3:
        return _Message(version, text(data[parts[1].start : parts[1].stop]), parts[2].tag, data, parts[2])
    return _version_3(data, parts)


def _version_3(data: bytes, parts: list[ber.Element]) -> _Message:
    if len(parts) < 4:
        raise MalformedError("message", "A message of version 3 has a header, security parameters and data.")
    user = ""
    if parts[2].tag == _OCTETS and parts[2].stop > parts[2].start:
        security = list(ber.children(data, *ber.read(data, parts[2].start, parts[2].stop)[1:]))
        if len(security) >= 4:
            user = text(data[security[3].start : security[3].stop])
    if parts[3].tag != _SEQUENCE:
        return _Message(3, user, 0, data, None)
    scoped = list(ber.children(data, parts[3].start, parts[3].stop))
    content = scoped[2] if len(scoped) > 2 else None
    return _Message(3, user, content.tag if content else 0, data, content)


def _numbers(message: _Message) -> list[int]:
    """Request identifier, error status and index, which stand in front of the bindings."""
    content = message.content
    assert content is not None
    parts = [each for each in ber.children(message.data, content.start, content.stop) if each.tag == _INTEGER]
    if len(parts) < 3:
        raise MalformedError("pdu", "A PDU has an identifier, a status and an index.")
    return [ber.signed(message.data, part) for part in parts[:3]]


def _bindings(message: _Message) -> list[tuple[str, ber.Element]]:
    """Object identifiers and their values."""
    content = message.content
    assert content is not None
    found: list[tuple[str, ber.Element]] = []
    for part in ber.children(message.data, content.start, content.stop):
        if part.tag != _SEQUENCE:
            continue
        for binding in ber.children(message.data, part.start, part.stop):
            pair = list(ber.children(message.data, binding.start, binding.stop))
            if len(pair) == 2 and pair[0].tag == _OBJECT_IDENTIFIER and len(found) < _MAXIMUM_BINDINGS:
                found.append((object_identifier(message.data[pair[0].start : pair[0].stop]), pair[1]))
    return found


def object_identifier(octets: bytes) -> str:
    """Numbers with dots between them."""
    numbers: list[int] = []
    value = 0
    for octet in octets:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        return ""
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is one BER sequence of a version, a community or header, and a PDU."""
    if end - start < 10 or data[start] != _SEQUENCE:
        return False
    try:
        outer = ber.read(data, start, end)
        version = ber.read(data, outer.start, outer.stop)
        following = ber.read(data, version.stop, outer.stop)
    except MalformedError:
        return False
    if version.tag != _INTEGER or version.stop - version.start != 1 or data[version.start] not in _VERSIONS:
        return False
    return following.tag == (_SEQUENCE if data[version.start] == 3 else _OCTETS)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    message: _Message = record.body
    fields["version"] = _VERSIONS.get(message.version, str(message.version))
    fields["username" if message.version == 3 else "community"] = message.principal
    fields["pdu_type"] = record.kind
    if message.content is None:
        return
    if message.pdu == _TRAP_V1:
        parts = list(ber.children(message.data, message.content.start, message.content.stop))
        if len(parts) >= 4:
            names = ("enterprise", "agent_addr", "generic_trap", "specific_trap")
            fields |= {name: _value(message.data, part) for name, part in zip(names, parts[:4], strict=True)}
    else:
        identifier, second, third = _numbers(message)
        fields["request_id"] = identifier
        if record.kind == "get-bulk-request":
            fields |= {"non_repeaters": second, "max_repetitions": third}
        else:
            fields["error_status"] = _ERRORS[second] if 0 <= second < len(_ERRORS) else second
            fields["error_index"] = third
    bindings: list[Fields] = []
    fields["variables"] = bindings
    for name, element in _bindings(message):
        value = _value(message.data, element)
        bindings.append({"oid": name, "value": value})
        if name in SYSTEM_OBJECTS and value is not None:
            fields[SYSTEM_OBJECTS[name]] = value


def _value(data: bytes, element: ber.Element) -> str | int | None:
    octets = data[element.start : element.stop]
    if element.tag in (_NULL, 0x80, 0x81, 0x82):
        return None
    if element.tag == _INTEGER:
        return int.from_bytes(octets, "big", signed=True)
    if element.tag in (0x41, 0x42, 0x43, 0x46):
        return int.from_bytes(octets, "big")
    if element.tag == _OBJECT_IDENTIFIER:
        return object_identifier(octets)
    if element.tag == 0x40 and len(octets) == 4:
        return ip_text(octets)
    decoded = text(octets)
    return decoded if decoded.isprintable() or "\n" in decoded else octets.hex()


DISSECTOR: Dissector = Dissector(
    name=NAME, session=SnmpSession, recognize=recognize, udp=(161, 162), over=("udp",)
)
