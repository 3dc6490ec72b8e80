"""The risk score: an open formula, so that everybody can check it and argue with it.

An asset begins with 100 points. It loses the weight of each kind of weak point that it has (once, however
often it was seen), and for its open alerts 15 points for the first of high severity, 8 for medium, 3 for
low, half of that for the second, a quarter for the third, and so on. The score never goes below 0.

A zone's score is the mean of its assets' scores, in which an important asset counts five times, a field
device three times, every other once; and it is at most 25 above the score of its weakest important asset or
field device, because that is where an attacker would go. A site's score is made in the same way from all its
assets.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from holdfast.alerts.model import Alert, Severity
from holdfast.defender.findings.model import Finding, WeakPoint
from holdfast.defender.inventory.model import FIELD_DEVICES, Asset, AssetType

FULL = 100.0
_ALERTS = {Severity.HIGH: 15.0, Severity.MEDIUM: 8.0, Severity.LOW: 3.0}
_IMPORTANT, _FIELD, ORDINARY = 5.0, 3.0, 1.0
"""Weights in a zone; it is at most so much better than the worst of those that weigh more than ordinary."""
_ABOVE_WEAKEST = 25.0


class Grade(StrEnum):
    """The score in words."""

    SECURE = "secure"
    NEEDS_IMPROVEMENT = "needs improvement"
    VULNERABLE = "vulnerable"


_BOUNDS = {
    Grade.SECURE: (90.0, math.inf),
    Grade.NEEDS_IMPROVEMENT: (70.0, 90.0),
    Grade.VULNERABLE: (-math.inf, 70.0),
}


def grade(score: float) -> Grade:
    """Secure from 90 on, vulnerable below 70."""
    return next(word for word, (least, above) in _BOUNDS.items() if least <= score < above)


def bounds(word: Grade) -> tuple[float, float]:
    """The scores of a grade: from the first to below the second."""
    return _BOUNDS[word]


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
    counts = Counter(alert.severity for alert in alerts if alert.open)
    return risk_of(weights, counts, weight_of(asset.type, important=asset.important))


def risk_of(weights: Mapping[str, float], alerts: Mapping[Severity, int], weight: float) -> AssetRisk:
    """The score with these weak points (their titles and weights) and so many open alerts."""
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    deductions = [Deduction(title, points) for title, points in ordered]
    deductions += _alert_deductions(alerts)
    score = max(0.0, FULL - sum(deduction.points for deduction in deductions))
    return AssetRisk(round(score, 1), tuple(deductions), weight)


def weight_of(kind: AssetType | None, *, important: bool) -> float:
    """How much an asset counts in its zone."""
    if important:
        return _IMPORTANT
    return _FIELD if kind in FIELD_DEVICES else ORDINARY


def _alert_deductions(alerts: Mapping[Severity, int]) -> list[Deduction]:
    return [
        Deduction(f"open alerts of {severity} severity: {number}", round(points * (2 - 2 ** (1 - number)), 1))
        for severity, points in _ALERTS.items()
        if (number := alerts.get(severity, 0))
    ]


def zone_score(assets: Iterable[AssetRisk]) -> float | None:
    """The score of a zone (or of a site, given the risks of all its assets); None without assets."""
    risks = list(assets)
    total = sum(risk.weight for risk in risks)
    weakest = min((risk.score for risk in risks if risk.weight > ORDINARY), default=None)
    return score_of(sum(risk.score * risk.weight for risk in risks), total, weakest)


def score_of(weighted: float, total: float, weakest: float | None) -> float | None:
    """A zone's score out of sums: of scores times weights, of weights, and the lowest that counts most."""
    if not total:
        return None
    return round(min(weighted / total, (FULL if weakest is None else weakest) + _ABOVE_WEAKEST), 1)
