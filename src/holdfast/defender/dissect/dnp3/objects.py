"""DNP3's objects (IEEE 1815-2012, annex A): which bytes a point of each group and variation has.

A layout is a string of codes, one a part, in the order on the wire; `PARTS` says what each code reads. A new
object is one line in `OBJECTS`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.defender.dissect.reader import Reader
from holdfast.defender.record import Fields

_COMMON: Final = ("online", "restart", "comm_lost", "remote_forced", "local_forced")
_BINARY_FLAGS: Final = (*_COMMON, "chatter_filter", "reserved", "state")
_OUTPUT_FLAGS: Final = (*_COMMON, "reserved0", "reserved1", "state")
_COUNTER_FLAGS: Final = (*_COMMON, "rollover", "discontinuity", "reserved0")
_ANALOG_FLAGS: Final = (*_COMMON, "over_range", "reference_err", "reserved0")


def _flags(names: tuple[str, ...]) -> Callable[[Reader, Fields], None]:
    def read(reader: Reader, point: Fields) -> None:
        octet = reader.u8()
        for position, name in enumerate(names):
            point[name] = octet >> position & 1

    return read


def _double_flags(reader: Reader, point: Fields) -> None:
    octet = reader.u8()
    for position, name in enumerate((*_COMMON, "chatter_filter")):
        point[name] = octet >> position & 1
    point["state"] = octet >> 6


def _number(code: str) -> Callable[[Reader, Fields], None]:
    layout = struct.Struct("<" + code)

    def read(reader: Reader, point: Fields) -> None:
        (point["value"],) = layout.unpack(reader.take(layout.size))

    return read


def _named(name: str, octets: int) -> Callable[[Reader, Fields], None]:
    def read(reader: Reader, point: Fields) -> None:
        point[name] = reader.unsigned_little(octets)

    return read


def _timestamp(reader: Reader, point: Fields) -> None:
    """Milliseconds since 1970 in 48 bits."""
    point["timestamp"] = reader.unsigned_little(6)


def _relative_time(reader: Reader, point: Fields) -> None:
    point["relative_time_ms"] = reader.u16_little()


def _control(reader: Reader, point: Fields) -> None:
    """Control relay output block, group 12."""
    octet = reader.u8()
    point |= {"op_type": octet & 15, "qu": octet >> 4 & 1, "cr": octet >> 5 & 1, "tcc": octet >> 6}
    point["count"] = reader.u8()
    point["ontime"], point["offtime"] = reader.u32_little(), reader.u32_little()
    octet = reader.u8()
    point |= {"status_code": octet & 0x7F, "reserved": octet >> 7}


def _status(reader: Reader, point: Fields) -> None:
    point["status_code"] = reader.u8() & 0x7F


class _Part(NamedTuple):
    octets: int
    read: Callable[[Reader, Fields], None]


PARTS: Final = {
    "B": _Part(1, _flags(_BINARY_FLAGS)),
    "O": _Part(1, _flags(_OUTPUT_FLAGS)),
    "C": _Part(1, _flags(_COUNTER_FLAGS)),
    "A": _Part(1, _flags(_ANALOG_FLAGS)),
    "D": _Part(1, _double_flags),
    "i": _Part(4, _number("i")),
    "h": _Part(2, _number("h")),
    "I": _Part(4, _number("I")),
    "H": _Part(2, _number("H")),
    "K": _Part(4, _named("count", 4)),
    "k": _Part(2, _named("count", 2)),
    "f": _Part(4, _number("f")),
    "d": _Part(8, _number("d")),
    "b": _Part(1, _number("B")),
    "t": _Part(6, _timestamp),
    "r": _Part(2, _relative_time),
    "c": _Part(11, _control),
    "s": _Part(1, _status),
    "p": _Part(4, _named("interval", 4)),
    "u": _Part(1, _named("interval_units", 1)),
    "m": _Part(2, _named("delay_ms", 2)),
    "S": _Part(2, _named("delay_s", 2)),
    "q": _Part(6, _named("duration", 6)),
}


class Layout(NamedTuple):
    """How a point of one group and variation is read."""

    name: str
    """ICSNPP's name for it; `unknown` where it has none."""
    parts: str
    """Codes of `PARTS`; empty for points without bytes of their own."""
    packed: int = 0
    """Bits a point where points are packed into bits."""

    @property
    def octets(self) -> int:
        """Bytes a point."""
        return sum(PARTS[code].octets for code in self.parts)

    def read(self, reader: Reader) -> Fields:
        """The values of one point."""
        point: Fields = {}
        for code in self.parts:
            PARTS[code].read(reader, point)
        return point


