"""Connectionless DCE/RPC over UDP (C706, chapter 12) and PROFINET IO context management in it.

Keys: of `profinet_io_cm` (operation, slot, subslot, index), None where the operation has none; failures have
the status behind. Of `dcerpc` (interface, operation number).
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.profinet.context import (
    OPERATIONS,
    read_blocks,
    record_address,
    status_fields,
)
from holdfast.defender.dissect.rpc.interfaces import INTERFACES
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record, Role

NAME, PROFINET = "dcerpc", "profinet_io_cm"
_VERSION: Final = 4
_HEADER_LENGTH: Final = 80
_PROFINET_INTERFACE: Final = bytes.fromhex("6c9711d1827100a02442df7d")
"""What the interfaces of PROFINET devices, controllers, supervisors have in common behind their first four
bytes."""
_MAXIMUM_OUTSTANDING: Final = 64

PACKET_TYPES: Final = {
    0: "Request",
    1: "Ping",
    2: "Response",
    3: "Fault",
    4: "Working",
    5: "No call Response to Ping",
    6: "Reject",
    7: "Acknowledge",
    8: "Connectionless Cancel",
    9: "Fragment Acknowledge",
    10: "Cancel Acknowledge",
}
_REQUEST, _RESPONSE, _FAULT, _REJECT, _FRAGMENT_ACKNOWLEDGE = 0, 2, 3, 6, 9
_ROLES: Final = {_REQUEST: REQUEST, _RESPONSE: RESPONSE, _FAULT: FAILURE, _REJECT: FAILURE}
_CHARACTERS: Final = {0: "ASCII", 1: "EBCDIC"}
_INTEGERS: Final = {0: "Big Endian", 1: "Little Endian"}
_FLOATS: Final = {0: "IEEE", 1: "VAX", 2: "CRAY", 3: "IBM"}
_FACK_VERSIONS: Final = {0: "Initial version", 1: "Default version"}


class _Layout(NamedTuple):
    """Reads the numbers of a header in one byte order: boot time, version, sequence, operation, hints,
    lengths."""

    header: struct.Struct
    acknowledge: struct.Struct


_LAYOUTS: Final = {
    order: _Layout(struct.Struct(f"{mark}IIIHHHHHBB"), struct.Struct(f"{mark}BxHIIHH"))
    for order, mark in ((0, ">"), (1, "<"))
}


@lru_cache(maxsize=1024)
def interface_name(octets: bytes, little: bool) -> str:
    """Of an interface identifier as it stands in the header: a known name, or the identifier."""
    if little:
        octets = octets[3::-1] + octets[5:3:-1] + octets[7:5:-1] + octets[8:]
    plain = octets.hex()
    identifier = f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"
    return INTERFACES.get(identifier, identifier)


@lru_cache(maxsize=1024)
def _is_profinet(interface: bytes, little: bool) -> bool:
    if little:
        interface = interface[:4] + interface[5:3:-1] + interface[7:5:-1] + interface[8:]
    return interface[4:] == _PROFINET_INTERFACE


class ConnectionlessSession(Session):
    """The calls between two ports."""

    __slots__ = ("_asked",)

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._asked: dict[bytes, tuple[Record, tuple[object, ...]]] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if end - start < _HEADER_LENGTH:
            raise MalformedError(TRUNCATED, "A connectionless RPC header has 80 bytes.")
        if data[start] != _VERSION:
            raise MalformedError("version", f"The RPC version is {data[start]}.")
        order = data[start + 4] >> 4
        if order not in _LAYOUTS:
            raise MalformedError("encoding", f"The integer encoding {order} does not exist.", 4)
        body = data[start:end]
        sort = data[start + 1] & 0x1F
        values = _LAYOUTS[order].header.unpack_from(body, 56)
        operation = values[3]
        role = _ROLES.get(sort, NOTICE)
        if _is_profinet(body[24:40], bool(order)):
            self._profinet(body, sort, order, operation, role, frame, time, direction)
            return end
        interface = interface_name(body[24:40], bool(order))
        key = (interface, operation)
        kind = PACKET_TYPES.get(sort) or f"unknown-{sort}"
        self.emit(Record(frame, time, direction, NAME, kind, role, key, body, _rpc_fields))
        return end

    def _profinet(
        self,
        body: bytes,
        sort: int,
        order: int,
        operation: int,
        role: Role,
        frame: int,
        time: int,
        direction: Direction,
    ) -> None:
        self.flow.service = PROFINET
        kind = OPERATIONS.get(operation, "unknown")
        call = body[40:56] + body[64:68]
        request = None
        if sort == _REQUEST:
            key: tuple[object, ...] = (operation, *record_address(body, _HEADER_LENGTH + 20))
        else:
            request, key = self._asked.get(call, (None, (operation, None, None, None)))
        if sort == _RESPONSE:
            status = body[_HEADER_LENGTH : _HEADER_LENGTH + 4]
            if any(status):
                role, key = FAILURE, (*key, status.hex())
        record = Record(frame, time, direction, PROFINET, kind, role, key, body, _profinet_fields, request)
        self.emit(record)
        if sort == _REQUEST:
            self._asked[call] = record, key
            if len(self._asked) > _MAXIMUM_OUTSTANDING:
                del self._asked[next(iter(self._asked))]


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a connectionless RPC header; off its ports only of PROFINET."""
    if end - start < _HEADER_LENGTH or data[start] != _VERSION or data[start + 1] & 0x1F not in PACKET_TYPES:
        return False
    order = data[start + 4] >> 4
    if order not in _LAYOUTS or data[start + 4] & 15 > 1 or data[start + 5] > 3:
        return False
    return expected or _is_profinet(data[start + 24 : start + 40], bool(order))


