"""`/api/v1/devices` and `/api/v1/devices/connections` of the sensor's API. Times are epoch milliseconds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.inventory.model import AssetType, Name
from holdfast.defender.network.filters import AssetFilter
from holdfast.defender.service.seen import Device, Seen, Talk
from holdfast.defender.uplink.documents import AssetDocument, AttributeDocument
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

NAMES: Final[Mapping[str, str]] = {
    "arp": "ARP",
    "bacnet": "BACNet",
    "cdp": "CDP",
    "cip": "EtherNet/IP",
    "cip_identity": "EtherNet/IP",
    "cip_io": "EtherNet/IP",
    "dcerpc": "RPC",
    "dnp3": "DNP3",
    "dns": "DNS",
    "enip": "EtherNet/IP",
    "ftp": "FTP",
    "goose": "GOOSE",
    "http": "HTTP",
    "icmp": "ICMP",
    "icmpv6": "ICMP",
    "iec104": "IEC-60870",
    "lldp": "LLDP",
    "mdns": "MDNS",
    "mms": "MMS",
    "modbus": "MODBUS",
    "nbdgm": "Netbios Datagram Service",
    "nbns": "Netbios Name Service",
    "opcua": "OPC UA",
    "pn_dcp": "Profinet DCP",
    "pn_rt": "Profinet Real-Time",
    "s7comm": "Siemens S7",
    "s7comm_plus": "Siemens S7 Plus",
    "smb": "SMB",
    "smb2": "SMB",
    "snmp": "SNMP",
    "ssh": "SSH",
    "sv": "Sampled Values",
    "syslog": "SYSLOG",
    "tds": "TDS",
    "telnet": "Telnet",
    "umas": "MODBUS",
}
"""Documented names of protocols; others keep ours."""
_IDS: Final = {name: number for number, name in enumerate(sorted(PROTOCOLS), 1)}


def milliseconds(moment: str) -> int:
    """A moment of a document."""
    return round(parse_isoformat(moment) * 1000)


def devices(seen: Seen, authorized: bool | None = None) -> list[JsonValue]:
    """All devices; with `authorized`, those whose authorization is that."""
    return [device_json(device) for device in seen.devices(AssetFilter(authorized=authorized))]


class Places(NamedTuple):
    """Ids that a device's place or sensor must be among; empty ones do not matter."""

    sites: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    sensors: frozenset[str] = frozenset()

    def hold(self, site: str, zone: str, sensors: Iterable[str]) -> bool:
        """Whether something there is meant."""
        return (
            (not self.sites or site in self.sites)
            and (not self.zones or zone in self.zones)
            and (not self.sensors or not self.sensors.isdisjoint(sensors))
        )


def placed_devices(seen: Seen, authorized: bool | None, places: Places) -> list[JsonValue]:
    """Devices of all sensors with their places, as the console lists them."""
    return [
        {
            **device_json(device),
            "sensorId": next(iter(device.sensors), ""),
            "zoneId": device.zone,
            "siteId": device.site,
        }
        for device in seen.devices(AssetFilter(authorized=authorized))
        if places.hold(device.site, device.zone, device.sensors)
    ]


def device_json(device: Device) -> JsonObject:
    """One device in the fields of version 1."""
    asset = device.asset
    return {
        "id": device.number,
        "ipAddresses": list(asset.ip_addresses),
        "name": asset.name,
        "vendor": asset.vendor or None,
        "operatingSystem": asset.operating_system or None,
        "macAddresses": list(asset.mac_addresses),
        "type": asset.type,
        "engineeringStation": is_engineering_station(asset),
        "authorized": asset.authorized,
        "scanner": asset.scanner,
        "protocols": list(_protocols(asset)),
        "firmware": list(_firmware(asset)),
        "hasDynamicAddress": asset.dynamic_address,
    }


def is_engineering_station(asset: AssetDocument) -> bool:
    """Whether it programs controllers."""
    return asset.programming or asset.type == AssetType.ENGINEERING_STATION


