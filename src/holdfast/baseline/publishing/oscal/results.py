"""OSCAL assessment results: observations, a finding for each control, risks."""

from holdfast.baseline.assessment.assess import Assessment, ControlState
from holdfast.baseline.assessment.recommendations import Recommendation, Status
from holdfast.baseline.assessment.states import State
from holdfast.baseline.documents.oscal.building import (
    Json,
    control_token,
    encoded,
    identifier,
    metadata,
    properties,
    without_empty,
)
from holdfast.baseline.publishing.oscal.plan import reviewed
from holdfast.baseline.publishing.oscal.subjects import (
    inventory,
    observation_id,
    observation_json,
    risk_id,
    risk_json,
)
from holdfast.baseline.publishing.publication import Publication, todo
from holdfast.kernel.clock import isoformat

PLAN_FILE = "assessment-plan.json"

_REASONS = {State.SATISFIED: "pass", State.NOT_SATISFIED: "fail"}


def write_results(publication: Publication, assessment: Assessment) -> bytes:
    """The results of one service. OSCAL knows two states; ours is in a property."""
    key, moment = assessment.service.key, isoformat(publication.moment)
    seen = assessment.observations
    risks = open_risks(assessment)
    result = without_empty(
        {
            "uuid": identifier("result", key, moment),
            "title": f"Assessment of {assessment.service.name}",
            "description": f"How every control stood at {moment}.",
            "start": moment,
            "end": moment,
            "props": properties(
                (
                    ("chain-sequence", str(publication.head.sequence)),
                    ("chain-digest", publication.head.digest),
                )
            ),
            "local-definitions": without_empty({"inventory-items": inventory(seen)}),
            "reviewed-controls": reviewed(control.control for control in assessment.controls),
            "observations": [observation_json(item) for item in seen],
            "risks": [risk for _, risk in risks],
            "findings": [_finding(assessment, control, risks) for control in assessment.controls],
        }
    )
    content: Json = {
        "uuid": identifier("assessment-results", key, moment),
        "metadata": metadata(f"Assessment results of {assessment.service.name}", publication.moment),
        "import-ap": {"href": PLAN_FILE},
        "results": [result],
    }
    return encoded("assessment-results", content)


def open_risks(assessment: Assessment) -> list[tuple[Recommendation, Json]]:
    """The risk behind each recommendation that is not fixed."""
    return [
        (item, risk_json(assessment.service.key, item))
        for item in todo(assessment)
        if item.status is not Status.FIXED
    ]


def _finding(assessment: Assessment, control: ControlState, risks: list[tuple[Recommendation, Json]]) -> Json:
    key = assessment.service.key
    seen = control.observations
    return without_empty(
        {
            "uuid": identifier("finding", key, control.control, isoformat(assessment.moment)),
            "title": f"{control.control} is {control.state}",
            "description": control.reason or str(control.state),
            "props": properties((("state", str(control.state)),)),
            "target": {
                "type": "statement-id",
                "target-id": f"{control_token(control.control)}_smt",
                "status": {
                    "state": "satisfied" if control.state is State.SATISFIED else "not-satisfied",
                    "reason": _REASONS.get(control.state, "other"),
                },
            },
            "related-observations": [{"observation-uuid": observation_id(item)} for item in seen],
            "related-risks": [
                {"risk-uuid": risk_id(key, item)} for item, _ in risks if item.control == control.control
            ],
        }
    )
