"""`/api/v1/reports/vulnerabilities/…` of the sensor's API."""

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from holdfast.alerts.model import Alert
from holdfast.alerts.store.reading import Numbered
from holdfast.defender.findings.risk import FULL, grade, zone_score
from holdfast.defender.inventory.model import AssetType
from holdfast.defender.service.devices import NAMES, is_engineering_station, milliseconds
from holdfast.defender.service.seen import Device, Seen
from holdfast.defender.uplink.documents import FindingDocument, ProtocolDocument
from holdfast.kernel.json import JsonObject, JsonValue

_MALWARE: Final = "malware"
_PREFIX: Final = 24
"""Bits of an IPv4 address that count as one subnet."""
_MEGABYTE: Final = 1_000_000
_DATAGRAMS: Final = frozenset(
    {"bacnet", "cip_io", "coap", "dhcp", "dns", "hart_ip", "llmnr", "mdns", "nbdgm", "nbns", "ntp"}
    | {"profinet_io_cm", "snmp", "syslog"}
)
"""Protocols over UDP; all others with ports go over TCP."""
_WEAK_SIGN_INS: Final = frozenset({"default-snmp-community", "unprotected-opc-ua"})


def device_report(seen: Seen) -> list[JsonValue]:
    """The weak points of every device that has some."""
    alerts = list(seen.alerts())
    attacked = {place for alert in _of_engine(alerts, _MALWARE) for place in _places(alert)}
    return [
        _device(device, malware=any((device.organization, each) in attacked for each in device.addresses))
        for device in seen.devices()
        if device.risk.deductions
    ]


def security_report(seen: Seen) -> JsonObject:
    """What is wrong with the network's security."""
    devices = list(seen.devices())
    return {
        "unauthorizedDevices": [
            {
                "address": device.asset.address,
                "name": device.asset.name,
                "firstDetectionTime": milliseconds(device.asset.first_seen),
                "lastSeen": milliseconds(device.asset.last_seen),
            }
            for device in devices
            if not device.asset.authorized
        ],
        "illegalTrafficByFirewallRules": [],
        "weakFirewallRules": [],
        "accessPoints": [
            {
                "macAddress": next(iter(device.asset.mac_addresses), None),
                "vendor": device.asset.vendor or None,
                "ipAddress": next(iter(device.asset.ip_addresses), "N/A"),
                "name": device.asset.name,
                "wireless": "Yes",
            }
            for device in devices
            if device.asset.type == AssetType.ACCESS_POINT
        ],
        "connectionsBetweenSubnets": list(_between_subnets(seen)),
        "industrialMalwareIndicators": [
            {
                "detectionTime": round(alert.first * 1000),
                "alertMessage": alert.type.title,
                "description": alert.type.meaning,
                "devices": list[JsonValue](each for each in (alert.source, alert.destination) if each),
            }
            for alert in _of_engine(seen.alerts(), _MALWARE)
        ],
        "internetConnections": [
            {
                "internalAddress": device.asset.address,
                "authorized": "Yes" if device.asset.authorized else "No",
                "externalAddresses": [*sorted({peer for finding in own for peer in finding.peers})],
            }
            for device in devices
            if (own := _of_kind(device, "internet-connection"))
        ],
    }


def operational_report(seen: Seen) -> JsonObject:
    """How the network works."""
    volumes: Counter[str] = Counter()
    for _organization, talk in seen.connections():
        volumes[_protocol_name(talk.protocol or talk.transport, talk.port)] += (
            talk.client_octets + talk.server_octets
        )
    alerts = list(seen.alerts())
    names = {
        (device.organization, address): device.asset.name
        for device in seen.devices()
        for address in device.addresses
    }
    return {
        "backupServer": [],
        "ipNetworks": list(_networks(address for _organization, address in names)),
        "protocolProblems": list(_problems(_of_engine(alerts, "protocol violation"))),
        "protocolDataVolumes": [
            {"protocol": name, "volume": f"{octets / _MEGABYTE:.3f} MB"}
            for name, octets in sorted(volumes.items())
        ],
        "disconnections": [
            {
                "assetAddress": silent,
                "assetName": names.get((alert.organization, silent), silent),
                "lastDetectionTime": round(alert.last * 1000),
                "backToNormalTime": None if alert.open else round(alert.closed_at * 1000),
            }
            for _number, alert in alerts
            if alert.type.category == "Unresponsive" and (silent := alert.destination or alert.source)
        ],
    }


def mitigation_report(seen: Seen) -> JsonObject:
    """What to do first: each kind of weak point, and by how many points the score would rise without it.

    What would not raise it by a whole point stands among the notifications.
    """
    devices = list(seen.devices())
    before = zone_score(device.risk for device in devices)
    having: dict[str, list[Device]] = defaultdict(list)
    kinds: dict[str, FindingDocument] = {}
    for device in devices:
        for kind, finding in {finding.id: finding for finding in device.asset.findings}.items():
            kinds.setdefault(kind, finding)
            having[kind].append(device)
    gains = [
        (_gain(devices, having[kind], finding.weight, before), finding) for kind, finding in kinds.items()
    ]
    gains.sort(key=lambda entry: -entry[0])
    mitigation: list[JsonValue] = [
        {
            "content": finding.title,
            "scoreImprovement": round(gain),
            "details": {
                "steps": list(finding.remediation),
                "devices": [device.asset.address for device in having[finding.id]],
            },
        }
        for gain, finding in gains
        if round(gain)
    ]
    rest: list[JsonValue] = [
        f"{finding.title}: {step}"
        for gain, finding in gains
        if not round(gain)
        for step in finding.remediation
    ]
    return {"notifications": rest, "mitigation": mitigation}


