"""ISO transport on TCP (RFC 1006) with COTP (ISO 8073, class 0): the carrier of S7, MMS and RDP.

One `cotp` record a TPDU; what data TPDUs carry is put together and given to the upper layer that its first
byte tells. Key: (TPDU code,).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.it.rdp import read_negotiation
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import TRUNCATED, MalformedError
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import FAILURE, NOTICE, REQUEST, RESPONSE, Emit, Fields, Record, Role

NAME: Final = "cotp"
TPDUS: Final = {
    0x1: "ED Expedited Data",
    0x2: "EA Expedited Data Acknowledgement",
    0x5: "RJ Reject",
    0x6: "AK Data Acknowledgement",
    0x7: "ER TPDU Error",
    0x8: "DR Disconnect Request",
    0xC: "DC Disconnect Confirm",
    0xD: "CC Connection Confirm",
    0xE: "CR Connection Request",
    0xF: "DT Data",
}
"""By ICSNPP's names."""
DATA, CONNECTION_REQUEST, CONNECTION_CONFIRM = 0xF, 0xE, 0xD
_FIXED_PART: Final = 7
"""Bytes of a CR or CC up to its class."""
_REFUSED: Final = frozenset({0x5, 0x7, 0x8})
_END_OF_TSDU: Final = 0x80
_HEADER: Final[Callable[[bytes, int], tuple[int, int, int]]] = struct.Struct(">BBH").unpack_from
_MAXIMUM_TSDU: Final = 1024 * 1024
"""Bytes of one message over all its data TPDUs; MMS and S7 negotiate up to 64 KiB."""

_CALLING_TSAP, _CALLED_TSAP, _TPDU_SIZE = 0xC1, 0xC2, 0xC0
_S7_CONNECTION_TYPES: Final = {1: "PG", 2: "OP", 3: "S7 Basic"}


class Upper(Protocol):
    """What reads the messages that COTP carries."""

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        """Read one message. Raises `MalformedError`."""
        ...


class Applications(Upper, Protocol):
    """What reads all that COTP carries."""

    def opened(self, variable: bytes, frame: int, time: int, direction: Direction) -> None:
        """Read what a connection request or confirmation has behind its class."""
        ...


@lru_cache(maxsize=256)
def _shape(code: int) -> tuple[str, Role, tuple[int]]:
    role = NOTICE
    if code in (CONNECTION_REQUEST, CONNECTION_CONFIRM):
        role = REQUEST if code == CONNECTION_REQUEST else RESPONSE
    elif code in _REFUSED:
        role = FAILURE
    return TPDUS.get(code, f"Unknown COTP PDU-0x{code:02x}"), role, (code,)


class Carrier:
    """Both directions of one transport connection."""

    __slots__ = ("_emit", "_parts", "_upper")

    def __init__(self, emit: Emit, upper: Applications) -> None:
        self._emit = emit
        self._upper = upper
        self._parts = [b"", b""]
        """Of the message that is being put together, by direction."""

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """Read TPKTs; see `Session.feed`."""
        while start + 7 <= end:
            version, _, length = _HEADER(data, start)
            if version != 3 or length < 7:
                raise MalformedError("tpkt", f"A TPKT has version {version} and {length} bytes.")
            stop = start + length
            if stop > end:
                return start
            self._tpdu(data, start + 4, stop, frame, time, direction)
            start = stop
        return start

    def gap(self) -> None:
        """Bytes are missing: forget what was begun."""
        self._parts = [b"", b""]

    def _tpdu(self, data: bytes, start: int, stop: int, frame: int, time: int, direction: Direction) -> None:
        payload = start + 1 + data[start]
        if payload > stop or data[start] < 2:
            raise MalformedError(TRUNCATED, "A TPDU header is longer than its TPKT.", 4)
        code = data[start + 1] >> 4
        kind, role, key = _shape(code)
        self._emit(Record(frame, time, direction, NAME, kind, role, key, data[start:payload], _fields))
        if code in (CONNECTION_REQUEST, CONNECTION_CONFIRM):
            self._upper.opened(data[start + _FIXED_PART : payload], frame, time, direction)
            return
        if code != DATA or payload == stop:
            return
        side = direction.to_server
        message = self._parts[side] + data[payload:stop]
        if not data[start + 2] & _END_OF_TSDU:
            if len(message) > _MAXIMUM_TSDU:
                self._parts[side] = b""
                raise MalformedError("too long", f"A message has more than {_MAXIMUM_TSDU} bytes.")
            self._parts[side] = message
            return
        self._parts[side] = b""
        self._upper.take(message, frame, time, direction)


def looks_like_tpkt(data: bytes, start: int, end: int) -> bool:
    """Whether a payload begins with a TPKT around a TPDU."""
    if end - start < 7 or data[start : start + 2] != b"\x03\x00":
        return False
    length = data[start + 2] << 8 | data[start + 3]
    indicator = data[start + 4]
    return length >= 7 and 2 <= indicator <= length - 5 and data[start + 5] >> 4 in TPDUS


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    header: bytes = record.body
    code = header[1] >> 4
    fields |= {"pdu_code": f"0x{code:02x}", "pdu_name": record.kind}
    if code not in (CONNECTION_REQUEST, CONNECTION_CONFIRM):
        return
    reader = Reader(header, 2)
    fields["destination_reference"], fields["source_reference"] = reader.u16(), reader.u16()
    fields["class"] = reader.u8() >> 4
    if read_negotiation(header[_FIXED_PART:]) is not None:
        return
    while reader.left >= 2:
        parameter, value = reader.u8(), reader.take(reader.u8())
        if parameter == _CALLING_TSAP:
            fields["calling_tsap"] = value.hex()
        elif parameter == _CALLED_TSAP:
            fields["called_tsap"] = value.hex()
            if len(value) == 2 and value[0] in _S7_CONNECTION_TYPES:
                fields["s7_connection_type"] = _S7_CONNECTION_TYPES[value[0]]
                fields["rack"], fields["slot"] = value[1] >> 5, value[1] & 0x1F
        elif parameter == _TPDU_SIZE and len(value) == 1:
            fields["tpdu_size"] = 1 << value[0] if value[0] < 17 else None
