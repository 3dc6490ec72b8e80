"""DNP3 over TCP and UDP: one record a link frame, with the application fragment that it completes.

Key of fragments: (link source, link destination, function code, internal indications of an answer or whether
a request wants to be confirmed, objects named by a request as (group, variation) pairs). Key of frames
without one: (link source, link destination).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, remembered
from holdfast.defender.dissect.dnp3.names import (
    CONTROL_STATUS,
    FUNCTIONS,
    INDICATIONS,
    LINK_FUNCTIONS,
    OPERATIONS,
    TRIP_CODES,
)
from holdfast.defender.dissect.dnp3.objects import object_name
from holdfast.defender.dissect.dnp3.points import WITHOUT_DATA, Header, read_objects
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record

NAME: Final = "dnp3"
_SEGMENT: Final = "TRANSPORT_SEGMENT"
"""A part of a fragment that a later frame completes."""
_SYNC: Final = b"\x05\x64"
_HEADER: Final[Callable[[bytes, int], tuple[int, int, int, int]]] = struct.Struct("<2xBBHH").unpack_from
_BLOCK: Final = 16
_MAXIMUM_FRAGMENT: Final = 63 * 0xFF
"""Bytes that a transport sequence of 64 segments may carry; Suricata draws the same line."""
_MAXIMUM_BUFFERS: Final = 64
"""Outstations behind one connection whose fragments are put together at once."""
_FIN, _FIR = 0x80, 0x40
_CONFIRMED: Final = 0x20
"""Bit of the application control: the receiver is to confirm the fragment."""
_LAST_FRAGMENT: Final = 0x40
"""FIN in the application control."""
_CONFIRM, _RESPONSE, _UNSOLICITED, _AUTHENTICATE_RESPONSE = 0x00, 0x81, 0x82, 0x83
_REFUSALS: Final = 0x0017
"""IIN2: function not supported, object unknown, parameter error, already executing."""


def _crc_table() -> tuple[int, ...]:
    """The reflected polynomial 0xA6BC of section 9.2.5.1.8 for each byte."""
    table = []
    for octet in range(256):
        value = octet
        for _ in range(8):
            value = value >> 1 ^ (0xA6BC if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC: Final = _crc_table()


@lru_cache(maxsize=65_536)
def checksum(octets: bytes) -> int:
    """CRC of a link header or data block. Headers repeat, so it is remembered."""
    value = 0
    for octet in octets:
        value = value >> 8 ^ _CRC[(value ^ octet) & 0xFF]
    return value ^ 0xFFFF


@remembered(65_536)
def _named_objects(function: int, octets: bytes) -> tuple[tuple[int, int], ...]:
    """The objects that a request without data names, as far as it can be read."""
    found: list[tuple[int, int]] = []
    if function not in WITHOUT_DATA:
        return ((octets[0], octets[1]),) if len(octets) >= 2 else ()
    reader = Reader(octets)
    try:
        while reader.left:
            header = Header(reader)
            found.append((header.group, header.variation))
            if header.prefix_code:
                break
    except MalformedError:
        pass
    return tuple(found)


class Dnp3Session(Session):
    """Puts fragments together, for each pair of link addresses and direction."""

    __slots__ = ("_asked", "_fragments")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        self._fragments: dict[tuple[int, int], bytes] = {}
        self._asked: dict[tuple[int, int], tuple[int, Record]] = {}

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        while start + 10 <= end:
            if data[start : start + 2] != _SYNC:
                raise MalformedError("sync", "A link frame does not begin with 05 64.")
            length, control, destination, source = _HEADER(data, start)
            if length < 5:
                raise MalformedError("length", f"The link length is {length}; at least 5 is needed.", 2)
            if checksum(data[start : start + 8]) != data[start + 8] | data[start + 9] << 8:
                raise MalformedError("checksum", "The CRC of a link header is wrong.", 8)
            octets = length - 5
            stop = start + 10 + octets + (octets + _BLOCK - 1) // _BLOCK * 2
            if stop > end:
                return start
            link = (control, source, destination)
            user = _without_checksums(data, start + 10, octets)
            start = stop
            if len(user) < 1:
                self._link_frame(link, LINK_FUNCTIONS.get(_link_code(control)), frame, time, direction)
            else:
                self._transport(link, user, frame, time, direction)
        return start

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        self._fragments.clear()

    def _link_frame(
        self, link: tuple[int, int, int], kind: str | None, frame: int, time: int, direction: Direction
    ) -> None:
        control, source, destination = link
        kind = kind or f"unknown-{control & 15:x}"
        role = REQUEST if control & 0x40 else RESPONSE
        if kind == _SEGMENT:
            role = NOTICE
        key = (source, destination)
        self.emit(Record(frame, time, direction, NAME, kind, role, key, (link,), _link_fields))

    def _transport(
        self, link: tuple[int, int, int], user: bytes, frame: int, time: int, direction: Direction
    ) -> None:
        header = user[0]
        if header & _FIR and header & _FIN:
            self._application(link, user[1:], frame, time, direction)
            return
        pair = link[1:]
        fragment = b"" if header & _FIR else self._fragments.pop(pair, None)
        if fragment is not None:
            fragment += user[1:]
            if len(fragment) > _MAXIMUM_FRAGMENT:
                raise MalformedError("too long", f"A fragment has more than {_MAXIMUM_FRAGMENT} bytes.")
            if header & _FIN:
                self._application(link, fragment, frame, time, direction)
                return
            if len(self._fragments) >= _MAXIMUM_BUFFERS:
                del self._fragments[next(iter(self._fragments))]
            self._fragments[pair] = fragment
        self._link_frame(link, _SEGMENT, frame, time, direction)

    def _application(
        self, link: tuple[int, int, int], fragment: bytes, frame: int, time: int, direction: Direction
    ) -> None:
        if len(fragment) < 2:
            raise MalformedError("truncated", "An application fragment has no function code.")
        control, function = fragment[0], fragment[1]
        kind = FUNCTIONS.get(function) or f"unknown-{function:x}"
        _, source, destination = link
        if function < 0x80:
            objects = _named_objects(function, fragment[2:])
            key = (source, destination, function, bool(control & _CONFIRMED), objects)
            body = (link, fragment)
            record = Record(frame, time, direction, NAME, kind, REQUEST, key, body, _request_fields)
            if function != _CONFIRM:
                self._remember((source, destination), control & 15, record)
            self.emit(record)
            return
        if len(fragment) < 4:
            raise MalformedError("truncated", "A response has no internal indications.")
        indications = fragment[2] << 8 | fragment[3]
        role = FAILURE if indications & _REFUSALS else RESPONSE
        request = None
        if function == _UNSOLICITED:
            role = NOTICE
        else:
            sequence, request = self._asked.get((destination, source), (-1, None))
            if sequence != control & 15:
                request = None
            elif control & _LAST_FRAGMENT:
                del self._asked[destination, source]
        answer = (source, destination, function, indications, ())
        body = (link, fragment)
        self.emit(Record(frame, time, direction, NAME, kind, role, answer, body, _response_fields, request))

    def _remember(self, pair: tuple[int, int], sequence: int, record: Record) -> None:
        if pair not in self._asked and len(self._asked) >= _MAXIMUM_BUFFERS:
            del self._asked[next(iter(self._asked))]
        self._asked[pair] = sequence, record


def _link_code(control: int) -> int:
    """PRM bit and function code, as `LINK_FUNCTIONS` counts them."""
    return (control & 0x40) >> 2 | control & 0x0F


def _without_checksums(data: bytes, start: int, octets: int) -> bytes:
    """`octets` bytes of user data, which stand in blocks of 16 with a CRC behind each."""
    if octets <= _BLOCK:
        return data[start : start + octets]
    whole, rest = divmod(octets, _BLOCK)
    step = _BLOCK + 2
    blocks = [data[start + step * number : start + step * number + _BLOCK] for number in range(whole)]
    blocks.append(data[start + step * whole : start + step * whole + rest])
    return b"".join(blocks)


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a link header whose CRC is right."""
    if end - start < 10 or data[start : start + 2] != _SYNC or data[start + 2] < 5:
        return False
    return checksum(data[start : start + 8]) == data[start + 8] | data[start + 9] << 8


