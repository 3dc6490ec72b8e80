"""Which variables an S7 job reads or writes."""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.s7.names import AREAS
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.record import Fields

_SPECIFICATION, _S7ANY, _DB_READ = 0x12, 0x10, 0xB0
_DATA_BLOCKS: Final = frozenset({0x84, 0x85})


def read_items(parameters: bytes) -> list[Fields]:
    """The variables of a Read or Write Variable job. Raises `MalformedError`."""
    reader = Reader(parameters, 1)
    return [_item(reader) for _ in range(reader.u8())]


def _item(reader: Reader) -> Fields:
    kind = reader.u8()
    body = reader.within(reader.u8())
    syntax = body.u8() if body.left else 0
    if kind == _SPECIFICATION and syntax == _S7ANY and body.left >= 9:
        return _any_pointer(body)
    if kind == _SPECIFICATION and syntax == _DB_READ:
        return {"syntax": "0xb0", "areas": _db_reads(body)}
    return {"syntax": f"0x{syntax:02x}", "specification": body.rest().hex()}


def _any_pointer(body: Reader) -> Fields:
    """The S7ANY pointer: transport size, count, data block, area, and the address in bits."""
    size, count, block, area = body.u8(), body.u16(), body.u16(), body.u8()
    address = body.unsigned(3)
    return {
        "syntax": "0x10",
        "transport_size": size,
        "count": count,
        "db_number": block if area in _DATA_BLOCKS else None,
        "area": AREAS.get(area, f"0x{area:02x}"),
        "area_code": area,
        "address": f"{address >> 3}.{address & 7}",
    }


def _db_reads(body: Reader) -> list[Fields]:
    """Several pieces of data blocks in one item."""
    return [
        {"count": body.u8(), "db_number": body.u16(), "address": f"{body.u16()}.0"} for _ in range(body.u8())
    ]


def referenced(parameters: bytes) -> tuple[tuple[int, int | None], ...]:
    """Areas and data blocks of a job, each pair once, in order; empty where they cannot be read."""
    try:
        items = read_items(parameters)
    except MalformedError:
        return ()
    pairs: dict[tuple[int, int | None], None] = {}
    for item in items:
        if "area_code" in item:
            pairs[item["area_code"], item["db_number"]] = None
        for piece in item.get("areas", ()):
            pairs[0x84, piece["db_number"]] = None
    return tuple(pairs)
