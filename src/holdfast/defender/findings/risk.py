"""The risk score: an open formula, so that everybody can check it and argue with it.

An asset begins with 100 points. It loses the weight of each kind of weak point that it has (once, however
often it was seen), and for its open alerts 15 points for the first of high severity, 8 for medium, 3 for
low, half of that for the second, a quarter for the third, and so on. The score never goes below 0.

A zone's score is the mean of its assets' scores, in which an important asset counts five times, a field
device three times, every other once; and it is at most 25 above the score of its weakest important asset or
field device, because that is where an attacker would go. A site's score is made in the same way from all its
assets.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from holdfast.alerts.model import Alert, Severity
from holdfast.defender.findings.model import Finding, WeakPoint
from holdfast.defender.inventory.model import FIELD_DEVICES, Asset, AssetType

FULL = 100.0
_ALERTS = {Severity.HIGH: 15.0, Severity.MEDIUM: 8.0, Severity.LOW: 3.0}
_IMPORTANT, _FIELD, _OTHER = 5.0, 3.0, 1.0
_ABOVE_WEAKEST = 25.0


class Grade(StrEnum):
    """The score in words."""

    SECURE = "secure"
    NEEDS_IMPROVEMENT = "needs improvement"
    VULNERABLE = "vulnerable"


def grade(score: float) -> Grade:
    """Secure from 90 on, vulnerable below 70."""
    if score >= 90:
        return Grade.SECURE
    return Grade.NEEDS_IMPROVEMENT if score >= 70 else Grade.VULNERABLE


@dataclass(frozen=True, slots=True)
class Deduction:
    """One reason why a score is not full."""

    reason: str
    points: float


@dataclass(frozen=True, slots=True)
class AssetRisk:
    """The score of one asset, with its reasons."""

    score: float
    deductions: tuple[Deduction, ...]
    weight: float
    """How much it counts in its zone."""


def asset_risk(
    asset: Asset, findings: Iterable[Finding], alerts: Iterable[Alert], *more: WeakPoint
) -> AssetRisk:
    """The score of an asset with its findings, its open alerts, and weak points known from elsewhere."""
    kinds = {finding.weak_point.id: finding.weak_point for finding in findings}
    kinds |= {weak_point.id: weak_point for weak_point in more}
    weights = {each.title: float(each.weight) for each in kinds.values()}
    return risk_of(weights, alerts, weight_of(asset.type, important=asset.important))


def risk_of(weights: Mapping[str, float], alerts: Iterable[Alert], weight: float) -> AssetRisk:
    """The score with these weak points (their titles and weights) and open alerts."""
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    deductions = [Deduction(title, points) for title, points in ordered]
    deductions += _alert_deductions(alerts)
    score = max(0.0, FULL - sum(deduction.points for deduction in deductions))
    return AssetRisk(round(score, 1), tuple(deductions), weight)


def weight_of(kind: AssetType | None, *, important: bool) -> float:
    """How much an asset counts in its zone."""
    if important:
        return _IMPORTANT
    return _FIELD if kind in FIELD_DEVICES else _OTHER


def _alert_deductions(alerts: Iterable[Alert]) -> list[Deduction]:
    counts = dict.fromkeys(_ALERTS, 0)
    for alert in alerts:
        if alert.open:
            counts[alert.severity] += 1
    return [
        Deduction(
            f"open alerts of {severity} severity: {number}",
            round(_ALERTS[severity] * (2 - 2 ** (1 - number)), 1),
        )
        for severity, number in counts.items()
        if number
    ]


def zone_score(assets: Iterable[AssetRisk]) -> float | None:
    """The score of a zone (or of a site, given the risks of all its assets); None without assets."""
    risks = list(assets)
    if not risks:
        return None
    total = sum(risk.weight for risk in risks)
    mean = sum(risk.score * risk.weight for risk in risks) / total
    weakest = min((risk.score for risk in risks if risk.weight > _OTHER), default=FULL)
    return round(min(mean, weakest + _ABOVE_WEAKEST), 1)
