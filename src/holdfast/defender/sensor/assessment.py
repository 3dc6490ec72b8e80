"""The risk of every asset of a sensor, from its findings and open alerts."""

from collections import defaultdict

from holdfast.alerts.model import Alert
from holdfast.defender.findings.model import Finding, WeakPoint
from holdfast.defender.findings.risk import AssetRisk, asset_risk
from holdfast.defender.findings.weak_points import WEAK_POINTS
from holdfast.defender.inventory.model import Asset, Name
from holdfast.defender.sensor.sensor import Sensor

_OPEN_KEYS = ("Remote", "Program")


def assess(sensor: Sensor) -> list[tuple[Asset, list[Finding], AssetRisk]]:
    """Every asset with its findings and its risk."""
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in sensor.findings:
        findings[finding.asset].append(finding)
    alerts: dict[str, list[Alert]] = defaultdict(list)
    for alert in sensor.alerts:
        for party in {alert.source, alert.destination} - {""}:
            alerts[party].append(alert)
    return [_assess(asset, findings, alerts) for asset in sensor.inventory]


def _assess(
    asset: Asset, findings: dict[str, list[Finding]], alerts: dict[str, list[Alert]]
) -> tuple[Asset, list[Finding], AssetRisk]:
    own = [finding for address in asset.addresses() for finding in findings.get(address, ())]
    own.sort(key=lambda finding: (-finding.weak_point.weight, finding.first))
    open_alerts = {alert.id: alert for address in asset.addresses() for alert in alerts.get(address, ())}
    return asset, own, asset_risk(asset, own, open_alerts.values(), *_known(asset))


def _known(asset: Asset) -> list[WeakPoint]:
    """Weak points that the inventory itself shows."""
    known = []
    if not asset.authorized:
        known.append(WEAK_POINTS["unauthorized-device"])
    if asset.value(Name.PLC_MODE).startswith(_OPEN_KEYS):
        known.append(WEAK_POINTS["plc-not-in-run"])
    return known