def _family(group: int, layouts: str, names: str) -> dict[tuple[int, int], Layout]:
    """Variations 1, 2, … of a group: layouts and names side by side, names separated by `|`."""
    pairs = zip(layouts.split(" "), names.split("|"), strict=True)
    return {(group, number): Layout(name.strip(), parts) for number, (parts, name) in enumerate(pairs, 1)}


OBJECTS: Final[dict[tuple[int, int], Layout]] = {
    (1, 1): Layout("Single-bit Binary Input", "", packed=1),
    (1, 2): Layout("Binary Input With Status", "B"),
    **_family(
        2,
        "B Bt Br",
        "Binary Input Change Without Time|Binary Input Change With Time"
        "|Binary Input Change With Relative Time",
    ),
    (3, 1): Layout("Double-bit Input No Flags", "", packed=2),
    (3, 2): Layout("Double-bit Input With Status", "D"),
    **_family(
        4,
        "D Dt Dr",
        "Double-bit Input Change Without Time|Double-bit Input Change With Time"
        "|Double-bit Input Change With Relative Time",
    ),
    (10, 1): Layout("Binary Output", "", packed=1),
    (10, 2): Layout("Binary Output Status", "O"),
    **_family(11, "O Ot", "Binary Output Change Without Time|Binary Output Change With Time"),
    (12, 1): Layout("Control Relay Output Block", "c"),
    (12, 2): Layout("Pattern Control Block", "c"),
    (12, 3): Layout("Pattern Mask", "", packed=1),
    **_family(13, "s st", "unknown|unknown"),
    **_family(
        20,
        "CK Ck CK Ck K k K k",
        "32-Bit Binary Counter|16-Bit Binary Counter|32-Bit Delta Counter|16-Bit Delta Counter"
        "|32-Bit Binary Counter Without Flag|16-Bit Binary Counter Without Flag"
        "|32-Bit Delta Counter Without Flag|16-Bit Delta Counter Without Flag",
    ),
    **_family(
        21,
        "CK Ck CK Ck CKt Ckt CKt Ckt K k K k",
        "32-Bit Frozen Counter|16-Bit Frozen Counter|32-Bit Frozen Delta Counter|16-Bit Frozen Delta Counter"
        "|32-Bit Frozen Counter w/ Time of Freeze|16-Bit Frozen Counter w/ Time of Freeze"
        "|32-Bit Frozen Delta Counter w/ Time of Freeze|16-Bit Frozen Delta Counter w/ Time of Freeze"
        "|32-Bit Frozen Counter Without Flag|16-Bit Frozen Counter Without Flag"
        "|32-Bit Frozen Delta Counter Without Flag|16-Bit Frozen Delta Counter Without Flag",
    ),
    **_family(
        22,
        "CK Ck CK Ck CKt Ckt CKt Ckt",
        "32-Bit Counter Change Event w/o Time|16-Bit Counter Change Event w/o Time"
        "|32-Bit Delta Counter Change Event w/o Time|16-Bit Delta Counter Change Event w/o Time"
        "|32-Bit Counter Change Event with Time|16-Bit Counter Change Event with Time"
        "|32-Bit Delta Counter Change Event with Time|16-Bit Delta Counter Change Event with Time",
    ),
    **_family(
        23,
        "CK Ck CK Ck CKt Ckt CKt Ckt",
        "32-Bit Frozen Counter Change Event|16-Bit Frozen Counter Change Event"
        "|32-Bit Frozen Delta Counter Change Event|16-Bit Frozen Delta Counter Change Event"
        "|32-Bit Frozen Counter Change Event w/ Time of Freeze"
        "|16-Bit Frozen Counter Change Event w/ Time of Freeze"
        "|32-Bit Frozen Delta Counter Change Event w/ Time of Freeze"
        "|16-Bit Frozen Delta Counter Change Event w/ Time of Freeze",
    ),
    **_family(
        30,
        "Ai Ah i h Af Ad",
        "32-Bit Analog Input|16-Bit Analog Input|32-Bit Analog Input Without Flag"
        "|16-Bit Analog Input Without Flag|32-Bit Floating Point Input|64-Bit Floating Point Input",
    ),
    **_family(
        31,
        "Ai Ah Ait Aht i h Af Ad",
        "32-Bit Frozen Analog Input|16-Bit Frozen Analog Input|32-Bit Frozen Analog Input w/ Time of Freeze"
        "|16-Bit Frozen Analog Input w/ Time of Freeze|32-Bit Frozen Analog Input Without Flag"
        "|16-Bit Frozen Analog Input Without Flag|32-Bit Frozen Floating Point Input"
        "|64-Bit Frozen Floating Point Input",
    ),
    **_family(
        32,
        "Ai Ah Ait Aht Af Ad Aft Adt",
        "32-Bit Analog Change Event w/o Time|16-Bit Analog Change Event w/o Time"
        "|32-Bit Analog Change Event w/ Time|16-Bit Analog Change Event w/ Time"
        "|32-Bit Floating Point Change Event w/o Time|64-Bit Floating Point Change Event w/o Time"
        "|32-Bit Floating Point Change Event w/ Time|64-Bit Floating Point Change Event w/ Time",
    ),
    **_family(
        33,
        "Ai Ah Ait Aht Af Ad Aft Adt",
        "32-Bit Frozen Analog Event w/o Time|16-Bit Frozen Analog Event w/o Time"
        "|32-Bit Frozen Analog Event w/ Time|16-Bit Frozen Analog Event w/ Time"
        "|32-Bit Floating Point Frozen Change Event w/o Time"
        "|64-Bit Floating Point Frozen Change Event w/o Time"
        "|32-Bit Floating Point Frozen Change Event w/ Time"
        "|64-Bit Floating Point Frozen Change Event w/ Time",
    ),
    **_family(34, "H I f", "unknown|unknown|unknown"),
    **_family(
        40,
        "Ai Ah Af Ad",
        "32-Bit Analog Output Status|16-Bit Analog Output Status|32-Bit Floating Point Output Status"
        "|64-Bit Floating Point Output Status",
    ),
    **_family(
        41,
        "is hs fs ds",
        "32-Bit Analog Output Block|16-Bit Analog Output Block|32-Bit Floating Point Output Block"
        "|64-Bit Floating Point Output Block",
    ),
    **_family(
        42,
        "Ai Ah Ait Aht Af Ad Aft Adt",
        "32-Bit Analog Output Event w/o Time|16-Bit Analog Output Event w/o Time"
        "|32-Bit Analog Output Event w/ Time|16-Bit Analog Output Event w/ Time"
        "|32-Bit Floating Point Output Event w/o Time|64-Bit Floating Point Output Event w/o Time"
        "|32-Bit Floating Point Output Event w/ Time|64-Bit Floating Point Output Event w/ Time",
    ),
    **_family(
        43,
        "si sh sit sht sf sd sft sdt",
        "unknown|unknown|unknown|unknown|unknown|unknown|unknown|unknown",
    ),
    **_family(50, "t tp t tpu", "unknown|unknown|unknown|unknown"),
    **_family(51, "t t", "unknown|unknown"),
    **_family(52, "S m", "unknown|unknown"),
    **_family(60, "   ", "Class 0 Data|Class 1 Data|Class 2 Data|Class 3 Data"),
    (80, 1): Layout("unknown", "", packed=1),
    **_family(101, "H I q", "unknown|unknown|unknown"),
    (102, 1): Layout("unknown", "b"),
}
"""Objects with points of fixed size. Strings, files and attributes are read by `points`."""

_DEFAULTS: Final = {
    1: "Binary Input Default Variation",
    2: "Binary Input Change Default Variation",
    3: "Double-bit Input Default Variation",
    4: "Double-bit Input Change Default Variation",
    10: "Binary Output Default Variation",
    11: "Binary Output Change Default Variation",
    20: "Binary Counter Default Variation",
    21: "Frozen Binary Counter Default Variation",
    22: "Counter Change Event Default Variation",
    23: "Frozen Binary Counter Change Event Default Variation",
    30: "Analog Input Default Variation",
    32: "Analog Input Change Default Variation",
    40: "Analog Output Default Variation",
    42: "Analog Output Event Default Variation",
}


def object_name(group: int, variation: int) -> str:
    """ICSNPP's name of an object; `unknown` where it has none."""
    if variation == 0:
        return _DEFAULTS.get(group, "unknown")
    layout = OBJECTS.get((group, variation))
    return layout.name if layout else "unknown"
