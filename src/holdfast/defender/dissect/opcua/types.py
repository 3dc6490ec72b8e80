"""OPC UA's built-in types in binary encoding (OPC 10000-6, section 5.2)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.record import seconds
from holdfast.kernel.clock import isoformat

_TICKS_TO_1970: Final = 116_444_736_000_000_000
_NANOSECONDS_A_TICK: Final = 100
_MAXIMUM_ELEMENTS: Final = 4096
"""Elements of an array that are read; longer ones end the decoding of their message."""
_MAXIMUM_DEPTH: Final = 8
_NAMESPACE_URI, _SERVER_INDEX = 0x80, 0x40

Value = bool | int | float | str | list["Value"] | None


class NodeId(NamedTuple):
    """A node's identifier; its text is that of OPC 10000-6, section 5.3.1.10."""

    namespace: int
    kind: str
    """`i` numeric, `s` string, `g` GUID, `b` opaque."""
    identifier: int | str

    def __str__(self) -> str:
        prefix = f"ns={self.namespace};" if self.namespace else ""
        return f"{prefix}{self.kind}={self.identifier}"


def node_id(reader: Reader, *, expanded: bool = True) -> NodeId:
    """A NodeId; of an ExpandedNodeId the URI and server index are passed over, unless they are left unread
    (not `expanded`)."""
    encoding = reader.u8()
    form = encoding & 0x3F
    if form == 0:
        found = NodeId(0, "i", reader.u8())
    elif form == 1:
        found = NodeId(reader.u8(), "i", reader.u16_little())
    elif form == 2:
        found = NodeId(reader.u16_little(), "i", reader.u32_little())
    elif form == 3:
        found = NodeId(reader.u16_little(), "s", string(reader) or "")
    elif form == 4:
        found = NodeId(reader.u16_little(), "g", guid(reader))
    elif form == 5:
        namespace = reader.u16_little()
        found = NodeId(namespace, "b", byte_string(reader).hex())
    else:
        raise MalformedError(
            "nodeid", f"The NodeId encoding 0x{encoding:02x} does not exist.", reader.position
        )
    if encoding & _NAMESPACE_URI and expanded:
        string(reader)
    if encoding & _SERVER_INDEX and expanded:
        reader.skip(4)
    return found


def byte_string(reader: Reader) -> bytes:
    """Bytes with their length in front; null is empty."""
    length = signed(reader, 4)
    return reader.take(length) if length > 0 else b""


def string(reader: Reader) -> str | None:
    """Text with its length in front; None for null."""
    length = signed(reader, 4)
    if length < 0:
        return None
    return text(reader.take(length))


def signed(reader: Reader, octets: int) -> int:
    """A number in two's complement."""
    return int.from_bytes(reader.take(octets), "little", signed=True)


def guid(reader: Reader) -> str:
    """A GUID as text."""
    octets = reader.take(16)
    plain = (octets[3::-1] + octets[5:3:-1] + octets[7:5:-1] + octets[8:]).hex()
    return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"


def date_time(reader: Reader) -> str | None:
    """A moment in ISO 8601; None for the earliest one, which means unknown."""
    ticks = reader.unsigned_little(8)
    if not _TICKS_TO_1970 <= ticks < 1 << 62:
        return None
    moment = _unix_seconds(ticks)
    return isoformat(moment) if moment < 253_402_300_799 else None


def qualified_name(reader: Reader) -> str:
    """A name with its namespace in front where that is not 0."""
    namespace, name = reader.u16_little(), string(reader) or ""
    return f"{namespace}:{name}" if namespace else name


def localized_text(reader: Reader) -> str:
    """The text; its locale is passed over."""
    mask = reader.u8()
    if mask & 1:
        string(reader)
    return (string(reader) or "") if mask & 2 else ""


def extension_object(reader: Reader) -> tuple[NodeId, bytes]:
    """The type of a structure and its undecoded body."""
    kind, encoding = node_id(reader), reader.u8()
    return kind, byte_string(reader) if encoding else b""


def unix_time(reader: Reader) -> float | None:
    """A moment in Unix seconds, as header fields have it; None for the earliest one, which means unknown."""
    ticks = reader.unsigned_little(8)
    return _unix_seconds(ticks) if _TICKS_TO_1970 <= ticks < 1 << 62 else None


