"""S7 system status lists (SZL): what a controller tells about itself (Siemens A5E00105260, part 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from holdfast.defender.dissect.decoding import text
from holdfast.defender.dissect.reader import Reader
from holdfast.defender.dissect.s7.names import RETURN_CODES, SZL
from holdfast.defender.record import Fields

_COMPONENT_NAMES: Final = {
    1: "automation_system_name",
    2: "module_name",
    3: "plant_name",
    4: "copyright",
    5: "module_serial",
    7: "module_type",
    8: "memory_card_serial",
    11: "location_designation",
}
"""Indexes of list 0x1C that identify a device; names as ICSNPP has them."""

_OPERATING_MODES: Final = {
    0x1: "STOP (update)",
    0x2: "STOP (memory reset)",
    0x3: "STOP (self initialization)",
    0x4: "STOP (internal)",
    0x5: "Startup (cold restart)",
    0x6: "Startup (warm restart)",
    0x7: "Startup (hot restart)",
    0x8: "RUN",
    0x9: "RUN-R",
    0xA: "HOLD",
    0xB: "Link-up",
    0xC: "Update",
    0xD: "Defective",
    0xE: "Self test",
    0xF: "No power",
}


def read(data: Reader, method: str, fields: Fields) -> None:
    """Add what the data of a Read SZL message tells."""
    if data.left < 4:
        return
    code = data.u8()
    data.skip(1)
    length = data.u16()
    fields |= {
        "method": method,
        "return_code": f"0x{code:02x}",
        "return_code_name": RETURN_CODES.get(code, "Unknown"),
    }
    if length < 4 or data.left < 4:
        return
    identifier, index = data.u16(), data.u16()
    fields |= {
        "szl_id": f"0x{identifier:04x}",
        "szl_id_name": SZL.get(identifier & 0xFF, "Unknown"),
        "szl_index": f"0x{index:04x}",
    }
    if method == "Response" and data.left >= 4:
        _records(data, identifier, fields)


def _records(data: Reader, identifier: int, fields: Fields) -> None:
    size, count = data.u16(), data.u16()
    reader = _LISTS.get(identifier & 0xFF)
    if reader is None or size < 2:
        return
    for _ in range(count):
        if data.left < size:
            return  # the rest comes in a following fragment
        reader(data.within(size), fields)


def _module(record: Reader, fields: Fields) -> None:
    """List 0x11: order number and version of the module (1), hardware (6) and firmware (7)."""
    index, order_number = record.u16(), text(record.take(20)).strip()
    record.skip(2)
    version = record.take(4)
    if index == 1:
        fields["order_number"] = order_number
    elif index == 6:
        fields["hardware_version"] = str(version[1])
    elif index == 7:
        fields["firmware_version"] = f"V{version[1]}.{version[2]}.{version[3]}"


def _component(record: Reader, fields: Fields) -> None:
    name = _COMPONENT_NAMES.get(record.u16())
    if name is not None:
        fields[name] = text(record.take(min(32, record.left)).split(b"\0", 1)[0]).strip()


def _mode(record: Reader, fields: Fields) -> None:
    """List 0x24: the present operating mode in the low half of the fourth byte."""
    record.skip(3)
    mode = record.u8() & 15
    fields["operating_mode"] = _OPERATING_MODES.get(mode, f"0x{mode:x}")


_LISTS: Final[dict[int, Callable[[Reader, Fields], None]]] = {0x11: _module, 0x1C: _component, 0x24: _mode}
