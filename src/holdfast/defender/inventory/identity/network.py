"""What devices say about themselves in LLDP, CDP, SNMP and name services."""

from collections.abc import Callable, Iterator, Mapping

from holdfast.defender.engines.model import NOTICES, REQUESTS, RESPONSES, on
from holdfast.defender.inventory.identity.it import version_in
from holdfast.defender.inventory.identity.model import Source
from holdfast.defender.inventory.model import AssetType, Confidence, Fact, Name
from holdfast.defender.record import Fields, Record

_LLDP = {"system_name": Name.HOST_NAME, "system_description": Name.DESCRIPTION}
_CDP = {
    "device_id": Name.HOST_NAME,
    "platform": Name.MODEL,
    "software_version": Name.FIRMWARE,
}
_SNMP = {
    "sys_description": Name.DESCRIPTION,
    "sys_name": Name.HOST_NAME,
    "sys_location": Name.LOCATION,
}


_CAPABILITIES = {
    "bridge": AssetType.SWITCH,
    "switch": AssetType.SWITCH,
    "wlan-access-point": AssetType.ACCESS_POINT,
    "router": AssetType.ROUTER,
    "telephone": AssetType.TELEPHONE,
    "phone": AssetType.TELEPHONE,
}
"""What LLDP and CDP call the capabilities; the last one that a device has says most about it."""


def _announced(fields: Fields, names: Mapping[str, Name]) -> Iterator[Fact]:
    for field, name in names.items():
        if value := fields.get(field):
            yield Fact(name, str(value), Confidence.ANNOUNCED)


def _neighbour(names: Mapping[str, Name], addresses: str) -> Callable[[Record], Iterator[Fact]]:
    def facts(record: Record) -> Iterator[Fact]:
        fields = record.fields
        yield from _announced(fields, names)
        yield from _described(fields.get("system_description"))
        for address in (fields.get(addresses) or ())[:1]:
            yield Fact(Name.ADDRESS, str(address), Confidence.ANNOUNCED)
        kinds = [_CAPABILITIES[name] for name in fields.get("capabilities") or () if name in _CAPABILITIES]
        if kinds:
            yield Fact(Name.TYPE, kinds[-1].value, Confidence.ANNOUNCED)

    return facts


def _described(text: object) -> Iterator[Fact]:
    """The version that stands in a description."""
    if version := version_in(str(text or "")):
        yield Fact(Name.FIRMWARE, version, Confidence.TEXT)


def _snmp(record: Record) -> Iterator[Fact]:
    yield from _announced(record.fields, _SNMP)
    yield from _described(record.fields.get("sys_description"))


def _names(record: Record) -> Iterator[Fact]:
    """Address records: the names of other devices, and the speaker's own in multicast DNS."""
    for each in record.fields.get("records") or ():
        if each.get("type") == "A" and each.get("name"):
            yield Fact(Name.HOST_NAME, str(each["name"]), Confidence.TEXT, subject=str(each.get("value")))


def _netbios(record: Record) -> Iterator[Fact]:
    """A registration names the speaker; suffix 0 is the workstation service."""
    fields = record.fields
    if fields.get("suffix") == 0 and fields.get("query") and not fields.get("group"):
        yield Fact(Name.HOST_NAME, str(fields["query"]), Confidence.TEXT)


SOURCES = (
    Source("lldp", on(NOTICES), _neighbour(_LLDP, "management_addresses"), pause=60),
    Source("cdp", on(NOTICES), _neighbour(_CDP, "addresses"), pause=60),
    Source("snmp", on(RESPONSES, "response"), _snmp),
    Source("dns", on(RESPONSES), _names),
    Source("mdns", on(NOTICES), _names),
    Source("nbns", on(REQUESTS, "registration", "refresh"), _netbios),
)
