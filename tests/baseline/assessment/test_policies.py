"""Policies beside probes: what they say is evidence for their control, and only news is written down."""

from holdfast.baseline.assessment.assess import ControlState, assess
from holdfast.baseline.assessment.policies import PREFIX, VALID_SECONDS, policies_by_control, policy_news
from holdfast.baseline.assessment.recommendations import Recommendation, Status, recommendations
from holdfast.baseline.assessment.score import secure_score
from holdfast.baseline.assessment.states import State
from holdfast.baseline.data.catalog import LATER, benchmark
from holdfast.baseline.decisions.model import Decisions
from holdfast.baseline.model.vocabulary import Answer, Responsibility
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.policy.builtin.catalog import entries
from tests.baseline.assessment.cases import NOTHING, ON, exemption, service
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


def recommended(*seen: Observation, decided: Decisions = NOTHING) -> Recommendation:
    found = recommendations(assess(ON, seen, decided, NOW))
    return next(item for item in found if item.id == POLICY.name)


def counted(outcome: Outcome, subject: str, number: str) -> Observation:
    return observation(f"{PREFIX}{POLICY.name}", subject=subject, outcome=outcome, observed=number)


MANY = (
    said(Outcome.FAILED, "role/y"),
    counted(Outcome.FAILED, "other resources", "2 more"),
    counted(Outcome.PASSED, "resources that comply", "9"),
)


def test_a_policy_that_is_violated_gives_a_recommendation() -> None:
    found = recommended(*MANY)
    assert (found.status, found.control, found.title) == (Status.OPEN, WITHOUT_FEATURES, POLICY.title)
    assert found.affected == ("role/y", "other resources")
    assert found.health == (9, 3)
    assert found.page == "/roles"
    assert found.responsible is Responsibility.OPERATOR
    assert found.content()["affectedCount"] == 3


def test_a_policy_that_holds_is_fixed_and_an_exempt_control_is_not_open() -> None:
    assert recommended(said()).status is Status.FIXED
    exempt = exemption(feature=None, control=WITHOUT_FEATURES)
    assert recommended(*MANY, decided=exempt).status is Status.ACCEPTED


def test_resources_that_a_policy_judged_count_for_the_score() -> None:
    terms = secure_score(recommendations(assess(ON, MANY, NOTHING, NOW))).terms
    (term,) = (term for term in terms if term.recommendation.id == POLICY.name)
    assert term.healthy == 9 / 12


def test_a_policy_that_can_modify_is_remediated_by_a_command() -> None:
    (policy,) = (each for each in entries() if each.name == "hf-public-access-off")
    against = observation(f"{PREFIX}{policy.name}", outcome=Outcome.FAILED)
    baseline = service("Disable Public Network Access", supported=True)
    found = recommendations(assess(baseline, [against], NOTHING, NOW))
    (item,) = (item for item in found if item.id == policy.name)
    assert item.command.startswith(
        "holdfast policy instance remediate hf-public-access-off holdfast-baseline"
    )


def test_where_no_feature_of_a_control_applies_its_policies_are_about_another_service() -> None:
    baseline = service("Disable Public Network Access", supported=True)
    nowhere = baseline.entries[0].model_copy(
        update={
            "supported": Answer.NOT_APPLICABLE,
            "enabled_by_default": Answer.NOT_APPLICABLE,
            "responsibility": Responsibility.NOT_APPLICABLE,
        }
    )
    against = observation(f"{PREFIX}hf-public-access-off", outcome=Outcome.FAILED)
    found = assess(baseline.model_copy(update={"entries": (nowhere,)}), [against], NOTHING, NOW)
    (control,) = (each for each in found.controls if each.control == "NS-2")
    assert (control.state, control.policies) == (State.NOT_APPLICABLE, ())
