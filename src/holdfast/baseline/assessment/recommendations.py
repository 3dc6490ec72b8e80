"""What falls short becomes a recommendation: what, why, what to do, and who does it."""

from enum import StrEnum
from typing import NamedTuple

from holdfast.baseline.assessment.assess import Assessment, FeatureState
from holdfast.baseline.assessment.states import State
from holdfast.baseline.data.fixes import Fix, fixes
from holdfast.baseline.model.vocabulary import Answer, Responsibility
from holdfast.baseline.probes.observation import Outcome
from holdfast.kernel.json import JsonObject


class Severity(StrEnum):
    """How much it matters."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Status(StrEnum):
    """What became of a recommendation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    """Somebody takes the risk for a time."""
    EXEMPT = "exempt"
    """The intent is met in another way."""
    FIXED = "fixed"
    UNKNOWN = "unknown"
    """Nothing fresh is known, so nobody can say."""


class Recommendation(NamedTuple):
    """One thing to do."""

    id: str
    """The feature's key: stable, so that its history can be followed."""
    service: str
    control: str
    title: str
    severity: Severity
    status: Status
    why: str
    problem: str
    """What was seen."""
    affected: tuple[str, ...]
    healthy: tuple[str, ...]
    steps: tuple[str, ...]
    command: str
    """What fixes it, as it is typed; empty where nothing on the command line does."""
    page: str
    """Where in the console it is fixed; empty likewise."""
    responsible: Responsibility

    def content(self) -> JsonObject:
        """The recommendation for API and documents."""
        return {
            **{name: str(value) for name, value in self._asdict().items() if isinstance(value, str)},
            "affected": list(self.affected),
            "healthy": list(self.healthy),
            "steps": list(self.steps),
        }


_HIGH = frozenset({"DP-3", "DP-4", "IM-1", "PA-1", "PA-7", "NS-2", "IM-8"})
_LOW = frozenset({"AM-5", "PV-3", "ES-3", "DP-1"})
"""By control: what an attacker uses first, and what only helps others; the rest is in between."""


def recommendations(assessment: Assessment) -> tuple[Recommendation, ...]:
    """One for each feature that applies, the open and severe ones first."""
    found = [
        _recommendation(assessment.service.key, feature)
        for feature in assessment.features
        if feature.state is not State.NOT_APPLICABLE
    ]
    order = list(Status), list(Severity)
    return tuple(sorted(found, key=lambda item: (order[0].index(item.status), order[1].index(item.severity))))


def _recommendation(service: str, feature: FeatureState) -> Recommendation:
    affected = [item.subject for item in feature.observations if item.outcome is not Outcome.PASSED]
    unused = [item.subject for item in feature.observations if item.in_force is False]
    healthy = [item.subject for item in feature.observations if item.subject not in {*affected, *unused}]
    fix = fixes().get(feature.feature.key, Fix(feature=feature.feature.key))
    return Recommendation(
        id=feature.feature.key,
        service=service,
        control=feature.feature.control,
        title=_title(feature),
        severity=severity_of(feature.feature.control),
        status=_status(feature),
        why=feature.feature.desired_because,
        problem=feature.reason,
        affected=tuple(dict.fromkeys([*affected, *unused])),
        healthy=tuple(dict.fromkeys(healthy)),
        steps=_steps(feature),
        command=fix.command,
        page=fix.page,
        responsible=_responsible(feature),
    )


def _title(feature: FeatureState) -> str:
    return f"{feature.feature.name}: should be {feature.feature.desired}"


def severity_of(control: str) -> Severity:
    """How much it matters when a control falls short."""
    return Severity.HIGH if control in _HIGH else Severity.LOW if control in _LOW else Severity.MEDIUM


def _status(feature: FeatureState) -> Status:
    if feature.exemption:
        return Status.ACCEPTED if feature.exemption.category == "accepted" else Status.EXEMPT
    if feature.state is State.SATISFIED:
        return Status.FIXED
    return Status.UNKNOWN if feature.state is State.NOT_ASSESSED else Status.OPEN


def _steps(feature: FeatureState) -> tuple[str, ...]:
    again = f"Assess again: holdfast baseline assess --feature {feature.feature.key}"
    if not feature.proven:
        return ("Read what the probe saw and restore what it expected.", again)
    if feature.claim.supported is Answer.TRUE and feature.claim.guidance:
        return (feature.claim.guidance, again)
    return ("Wait for a release that has it, or make an exemption that says how the risk is met.",)


def _responsible(feature: FeatureState) -> Responsibility:
    """Whoever the claim names; for what is missing or broken that is the product."""
    named = feature.claim.responsibility
    missing = feature.claim.supported is not Answer.TRUE or not feature.proven
    return Responsibility.HOLDFAST if missing or named is Responsibility.NOT_APPLICABLE else named
