"""Observations as OSCAL knows them, shared by assessment results and the plan of action."""

from collections.abc import Iterable

from holdfast.baseline.assessment.recommendations import Recommendation, Status
from holdfast.baseline.documents.oscal.building import Json, identifier, one_line, properties, without_empty
from holdfast.baseline.evidence.archive import BUNDLE_FILE
from holdfast.baseline.probes.observation import Observation
from holdfast.kernel.clock import isoformat


def observation_id(item: Observation) -> str:
    """The UUID of an observation: what it says decides it."""
    return identifier("observation", item.digest)


def subject_id(subject: str) -> str:
    """The UUID of something that was looked at."""
    return identifier("subject", subject)


def observation_json(item: Observation) -> Json:
    """An observation with its subject, its evidence and its end."""
    return {
        "uuid": observation_id(item),
        "title": one_line(f"{item.probe}: {item.subject}"),
        "description": f"Expected {item.expected}. Observed {item.observed}.",
        "props": properties(
            (
                ("probe", item.probe),
                ("probe-version", str(item.version)),
                ("outcome", str(item.outcome)),
                ("scratch-instance", "yes" if item.scratch else "no"),
            )
        ),
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": subject_id(item.subject), "type": "inventory-item"}],
        "relevant-evidence": [
            {
                "href": BUNDLE_FILE,
                "description": "The signed item of the chain of evidence with this digest.",
                "props": properties((("sha256", item.digest),)),
            }
        ],
        "collected": isoformat(item.collected),
        "expires": isoformat(item.valid_until),
    }


def inventory(observations: Iterable[Observation]) -> list[Json]:
    """What was looked at, once each."""
    subjects = dict.fromkeys(item.subject for item in observations)
    return [{"uuid": subject_id(subject), "description": subject or "unnamed"} for subject in subjects]


_RISK_STATUS = {
    Status.OPEN: "open",
    Status.UNKNOWN: "investigating",
    Status.ACCEPTED: "deviation-approved",
    Status.EXEMPT: "deviation-approved",
}


def risk_id(service: str, item: Recommendation) -> str:
    """The UUID of the risk behind a recommendation."""
    return identifier("risk", service, item.id)


def risk_json(service: str, item: Recommendation) -> Json:
    """The risk behind a recommendation that is not fixed; an exemption's end is its deadline."""
    deadline = isoformat(item.exemption.expires) if item.exemption else ""
    return without_empty(
        {
            "uuid": risk_id(service, item),
            "title": one_line(item.title),
            "description": item.why,
            "statement": item.problem or item.why,
            "props": properties(
                (
                    ("severity", str(item.severity)),
                    ("status", str(item.status)),
                    ("responsible", str(item.responsible)),
                )
            ),
            "status": _RISK_STATUS[item.status],
            "deadline": deadline,
            "related-observations": [{"observation-uuid": observation_id(seen)} for seen in item.seen],
        }
    )
