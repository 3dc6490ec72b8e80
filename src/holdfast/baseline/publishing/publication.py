"""What a publication is made from: how services stand at one moment, and the evidence behind it."""

from typing import NamedTuple

from holdfast.baseline.assessment.assess import Assessment, FeatureState
from holdfast.baseline.assessment.recommendations import Recommendation, recommendations
from holdfast.baseline.assessment.score import Score, secure_score
from holdfast.baseline.assessment.states import State
from holdfast.baseline.evidence.chain import Link
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.kernel.clock import isoformat


class Past(NamedTuple):
    """A change of a control's state or of a recommendation's status, for the history."""

    moment: float
    service: str
    control: str
    before: str
    after: str
    reason: str
    recommendation: str = ""
    """The id of the recommendation; empty where the control as a whole is meant."""


class Publication(NamedTuple):
    """Everything that the documents say. The same publication gives the same bytes."""

    assessments: tuple[Assessment, ...]
    owner: str
    """Who answers for the documents."""
    instance: str
    moment: float
    """When the state was taken, Unix seconds."""
    head: Link
    """Where the chain of evidence stood."""
    history: tuple[Past, ...] = ()

    def about(self, control: str) -> "Publication":
        """The same of one control alone."""
        return self._replace(
            assessments=tuple(
                assessment._replace(
                    controls=tuple(each for each in assessment.controls if each.control == control),
                    profile=(),
                )
                for assessment in self.assessments
            ),
            history=tuple(past for past in self.history if past.control == control),
        )

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Every observation that counts, once."""
        found = (item for assessment in self.assessments for item in assessment.observations)
        return tuple(dict.fromkeys(found))


def todo(assessment: Assessment) -> tuple[Recommendation, ...]:
    """The recommendations for a service."""
    return recommendations(assessment)


def score(assessment: Assessment) -> Score:
    """The secure score of a service."""
    return secure_score(todo(assessment))


def live_line(feature: FeatureState) -> str:
    """How a claim stands, in one sentence: state, reason, what was seen and until when it holds."""
    if feature.state is State.NOT_APPLICABLE:
        return f"not applicable. {feature.reason}".strip()
    passed = sum(item.outcome is Outcome.PASSED for item in feature.observations)
    line = f"{feature.state}" + (f" ({feature.reason})" if feature.reason else "")
    if not feature.observations:
        return f"{line}; no fresh evidence."
    oldest = min(item.collected for item in feature.observations)
    until = min(item.valid_until for item in feature.observations)
    probes = ", ".join(f"`{probe}`" for probe in dict.fromkeys(item.probe for item in feature.observations))
    seen = f"{passed} of {len(feature.observations)} observations passed ({probes})"
    return f"{line}; {seen}, since {isoformat(oldest)}, valid until {isoformat(until)}."
