"""What the pages of the baseline share: the assessment at the moment that the page is about, and its rows."""

from holdfast.api.frame import ApiRequest
from holdfast.baseline.assessment.assess import Assessment, ControlState, FeatureState
from holdfast.baseline.assessment.states import State
from holdfast.baseline.forms import control_form, feature_form
from holdfast.baseline.service import Baseline
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission

READ, RUN = Permission.ASSESSMENT_READ, Permission.ASSESSMENT_RUN
MOODS = {
    State.SATISFIED: "good",
    State.NOT_SATISFIED: "bad",
    State.ERROR: "bad",
    State.NOT_ASSESSED: "waiting",
    State.ATTESTATION_DUE: "waiting",
}
"""The colour of a state."""


def baseline_of(request: ApiRequest) -> Baseline:
    """The baseline of this instance."""
    return request.services.extension(Baseline)


def moment_of(request: ApiRequest) -> float | None:
    """The moment of the query (`at`), or None for now. InvalidError when it is none."""
    text = request.query.get("at", "")
    try:
        return parse_isoformat(text) if text else None
    except ValueError:
        raise InvalidError("Write the moment as 2027-03-03T12:00.", "at") from None


def assessment_of(request: ApiRequest) -> Assessment:
    """How everything stands, or stood at the moment of the query."""
    return baseline_of(request).assessment(at=moment_of(request))


def feature_row(state: FeatureState, now: float) -> JsonObject:
    """A feature; one that nobody configured, or nobody built, is as claimed: no failure, and not red."""
    mood = MOODS.get(state.state, "")
    if state.proven and state.state is State.NOT_SATISFIED:
        mood = "waiting" if state.claim.supported.as_boolean else ""
    return {**feature_form(state, now), "colour": mood}


def control_row(assessment: Assessment, state: ControlState) -> JsonObject:
    """A control."""
    return {**control_form(assessment, state), "colour": MOODS.get(state.state, "")}
