"""Risk of assets, zones and sites as the platform sees them: what sensors found, and the alerts that are
open here.

The formula is that of `findings.risk`; only the open alerts are the platform's, because people close them
here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from holdfast.alerts.model import Alert
from holdfast.defender.findings.risk import AssetRisk, grade, risk_of, weight_of, zone_score
from holdfast.defender.findings.weak_points import WEAK_POINTS
from holdfast.defender.inventory.model import AssetType
from holdfast.defender.uplink.documents import FindingDocument
from holdfast.kernel.json import JsonObject, JsonValue

_UNAUTHORIZED, _KEY = "unauthorized-device", "plc-not-in-run"
_OPEN_KEYS = ("Remote", "Program")


class _Assessed(msgspec.Struct, frozen=True):
    """What the formula needs of an asset's document."""

    organization: str
    type: str
    plc_mode: str
    authorized: bool
    important: bool
    ip_addresses: list[str]
    mac_addresses: list[str]
    findings: list[FindingDocument]


Parties = Mapping[tuple[str, str], Sequence[Alert]]
"""Open alerts by organization and address."""


def by_party(alerts: Iterable[Alert]) -> Parties:
    """Open alerts by those whom they are about."""
    found: dict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        for party in {alert.source, alert.destination} - {""}:
            if alert.open:
                found[alert.organization, party].append(alert)
    return found


def asset_risk(document: JsonObject, alerts: Parties) -> AssetRisk:
    """The risk of an asset as the API shows it."""
    asset = msgspec.convert(document, _Assessed)
    kinds = {finding.id: (finding.title, float(finding.weight)) for finding in asset.findings}
    for known, applies in (
        (_UNAUTHORIZED, not asset.authorized),
        (_KEY, asset.plc_mode.startswith(_OPEN_KEYS)),
    ):
        if applies:
            kinds[known] = (WEAK_POINTS[known].title, float(WEAK_POINTS[known].weight))
    own = {
        alert.id: alert
        for address in (*asset.ip_addresses, *asset.mac_addresses)
        for alert in alerts.get((asset.organization, address), ())
    }
    kind = AssetType(asset.type) if asset.type in list(AssetType) else None
    return risk_of(dict(kinds.values()), own.values(), weight_of(kind, important=asset.important))


def with_risk(document: JsonObject, alerts: Parties) -> JsonObject:
    """The asset with its risk as it is now."""
    return {**document, "risk": risk_json(asset_risk(document, alerts))}


def risk_json(risk: AssetRisk) -> JsonObject:
    """A risk with its reasons."""
    return {
        "score": risk.score,
        "grade": grade(risk.score).value,
        "deductions": [{"reason": each.reason, "points": each.points} for each in risk.deductions],
    }


def zones(documents: Iterable[JsonObject], alerts: Parties) -> JsonObject:
    """The scores of every zone and site, worst first, and of everything together."""
    by_zone: dict[str, list[AssetRisk]] = defaultdict(list)
    by_site: dict[str, list[AssetRisk]] = defaultdict(list)
    for document in documents:
        risk = asset_risk(document, alerts)
        by_zone[str(document["organization"])].append(risk)
        by_site[str(document["site"])].append(risk)
    everything = [risk for risks in by_zone.values() for risk in risks]
    return {
        "zones": _scores("organization", by_zone),
        "sites": _scores("site", by_site),
        "overall": _score(everything),
        "assets": len(everything),
    }


def _scores(name: str, groups: Mapping[str, Sequence[AssetRisk]]) -> list[JsonValue]:
    found = [{name: key, "assets": len(risks), **_score(risks)} for key, risks in groups.items()]
    found.sort(key=lambda each: float(str(each["score"])))
    return list[JsonValue](found)


def _score(risks: Sequence[AssetRisk]) -> JsonObject:
    score = zone_score(risks)
    return {"score": score, "grade": None if score is None else grade(score).value}


def findings(documents: Iterable[JsonObject]) -> list[JsonObject]:
    """Every kind of weak point that was found, heaviest first, with the assets that have it."""
    kinds: dict[str, JsonObject] = {}
    found: dict[str, list[JsonValue]] = defaultdict(list)
    for document in documents:
        shown = document.get("findings")
        for finding in shown if isinstance(shown, list) else []:
            if not isinstance(finding, dict):
                continue
            identifier = str(finding["id"])
            kinds.setdefault(
                identifier,
                {name: finding[name] for name in ("id", "title", "weight", "description", "remediation")},
            )
            found[identifier].append(
                {
                    "asset": document["id"],
                    "name": document["name"],
                    "address": document["address"],
                    "detail": finding["detail"],
                    "last_seen": finding["last_seen"],
                }
            )
    ordered = sorted(kinds.values(), key=lambda kind: -float(str(kind["weight"])))
    return [{**kind, "assets": found[str(kind["id"])]} for kind in ordered]
