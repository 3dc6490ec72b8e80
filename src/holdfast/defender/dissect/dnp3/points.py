"""Object headers and points of an application fragment (IEEE 1815-2012, section 4.2.2 and annex A)."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.dnp3.names import DEVICE_ATTRIBUTES
from holdfast.defender.dissect.dnp3.objects import OBJECTS, Layout, object_name
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.record import Fields

_PREFIX_OCTETS: Final = {0: 0, 1: 1, 2: 2, 3: 4, 4: 1, 5: 2, 6: 4}
_SIZE_PREFIXES: Final = frozenset({4, 5, 6})
_MAXIMUM_POINTS: Final = 4096
"""Points that are listed of one header; a fragment of 2,048 bytes has room for 16,000 packed bits."""

WITHOUT_DATA: Final = frozenset({0x01, 0x07, 0x08, 0x09, 0x0A, 0x14, 0x15, 0x16})
"""Functions whose objects are named only: reads, freezes, classes."""

_STRINGS: Final = frozenset({110, 111, 112, 113, 114, 115})
_FILES, _ATTRIBUTES = 70, 0


class Header:
    """One object header: which points it speaks of."""

    __slots__ = ("count", "group", "prefix_code", "qualifier", "range_code", "start", "stop", "variation")

    def __init__(self, reader: Reader) -> None:
        self.group, self.variation, self.qualifier = reader.u8(), reader.u8(), reader.u8()
        self.prefix_code, self.range_code = self.qualifier >> 4 & 7, self.qualifier & 15
        self.start: int | None = None
        self.stop: int | None = None
        self.count = 0
        self._read_range(reader)

    def _read_range(self, reader: Reader) -> None:
        code = self.range_code
        if code <= 5:
            octets = 1 << code % 3
            self.start, self.stop = reader.unsigned_little(octets), reader.unsigned_little(octets)
            if self.stop < self.start:
                raise MalformedError("range", f"An object range ends at {self.stop}, before {self.start}.")
            self.count = self.stop - self.start + 1
        elif code in (7, 8, 9):
            self.count = reader.unsigned_little(1 << code - 7)
        elif code == 0x0B:
            self.count = reader.u8()
        elif code != 6:
            raise MalformedError("qualifier", f"The range code {code} is reserved.")

    @property
    def has_range(self) -> bool:
        """Whether it names points by their first and last index."""
        return self.start is not None


def read_objects(reader: Reader, function: int, objects: list[Fields]) -> None:
    """Append every object of a fragment to `objects`, until the end or something that cannot be read."""
    while reader.left:
        header = Header(reader)
        entry: Fields = {
            "object_type": object_name(header.group, header.variation),
            "group": header.group,
            "variation": header.variation,
            "qualifier": header.qualifier,
            "prefix_code": header.prefix_code,
            "range_code": header.range_code,
            "object_count": header.count,
            "range_low": header.start,
            "range_high": header.stop,
        }
        objects.append(entry)
        points = entry["points"] = []
        named_only = function in WITHOUT_DATA and header.prefix_code not in _SIZE_PREFIXES
        if named_only or header.range_code == 6:
            _read_indexes(reader, header, points)
        else:
            _read_points(reader, header, points)


def _read_indexes(reader: Reader, header: Header, points: list[Fields]) -> None:
    """A read may name points one by one: prefixes without data."""
    octets = _PREFIX_OCTETS.get(header.prefix_code, 0)
    if octets and header.range_code != 6:
        points += [{"index": reader.unsigned_little(octets)} for _ in range(header.count)]


def _read_points(reader: Reader, header: Header, points: list[Fields]) -> None:
    layout = OBJECTS.get((header.group, header.variation))
    if layout is not None and layout.packed:
        _read_packed(reader, header, layout.packed, points)
        return
    if layout is not None and not layout.parts:
        return
    octets = _PREFIX_OCTETS.get(header.prefix_code)
    if octets is None:
        raise MalformedError("qualifier", f"The prefix code {header.prefix_code} is reserved.")
    for number in range(header.count):
        prefix = reader.unsigned_little(octets) if octets else 0
        sized = header.prefix_code in _SIZE_PREFIXES
        index = number + (header.start or 0) if not octets else (number if sized else prefix)
        point: Fields = {"prefix": prefix, "index": index}
        if sized:
            point["size"] = prefix
            _read_sized(reader.within(prefix), header, layout, point)
        else:
            point |= _read_unsized(reader, header, layout)
        if len(points) < _MAXIMUM_POINTS:
            points.append(point)


def _read_packed(reader: Reader, header: Header, width: int, points: list[Fields]) -> None:
    octets = reader.take((header.count * width + 7) // 8)
    mask = (1 << width) - 1
    for number in range(min(header.count, _MAXIMUM_POINTS)):
        bit = number * width
        state = octets[bit >> 3] >> (bit & 7) & mask
        points.append({"prefix": 0, "index": (header.start or 0) + number, "state": state})


def _read_unsized(reader: Reader, header: Header, layout: Layout | None) -> Fields:
    if layout is not None:
        return layout.read(reader)
    if header.group in _STRINGS:
        return {"value": text(reader.take(header.variation))}
    if header.group == _ATTRIBUTES:
        return _attribute(reader, header.variation)
    raise MalformedError("object", f"Group {header.group} variation {header.variation} is not known.")


def _read_sized(reader: Reader, header: Header, layout: Layout | None, point: Fields) -> None:
    if layout is not None:
        point |= layout.read(reader)
    elif header.group == _FILES:
        _file(reader, header.variation, point)
    else:
        point["data"] = reader.rest().hex()


def _attribute(reader: Reader, variation: int) -> Fields:
    """Group 0, device attributes: type, length, value."""
    kind, octets = reader.u8(), reader.take(reader.u8())
    value: str | int = text(octets) if kind == 1 else int.from_bytes(octets, "little")
    return {"attribute": DEVICE_ATTRIBUTES.get(variation, f"attribute-{variation}"), "value": value}


def _file(reader: Reader, variation: int, point: Fields) -> None:
    """Group 70, files (section A.37)."""
    if variation == 3:
        point |= {"filename_offset": reader.u16_little(), "filename_size": reader.u16_little()}
        point |= {"created": reader.unsigned_little(6), "permissions": reader.u16_little()}
        point |= {"authentication_key": reader.u32_little(), "file_size": reader.u32_little()}
        point |= {"operational_mode": reader.u16_little(), "maximum_block_size": reader.u16_little()}
        point |= {"request_id": reader.u16_little(), "filename": text(reader.rest())}
    elif variation == 4:
        point |= {"file_handle": reader.u32_little(), "file_size": reader.u32_little()}
        point |= {"maximum_block_size": reader.u16_little(), "request_id": reader.u16_little()}
        point |= {"status_code": reader.u8(), "optional_text": text(reader.rest())}
    elif variation == 5:
        point |= {"file_handle": reader.u32_little(), "block_number": reader.u32_little()}
        point["file_data"] = text(reader.rest())
    elif variation == 6:
        point |= {"file_handle": reader.u32_little(), "block_number": reader.u32_little()}
        point |= {"status_code": reader.u8(), "optional_text": text(reader.rest())}
    else:
        point["data"] = reader.rest().hex()