def _gain(devices: Sequence[Device], having: Sequence[Device], weight: float, before: float | None) -> float:
    """Points that the score of all would rise if some lost a weak point."""
    relieved = {device.number for device in having}
    after = zone_score(
        replace(device.risk, score=min(FULL, device.risk.score + weight * (device.number in relieved)))
        for device in devices
    )
    return 0.0 if after is None or before is None else after - before


def _device(device: Device, *, malware: bool) -> JsonObject:
    asset, system = device.asset, device.asset.operating_system
    return {
        "name": asset.name,
        "ipAddresses": list(asset.ip_addresses),
        "securityScore": round(device.risk.score),
        "grade": grade(device.risk.score).value,
        "vendor": asset.vendor or None,
        "firmwareVersion": asset.firmware or None,
        "model": asset.model or None,
        "isWirelessAccessPoint": asset.type == AssetType.ACCESS_POINT,
        "operatingSystem": {"name": system, "type": system, "version": None, "latestVersion": None}
        if system
        else None,
        "vulnerabilities": {
            "antiViruses": [],
            "plainTextPasswords": [
                {
                    "password": "",
                    "protocol": NAMES.get(finding.protocol, finding.protocol),
                    "strength": "Very weak",
                }
                for finding in _of_kind(device, "cleartext-password")
            ],
            "remoteAccess": list(_remote_access(device)),
            "isBackupServer": False,
            "openedPorts": [
                {"port": port, "transport": transport, "protocol": name, "isConflictingWithFirewall": False}
                for port, transport, name in _open_ports(asset.protocols)
            ],
            "isEngineeringStation": is_engineering_station(asset),
            "isKnownScanner": asset.scanner,
            "cves": [],
            "isUnauthorized": not asset.authorized,
            "malwareIndicationsDetected": malware,
            "weakAuthentication": [
                finding.detail for finding in asset.findings if finding.id in _WEAK_SIGN_INS
            ],
        },
    }


def _remote_access(device: Device) -> Iterator[JsonValue]:
    """Who comes in over what; the ports are those on which the device speaks it."""
    uses = {use.name: use for use in device.asset.protocols}
    for finding in _of_kind(device, "remote-access"):
        use = uses.get(finding.protocol)
        for client in finding.peers:
            for port in sorted(use.ports) if use is not None else ():
                yield {"port": port, "transport": "TCP", "client": client, "clientSoftware": finding.detail}


def _open_ports(protocols: Iterable[ProtocolDocument]) -> list[tuple[int, str, str]]:
    """Port, transport and name of what a device serves; several of ours may have one documented name."""
    return sorted(
        {
            (port, "UDP" if use.name in _DATAGRAMS else "TCP", NAMES.get(use.name, use.name))
            for use in protocols
            if use.server
            for port in use.ports
        }
    )


def _protocol_name(protocol: str, port: int) -> str:
    name = NAMES.get(protocol, protocol)
    return f"{name} ({port})" if port else name


def _networks(addresses: Iterable[str]) -> Iterator[JsonValue]:
    """The IPv4 subnets with how many addresses were seen in each."""
    counts = Counter(network for address in set(addresses) if (network := _network(address)) is not None)
    for network, number in sorted(counts.items()):
        yield {"addresses": number, "network": str(network.network_address), "mask": str(network.netmask)}


def _network(address: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network((address, _PREFIX), strict=False)
    except ValueError:
        return None  # IPv6, or a hardware address


def _between_subnets(seen: Seen) -> Iterator[JsonValue]:
    shown: set[tuple[str, str]] = set()
    for _organization, talk in seen.connections():
        one, other = _network(talk.client), _network(talk.server)
        pair = (talk.client, talk.server)
        if one is not None and other is not None and one != other and talk.port and pair not in shown:
            shown.add(pair)
            yield {"server": talk.server, "client": talk.client}


def _problems(alerts: Iterable[Alert]) -> Iterator[JsonValue]:
    """Alerts about protocols, each kind with where it came from."""
    found: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        found[alert.protocol, alert.type.title].append(alert)
    for (protocol, title), same in found.items():
        yield {
            "protocol": NAMES.get(protocol, protocol),
            "addresses": list(dict.fromkeys(alert.source for alert in same if alert.source)),
            "alert": title,
            "reportTime": round(max(alert.last for alert in same) * 1000),
        }


def _of_engine(alerts: Iterable[Numbered], engine: str) -> Iterator[Alert]:
    return (alert for _number, alert in alerts if alert.type.engine == engine)


def _places(alert: Alert) -> Iterator[tuple[str, str]]:
    return ((str(alert.organization), party) for party in (alert.source, alert.destination) if party)


def _of_kind(device: Device, weak_point: str) -> list[FindingDocument]:
    return [finding for finding in device.asset.findings if finding.id == weak_point]
