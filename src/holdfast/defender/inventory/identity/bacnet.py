"""Device objects of BACnet (clause 12.11): read by others, and announced by I-Am."""

from collections.abc import Iterator

from holdfast.defender.engines.model import NOTICES, RESPONSES, on
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import Confidence, Fact, Name
from holdfast.defender.record import Fields, Record

_DEVICE = 8
_WANTED = frozenset({28, 44, 58, 70, 77, 121, 372})
"""Numbers of the properties below (clause 21)."""
_PROPERTIES = {
    "vendor-name": Name.VENDOR,
    "model-name": Name.MODEL,
    "firmware-revision": Name.FIRMWARE,
    "serial-number": Name.SERIAL,
    "object-name": Name.NETWORK_NAME,
    "description": Name.DESCRIPTION,
    "location": Name.LOCATION,
}


def _about_device(record: Record) -> bool:
    """Whether the key names one of the properties; everything else is the process's."""
    key = record.key
    objects = key[1] if isinstance(key, tuple) and len(key) > 1 else ()
    return any(kind == _DEVICE and number in _WANTED for kind, _instance, number in objects)


def _own(fields: Fields) -> bool:
    """Whether the speaker speaks for itself; with a source network a router speaks for a device behind it."""
    return fields.get("snet") is None


def _read(record: Record) -> Iterator[Fact]:
    fields = record.fields
    for each in (fields.get("properties") or ()) if _own(fields) else ():
        name = _PROPERTIES.get(str(each.get("property")))
        if name is not None and each.get("object_type") == "device" and isinstance(each.get("value"), str):
            yield Fact(name, each["value"], Confidence.IDENTITY)


def _i_am(record: Record) -> Iterator[Fact]:
    fields = record.fields
    if _own(fields) and fields.get("vendor"):
        yield Fact(Name.VENDOR, str(fields["vendor"]), Confidence.ANNOUNCED)


SOURCES = (
    Source(
        "bacnet", on(RESPONSES, "read_property", "read_property_multiple"), _read, _about_device, pause=60
    ),
    Source("bacnet", on(NOTICES, "i_am"), _i_am, pause=60),
)