def _raw_identifier(octets: bytes) -> str:
    """An identifier in the order of its bytes on the wire, as ICSNPP prints it."""
    plain = octets.hex().upper()
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"


def _header(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    flags, more_flags, order = body[2], body[3], body[4] >> 4
    boot, version, sequence, _, interface_hint, activity_hint, length, fragment, auth, serial_low = _LAYOUTS[
        order
    ].header.unpack_from(body, 56)
    fields |= {
        "rpc_version": body[0],
        "packet_type": PACKET_TYPES.get(body[1] & 0x1F, "unknown"),
        "reserved_for_impl_1": bool(flags & 0x01),
        "last_fragment": bool(flags & 0x02),
        "fragment": bool(flags & 0x04),
        "no_fragment_requested": bool(flags & 0x08),
        "maybe": bool(flags & 0x10),
        "idempotent": bool(flags & 0x20),
        "broadcast": bool(flags & 0x40),
        "reserved_for_impl_2": bool(flags & 0x80),
        "cancel_was_pending_at_call_end": bool(more_flags & 0x02),
        "integer_encoding": _INTEGERS.get(order, "unknown"),
        "character_encoding": _CHARACTERS.get(body[4] & 15, "unknown"),
        "floating_point_encoding": _FLOATS.get(body[5] & 7, "unknown"),
        "serial_high": body[7],
        "object_uuid": _raw_identifier(body[8:24]),
        "interface_uuid": _raw_identifier(body[24:40]),
        "activity_uuid": _raw_identifier(body[40:56]),
        "server_boot_time": boot,
        "interface_vers_major": version >> 16,
        "interface_vers_minor": version & 0xFFFF,
        "sequence_num": sequence,
        "interface_hint": interface_hint,
        "activity_hint": activity_hint,
        "len_of_body": length,
        "fragment_num": fragment,
        "auth_protocol": auth,
        "serial_low": serial_low,
    }


@fields_of
def _rpc_fields(record: Record, fields: Fields) -> None:
    _header(record, fields)
    if isinstance(record.key, tuple):
        fields["interface"], fields["operation_num"] = record.key


@fields_of
def _profinet_fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    _header(record, fields)
    fields["operation_num"] = record.kind
    sort, order = body[1] & 0x1F, body[4] >> 4
    if sort == _FRAGMENT_ACKNOWLEDGE:
        _acknowledgement(body, order, fields)
    elif fields["fragment_num"] or (fields["fragment"] and sort == _RESPONSE):
        return  # blocks begin in the first fragment only
    elif sort == _REQUEST:
        read_blocks(body, _HEADER_LENGTH + 20, fields)
    elif sort == _RESPONSE:
        status_fields(body[_HEADER_LENGTH : _HEADER_LENGTH + 4], bool(order), fields)
        read_blocks(body, _HEADER_LENGTH + 20, fields)


def _acknowledgement(body: bytes, order: int, fields: Fields) -> None:
    layout = _LAYOUTS[order].acknowledge
    if len(body) < _HEADER_LENGTH + layout.size:
        raise MalformedError(TRUNCATED, "A fragment acknowledgement has no body.", _HEADER_LENGTH)
    version, window, tsdu, size, serial, count = layout.unpack_from(body, _HEADER_LENGTH)
    start = _HEADER_LENGTH + layout.size
    mark = "<" if order else ">"
    count = min(count, (len(body) - start) // 4)
    fields |= {
        "vers_fack": _FACK_VERSIONS.get(version, "unknown"),
        "window_size": window,
        "max_tsdu": tsdu,
        "max_frag_size": size,
        "serial_number": serial,
        "sel_ack_len": count,
        "array_of_sel_ack": list(struct.unpack_from(f"{mark}{count}I", body, start)),
    }


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=ConnectionlessSession,
    recognize=recognize,
    udp=(34964, 135),
    over=("udp",),
    records=(PROFINET,),
)