def _protocols(asset: AssetDocument) -> Iterator[JsonValue]:
    shown: set[str] = set()
    for use in asset.protocols:
        name = NAMES.get(use.name, use.name)
        if name not in shown:
            shown.add(name)
            addresses: list[JsonValue] = [*(asset.ip_addresses or asset.mac_addresses)]
            yield {"id": _IDS.get(use.name, 0), "name": name, "addresses": addresses}


def _firmware(asset: AssetDocument) -> Iterator[JsonValue]:
    """The device's own, then one of each module."""
    own = {name: facts[0] for name, facts in asset.attributes.items() if facts}
    if own.keys() & {Name.FIRMWARE.value, Name.MODEL.value, Name.SERIAL.value}:
        yield _firmware_json(asset.address, None, None, own)
    for module in asset.modules:
        facts = {name: fact for name, fact in module.items() if isinstance(fact, AttributeDocument)}
        yield _firmware_json(asset.address, str(module.get("rack", 0)), str(module.get("slot", 0)), facts)


def _firmware_json(
    address: str, rack: str | None, slot: str | None, known: Mapping[str, AttributeDocument]
) -> JsonObject:
    def value(name: Name) -> str | None:
        fact = known.get(name.value)
        return fact.value if fact is not None else None

    return {
        "address": address,
        "moduleAddress": address if rack is None else f"{address}/{rack}/{slot}",
        "serial": value(Name.SERIAL),
        "model": value(Name.MODEL),
        "firmwareVersion": value(Name.FIRMWARE),
        "additionalData": value(Name.DESCRIPTION),
        "rack": rack,
        "slot": slot,
    }


class Span(NamedTuple):
    """When connections were discovered (epoch milliseconds) and active (minutes back); None asks for any."""

    before: int | None = None
    after: int | None = None
    active_minutes: int | None = None

    def holds(self, first: int, last: int, now: float) -> bool:
        """Whether a connection of these milliseconds is meant."""
        return (
            (self.before is None or first <= self.before)
            and (self.after is None or first >= self.after)
            and (self.active_minutes is None or last >= (now - self.active_minutes * 60) * 1000)
        )


def connections(seen: Seen, now: float, span: Span, device: int | None = None) -> list[JsonValue]:
    """Who talks to whom, a pair of devices each; with `device` those of one.

    Raises InvalidError for contradicting moments, NotFoundError for an unknown device.
    """
    if span.before is not None and span.after is not None and span.before < span.after:
        raise InvalidError("discoveredBefore is earlier than discoveredAfter.", "discoveredBefore")
    talks = list(seen.connections())
    ends = seen.numbers_at(
        (talk.organization, end) for talk in talks for end in (talk.document.client, talk.document.server)
    )
    if device is not None and device not in ends.values():
        seen.network.asset(seen.reach, device)  # one that never talked has no connections; no other is there
    pairs: dict[tuple[int, int], _Pair] = {}
    for talk in talks:
        client, server = (
            ends.get((talk.organization, end)) for end in (talk.document.client, talk.document.server)
        )
        if client is not None and server is not None and device in (None, client, server):
            pairs.setdefault((client, server), _Pair()).add(talk)
    return [
        pair.document(*numbers) for numbers, pair in pairs.items() if span.holds(pair.first, pair.last, now)
    ]


class _Pair:
    """What two devices exchanged."""

    def __init__(self) -> None:
        self.first = self.last = 0
        self._ports: set[int] = set()
        self._commands: dict[str, set[str]] = {}

    def add(self, talk: Talk) -> None:
        document = talk.document
        first = milliseconds(document.first_seen)
        self.first = min(self.first or first, first)
        self.last = max(self.last, milliseconds(document.last_seen))
        if document.port:
            self._ports.add(document.port)
        name = NAMES.get(document.protocol, document.protocol) or document.transport
        self._commands.setdefault(name, set()).update(document.commands)

    def document(self, first: int, second: int) -> JsonObject:
        return {
            "firstDeviceId": first,
            "secondDeviceId": second,
            "lastSeen": self.last,
            "discovered": self.first,
            "ports": list[JsonValue](sorted(self._ports)),
            "protocols": [
                {"name": name, "commands": list[JsonValue](sorted(commands))}
                for name, commands in sorted(self._commands.items())
            ],
        }
