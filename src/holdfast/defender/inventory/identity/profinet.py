"""What PROFINET devices say about themselves in DCP."""

from collections.abc import Iterator

from holdfast.defender.engines.model import NOTICES, RESPONSES, on
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import Confidence, Fact, Name
from holdfast.defender.record import Record

_FIELDS = {
    "name_of_station": Name.NETWORK_NAME,
    "type_of_station": Name.MODEL,
    "ip_address": Name.ADDRESS,
}


def _announced(record: Record) -> Iterator[Fact]:
    fields = record.fields
    for field, name in _FIELDS.items():
        if value := fields.get(field):
            yield Fact(name, str(value), Confidence.ANNOUNCED)


SOURCES = (Source("pn_dcp", on(RESPONSES | NOTICES), _announced, pause=2),)
