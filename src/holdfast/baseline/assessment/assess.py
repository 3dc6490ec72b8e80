"""From claims and observations to states: the heart of the baseline.

Pure: the same claims, observations, decisions and moment give the same assessment.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from holdfast.baseline.assessment.policies import PolicyStanding, standings
from holdfast.baseline.assessment.states import Numbers, State, count, worst
from holdfast.baseline.data.catalog import benchmark, feature_by_name
from holdfast.baseline.decisions.model import Attestation, Decisions, Exemption
from holdfast.baseline.documents.completion import completed
from holdfast.baseline.model.feature import Feature
from holdfast.baseline.model.service import Entry, ProfileAttribute, ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer, DesiredState
from holdfast.baseline.probes.observation import Observation, Outcome


class FeatureState(NamedTuple):
    """How a claim stands."""

    feature: Feature
    claim: Entry
    state: State
    reason: str
    observations: tuple[Observation, ...]
    """What counts for it now."""
    proven: bool
    """Whether every probe of the claim has fresh evidence that agrees with it."""
    exemption: Exemption | None = None


class ControlState(NamedTuple):
    """How a control stands."""

    control: str
    state: State
    reason: str
    features: tuple[FeatureState, ...] = ()
    attestation: Attestation | None = None
    exemption: Exemption | None = None
    policies: tuple[PolicyStanding, ...] = ()
    """Those that speak for the control and judge something."""

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What counts for it now, of probes and of policies."""
        seen = (item for feature in self.features for item in feature.observations)
        said = (item for policy in self.policies for item in policy.observations)
        return tuple(dict.fromkeys((*seen, *said)))


class ProfileState(NamedTuple):
    """How a line of the security profile stands: whether what it says is so."""

    control: str
    """`profile-1` and so on: what names it where others have their control."""
    line: ProfileAttribute
    state: State
    reason: str
    observations: tuple[Observation, ...]


