"""What a device of a substation says about itself in MMS."""

from collections.abc import Iterator

from holdfast.defender.engines.model import RESPONSES, on
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import Confidence, Fact, Name
from holdfast.defender.record import Record


def _identify(record: Record) -> Iterator[Fact]:
    fields = record.fields
    for field, name in (
        ("vendor_name", Name.VENDOR),
        ("model_name", Name.MODEL),
        ("revision", Name.FIRMWARE),
    ):
        if value := fields.get(field):
            yield Fact(name, str(value), Confidence.IDENTITY)


SOURCES = (Source("mms", on(RESPONSES, "identify"), _identify),)
