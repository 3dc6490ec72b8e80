"""The secure score, with a formula that anybody can compute again.

    score = 100 × Σ weight × healthy ÷ (healthy + unhealthy)  ÷  Σ weight

over the recommendations: one for each feature that applies and has evidence, one for each policy that judges
something. Weight is 8, 4 or 2 for high, medium or low severity; healthy and unhealthy are the subjects that
the probes looked at, or the resources that the policy judged. A feature that the service lacks counts as
wholly unhealthy; what is exempt or without evidence counts on neither side: that is told by coverage.
"""

from typing import NamedTuple

from holdfast.baseline.assessment.recommendations import Recommendation, Severity, Status

WEIGHTS = {Severity.HIGH: 8, Severity.MEDIUM: 4, Severity.LOW: 2}


FORMULA = "100 × Σ weight × healthy ÷ (healthy + unhealthy) ÷ Σ weight"


class Term(NamedTuple):
    """What one recommendation adds."""

    recommendation: Recommendation
    weight: int
    healthy: float
    """Share of healthy subjects, 0 to 1."""


class Score(NamedTuple):
    """The score and what it was computed from."""

    terms: tuple[Term, ...]

    @property
    def points(self) -> float:
        """What was reached."""
        return sum(term.weight * term.healthy for term in self.terms)

    @property
    def maximum(self) -> int:
        """What could be reached."""
        return sum(term.weight for term in self.terms)

    @property
    def percent(self) -> float | None:
        """0 to 100; None when nothing was assessed."""
        return 100 * self.points / self.maximum if self.maximum else None


def secure_score(found: tuple[Recommendation, ...]) -> Score:
    """The score of a service."""
    counted = [item for item in found if item.status in (Status.OPEN, Status.FIXED)]
    return Score(tuple(Term(item, WEIGHTS[item.severity], _healthy_share(item)) for item in counted))


def _healthy_share(item: Recommendation) -> float:
    if item.status is Status.FIXED:
        return 1.0
    healthy, affected = item.health
    return healthy / (healthy + affected) if affected else 0.0
