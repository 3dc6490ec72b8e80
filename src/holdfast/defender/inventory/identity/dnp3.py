"""Device attributes of DNP3: object group 0 (section A.1 of IEEE 1815)."""

from collections.abc import Iterator

from holdfast.defender.engines.model import RESPONSES, on
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import Confidence, Fact, Name
from holdfast.defender.record import Record

_ATTRIBUTES = {
    242: Name.FIRMWARE,
    243: Name.HARDWARE,
    245: Name.LOCATION,
    247: Name.NAME,
    248: Name.SERIAL,
    250: Name.MODEL,
    252: Name.VENDOR,
}


def _attributes(record: Record) -> Iterator[Fact]:
    """Polls come all the time and attributes hardly ever: look at the request's key before any field."""
    request = record.request
    if request is None or not isinstance(request.key, tuple) or all(group for group, _ in request.key[-1]):
        return
    for each in record.fields.get("objects") or ():
        name = _ATTRIBUTES.get(each.get("variation")) if each.get("group") == 0 else None
        for point in (each.get("points") or ()) if name else ():
            if name and point.get("value"):
                yield Fact(name, str(point["value"]), Confidence.IDENTITY)


SOURCES = (Source("dnp3", on(RESPONSES, "RESPONSE"), _attributes),)