def _link(record: Record, fields: Fields) -> None:
    control, source, destination = record.body[0]
    fields |= {
        "src": source,
        "dst": destination,
        "dir": bool(control & 0x80),
        "pri": bool(control & 0x40),
        "fcb": bool(control & 0x20),
        "fcv": bool(control & 0x10),
        "link_function": LINK_FUNCTIONS.get(_link_code(control), f"unknown-{control & 15:x}"),
        "link_function_code": control & 0x0F,
    }


def _application_control(record: Record, fields: Fields) -> None:
    control, function = record.body[1][:2]
    fields |= {
        "fir": bool(control & 0x80),
        "fin": bool(control & 0x40),
        "con": bool(control & _CONFIRMED),
        "uns": bool(control & 0x10),
        "sequence": control & 0x0F,
        "function_code": record.kind,
        "function_number": function,
    }


@fields_of
def _link_fields(record: Record, fields: Fields) -> None:
    _link(record, fields)


@fields_of
def _request_fields(record: Record, fields: Fields) -> None:
    _link(record, fields)
    _application_control(record, fields)
    fields["fc_request"] = record.kind
    _objects(record, 2, fields)


@fields_of
def _response_fields(record: Record, fields: Fields) -> None:
    _link(record, fields)
    _application_control(record, fields)
    fields["fc_request"] = record.request.kind if record.request is not None else None
    fragment: bytes = record.body[1]
    indications = fragment[2] << 8 | fragment[3]
    fields |= {"fc_reply": record.kind, "iin": indications}
    octets = fragment[2] | fragment[3] << 8
    fields["indicators"] = [name for position, name in enumerate(INDICATIONS) if octets >> position & 1]
    _objects(record, 4, fields)


def _objects(record: Record, start: int, fields: Fields) -> None:
    fragment: bytes = record.body[1]
    objects: list[Fields] = []
    fields["objects"] = objects
    try:
        read_objects(Reader(fragment, start), fragment[1], objects)
    finally:
        controls = [
            _control_row(each, point, fragment[1])
            for each in objects
            if each["group"] == 12
            for point in each["points"]
        ]
        if controls:
            fields["controls"] = controls


def _control_row(entry: Fields, point: Fields, function: int) -> Fields:
    """A control as ICSNPP's dnp3_control.log shows it."""
    if "op_type" not in point:
        return {"block_type": object_name(12, entry["variation"]), "index_number": point["index"]}
    status = CONTROL_STATUS.get(point["status_code"], f"unknown-{point['status_code']:x}")
    return {
        "block_type": object_name(12, entry["variation"]),
        "index_number": point["index"],
        "trip_control_code": TRIP_CODES.get(point["tcc"], f"unknown-{point['tcc']:x}"),
        "operation_type": OPERATIONS.get(point["op_type"], f"unknown-{point['op_type']:x}"),
        "clear_bit": bool(point["cr"]),
        "execute_count": point["count"],
        "on_time": point["ontime"],
        "off_time": point["offtime"],
        "status_code": status if function >= _RESPONSE else None,
    }


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=Dnp3Session,
    recognize=recognize,
    tcp=(20000,),
    udp=(20000,),
    over=("tcp", "udp"),
)
