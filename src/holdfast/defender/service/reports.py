"""`/api/v1/reports/vulnerabilities/…` of the sensor's API."""

from collections.abc import Iterable

from holdfast.alerts.model import Alert
from holdfast.defender.findings.model import Finding
from holdfast.defender.findings.risk import AssetRisk, grade, zone_score
from holdfast.defender.inventory.model import Asset, AssetType
from holdfast.defender.service.devices import device_id
from holdfast.defender.service.view import DefenderView
from holdfast.kernel.json import JsonObject, JsonValue

_REMOTE = frozenset({"ssh", "rdp", "vnc", "telnet"})
_MALWARE = "malware"


def device_report(view: DefenderView) -> list[JsonValue]:
    """The weak points of every device."""
    alerts = list(view.alerts())
    return [_device(asset, findings, risk, alerts) for asset, findings, risk in view.assessed()]


def security_report(view: DefenderView) -> JsonObject:
    """What is wrong with the network's security."""
    assessed = list(view.assessed())
    internet = _with(assessed, "internet-connection")
    return {
        "unauthorizedDevices": [_reference(asset) for asset, _f, _r in assessed if not asset.authorized],
        "illegalTrafficByFirewallRules": [],
        "weakFirewallRules": [],
        "accessPoints": [
            _reference(asset) for asset, _f, _r in assessed if asset.type is AssetType.ACCESS_POINT
        ],
        "connectionsBetweenSubnets": _between_subnets(view),
        "industrialMalwareIndicators": [
            {"title": alert.type.title, "source": alert.source, "destination": alert.destination}
            for alert in view.alerts()
            if alert.type.engine == _MALWARE
        ],
        "internetConnections": [
            _reference(asset) | {"connections": [finding.detail for finding in findings]}
            for asset, findings in internet
        ],
    }


def operational_report(view: DefenderView) -> JsonObject:
    """How the network works."""
    volumes: dict[str, int] = {}
    networks: set[str] = set()
    for key, conversation in view.conversations():
        name = key.protocol or key.transport
        octets = conversation.client_octets + conversation.server_octets
        volumes[name] = volumes.get(name, 0) + octets
        networks.update(_network(address) for address in (key.client, key.server) if "." in address)
    problems = [alert for alert in view.alerts() if alert.type.engine == "protocol violation"]
    silent = [alert for alert in view.alerts() if alert.type.category == "Unresponsive"]
    return {
        "backupServer": [],
        "ipNetworks": list[JsonValue](sorted(networks)),
        "protocolProblems": [_alert_reference(alert) for alert in problems],
        "protocolDataVolumes": [
            {"protocol": name, "volume": volume} for name, volume in sorted(volumes.items())
        ],
        "disconnections": [_alert_reference(alert) for alert in silent],
    }


def mitigation_report(view: DefenderView) -> JsonObject:
    """What to do first: each kind of weak point, and by how much the score would rise without it."""
    assessed = list(view.assessed())
    before = zone_score(risk for _asset, _findings, risk in assessed)
    kinds = {
        finding.weak_point.id: finding.weak_point for _a, findings, _r in assessed for finding in findings
    }
    gains: list[tuple[float, JsonValue]] = []
    for weak_point in kinds.values():
        without = [
            AssetRisk(
                min(100.0, risk.score + weak_point.weight) if _has(findings, weak_point.id) else risk.score,
                risk.deductions,
                risk.weight,
            )
            for _asset, findings, risk in assessed
        ]
        after = zone_score(without)
        gain = round(after - before, 1) if after is not None and before is not None else 0.0
        devices = [asset.address for asset, findings, _r in assessed if _has(findings, weak_point.id)]
        details: JsonValue = {"steps": list(weak_point.steps), "devices": list[JsonValue](devices)}
        gains.append((gain, {"content": weak_point.title, "scoreImprovement": gain, "details": details}))
    gains.sort(key=lambda entry: -entry[0])
    return {"notifications": [], "mitigation": [document for _gain, document in gains]}


def _device(asset: Asset, findings: list[Finding], risk: AssetRisk, alerts: Iterable[Alert]) -> JsonObject:
    own = set(asset.addresses())
    passwords = [finding for finding in findings if finding.weak_point.id == "cleartext-password"]
    return {
        "name": asset.name,
        "ipAddresses": list(asset.ips),
        "securityScore": round(risk.score),
        "grade": grade(risk.score).value,
        "vulnerabilities": {
            "antiViruses": [],
            "plainTextPasswords": [
                {"protocol": finding.protocol, "strength": "Very weak"} for finding in passwords
            ],
            "remoteAccess": [
                {"port": port, "transport": "tcp", "client": None, "clientSoftware": name}
                for name, use in sorted(asset.protocols.items())
                if name in _REMOTE and use.server
                for port in sorted(use.ports)
            ],
            "isBackupServer": False,
            "openedPorts": [
                {"port": port, "transport": "tcp", "protocol": name, "isConflictingWithFirewall": False}
                for name, use in sorted(asset.protocols.items())
                for port in sorted(use.ports)
            ],
            "isEngineeringStation": asset.programming,
            "isKnownScanner": asset.scanner,
            "cves": [],
            "isUnauthorized": not asset.authorized,
            "malwareIndicationsDetected": any(
                alert.type.engine == _MALWARE and own & {alert.source, alert.destination} for alert in alerts
            ),
            "weakAuthentication": [
                finding.detail
                for finding in findings
                if finding.weak_point.id in {"default-snmp-community", "unprotected-opc-ua"}
            ],
        },
    }


def _reference(asset: Asset) -> JsonObject:
    return {"id": device_id(asset), "name": asset.name, "address": asset.address}


def _alert_reference(alert: Alert) -> JsonObject:
    return {
        "title": alert.type.title,
        "protocol": alert.protocol,
        "source": alert.source,
        "destination": alert.destination,
        "time": int(alert.first * 1000),
    }


def _with(
    assessed: Iterable[tuple[Asset, list[Finding], AssetRisk]], weak_point: str
) -> Iterable[tuple[Asset, list[Finding]]]:
    for asset, findings, _risk in assessed:
        own = [finding for finding in findings if finding.weak_point.id == weak_point]
        if own:
            yield asset, own


def _has(findings: Iterable[Finding], weak_point: str) -> bool:
    return any(finding.weak_point.id == weak_point for finding in findings)


def _network(address: str) -> str:
    """The /24 of an IPv4 address."""
    return ".".join(address.split(".")[:3]) + ".0/24"


def _between_subnets(view: DefenderView) -> list[JsonValue]:
    pairs = {
        (_network(key.client), _network(key.server))
        for key, _conversation in view.conversations()
        if "." in key.client and "." in key.server and key.port
    }
    return [{"source": one, "destination": other} for one, other in sorted(pairs) if one != other]
