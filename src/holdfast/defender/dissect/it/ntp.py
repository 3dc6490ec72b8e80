"""NTP (RFC 5905) over UDP, with its control messages (RFC 9327) and the private ones of ntpd. Key: (version,
mode, stratum or operation)."""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, Dissector, MalformedError, Session
from holdfast.defender.flows.addresses import ip_text
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Fields, Record, Role

NAME: Final = "ntp"
_LENGTH: Final = 48
MODES: Final = {
    1: ("symmetric active", Role.NOTICE),
    2: ("symmetric passive", Role.NOTICE),
    3: ("client", Role.REQUEST),
    4: ("server", Role.RESPONSE),
    5: ("broadcast", Role.NOTICE),
    6: ("control", Role.REQUEST),
    7: ("private", Role.REQUEST),
}
_CONTROL, _PRIVATE = 6, 7
_ANSWER: Final = 0x80
_STANDARD_MODES: Final = frozenset({1, 2, 3, 4, 5})
_SECONDS_1900_TO_1970: Final = 2_208_988_800
_HEADER: Final = struct.Struct(">BBbbII4sQQQQ").unpack_from


class NtpSession(Session):
    """The messages between two ports."""

    __slots__ = ()

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        if start == end:
            raise MalformedError(TRUNCATED, "An NTP message has at least one byte.")
        mode, version = data[start] & 7, data[start] >> 3 & 7
        if mode in _STANDARD_MODES and end - start < _LENGTH:
            raise MalformedError(TRUNCATED, "An NTP message has at least 48 bytes.")
        kind, role = MODES.get(mode, ("reserved", Role.NOTICE))
        marked = start + 1 if mode == _CONTROL else start
        if mode in (_CONTROL, _PRIVATE) and end > marked and data[marked] & _ANSWER:
            role = Role.RESPONSE
        said = start + (3 if mode == _PRIVATE else 1)
        key = (version, mode, data[said] if end > said else 0)
        self.emit(Record(frame, time, direction, NAME, kind, role, key, data[start:end], _fields))
        return end


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload is a message of version 1 to 4; off its port of a client or server with the usual
    length."""
    if end - start < 1:
        return False
    mode, version = data[start] & 7, data[start] >> 3 & 7
    if not 1 <= version <= 4 or mode == 0:
        return False
    if mode not in _STANDARD_MODES:
        return expected and end - start >= 4
    if end - start < _LENGTH or data[start + 1] > 16:
        return False
    return expected or (end - start == _LENGTH and mode in (3, 4) and version >= 3 and data[start + 2] <= 17)


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    fields |= {"version": body[0] >> 3 & 7, "mode": body[0] & 7}
    if fields["mode"] == _CONTROL:
        _control_fields(Reader(body, 1), fields)
        return
    if fields["mode"] == _PRIVATE:
        reader = Reader(body, 1)
        fields["sequence"], fields["implementation"] = reader.u8() & 0x7F, reader.u8()
        fields["req_code"] = reader.u8()
        return
    if fields["mode"] not in _STANDARD_MODES:
        return
    _, stratum, poll, precision, delay, dispersion, reference, *stamps = _HEADER(body)
    fields |= {
        "leap": body[0] >> 6,
        "stratum": stratum,
        "poll": float(2.0**poll) if -32 < poll < 32 else None,
        "precision": float(2.0**precision) if -64 < precision < 32 else None,
        "root_delay": delay / 65536,
        "root_disp": dispersion / 65536,
        "ref_id": text(reference) if stratum < 2 else ip_text(reference),
        "num_exts": 0,
    }
    names = ("ref_time", "org_time", "rec_time", "xmt_time")
    for name, stamp in zip(names, stamps, strict=True):
        fields[name] = _unix(stamp)


def _control_fields(reader: Reader, fields: Fields) -> None:
    """RFC 9327, section 2."""
    octet = reader.u8()
    fields |= {"op_code": octet & 31, "resp_bit": bool(octet & 0x80), "err_bit": bool(octet & 0x40)}
    fields |= {"more_bit": bool(octet & 0x20), "sequence": reader.u16(), "status": reader.u16()}
    fields["association_id"] = reader.u16()


def _unix(stamp: int) -> float:
    """Seconds since 1970; 0 for an empty stamp, as Zeek has it."""
    if not stamp:
        return 0.0
    return (stamp >> 32) - _SECONDS_1900_TO_1970 + (stamp & 0xFFFF_FFFF) / (1 << 32)


DISSECTOR: Dissector = Dissector(
    name=NAME, session=NtpSession, recognize=recognize, udp=(123,), over=("udp",)
)
