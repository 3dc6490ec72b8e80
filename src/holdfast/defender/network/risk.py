"""Risk of assets, zones and sites as the platform sees them: what sensors found, and the alerts that are
open here.

The formula is that of `findings.risk`; only the open alerts are the platform's, because people close them
here. `rating` keeps the scores.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from holdfast.alerts.model import Severity
from holdfast.defender.findings.risk import (
    FULL,
    AssetRisk,
    Deduction,
    grade,
    risk_of,
    score_of,
    weight_of,
)
from holdfast.defender.findings.weak_points import WEAK_POINTS
from holdfast.defender.inventory.model import AssetType
from holdfast.defender.uplink.documents import FindingDocument, RiskDocument
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath, site_of

_UNAUTHORIZED, _KEY = "unauthorized-device", "plc-not-in-run"
_OPEN_KEYS = ("Remote", "Program")


class Assessed(msgspec.Struct, frozen=True):
    """What the formula needs of an asset's document."""

    type: str
    plc_mode: str
    authorized: bool
    important: bool
    findings: list[FindingDocument]


class ZoneSums(NamedTuple):
    """What a zone's score is made of."""

    organization: str
    assets: int
    weighted: float
    """Scores times weights."""
    weight: float
    weakest: float | None
    """The lowest score among the assets that count most; None without any."""


def assessed_risk(asset: Assessed, alerts: Mapping[Severity, int]) -> AssetRisk:
    """The risk of an asset about which so many alerts are open."""
    kinds = {finding.id: (finding.title, float(finding.weight)) for finding in asset.findings}
    for known, applies in (
        (_UNAUTHORIZED, not asset.authorized),
        (_KEY, asset.plc_mode.startswith(_OPEN_KEYS)),
    ):
        if applies:
            kinds[known] = (WEAK_POINTS[known].title, float(WEAK_POINTS[known].weight))
    kind = AssetType(asset.type) if asset.type in list(AssetType) else None
    return risk_of(dict(kinds.values()), alerts, weight_of(kind, important=asset.important))


def kept_risk(document: JsonObject) -> AssetRisk:
    """The risk of an asset's document as it was rated last; full where it was not yet."""
    known = msgspec.convert(document, _Kept)
    kind = AssetType(known.type) if known.type in list(AssetType) else None
    weight = weight_of(kind, important=known.important)
    if known.risk is None:
        return AssetRisk(FULL, (), weight)
    deductions = tuple(Deduction(each.reason, each.points) for each in known.risk.deductions)
    return AssetRisk(known.risk.score, deductions, weight)


class _Kept(msgspec.Struct, frozen=True):
    type: str
    important: bool
    risk: RiskDocument | None


def risk_json(risk: AssetRisk) -> JsonObject:
    """A risk with its reasons."""
    return {
        "score": risk.score,
        "grade": grade(risk.score).value,
        "deductions": [{"reason": each.reason, "points": each.points} for each in risk.deductions],
    }


def zones(sums: Sequence[ZoneSums]) -> JsonObject:
    """The scores of every zone and site, worst first, and of everything together."""
    return {
        "zones": _scores("organization", sums, lambda zone: zone.organization),
        "sites": _scores("site", sums, lambda zone: site_of(OrganizationPath(zone.organization))),
        "overall": _score(sums),
        "assets": sum(zone.assets for zone in sums),
    }


def _scores(name: str, sums: Iterable[ZoneSums], key: Callable[[ZoneSums], str]) -> list[JsonValue]:
    groups: dict[str, list[ZoneSums]] = defaultdict(list)
    for zone in sums:
        groups[key(zone)].append(zone)
    found: list[JsonObject] = [
        {name: text, "assets": sum(zone.assets for zone in group), **_score(group)}
        for text, group in groups.items()
    ]
    found.sort(key=lambda each: float(str(each["score"])))
    return list[JsonValue](found)


def _score(sums: Sequence[ZoneSums]) -> JsonObject:
    score = score_of(
        sum(zone.weighted for zone in sums),
        sum(zone.weight for zone in sums),
        min((zone.weakest for zone in sums if zone.weakest is not None), default=None),
    )
    return {"score": score, "grade": None if score is None else grade(score).value}


class Weak(msgspec.Struct, frozen=True):
    """What is shown of an asset beside its weak points."""

    name: str
    findings: list[FindingDocument]


def findings(found: Iterable[tuple[int, str, Weak]]) -> list[JsonObject]:
    """Every kind of weak point among assets (number, address, what is weak), heaviest first, with those."""
    kinds: dict[str, FindingDocument] = {}
    having: dict[str, list[JsonValue]] = defaultdict(list)
    for number, address, asset in found:
        for finding in asset.findings:
            kinds.setdefault(finding.id, finding)
            having[finding.id].append(
                {
                    "asset": number,
                    "name": asset.name,
                    "address": address,
                    "detail": finding.detail,
                    "last_seen": finding.last_seen,
                }
            )
    return [
        {
            "id": kind.id,
            "title": kind.title,
            "weight": kind.weight,
            "description": kind.description,
            "remediation": list[JsonValue](kind.remediation),
            "assets": having[kind.id],
        }
        for kind in sorted(kinds.values(), key=lambda kind: -kind.weight)
    ]