def _unix_seconds(ticks: int) -> float:
    return seconds((ticks - _TICKS_TO_1970) * _NANOSECONDS_A_TICK)


def diagnostic_info(reader: Reader, depth: int = _MAXIMUM_DEPTH) -> int:
    """Pass over a DiagnosticInfo; returns its encoding mask."""
    mask = reader.u8()
    reader.skip(4 * (mask & 15).bit_count())
    if mask & 0x10:
        string(reader)
    if mask & 0x20:
        reader.skip(4)
    if mask & 0x40:
        if not depth:
            raise MalformedError("depth", "Diagnostics are nested too deep.", reader.position)
        diagnostic_info(reader, depth - 1)
    return mask


def array(reader: Reader) -> range:
    """Counts the elements of an array; null is empty."""
    count = signed(reader, 4)
    if count > _MAXIMUM_ELEMENTS:
        raise MalformedError("array", f"An array has {count} elements.", reader.position)
    return range(max(count, 0))


def strings(reader: Reader) -> list[str]:
    """An array of strings."""
    return [string(reader) or "" for _ in array(reader)]


def _number(code: str) -> Callable[[Reader], Value]:
    layout = struct.Struct("<" + code)

    def read(reader: Reader) -> Value:
        (value,) = layout.unpack(reader.take(layout.size))
        return bool(value) if code == "?" else value

    return read


def _extension(reader: Reader) -> Value:
    kind, body = extension_object(reader)
    return f"{kind} {body.hex()}"


_BUILT_IN: Final[dict[int, Callable[[Reader], Value]]] = {
    1: _number("?"),
    2: _number("b"),
    3: _number("B"),
    4: _number("h"),
    5: _number("H"),
    6: _number("i"),
    7: _number("I"),
    8: _number("q"),
    9: _number("Q"),
    10: _number("f"),
    11: _number("d"),
    12: string,
    13: date_time,
    14: guid,
    15: lambda reader: byte_string(reader).hex(),
    16: string,
    17: lambda reader: str(node_id(reader)),
    18: lambda reader: str(node_id(reader)),
    19: _number("I"),
    20: qualified_name,
    21: localized_text,
    22: _extension,
}
"""Readers of the built-in types that a Variant may hold, by their number."""


def variant(reader: Reader, depth: int = _MAXIMUM_DEPTH) -> Value:
    """A value of any type; arrays as lists."""
    encoding = reader.u8()
    kind = encoding & 0x3F
    if kind == 0:
        return None
    read = _BUILT_IN.get(kind)
    if kind in _NESTED and depth:
        value: Value = _nested(reader, encoding, depth - 1)
    elif read is None:
        raise MalformedError("variant", f"A Variant has the type {kind}.", reader.position)
    elif encoding & 0x80:
        value = [read(reader) for _ in array(reader)]
    else:
        value = read(reader)
    if encoding & 0x40:
        reader.skip(4 * len(array(reader)))
    return value


_NESTED: Final = frozenset({23, 24, 25})
"""DataValue, Variant, DiagnosticInfo: what may hold further values."""


def _nested(reader: Reader, encoding: int, depth: int) -> Value:
    kind = encoding & 0x3F

    def read() -> Value:
        if kind == 23:
            return data_value(reader, depth)[0]
        if kind == 24:
            return variant(reader, depth)
        diagnostic_info(reader, depth)
        return None

    return [read() for _ in array(reader)] if encoding & 0x80 else read()


def data_value(
    reader: Reader, depth: int = _MAXIMUM_DEPTH
) -> tuple[Value, int, dict[str, float | int | None]]:
    """A value, its status code, and the time stamps that it has, by ICSNPP's names."""
    mask = reader.u8()
    value = variant(reader, depth) if mask & 0x01 else None
    status = reader.u32_little() if mask & 0x02 else 0
    stamps: dict[str, float | int | None] = {}
    for side, moment, rest in (("source", 0x04, 0x10), ("server", 0x08, 0x20)):
        if mask & moment:
            stamps[f"{side}_timestamp"] = unix_time(reader)
        if mask & rest:
            stamps[f"{side}_pico_sec"] = reader.u16_little()
    return value, status, stamps
