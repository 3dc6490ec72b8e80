"""Policies beside probes: what they say is evidence for their control, and only news is written down."""

from holdfast.baseline.assessment.assess import ControlState, assess
from holdfast.baseline.assessment.policies import PREFIX, VALID_SECONDS, policies_by_control, policy_news
from holdfast.baseline.assessment.states import State
from holdfast.baseline.data.catalog import LATER, benchmark
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.policy.builtin.catalog import entries
from tests.baseline.assessment.cases import NOTHING, ON
from tests.baseline.evidence.items import NOW, observation

WITHOUT_FEATURES = "PA-2"
POLICY = policies_by_control()[WITHOUT_FEATURES][0]


def said(outcome: Outcome = Outcome.PASSED, subject: str = "role/x", **changes: object) -> Observation:
    name = f"{PREFIX}{POLICY.name}"
    return observation(name, subject=subject, outcome=outcome, observed="active for ever", **changes)


def state(*seen: Observation, control: str = WITHOUT_FEATURES) -> ControlState:
    assessment = assess(ON, seen, NOTHING, NOW)
    return next(each for each in assessment.controls if each.control == control)


def test_every_policy_speaks_for_a_control_that_there_is() -> None:
    assert {entry.control for entry in entries()} <= set(benchmark(LATER).control_by_id)


def test_a_control_without_features_stands_as_its_policies_do() -> None:
    assert state().state is State.ATTESTATION_DUE
    assert state(said()).state is State.SATISFIED
    found = state(said(), said(Outcome.FAILED, "role/y"))
    assert (found.state, found.observations) == (
        State.NOT_SATISFIED,
        (said(), said(Outcome.FAILED, "role/y")),
    )
    assert found.reason == f"policy “{POLICY.title}”: role/y: active for ever"


def test_a_satisfied_feature_does_not_outweigh_a_policy() -> None:
    (policy, *_) = policies_by_control()["DP-3"]
    against = observation(f"{PREFIX}{policy.name}", outcome=Outcome.FAILED)
    assert state(observation("p"), control="DP-3").state is State.SATISFIED
    assert state(observation("p"), against, control="DP-3").state is State.NOT_SATISFIED


def test_only_what_is_new_or_old_is_written_down_again() -> None:
    known = [said(collected=NOW, valid_until=NOW + VALID_SECONDS)]
    later = [said(collected=NOW + 1, valid_until=NOW + 1 + VALID_SECONDS)]
    assert policy_news(later, known, NOW + 1) == []
    assert policy_news(later, [], NOW + 1) == later
    assert policy_news(later, known, NOW + VALID_SECONDS / 2) == later
    worse = [said(Outcome.FAILED, collected=NOW + 1)]
    assert policy_news(worse, known, NOW + 1) == worse


def test_a_policy_that_judges_nothing_any_more_says_nothing_any_more() -> None:
    known = [said(collected=NOW - 5, valid_until=NOW + 5)]
    (gone,) = policy_news([], known, NOW)
    assert (gone.probe, gone.valid_until) == (known[0].probe, NOW)
