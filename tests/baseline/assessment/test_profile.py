"""The lines of the security profile are claims too: they have a state, a change and a recommendation."""

from holdfast.baseline.assessment.alerts import change_reports, matters_over
from holdfast.baseline.assessment.assess import Assessment, assess
from holdfast.baseline.assessment.changes import changes_between
from holdfast.baseline.assessment.recommendations import Recommendation, Severity, Status, recommendations
from holdfast.baseline.assessment.score import secure_score
from holdfast.baseline.assessment.states import State
from holdfast.baseline.forms import profile_form
from holdfast.baseline.model.service import ProfileAttribute
from holdfast.baseline.model.vocabulary import Responsibility
from holdfast.baseline.probes.observation import Observation, Outcome
from tests.baseline.assessment.cases import NOTHING, ON
from tests.baseline.evidence.items import NOW, observation

LINE = ProfileAttribute(attribute="Keeps water", value="True", reason="It is a pond.", probes=("wet",))
POND = ON.model_copy(update={"profile": (LINE,)})
WET = observation("wet", subject="shore")
DRY = observation("wet", subject="shore", outcome=Outcome.FAILED, observed="sand")


def assessed(*observations: Observation) -> Assessment:
    return assess(POND, (observation("p"), *observations), NOTHING, NOW)


def advice(*observations: Observation) -> Recommendation:
    return next(item for item in recommendations(assessed(*observations)) if item.id == "profile-1")


def test_a_line_stands_as_its_probes_saw() -> None:
    assert [state.state for state in assessed(WET).profile] == [State.SATISFIED]
    assert [state.state for state in assessed().profile] == [State.NOT_ASSESSED]
    (state,) = assessed(DRY).profile
    assert (state.state, state.reason) == (
        State.NOT_SATISFIED,
        "wet, shore: expected a TLS alert, saw sand",
    )
    assert DRY in assessed(DRY).observations


def test_a_line_that_is_not_so_is_something_to_do() -> None:
    found = advice(DRY)
    assert found.title == "Security profile: Keeps water should be True"
    assert (found.status, found.severity, found.control) == (Status.OPEN, Severity.MEDIUM, "")
    assert (found.why, found.affected, found.responsible) == (
        "It is a pond.",
        ("shore",),
        Responsibility.HOLDFAST,
    )
    assert found.steps[-1] == "Assess again: holdfast baseline assess"
    assert advice(WET).status is Status.FIXED
    assert advice().status is Status.UNKNOWN


def test_it_counts_in_the_score_and_not_among_controls() -> None:
    assert secure_score(recommendations(assessed(WET))).percent == 100
    assert secure_score(recommendations(assessed(DRY))).points == 8
    assert assessed(DRY).numbers == assessed(WET).numbers


def test_a_line_that_is_not_so_any_more_is_a_change_an_alert_and_over_in_the_end() -> None:
    (change,) = changes_between(assessed(WET), assessed(DRY))
    assert (change.control, change.before, change.after) == (
        "profile-1",
        State.SATISFIED,
        State.NOT_SATISFIED,
    )
    (report,) = change_reports([change], NOW)
    assert "expected a TLS alert, saw sand" in report.observed
    (back,) = changes_between(assessed(DRY), assessed(WET))
    assert [matter.destination for matter in matters_over([back])] == ["profile-1"]


def test_it_is_served_with_what_was_seen() -> None:
    content = profile_form(assessed(DRY).profile[0], NOW + 5)
    assert (content["attribute"], content["value"], content["because"]) == (
        "Keeps water",
        "True",
        "It is a pond.",
    )
    assert content["evidence"] == "shore: expected a TLS alert, saw sand"
