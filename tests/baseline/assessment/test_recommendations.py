"""What falls short becomes something to do, and a score that anybody can compute again."""

from holdfast.baseline.assessment.assess import assess
from holdfast.baseline.assessment.changes import changes_between
from holdfast.baseline.assessment.recommendations import (
    Recommendation,
    Severity,
    Status,
    recommendations,
)
from holdfast.baseline.assessment.score import secure_score
from holdfast.baseline.assessment.states import State
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.model.vocabulary import Responsibility
from holdfast.baseline.probes.observation import Observation, Outcome
from tests.baseline.assessment.cases import (
    LOCAL,
    NOTHING,
    ON,
    OPTION,
    TRANSIT,
    exemption,
    service,
)
from tests.baseline.evidence.items import NOW, observation

FAILED = observation("p", subject="bad", outcome=Outcome.FAILED, observed="plain text")
HEALTHY = observation("p", subject="good")


def only(baseline: ServiceBaseline, *observations: Observation) -> Recommendation:
    (found,) = recommendations(assess(baseline, observations, NOTHING, NOW))
    return found


def test_a_failure_names_what_is_affected_and_what_is_healthy() -> None:
    found = only(ON, HEALTHY, FAILED)
    assert (found.status, found.severity) == (Status.OPEN, Severity.HIGH)
    assert (found.affected, found.healthy) == (("bad",), ("good",))
    assert found.problem == "p, bad: expected a TLS alert, saw plain text"
    assert found.responsible is Responsibility.HOLDFAST
    assert found.steps[-1] == "Assess again: holdfast baseline assess --feature encryption-in-transit"


def test_what_the_operator_has_not_configured_comes_with_the_steps() -> None:
    entry = OPTION.entries[0].model_copy(update={"guidance": "Set it."})
    found = only(OPTION.model_copy(update={"entries": (entry,)}), observation("p", in_force=False))
    assert (found.status, found.responsible) == (Status.OPEN, Responsibility.OPERATOR)
    assert found.steps[0] == "Set it."
    assert found.affected == ("device MQTT",)


def test_what_is_on_from_the_start_and_should_not_be_is_for_the_operator_to_switch_off() -> None:
    found = only(service(LOCAL, supported=True, enabled=True), observation("p", in_force=True))
    assert (found.problem, found.responsible) == ("in use here", Responsibility.OPERATOR)


def test_what_is_in_order_is_fixed_and_what_nobody_looked_at_unknown() -> None:
    assert only(ON, HEALTHY).status is Status.FIXED
    assert only(ON).status is Status.UNKNOWN


def test_an_exemption_is_accepted_or_exempt_by_its_category() -> None:
    for category, status in (("accepted", Status.ACCEPTED), ("mitigated", Status.EXEMPT)):
        (found,) = recommendations(assess(ON, [FAILED], exemption(category=category), NOW))
        assert found.status is status


def test_the_open_and_severe_ones_come_first() -> None:
    entries = (
        *service("Custom VM Images", supported=False).entries,
        *ON.entries,
        *service(LOCAL, supported=False).entries,
    )
    found = recommendations(assess(ON.model_copy(update={"entries": entries}), [HEALTHY], NOTHING, NOW))
    assert [item.id for item in found] == ["custom-images", "local-admin-accounts", "encryption-in-transit"]


def test_the_score_weighs_healthy_subjects_by_severity() -> None:
    """(8 × 1/4 + 8 × 1 + 2 × 0) ÷ (8 + 8 + 2)."""
    entries = (*ON.entries, *service(LOCAL, supported=False, probes=("q",)).entries)
    entries = (*entries, *service("Custom VM Images", supported=False, probes=("q",)).entries)
    bad = [observation("p", subject=name, outcome=Outcome.FAILED) for name in ("x", "y", "z")]
    assessment = assess(
        ON.model_copy(update={"entries": entries}), [HEALTHY, *bad, observation("q")], NOTHING, NOW
    )
    score = secure_score(recommendations(assessment))
    assert (score.points, score.maximum) == (10.0, 18)
    assert score.percent == 100 * 10 / 18


def test_nothing_assessed_is_no_score() -> None:
    assert secure_score(recommendations(assess(ON, (), NOTHING, NOW))).percent is None


def test_a_recommendation_is_served_as_json() -> None:
    content = only(ON, FAILED).content()
    assert (content["severity"], content["status"], content["affected"]) == ("high", "open", ["bad"])


def test_a_change_lists_the_observations_that_say_something_else() -> None:
    before = assess(ON, [HEALTHY, observation("p", subject="bad")], NOTHING, NOW)
    after = assess(ON, [HEALTHY, FAILED], NOTHING, NOW)
    (change,) = changes_between(before, after)
    assert (change.control, change.before, change.after) == ("DP-3", State.SATISFIED, State.NOT_SATISFIED)
    (difference,) = change.differences
    assert difference.now == FAILED
    assert str(difference).endswith("saw plain text, before a TLS alert")
    assert change.got_worse
    assert change.content()["before"] == "satisfied"
    assert changes_between(after, after) == ()


def test_the_first_assessment_changes_everything() -> None:
    changes = changes_between(None, assess(ON, (), NOTHING, NOW))
    assert len(changes) == 86
    assert all(change.before is None and not change.got_worse for change in changes)


def test_features_have_a_title_that_says_what_is_wanted() -> None:
    assert only(ON).title == f"{TRANSIT}: should be present"
    assert only(service(LOCAL, supported=True)).title == f"{LOCAL}: should be absent"
