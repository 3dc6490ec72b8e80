"""Values as MMS and GOOSE encode them (ISO 9506-2 `Data`, IEC 61850-8-1 annex A)."""

from __future__ import annotations

import struct
from typing import Final

from holdfast.defender.dissect import ber
from holdfast.defender.dissect.decoding import text
from holdfast.kernel.clock import isoformat

_ARRAY, _STRUCTURE, _BOOLEAN, _BIT_STRING = 0xA1, 0xA2, 0x83, 0x84
_INTEGER, _UNSIGNED, _FLOATING, _OCTETS = 0x85, 0x86, 0x87, 0x89
_VISIBLE_STRING, _BINARY_TIME, _MMS_STRING, _UTC_TIME = 0x8A, 0x8C, 0x90, 0x91
_MAXIMUM_DEPTH: Final = 12

Value = bool | int | float | str | list["Value"] | None


def read_values(data: bytes, start: int, stop: int, depth: int = _MAXIMUM_DEPTH) -> list[Value]:
    """The values that stand side by side; nested ones as lists."""
    return [read_value(data, element, depth) for element in ber.children(data, start, stop)]


def read_value(data: bytes, element: ber.Element, depth: int = _MAXIMUM_DEPTH) -> Value:
    """One value. Times as ISO 8601 text, bits as `0`s and `1`s, octets as hexadecimal."""
    octets = data[element.start : element.stop]
    if element.tag in (_ARRAY, _STRUCTURE):
        return read_values(data, element.start, element.stop, depth - 1) if depth else octets.hex()
    if element.tag == _BOOLEAN:
        return any(octets)
    if element.tag == _INTEGER:
        return int.from_bytes(octets, "big", signed=True)
    if element.tag == _UNSIGNED:
        return int.from_bytes(octets, "big")
    if element.tag in (_VISIBLE_STRING, _MMS_STRING):
        return text(octets)
    if element.tag == _BIT_STRING:
        return _bit_string(octets)
    if element.tag == _FLOATING:
        return _floating(octets)
    if element.tag == _UTC_TIME:
        return utc_time(octets)
    return octets.hex()


def _bit_string(octets: bytes) -> str:
    """The first byte counts unused bits at the end."""
    if not octets:
        return ""
    digits = "".join(f"{octet:08b}" for octet in octets[1:])
    return digits[: max(len(digits) - octets[0], 0)]


def _floating(octets: bytes) -> float | str:
    """The first byte is the width of the exponent: 8 or 11 bits."""
    if len(octets) == 5:
        return float(struct.unpack(">f", octets[1:])[0])
    if len(octets) == 9:
        return float(struct.unpack(">d", octets[1:])[0])
    return octets.hex()


def utc_time(octets: bytes) -> str:
    """Seconds since 1970, a binary fraction of 24 bits, and a byte of quality."""
    if len(octets) != 8:
        return octets.hex()
    seconds = int.from_bytes(octets[:4], "big") + int.from_bytes(octets[4:7], "big") / (1 << 24)
    return isoformat(seconds)
