"""Nameplates in Modbus (device identification, MEI type 14) and UMAS (READ_ID)."""

from collections.abc import Iterator

from holdfast.defender.engines.model import RESPONSES, on
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import Confidence, Fact, Name
from holdfast.defender.record import Record

_OBJECTS = {
    "VendorName": Name.VENDOR,
    "ProductCode": Name.MODEL,
    "MajorMinorRevision": Name.FIRMWARE,
    "ProductName": Name.DESCRIPTION,
    "UserApplicationName": Name.NAME,
}


def _identification(record: Record) -> Iterator[Fact]:
    """A gateway answers for the units behind it: only the units that stand for the device itself count."""
    fields = record.fields
    objects = fields.get("objects")
    if not isinstance(objects, dict):
        return
    unit = int(fields.get("unit", 0))
    module = None if unit in {0, 1, 255} else (0, unit)
    for number, name in _OBJECTS.items():
        if value := objects.get(number):
            yield Fact(name, value, Confidence.IDENTITY, module)


def _read_id(record: Record) -> Iterator[Fact]:
    fields = record.fields
    if fields.get("device_name"):
        yield Fact(Name.MODEL, fields["device_name"], Confidence.IDENTITY)
        yield Fact(Name.VENDOR, "Schneider Electric", Confidence.IDENTITY)
    if fields.get("firmware_version"):
        yield Fact(Name.FIRMWARE, fields["firmware_version"], Confidence.IDENTITY)


SOURCES = (
    Source("modbus", on(RESPONSES, "ENCAP_INTERFACE_TRANSPORT"), _identification),
    Source("umas", on(RESPONSES, "READ_ID"), _read_id),
)
