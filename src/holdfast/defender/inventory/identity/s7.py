"""Siemens controllers: system status lists (S7comm), and what S7comm-plus says when an object is made."""

from collections.abc import Iterator

from holdfast.defender.engines.model import RESPONSES, SPOKEN, on
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import Confidence, Fact, Name
from holdfast.defender.record import Record

_FIELDS = {
    "order_number": Name.DESCRIPTION,
    "module_type": Name.MODEL,
    "firmware_version": Name.FIRMWARE,
    "hardware_version": Name.HARDWARE,
    "module_serial": Name.SERIAL,
    "automation_system_name": Name.NAME,
    "operating_mode": Name.PLC_MODE,
}
"""Fields of the lists 0x0011, 0x001C and 0x0424."""


def _lists(record: Record) -> Iterator[Fact]:
    fields = record.fields
    for field, name in _FIELDS.items():
        if value := fields.get(field):
            yield Fact(name, str(value), Confidence.IDENTITY)
    if fields.get("order_number"):
        yield Fact(Name.VENDOR, "Siemens", Confidence.IDENTITY)


def _plus(record: Record) -> Iterator[Fact]:
    fields = record.fields
    if fields.get("order_number"):
        yield Fact(Name.VENDOR, "Siemens", Confidence.IDENTITY)
        yield Fact(Name.MODEL, str(fields["order_number"]), Confidence.IDENTITY)
    if fields.get("firmware_version"):
        yield Fact(Name.FIRMWARE, str(fields["firmware_version"]), Confidence.IDENTITY)


SOURCES = (
    Source("s7comm", on(RESPONSES, "Read SZL"), _lists),
    Source("s7comm_plus", on(SPOKEN, "Create Object"), _plus),
)
