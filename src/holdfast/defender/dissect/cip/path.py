"""CIP's request paths (EPATH, CIP volume 1, appendix C)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import MalformedError

_CLASS, _INSTANCE, _MEMBER, _CONNECTION_POINT, _ATTRIBUTE, _SPECIAL = range(6)
_EXTENDED_SYMBOL: Final = 0x91
_SIMPLE_DATA: Final = 0x80
_ELECTRONIC_KEY_LENGTH: Final = 8
_MAXIMUM_SEGMENTS: Final = 64


class Path(NamedTuple):
    """What a path names. None where it has no such segment; of several the last counts."""

    class_id: int | None = None
    instance_id: int | None = None
    attribute_id: int | None = None
    symbol: str = ""
    """Tag names, members behind dots, indexes in brackets."""
    connection_points: tuple[int, ...] = ()
    """Assemblies of an I/O connection, in the path's order."""
    ports: tuple[tuple[int, str], ...] = ()
    """Hops: backplane or network port, and the link address (slot or IP) behind it."""


@lru_cache(maxsize=65_536)
def parse_path(octets: bytes) -> Path:
    """Read a path as far as it goes; paths repeat, so they are remembered. What cannot be read ends it."""
    reader = Reader(octets)
    found: dict[str, int | None] = {}
    symbol = ""
    points: list[int] = []
    ports: list[tuple[int, str]] = []
    try:
        for _ in range(_MAXIMUM_SEGMENTS):
            if not reader.left:
                break
            segment = reader.u8()
            kind = segment >> 5
            if kind == 0:
                ports.append(_port(reader, segment))
            elif kind == 1:
                symbol = _logical(reader, segment, found, points, symbol)
            elif segment == _EXTENDED_SYMBOL:
                name = _padded_text(reader)
                symbol = f"{symbol}.{name}" if symbol else name
            elif segment == _SIMPLE_DATA:
                reader.skip(reader.u8() * 2)
            elif kind == 2:
                reader.skip(reader.u8() * 2 if segment & 0x10 else 1)
            else:
                break
    except MalformedError:
        pass
    return Path(
        found.get("class"), found.get("instance"), found.get("attribute"), symbol, tuple(points), tuple(ports)
    )


def _logical(
    reader: Reader, segment: int, found: dict[str, int | None], points: list[int], symbol: str
) -> str:
    kind, size = segment >> 2 & 7, segment & 3
    if kind == _SPECIAL:
        reader.skip(1 + _ELECTRONIC_KEY_LENGTH)
        return symbol
    value = _sized(reader, size)
    if kind == _CLASS:
        found["class"] = value
    elif kind == _INSTANCE:
        found["instance"] = value
    elif kind == _ATTRIBUTE:
        found["attribute"] = value
    elif kind == _CONNECTION_POINT:
        points.append(value)
    elif kind == _MEMBER and symbol:
        return f"{symbol}[{value}]"
    return symbol


def _sized(reader: Reader, size: int) -> int:
    """A value of 8 bits, or of 16 or 32 with a padding byte in front."""
    if size == 0:
        return reader.u8()
    reader.skip(1)
    return reader.u16_little() if size == 1 else reader.u32_little()


def _port(reader: Reader, segment: int) -> tuple[int, str]:
    extended_link, port = segment & 0x10, segment & 0x0F
    length = reader.u8() if extended_link else 1
    if port == 15:
        port = reader.u16_little()
    link = reader.take(length)
    if extended_link:
        reader.skip(length & 1)
        return port, text(link)
    return port, str(link[0])


def _padded_text(reader: Reader) -> str:
    length = reader.u8()
    name = text(reader.take(length))
    reader.skip(length & 1)
    return name
