"""What falls short becomes a recommendation: what, why, what to do, and who does it."""

from enum import StrEnum
from typing import Final, NamedTuple

from holdfast.baseline.assessment.assess import Assessment, ControlState, FeatureState, ProfileState
from holdfast.baseline.assessment.policies import Health, PolicyStanding
from holdfast.baseline.assessment.states import State
from holdfast.baseline.data.fixes import Fix, fixes
from holdfast.baseline.decisions.model import Exemption
from holdfast.baseline.model.vocabulary import Answer, Responsibility
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.kernel.json import JsonObject
from holdfast.policy.builtin.catalog import BASELINE


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
    """The feature's key, the policy's name or `profile-1`: stable, so that its history can be followed."""
    service: str
    control: str
    """Empty for a line of the security profile, which belongs to none."""
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
    health: Health
    seen: tuple[Observation, ...]
    """What was seen, all of it."""
    exemption: Exemption | None

    def content(self) -> JsonObject:
        """The recommendation for API and documents."""
        return {
            **{name: str(value) for name, value in self._asdict().items() if isinstance(value, str)},
            "affected": list(self.affected),
            "healthy": list(self.healthy),
            "affectedCount": self.health.affected,
            "healthyCount": self.health.healthy,
            "steps": list(self.steps),
        }


_HIGH = frozenset({"DP-3", "DP-4", "IM-1", "PA-1", "PA-7", "NS-2", "IM-8"})
_LOW = frozenset({"AM-5", "PV-3", "ES-3", "DP-1"})
"""By control: what an attacker uses first, and what only helps others; the rest is in between."""


def recommendations(assessment: Assessment) -> tuple[Recommendation, ...]:
    """What there is to do, the open and severe first.

    One for each line of the profile, each feature that applies and each policy that judges something.
    """
    service = assessment.service.key
    found = [
        _of_feature(service, feature)
        for feature in assessment.features
        if feature.state is not State.NOT_APPLICABLE
    ]
    found += [
        _of_policy(service, control, standing)
        for control in assessment.controls
        for standing in control.policies
    ]
    found += [_of_profile(service, state) for state in assessment.profile]
    order = list(Status), list(Severity)
    return tuple(sorted(found, key=lambda item: (order[0].index(item.status), order[1].index(item.severity))))


def _of_feature(service: str, feature: FeatureState) -> Recommendation:
    affected = [item.subject for item in feature.observations if item.outcome is not Outcome.PASSED]
    unused = [item.subject for item in feature.observations if item.in_force is False]
    healthy = [item.subject for item in feature.observations if item.subject not in {*affected, *unused}]
    bad, good = tuple(dict.fromkeys([*affected, *unused])), tuple(dict.fromkeys(healthy))
    fix = fixes().get(feature.feature.key, Fix(feature=feature.feature.key))
    return Recommendation(
        id=feature.feature.key,
        service=service,
        control=feature.feature.control,
        title=_title(feature),
        severity=severity_of(feature.feature.control),
        status=_status(feature.state, feature.exemption),
        why=feature.feature.desired_because,
        problem=feature.reason,
        affected=bad,
        healthy=good,
        steps=_steps(feature),
        command=fix.command,
        page=fix.page,
        responsible=_responsible(feature),
        health=Health(len(good), len(bad)),
        seen=feature.observations,
        exemption=feature.exemption,
    )


def _of_policy(service: str, control: ControlState, standing: PolicyStanding) -> Recommendation:
    """Bring the resources in order that violate a policy."""
    entry, fix = standing.entry, fixes().get(standing.entry.feature, Fix(feature=standing.entry.feature))
    against = [item for item in standing.observations if item.outcome is not Outcome.PASSED]
    can_modify = "operations" in str(entry.document)
    return Recommendation(
        id=entry.name,
        service=service,
        control=control.control,
        title=entry.title,
        severity=severity_of(control.control),
        status=_status(standing.state, control.exemption),
        why=entry.description,
        problem=standing.reason,
        affected=tuple(item.subject for item in against),
        healthy=tuple(item.subject for item in standing.observations if item not in against),
        steps=_policy_steps(entry.title, can_modify),
        command=_REMEDIATE.format(policy=entry.name) if can_modify else fix.command,
        page=fix.page or "/policies",
        responsible=Responsibility.OPERATOR,
        health=standing.health,
        seen=standing.observations,
        exemption=control.exemption,
    )


def _of_profile(service: str, state: ProfileState) -> Recommendation:
    """Make a line of the security profile true again."""
    against = [item for item in state.observations if item.outcome is not Outcome.PASSED]
    healthy = [item for item in state.observations if item.outcome is Outcome.PASSED]
    return Recommendation(
        id=state.control,
        service=service,
        control="",
        title=f"Security profile: {state.line.attribute} should be {state.line.value}",
        severity=Severity.MEDIUM,
        status=_status(state.state, None),
        why=state.line.reason or "",
        problem=state.reason,
        affected=tuple(dict.fromkeys(item.subject for item in against)),
        healthy=tuple(dict.fromkeys(item.subject for item in healthy)),
        steps=(_RESTORE, "Assess again: holdfast baseline assess"),
        command="",
        page="/baseline#profile",
        responsible=Responsibility.HOLDFAST,
        health=Health(len(healthy), len(against)),
        seen=state.observations,
        exemption=None,
    )


_RESTORE: Final = "Read what the probe saw and restore what it expected."
_REMEDIATE: Final = f"holdfast policy instance remediate {{policy}} {BASELINE} --policy {{policy}}"


def _policy_steps(title: str, can_modify: bool) -> tuple[str, ...]:
    first = (
        "Remediate it: that sets the named resources right, and can be taken back."
        if can_modify
        else (f"Change the named resources so that the policy holds: {title}.")
    )
    return (first, "Let the assignment deny it from then on, so that it stays so.")


def _title(feature: FeatureState) -> str:
    return f"{feature.feature.name}: should be {feature.feature.desired}"


def severity_of(control: str) -> Severity:
    """How much it matters when a control falls short."""
    return Severity.HIGH if control in _HIGH else Severity.LOW if control in _LOW else Severity.MEDIUM


def _status(state: State, exemption: Exemption | None) -> Status:
    if exemption:
        return Status.ACCEPTED if exemption.category == "accepted" else Status.EXEMPT
    if state is State.SATISFIED:
        return Status.FIXED
    return Status.UNKNOWN if state is State.NOT_ASSESSED else Status.OPEN


def _steps(feature: FeatureState) -> tuple[str, ...]:
    again = f"Assess again: holdfast baseline assess --feature {feature.feature.key}"
    if not feature.proven:
        return (_RESTORE, again)
    if feature.claim.supported is Answer.TRUE and feature.claim.guidance:
        return (feature.claim.guidance, again)
    return ("Wait for a release that has it, or make an exemption that says how the risk is met.",)


def _responsible(feature: FeatureState) -> Responsibility:
    """Whoever the claim names; the product for what is missing or broken, the operator for settings."""
    named = feature.claim.responsibility
    if feature.claim.supported is not Answer.TRUE or not feature.proven:
        return Responsibility.HOLDFAST
    if feature.state is State.NOT_SATISFIED and named is not Responsibility.SHARED:
        return Responsibility.OPERATOR
    return named
