"""Connection-oriented DCE/RPC (C706, chapter 12) over TCP and over named pipes of SMB.

Keys: of calls and their answers (interface, operation number); of binds (kind, interfaces); of the rest
(kind,).
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.rpc.connectionless import NAME, interface_name
from holdfast.defender.dissect.rpc.interfaces import OPERATIONS
from holdfast.defender.dissect.rpc.ntlm import ntlm_fields
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

_VERSION: Final = 5
_HEADER_LENGTH: Final = 16
_REQUEST, _RESPONSE, _FAULT, _BIND, _BIND_REFUSED, _ALTER = 0, 2, 3, 11, 13, 14
PACKET_TYPES: Final = {
    _REQUEST: "Request",
    _RESPONSE: "Response",
    _FAULT: "Fault",
    _BIND: "Bind",
    12: "Bind Acknowledge",
    _BIND_REFUSED: "Bind Refused",
    _ALTER: "Alter Context",
    15: "Alter Context Response",
    16: "Authentication",
    17: "Shutdown",
    18: "Cancel",
    19: "Orphaned",
}
_ROLES: Final = {
    _REQUEST: Role.REQUEST,
    _RESPONSE: Role.RESPONSE,
    _FAULT: Role.FAILURE,
    _BIND: Role.REQUEST,
    12: Role.RESPONSE,
    _BIND_REFUSED: Role.FAILURE,
    _ALTER: Role.REQUEST,
    15: Role.RESPONSE,
    16: Role.REQUEST,
}
_LAST_FRAGMENT, _WITH_OBJECT = 0x02, 0x80
_MAXIMUM_CONTEXTS, _MAXIMUM_OUTSTANDING = 64, 64
_LENGTHS: Final = {">": struct.Struct(">HHI").unpack_from, "<": struct.Struct("<HHI").unpack_from}
_OPERATION: Final = {">": struct.Struct(">IHH").unpack_from, "<": struct.Struct("<IHH").unpack_from}


class _Pdu(NamedTuple):
    """A PDU with what its fields need."""

    octets: bytes
    interface: str
    operation: int
    interfaces: tuple[str, ...]
    pipe: str


class Connection:
    """The calls of one connection or pipe."""

    __slots__ = ("_asked", "_contexts", "_emit", "_pipe")

    def __init__(self, emit: Emit, pipe: str = "") -> None:
        self._emit = emit
        self._pipe = pipe
        self._contexts: dict[int, str] = {}
        self._asked: dict[int, tuple[Record, str, int]] = {}

    def read(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """Read PDUs as `Session.feed` does."""
        while start + _HEADER_LENGTH <= end:
            if not _is_header(data, start):
                raise MalformedError("header", "A PDU of RPC does not begin with its version and type.")
            order = "<" if data[start + 4] & 0xF0 else ">"
            length, _, call = _LENGTHS[order](data, start + 8)
            if length < _HEADER_LENGTH:
                raise MalformedError("length", f"A PDU of RPC has {length} bytes.", 8)
            if start + length > end:
                return start
            self._pdu(data[start : start + length], order, call, frame, time, direction)
            start += length
        return start

    def _pdu(self, octets: bytes, order: str, call: int, frame: int, time: int, direction: Direction) -> None:
        sort = octets[2]
        kind, role = PACKET_TYPES[sort], _ROLES.get(sort, Role.NOTICE)
        interface, operation, request = "", -1, None
        interfaces: tuple[str, ...] = ()
        key: tuple[object, ...] = (kind,)
        if sort in (_BIND, _ALTER):
            interfaces = self._bind(octets, order)
            key = (kind, interfaces)
        elif sort == _REQUEST:
            if len(octets) < _HEADER_LENGTH + 8:
                raise MalformedError(TRUNCATED, "A request ends within its header.", len(octets))
            _, context, operation = _OPERATION[order](octets, _HEADER_LENGTH)
            interface = self._contexts.get(context, "")
            key = (interface, operation)
        elif call in self._asked and sort in (_RESPONSE, _FAULT):
            request, interface, operation = self._asked[call]
            key = (interface, operation)
            if octets[3] & _LAST_FRAGMENT:
                del self._asked[call]
        body = _Pdu(octets, interface, operation, interfaces, self._pipe)
        record = Record(frame, time, direction, NAME, kind, role, key, body, _fields, request)
        self._emit(record)
        if sort == _REQUEST:
            self._asked[call] = record, interface, operation
            if len(self._asked) > _MAXIMUM_OUTSTANDING:
                del self._asked[next(iter(self._asked))]

    def _bind(self, octets: bytes, order: str) -> tuple[str, ...]:
        """Note which interface each context identifier stands for."""
        reader = Reader(octets, _HEADER_LENGTH + 8)
        number = reader.u16_little if order == "<" else reader.u16
        names: list[str] = []
        count = reader.u8()
        reader.skip(3)
        for _ in range(count):
            context, transfers = number(), reader.u8()
            reader.skip(1)
            name = interface_name(reader.take(16), order == "<")
            reader.skip(4 + 20 * transfers)
            names.append(name)
            if len(self._contexts) < _MAXIMUM_CONTEXTS:
                self._contexts[context] = name
        return tuple(dict.fromkeys(names))


class ConnectedSession(Session):
    """RPC on a TCP connection."""

    __slots__ = ("_connection",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._connection = Connection(emit)

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        return self._connection.read(data, start, end, frame, time, direction)


def _is_header(data: bytes, start: int) -> bool:
    return (
        data[start] == _VERSION
        and data[start + 1] <= 1
        and data[start + 2] in PACKET_TYPES
        and data[start + 4] in (0x00, 0x10, 0x01, 0x11)
        and data[start + 5] <= 3
    )


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a PDU of RPC; off its port it must be a bind or a whole PDU."""
    if end - start < _HEADER_LENGTH or not _is_header(data, start) or data[start + 6 : start + 8] != b"\0\0":
        return False
    length = _LENGTHS["<" if data[start + 4] & 0xF0 else ">"](data, start + 8)[0]
    return length >= _HEADER_LENGTH and (expected or data[start + 2] == _BIND or start + length <= end)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    pdu: _Pdu = record.body
    octets = pdu.octets
    order = "<" if octets[4] & 0xF0 else ">"
    length, authentication, call = _LENGTHS[order](octets, 8)
    fields |= {"packet_type": record.kind, "call_id": call, "length": length}
    fields["named_pipe"] = pdu.pipe or None
    if pdu.interfaces:
        fields["interfaces"] = list(pdu.interfaces)
    if pdu.operation >= 0:
        fields["endpoint"] = pdu.interface or None
        known = OPERATIONS.get(pdu.interface, {})
        fields["operation"] = known.get(pdu.operation, f"unknown-{pdu.operation}")
        fields["operation_num"] = pdu.operation
    if octets[2] == _REQUEST and octets[3] & _WITH_OBJECT:
        fields["object_uuid"] = octets[24:40].hex()
    if octets[2] == _FAULT and len(octets) >= 28:
        fields["status"] = f"0x{int.from_bytes(octets[24:28], 'little' if order == '<' else 'big'):08x}"
    if authentication:
        ntlm_fields(octets[-authentication:], fields)


DISSECTOR: Dissector = Dissector(
    name=NAME, session=ConnectedSession, recognize=recognize, tcp=(135, 593, 1025, 1026), over=("tcp",)
)
