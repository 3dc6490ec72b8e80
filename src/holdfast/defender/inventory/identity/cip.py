"""The Identity object of CIP: in List Identity answers, and read as an object."""

from collections.abc import Iterator

from holdfast.defender.engines.model import NOTICES, RESPONSES, on
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import AssetType, Confidence, Fact, Name
from holdfast.defender.record import Fields, Record

_PLC = 14
_KEY_MODES = {1: "Run", 2: "Program", 3: "Remote"}
"""Bits 12 and 13 of the status of Rockwell's controllers: the key switch."""
_STATES = {1: "Firmware update", 5: "Fault", 6: "Run", 7: "Idle"}
"""Bits 4 to 7, extended device status (volume 1, section 5-2.2.1.5), where they say how it runs."""

TYPES = {
    2: AssetType.DRIVE,
    3: AssetType.DRIVE,
    7: AssetType.IO_ADAPTER,
    12: AssetType.IO_ADAPTER,
    14: AssetType.PLC,
    19: AssetType.DRIVE,
    22: AssetType.DRIVE,
    24: AssetType.HMI,
    27: AssetType.IO_ADAPTER,
    37: AssetType.DRIVE,
    44: AssetType.SWITCH,
}
"""Device types of the identity object (ODVA's list of device profiles)."""


def identity(fields: Fields) -> Iterator[Fact]:
    """The facts in an identity's attributes."""
    yield Fact(Name.VENDOR, str(fields.get("vendor_name", "")), Confidence.IDENTITY)
    yield Fact(Name.MODEL, str(fields.get("product_name", "")), Confidence.IDENTITY)
    yield Fact(Name.FIRMWARE, str(fields.get("revision", "")), Confidence.IDENTITY)
    if kind := TYPES.get(int(fields.get("device_type_id", -1))):
        yield Fact(Name.TYPE, kind.value, Confidence.IDENTITY)
    yield Fact(Name.SERIAL, str(fields.get("serial_number", "")), Confidence.IDENTITY)
    if mode := _mode(fields):
        yield Fact(Name.PLC_MODE, mode, Confidence.IDENTITY)


def _mode(fields: Fields) -> str:
    if fields.get("device_type_id") != _PLC:
        return ""
    status = int(str(fields.get("device_status", "0x0")), 16)
    parts = (_KEY_MODES.get(status >> 12 & 3), _STATES.get(status >> 4 & 15))
    return ", ".join(part for part in parts if part)


def _listed(record: Record) -> Iterator[Fact]:
    yield from identity(record.fields)


def _read(record: Record) -> Iterator[Fact]:
    """Behind a route the identity is that of a module in the chassis, which the reply does not name."""
    found = record.fields.get("identity")
    if isinstance(found, dict) and not (record.request and record.request.fields.get("route")):
        yield from identity(found)


SOURCES = (
    Source("cip_identity", on(NOTICES | RESPONSES), _listed),
    Source("cip", on(RESPONSES, "Get Attributes All"), _read),
)
