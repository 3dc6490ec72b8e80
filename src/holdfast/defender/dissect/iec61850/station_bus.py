"""What GOOSE and sampled values share: their Ethernet header and their BER fields (IEC 61850-8-1,
61850-9-2)."""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.dissect import ber
from holdfast.defender.dissect.session import TRUNCATED, MalformedError

_HEADER: Final = struct.Struct(">HHHH").unpack_from
HEADER_LENGTH: Final = 8


def pdu_bounds(data: bytes, start: int, end: int) -> tuple[int, int]:
    """APPID, and where the PDU ends: the length counts from the APPID and leaves out Ethernet's padding."""
    if end - start < HEADER_LENGTH + 2:
        raise MalformedError(TRUNCATED, "The header and PDU have at least 10 bytes.")
    appid, length, _, _ = _HEADER(data, start)
    if not HEADER_LENGTH + 2 <= length <= end - start:
        raise MalformedError("length", f"The length is {length}, {end - start} bytes are there.", 2)
    return appid, start + length


def content_start(data: bytes, start: int, end: int, tag: int) -> int:
    """Where the first field of the PDU with `tag` stands."""
    element = ber.read(data, start + HEADER_LENGTH, end)
    if element.tag != tag:
        raise MalformedError("tag", f"The PDU has the tag 0x{element.tag:02x}.", HEADER_LENGTH)
    return element.start
