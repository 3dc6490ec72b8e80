"""From claims and observations to states."""

import pytest

from holdfast.baseline.assessment.assess import Assessment, FeatureState, assess
from holdfast.baseline.assessment.states import State
from holdfast.baseline.decisions.model import Attestation, Decisions
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.baseline.services import carried_service
from tests.baseline.assessment.cases import LOCAL, NOTHING, ON, OPTION, TRANSIT, exemption, service
from tests.baseline.evidence.items import NOW, observation


def feature_of(assessment: Assessment, name: str) -> FeatureState:
    return next(feature for feature in assessment.features if feature.feature.name == name)


def state(
    baseline: ServiceBaseline, *observations: Observation, decisions: Decisions = NOTHING, now: float = NOW
) -> FeatureState:
    return feature_of(assess(baseline, observations, decisions, now), baseline.entries[0].feature)


def test_fresh_evidence_of_every_probe_satisfies() -> None:
    baseline = service(TRANSIT, supported=True, enabled=True, probes=("p", "q"))
    assert state(baseline, observation("p"), observation("q")).state is State.SATISFIED
    found = state(baseline, observation("p"))
    assert (found.state, found.reason) == (State.NOT_ASSESSED, "no fresh evidence of q")


def test_one_failed_subject_among_many_decides() -> None:
    passed = [observation("p", subject=f"s{number}") for number in range(99)]
    failed = observation("p", subject="s99", outcome=Outcome.FAILED, observed="plain text")
    found = state(ON, *passed, failed)
    assert found.state is State.NOT_SATISFIED
    assert found.reason == "p, s99: expected a TLS alert, saw plain text"
    assert not found.proven


def test_an_error_is_never_passed_and_a_failure_is_worse() -> None:
    error = observation("p", subject="x", outcome=Outcome.ERROR)
    assert state(ON, observation("p"), error).state is State.ERROR
    assert state(ON, error, observation("p", outcome=Outcome.FAILED)).state is State.NOT_SATISFIED


def test_stale_evidence_says_nothing() -> None:
    item = observation("p")
    assert state(ON, item, now=item.valid_until - 1).state is State.SATISFIED
    assert state(ON, item, now=item.valid_until).state is State.NOT_ASSESSED
    assert state(ON, item, now=NOW - 1).state is State.NOT_ASSESSED


def test_a_claim_without_probes_is_never_green() -> None:
    assert state(service(TRANSIT, supported=True, enabled=True, probes=())).state is State.NOT_ASSESSED


@pytest.mark.parametrize(
    ("baseline", "in_force", "expected"),
    [
        (ON, None, State.SATISFIED),
        (ON, False, State.NOT_SATISFIED),
        (OPTION, None, State.NOT_SATISFIED),
        (OPTION, True, State.SATISFIED),
        (OPTION, False, State.NOT_SATISFIED),
        (service(LOCAL, supported=True, enabled=True), None, State.NOT_SATISFIED),
        (service(LOCAL, supported=True, enabled=True), False, State.SATISFIED),
        (service(LOCAL, supported=True), None, State.SATISFIED),
        (service(LOCAL, supported=True), True, State.NOT_SATISFIED),
    ],
)
def test_what_is_configured_here_is_held_against_the_desired_state(
    baseline: ServiceBaseline, in_force: bool | None, expected: State
) -> None:
    assert state(baseline, observation("p", in_force=in_force)).state is expected


def test_an_absence_that_is_shown_is_proven_and_still_short() -> None:
    found = state(service(TRANSIT, supported=False), observation("p"))
    assert (found.state, found.proven, found.reason) == (State.NOT_SATISFIED, True, "not supported yet")
    assert state(service(LOCAL, supported=False), observation("p")).state is State.SATISFIED


def test_an_exemption_counts_until_it_expires() -> None:
    failed = observation("p", outcome=Outcome.FAILED)
    found = state(ON, failed, decisions=exemption())
    assert (found.state, found.reason) == (State.EXEMPT, "A closed network.")
    assert state(ON, failed, decisions=exemption(), now=NOW + 10).state is State.NOT_SATISFIED
    assert state(ON, failed, decisions=exemption(given=NOW + 5)).state is State.NOT_SATISFIED


def test_an_exemption_can_cover_a_whole_control() -> None:
    decisions = exemption(feature=None, control="GS-1")
    control = next(item for item in assess(ON, (), decisions, NOW).controls if item.control == "GS-1")
    assert control.state is State.EXEMPT


def test_an_exemption_names_one_thing() -> None:
    with pytest.raises(ValueError, match="a control or a feature"):
        exemption(control="DP-3")


def attestation(**changes: object) -> Decisions:
    fields: dict = {
        "id": "a",
        "control": "GS-1",
        "satisfied": True,
        "owner": "Ada",
        "statement": "Roles are written down.",
        "given": NOW,
        "expires": NOW + 100_000_000,
    }
    return Decisions(attestations=(Attestation(**{**fields, **changes}),))


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        (NOTHING, State.ATTESTATION_DUE),
        (attestation(), State.SATISFIED),
        (attestation(satisfied=False), State.NOT_SATISFIED),
        (attestation(expires=NOW), State.ATTESTATION_DUE),
    ],
)
def test_controls_without_probes_take_attestations(decisions: Decisions, expected: State) -> None:
    control = next(item for item in assess(ON, (), decisions, NOW).controls if item.control == "GS-1")
    assert control.state is expected


def test_of_several_attestations_the_last_one_counts() -> None:
    both = Decisions(
        attestations=(*attestation(given=NOW - 5).attestations, *attestation(satisfied=False).attestations)
    )
    found = both.attested("GS-1", NOW)
    assert found is not None
    assert not found.satisfied


def test_an_owner_is_reminded_before_the_end() -> None:
    (item,) = attestation(expires=NOW + 100, reminder=10).attestations
    assert [item.due_soon(NOW + offset) for offset in (0, 89, 90, 99, 100)] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_a_control_is_as_good_as_its_worst_feature() -> None:
    first = service("Azure Private Link", supported=True, enabled=True).entries[0]
    second = service("Disable Public Network Access", supported=True, enabled=True, probes=("q",)).entries[0]
    baseline = ON.model_copy(update={"entries": (first, second)})
    found = assess(baseline, [observation("p"), observation("q", outcome=Outcome.FAILED)], NOTHING, NOW)
    control = next(item for item in found.controls if item.control == "NS-2")
    assert (control.state, len(control.features)) == (State.NOT_SATISFIED, 2)


def test_nothing_of_ours_is_green_without_evidence() -> None:
    found = assess(carried_service("holdfast"), (), NOTHING, NOW)
    assert {control.state for control in found.controls} == {State.NOT_ASSESSED, State.ATTESTATION_DUE}
    assert (found.numbers.compliance, found.numbers.coverage) == (None, 0.0)
    assert len(found.controls) == 86
