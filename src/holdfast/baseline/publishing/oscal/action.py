"""OSCAL plan of action and milestones: what falls short, until when, and what is to be done."""

from holdfast.baseline.assessment.assess import Assessment
from holdfast.baseline.assessment.recommendations import Recommendation
from holdfast.baseline.documents.oscal.building import (
    Json,
    encoded,
    identifier,
    metadata,
    one_line,
    properties,
    without_empty,
)
from holdfast.baseline.publishing.oscal.results import open_risks
from holdfast.baseline.publishing.oscal.subjects import inventory, observation_json, risk_id
from holdfast.baseline.publishing.publication import Publication
from holdfast.kernel.clock import isoformat


def write_plan_of_action(publication: Publication, assessment: Assessment) -> bytes | None:
    """The plan of a service; None when nothing falls short, because OSCAL has no empty plan."""
    key = assessment.service.key
    risks = open_risks(assessment)
    if not risks:
        return None
    seen = assessment.observations
    content = without_empty(
        {
            "uuid": identifier("plan-of-action", key, isoformat(publication.moment)),
            "metadata": metadata(f"Plan of action for {assessment.service.name}", publication.moment),
            "system-id": {
                "identifier-type": "https://ietf.org/rfc/rfc4122",
                "id": identifier("system", key),
            },
            "local-definitions": without_empty({"inventory-items": inventory(seen)}),
            "observations": [observation_json(item) for item in seen],
            "risks": [risk for _, risk in risks],
            "poam-items": [_item(key, item) for item, _ in risks],
        }
    )
    return encoded("plan-of-action-and-milestones", content)


def _item(key: str, item: Recommendation) -> Json:
    return {
        "uuid": identifier("action", key, item.id),
        "title": one_line(item.title),
        "description": " ".join(item.steps),
        "props": properties((("control", item.control), ("responsible", str(item.responsible)))),
        "related-risks": [{"risk-uuid": risk_id(key, item)}],
    }
