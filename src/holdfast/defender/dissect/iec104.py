"""IEC 60870-5-104: one record an APDU.

Key of I-format APDUs: (type identification, cause of transmission, negative, common address); of the others
(format, function).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.iec104_types import CAUSES, TYPES, octets_of, read_element
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session, malformed_record
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Fields, Record, Role

NAME: Final = "iec104"
_START: Final = 0x68
_SHORTEST, _LONGEST = 4, 253
_ASDU_HEADER: Final = 6
_SUPERVISORY: Final = 0x01

UNNUMBERED: Final = {
    0x07: ("STARTDT act", REQUEST),
    0x0B: ("STARTDT con", RESPONSE),
    0x13: ("STOPDT act", REQUEST),
    0x23: ("STOPDT con", RESPONSE),
    0x43: ("TESTFR act", REQUEST),
    0x83: ("TESTFR con", RESPONSE),
}
"""Control functions by the first octet of the control field (section 5.3)."""

_ASKING: Final = frozenset({5, 6, 8})
_ANSWERING: Final = frozenset({7, 9, 10})
_FIRST_COMMAND: Final = 45


class _Shape(NamedTuple):
    kind: str
    role: Role
    key: tuple[int | str | bool, ...]


@lru_cache(maxsize=16_384)
def _asdu_shape(head: bytes) -> _Shape:
    """What an ASDU says; `head` is its type, qualifier, cause, originator and common address."""
    identification, cause = head[0], head[2] & 0x3F
    negative = bool(head[2] & 0x40)
    known = TYPES.get(identification)
    kind = known.name if known else f"unknown-{identification}"
    role = NOTICE
    if negative or cause >= 44:
        role = FAILURE
    elif identification >= _FIRST_COMMAND and cause in _ASKING:
        role = REQUEST
    elif identification >= _FIRST_COMMAND and cause in _ANSWERING:
        role = RESPONSE
    return _Shape(kind, role, (identification, cause, negative, head[4] | head[5] << 8))


class Iec104Session(Session):
    """The APDUs of one connection."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        while start + 6 <= end:
            length = data[start + 1]
            if data[start] != _START or not _SHORTEST <= length <= _LONGEST:
                following = _next_start(data, start + 1, end)
                error = MalformedError("apci", f"{following - start} bytes are no APDU.")
                self.emit(malformed_record(error, data[start:following], frame, time, direction))
                start = following
                continue
            stop = start + 2 + length
            if stop > end:
                return start
            self._apdu(data[start + 2 : stop], frame, time, direction)
            start = stop
        return start

    def _apdu(self, body: bytes, frame: int, time: int, direction: Direction) -> None:
        control = body[0]
        if not control & 1:
            if len(body) < 4 + _ASDU_HEADER:
                error = MalformedError(TRUNCATED, "An I-format APDU has no ASDU.", 2)
                self.emit(malformed_record(error, body, frame, time, direction))
                return
            kind, role, key = _asdu_shape(body[4:10])
            self.emit(Record(frame, time, direction, NAME, kind, role, key, body, _asdu_fields))
        elif control & 3 == _SUPERVISORY:
            self.emit(Record(frame, time, direction, NAME, "S", NOTICE, ("S", ""), body, _control_fields))
        else:
            kind, role = UNNUMBERED.get(control, (f"U-{control:02x}", NOTICE))
            self.emit(Record(frame, time, direction, NAME, kind, role, ("U", kind), body, _control_fields))


def _next_start(data: bytes, start: int, end: int) -> int:
    """Where the next APDU may begin: streams are joined in the middle, and stations pad."""
    while 0 <= (start := data.find(_START, start, end)) < end - 1:
        if _SHORTEST <= data[start + 1] <= _LONGEST:
            return start
        start += 1
    return end if start < 0 else start


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with an APDU; off its port, whole APDUs with known types and functions."""
    if end - start < 6 or data[start] != _START or not _SHORTEST <= data[start + 1] <= _LONGEST:
        return False
    control = data[start + 2]
    if control & 3 == 3:
        return control in UNNUMBERED and data[start + 1] == 4 and not any(data[start + 3 : start + 6])
    if control & 3 == _SUPERVISORY:
        return data[start + 1] == 4 and expected
    if end - start < 12 or data[start + 6] not in TYPES or data[start + 8] & 0x3F not in CAUSES:
        return False
    return expected or start + 2 + data[start + 1] <= end


@fields_of
def _control_fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    if body[0] & 3 == _SUPERVISORY:
        fields |= {"type": "S", "rx": (body[2] | body[3] << 8) >> 1}
    else:
        fields |= {"type": "U", "utype": record.kind}


@fields_of
def _asdu_fields(record: Record, fields: Fields) -> None:
    reader = Reader(record.body)
    fields |= {"type": "I", "tx": reader.u16_little() >> 1, "rx": reader.u16_little() >> 1}
    identification, qualifier, cause = reader.u8(), reader.u8(), reader.u8()
    fields |= {
        "type_id": identification,
        "type_name": record.kind,
        "sq": bool(qualifier & 0x80),
        "num_ix": qualifier & 0x7F,
        "cause": cause & 0x3F,
        "cause_name": CAUSES.get(cause & 0x3F, f"unknown-{cause & 0x3F}"),
        "negative": bool(cause & 0x40),
        "test": bool(cause & 0x80),
        "oa": reader.u8(),
        "ca": reader.u16_little(),
    }
    known = TYPES.get(identification)
    if known is None:
        fields["data"] = reader.rest().hex()
        return
    objects: list[Fields] = []
    fields["objects"] = objects
    _information_objects(reader, known.layout, fields["sq"], fields["num_ix"], objects)


def _information_objects(
    reader: Reader, layout: str, sequence: bool, count: int, objects: list[Fields]
) -> None:
    """Addresses and elements: with SQ one address for all, which counts up."""
    address = 0
    for number in range(count):
        address = address + 1 if sequence and number else reader.unsigned_little(3)
        if reader.left < octets_of(layout):
            raise MalformedError(TRUNCATED, f"{count} information objects are announced, {number} are there.")
        entry: Fields = {"ioa": address}
        read_element(layout, reader, entry)
        objects.append(entry)


DISSECTOR: Dissector = Dissector(
    name=NAME, session=Iec104Session, recognize=recognize, tcp=(2404,), over=("tcp",)
)
