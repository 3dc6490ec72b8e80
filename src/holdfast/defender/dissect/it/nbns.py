"""NetBIOS name service (RFC 1002, section 4.2) over UDP. Key: (operation, name, suffix)."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.it.dns import read_name
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text, mac_text
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import FAILURE, REQUEST, RESPONSE, Fields, Record

NAME: Final = "nbns"
_HEADER: Final = struct.Struct(">HHHHHH").unpack_from
_HEADER_LENGTH: Final = 12
_PLAIN_NAME: Final = 34
"""Bytes of a name without scope: a length, 32 letters, the end."""
OPERATIONS: Final = {
    0: "query",
    5: "registration",
    6: "release",
    7: "wait",
    8: "refresh",
    9: "refresh",
    15: "multihomed",
}
_NB, _NBSTAT = 0x20, 0x21
_MAXIMUM_NAMES: Final = 64


class NbnsSession(Session):
    """The messages between two ports."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        body = data[start:end]
        if len(body) < _HEADER_LENGTH:
            raise MalformedError(TRUNCATED, "A NetBIOS name header has 12 bytes.")
        _, flags, questions, answers, _, _ = _HEADER(body)
        operation = OPERATIONS.get(flags >> 11 & 15, f"operation-{flags >> 11 & 15}")
        name, suffix = "", 0
        if questions or answers:
            name, suffix = _first_name(body)
        role = REQUEST
        if flags & 0x8000:
            role = FAILURE if flags & 15 else RESPONSE
        key = (operation, name, suffix)
        self.emit(Record(frame, time, direction, NAME, operation, role, key, body, _fields))
        return end


def _first_name(body: bytes) -> tuple[str, int]:
    plain = body[_HEADER_LENGTH : _HEADER_LENGTH + _PLAIN_NAME]
    if plain[:1] == b" " and plain[-1:] == b"\0":  # 32 letters and no scope
        return _plain_name(plain)
    return decode_name(read_name(Reader(body, _HEADER_LENGTH)))


@lru_cache(maxsize=4096)
def _plain_name(octets: bytes) -> tuple[str, int]:
    return decode_name(read_name(Reader(octets)))


@lru_cache(maxsize=4096)
def decode_name(encoded: str) -> tuple[str, int]:
    """A name and its suffix out of the first-level encoding: each byte as two letters from A to P."""
    letters = encoded.split(".", 1)[0]
    if len(letters) != 32 or not all("A" <= letter <= "P" for letter in letters):
        return letters, 0
    pairs = zip(letters[::2], letters[1::2], strict=True)
    octets = bytes((ord(high) - 65) << 4 | (ord(low) - 65) for high, low in pairs)
    return text(octets[:15]).strip(" \0"), octets[15]


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is a message that begins with an encoded NetBIOS name."""
    if end - start < _HEADER_LENGTH + 34 or data[start + _HEADER_LENGTH] != 32:
        return False
    letters = data[start + _HEADER_LENGTH + 1 : start + _HEADER_LENGTH + 33]
    return all(0x41 <= octet <= 0x50 for octet in letters)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    identifier, flags, questions, answers, _, additional = _HEADER(body)
    fields |= {"trans_id": identifier, "opcode": record.kind, "response": bool(flags & 0x8000)}
    fields["broadcast"], fields["rcode"] = bool(flags & 0x10), flags & 15
    reader = Reader(body, _HEADER_LENGTH)
    for _ in range(min(questions, _MAXIMUM_NAMES)):
        fields["query"], fields["suffix"] = decode_name(read_name(reader))
        fields["qtype"] = {_NB: "NB", _NBSTAT: "NBSTAT"}.get(reader.u16(), "other")
        reader.skip(2)
    for _ in range(min(answers + additional, _MAXIMUM_NAMES)):
        _resource(reader, fields)


def _resource(reader: Reader, fields: Fields) -> None:
    name, suffix = decode_name(read_name(reader))
    fields.setdefault("query", name)
    fields.setdefault("suffix", suffix)
    kind = reader.u16()
    reader.skip(6)
    inner = reader.within(reader.u16())
    if kind == _NB and inner.left >= 6:
        fields["group"] = bool(inner.u16() & 0x8000)
        fields["answers"] = [ip_text(inner.take(4))]
    elif kind == _NBSTAT and inner.left:
        names = []
        for _ in range(inner.u8()):
            octets = inner.take(15)
            names.append(
                {"name": text(octets).strip(), "suffix": inner.u8(), "group": bool(inner.u16() & 0x8000)}
            )
        fields["names"] = names
        if inner.left >= 6:
            fields["mac"] = mac_text(inner.take(6))


DISSECTOR: Dissector = Dissector(
    name=NAME, session=NbnsSession, recognize=recognize, udp=(137,), over=("udp",)
)
