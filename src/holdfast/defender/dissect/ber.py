"""BER (ITU-T X.690) as far as MMS, GOOSE, SV and SNMP use it: definite lengths, tags of up to four bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from holdfast.defender.dissect.session import TRUNCATED, MalformedError

_MAXIMUM_DEPTH: Final = 24


class Element(NamedTuple):
    """One tag, length and value. `tag` holds the identifier octets as they stand: 0x30, 0xA0, 0x9F49."""

    tag: int
    start: int
    """Where the value begins."""
    stop: int


def read(data: bytes, position: int, end: int) -> Element:
    """The element at `position`. Raises `MalformedError` when it does not fit before `end`."""
    if position + 2 > end:
        raise MalformedError(TRUNCATED, "A BER element has no tag and length.", position)
    tag = data[position]
    position += 1
    if tag & 0x1F == 0x1F:
        tag, position = _long_tag(data, tag, position, end)
    length = data[position]
    position += 1
    if length & 0x80:
        octets = length & 0x7F
        if not 1 <= octets <= 4 or position + octets > end:
            raise MalformedError("length", "A BER length is indefinite or longer than four bytes.", position)
        length = int.from_bytes(data[position : position + octets], "big")
        position += octets
    if position + length > end:
        raise MalformedError(TRUNCATED, "A BER element is longer than what holds it.", position)
    return Element(tag, position, position + length)


def _long_tag(data: bytes, tag: int, position: int, end: int) -> tuple[int, int]:
    for _ in range(3):
        if position + 2 > end:
            break
        octet = data[position]
        tag, position = tag << 8 | octet, position + 1
        if not octet & 0x80:
            return tag, position
    raise MalformedError("tag", "A BER tag is longer than its element or than four bytes.", position)


def children(data: bytes, start: int, stop: int) -> Iterator[Element]:
    """The elements that stand side by side in `data[start:stop]`."""
    while start < stop:
        element = read(data, start, stop)
        yield element
        start = element.stop


def find(data: bytes, start: int, stop: int, path: tuple[int, ...]) -> Element | None:
    """The first element reached by entering the tags of `path` one after the other."""
    found: Element | None = None
    for tag in path:
        found = next((each for each in children(data, start, stop) if each.tag == tag), None)
        if found is None:
            return None
        start, stop = found.start, found.stop
    return found


def constructed(element: Element) -> bool:
    """Whether the value is made of elements itself."""
    tag = element.tag
    while tag > 0xFF:
        tag >>= 8
    return bool(tag & 0x20)


def walk(data: bytes, start: int, stop: int, depth: int = _MAXIMUM_DEPTH) -> Iterator[Element]:
    """Every element below, outer ones first, to a bounded depth."""
    for element in children(data, start, stop):
        yield element
        if constructed(element) and depth:
            yield from walk(data, element.start, element.stop, depth - 1)


def unsigned(data: bytes, element: Element) -> int:
    """The value as a number without sign."""
    return int.from_bytes(data[element.start : element.stop], "big")


def signed(data: bytes, element: Element) -> int:
    """The value as a number in two's complement."""
    return int.from_bytes(data[element.start : element.stop], "big", signed=True)
