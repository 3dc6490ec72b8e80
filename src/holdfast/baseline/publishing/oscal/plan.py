"""OSCAL assessment plan: which probes look at which controls, and how often."""

from collections.abc import Iterable, Mapping

from holdfast.baseline.assessment.assess import Assessment
from holdfast.baseline.documents.oscal.building import (
    FACTS_MOMENT,
    Json,
    control_token,
    encoded,
    identifier,
    metadata,
    one_line,
    properties,
    without_empty,
)
from holdfast.baseline.probes.probe import HOUR, Probe

COMPONENT_FILE = "component-definition.json"
_SYSTEM = "system"


def write_plan(assessment: Assessment, probes: Mapping[str, Probe]) -> bytes:
    """The plan of the probes that the claims of a service name."""
    key = assessment.service.key
    in_profile = (probe for state in assessment.profile for probe in state.line.probes)
    in_claims = (probe for feature in assessment.features for probe in feature.claim.probes)
    named = dict.fromkeys((*in_profile, *in_claims))
    content: Json = {
        "uuid": identifier("assessment-plan", key),
        "metadata": metadata(f"Assessment plan of {assessment.service.name}", FACTS_MOMENT),
        "import-ssp": {"href": f"#{identifier(_SYSTEM, key)}"},
        "local-definitions": {"activities": [_activity(key, name, probes.get(name)) for name in named]},
        "reviewed-controls": reviewed(control.control for control in assessment.controls),
        "tasks": [_task(key, name, probes.get(name)) for name in named],
        "back-matter": {"resources": [_system(key, assessment.service.name)]},
    }
    return encoded("assessment-plan", content)


def reviewed(controls: Iterable[str]) -> Json:
    """The controls that are looked at."""
    selected = [{"control-id": control_token(control)} for control in controls]
    return {"control-selections": [{"include-controls": selected}]}


def _system(key: str, name: str) -> Json:
    return {
        "uuid": identifier(_SYSTEM, key),
        "title": f"The running instance of {one_line(name)}",
        "rlinks": [{"href": COMPONENT_FILE}],
    }


def _activity(key: str, name: str, probe: Probe | None) -> Json:
    needs = ", ".join(sorted(probe.needs)) if probe else ""
    return without_empty(
        {
            "uuid": identifier("activity", key, name),
            "title": name,
            "description": probe.title if probe else "A probe that this release does not have yet.",
            "props": properties((("pace", probe.pace if probe else None), ("needs", needs))),
        }
    )


def _task(key: str, name: str, probe: Probe | None) -> Json:
    hours = max(int((probe.valid_for if probe else HOUR) // HOUR), 1)
    return {
        "uuid": identifier("task", key, name),
        "type": "action",
        "title": f"Run {name}",
        "timing": {"at-frequency": {"period": hours, "unit": "hours"}},
        "associated-activities": [
            {
                "activity-uuid": identifier("activity", key, name),
                "subjects": [{"type": "component", "include-all": {}}],
            }
        ],
    }