class Assessment(NamedTuple):
    """How a service stands at a moment."""

    service: ServiceBaseline
    moment: float
    """Unix seconds."""
    controls: tuple[ControlState, ...]
    """Every control of the benchmark in its order."""
    profile: tuple[ProfileState, ...] = ()

    @property
    def numbers(self) -> Numbers:
        """Compliance and coverage over controls."""
        return count(control.state for control in self.controls)

    @property
    def features(self) -> tuple[FeatureState, ...]:
        """The claims of all controls."""
        return tuple(feature for control in self.controls for feature in control.features)

    @property
    def parts(self) -> tuple["ControlState | ProfileState", ...]:
        """Everything that has a state and observations: the controls and the lines of the profile."""
        return tuple(chain[ControlState | ProfileState](self.controls, self.profile))

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Every observation that counts for the service, once."""
        return tuple(dict.fromkeys(item for part in self.parts for item in part.observations))


def assess(
    service: ServiceBaseline, observations: Iterable[Observation], decisions: Decisions, now: float
) -> Assessment:
    """The state of every control of `service` at `now`."""
    fresh: dict[str, list[Observation]] = defaultdict(list)
    for observation in observations:
        if observation.collected <= now < observation.valid_until:
            fresh[observation.probe].append(observation)
    claims: dict[str, list[FeatureState]] = defaultdict(list)
    for entry in completed(service).entries:
        feature = feature_by_name().get(entry.feature)
        if feature:
            claims[feature.control].append(_feature_state(feature, entry, fresh, decisions, now))
    controls = tuple(
        _control_state(
            control.id, claims.get(control.id, []), tuple(standings(control.id, fresh)), decisions, now
        )
        for control in benchmark(service.benchmark).controls
    )
    return Assessment(service, now, controls, tuple(_profile(service, fresh)))


def _profile(service: ServiceBaseline, fresh: Mapping[str, Sequence[Observation]]) -> Iterator[ProfileState]:
    for number, line in enumerate(service.profile, 1):
        state, reason = _evidence_state(line.probes, fresh)
        yield ProfileState(f"profile-{number}", line, state, reason, _seen(line.probes, fresh))


def _seen(probes: Iterable[str], fresh: Mapping[str, Sequence[Observation]]) -> tuple[Observation, ...]:
    return tuple(observation for probe in probes for observation in fresh.get(probe, ()))


def _feature_state(
    feature: Feature,
    claim: Entry,
    fresh: Mapping[str, Sequence[Observation]],
    decisions: Decisions,
    now: float,
) -> FeatureState:
    seen = _seen(claim.probes, fresh)
    if claim.supported not in (Answer.TRUE, Answer.FALSE):
        return FeatureState(feature, claim, State.NOT_APPLICABLE, claim.notes or "", (), proven=True)
    state, reason = _evidence_state(claim.probes, fresh)
    proven = state is State.SATISFIED
    if proven:
        state, reason = _desired_state(feature, claim, seen)
    exemption = decisions.exempted(feature.control, feature.key, now)
    if exemption:
        state, reason = State.EXEMPT, exemption.reason
    return FeatureState(feature, claim, state, reason, seen, proven, exemption)


def _evidence_state(probes: Sequence[str], fresh: Mapping[str, Sequence[Observation]]) -> tuple[State, str]:
    """Whether the evidence agrees with the claim. One contradiction decides, then errors, then gaps."""
    seen = _seen(probes, fresh)
    for outcome, state in ((Outcome.FAILED, State.NOT_SATISFIED), (Outcome.ERROR, State.ERROR)):
        for item in seen:
            if item.outcome is outcome:
                return state, f"{item.probe}, {item.subject}: expected {item.expected}, saw {item.observed}"
    silent = [probe for probe in probes if not fresh.get(probe)]
    if silent or not probes:
        return State.NOT_ASSESSED, f"no fresh evidence of {', '.join(silent) or 'any probe'}"
    return State.SATISFIED, ""


def _desired_state(feature: Feature, claim: Entry, seen: Sequence[Observation]) -> tuple[State, str]:
    """Whether what the claim says, and what is configured here, is what is safest."""
    if claim.supported is Answer.FALSE:
        if feature.desired is DesiredState.ABSENT:
            return State.SATISFIED, "absent, as it should be"
        return State.NOT_SATISFIED, "not supported yet"
    known = [item.in_force for item in seen if item.in_force is not None]
    default = claim.enabled_by_default is Answer.TRUE
    if feature.desired is DesiredState.PRESENT:
        in_force = all(known) if known else default
        return (State.SATISFIED, "in force") if in_force else (State.NOT_SATISFIED, "not configured here")
    in_force = any(known) if known else default
    return (State.NOT_SATISFIED, "in use here") if in_force else (State.SATISFIED, "not in use here")


def _control_state(
    control: str,
    features: Sequence[FeatureState],
    policies: tuple[PolicyStanding, ...],
    decisions: Decisions,
    now: float,
) -> ControlState:
    """The worst of its features, its policies and what a person says of it.

    Where no feature of the control applies to the service, its policies are about another one.
    """
    if features and all(feature.state is State.NOT_APPLICABLE for feature in features):
        policies = ()
    exemption = decisions.exempted(control, None, now)
    attestation = None if features else decisions.attested(control, now)
    whole = ControlState(
        control, State.ATTESTATION_DUE, "", tuple(features), attestation, exemption, policies
    )
    if exemption:
        return whole._replace(state=State.EXEMPT, reason=exemption.reason)
    parts = [(feature.state, feature.reason) for feature in features]
    if attestation is not None:
        said = State.SATISFIED if attestation.satisfied else State.NOT_SATISFIED
        parts.append((said, attestation.statement))
    parts += [(policy.state, policy.reason) for policy in policies]
    if not parts:
        return whole._replace(reason="nobody has said how it stands")
    state = worst(state for state, _ in parts)
    return whole._replace(state=state, reason=next(reason for each, reason in parts if each is state))
