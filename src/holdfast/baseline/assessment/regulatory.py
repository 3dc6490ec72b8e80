"""The assessment in the shapes of Microsoft.Security regulatory compliance (2019-01-01-preview).

Existing dashboards read standards, controls and assessments with counts of what passed, failed, was skipped
or has no data. Ours follow: an error counts as failed, an exemption as skipped, what nobody looked at as
unsupported.
"""

from collections import Counter
from collections.abc import Iterable

from holdfast.baseline.assessment.assess import Assessment, ControlState, FeatureState
from holdfast.baseline.assessment.states import State
from holdfast.baseline.data.catalog import benchmark
from holdfast.baseline.probes.observation import Outcome
from holdfast.kernel.json import JsonObject

_PROVIDER = "providers/Microsoft.Security"
_TYPE = "Microsoft.Security/regulatoryComplianceStandards"

PASSED, FAILED, SKIPPED, UNSUPPORTED = "Passed", "Failed", "Skipped", "Unsupported"

_STATES = {
    State.SATISFIED: PASSED,
    State.NOT_SATISFIED: FAILED,
    State.ERROR: FAILED,
    State.EXEMPT: SKIPPED,
    State.NOT_APPLICABLE: SKIPPED,
    State.NOT_ASSESSED: UNSUPPORTED,
    State.ATTESTATION_DUE: UNSUPPORTED,
}


def standard(assessment: Assessment, scope: str) -> JsonObject:
    """A service under its benchmark as a standard; `scope` stands where the subscription does."""
    counts = Counter(_STATES[control.state] for control in assessment.controls)
    return {
        "id": _standard_id(assessment, scope),
        "name": assessment.service.key,
        "type": _TYPE,
        "properties": {
            "state": _rolled_up(counts),
            "passedControls": counts[PASSED],
            "failedControls": counts[FAILED],
            "skippedControls": counts[SKIPPED],
            "unsupportedControls": counts[UNSUPPORTED],
        },
    }


def control(assessment: Assessment, item: ControlState, scope: str) -> JsonObject:
    """A control of a standard."""
    states = [feature.state for feature in item.features] or [item.state]
    counts = Counter(_STATES[state] for state in states)
    return {
        "id": f"{_standard_id(assessment, scope)}/regulatoryComplianceControls/{item.control}",
        "name": item.control,
        "type": f"{_TYPE}/regulatoryComplianceControls",
        "properties": {
            "description": benchmark(assessment.service.benchmark).control_by_id[item.control].title,
            "state": _STATES[item.state],
            "passedAssessments": counts[PASSED],
            "failedAssessments": counts[FAILED],
            "skippedAssessments": counts[SKIPPED],
        },
    }


def assessments(assessment: Assessment, item: ControlState, scope: str) -> list[JsonObject]:
    """The assessments of a control: one for each feature, or the attestation."""
    parent = f"{_standard_id(assessment, scope)}/regulatoryComplianceControls/{item.control}"
    return [_assessment(parent, feature) for feature in item.features] or [_attestation(parent, item)]


def _assessment(parent: str, feature: FeatureState) -> JsonObject:
    counts = Counter(_resource_states(feature))
    return {
        "id": f"{parent}/regulatoryComplianceAssessments/{feature.feature.key}",
        "name": feature.feature.key,
        "type": f"{_TYPE}/regulatoryComplianceControls/regulatoryComplianceAssessments",
        "properties": {
            "description": feature.feature.name,
            "assessmentType": "Assessment",
            "assessmentDetailsLink": f"/api/baseline/features/{feature.feature.key}",
            "state": _STATES[feature.state],
            "passedResources": counts[PASSED],
            "failedResources": counts[FAILED],
            "skippedResources": counts[SKIPPED],
            "unsupportedResources": counts[UNSUPPORTED],
        },
    }


def _resource_states(feature: FeatureState) -> Iterable[str]:
    """A resource is a subject that a probe looked at."""
    if feature.state in (State.EXEMPT, State.NOT_APPLICABLE, State.NOT_ASSESSED):
        return [_STATES[feature.state]] * max(len(feature.observations), 1)
    return [PASSED if item.outcome is Outcome.PASSED else FAILED for item in feature.observations]


def _attestation(parent: str, item: ControlState) -> JsonObject:
    counts = Counter([_STATES[item.state]])
    return {
        "id": f"{parent}/regulatoryComplianceAssessments/attestation",
        "name": "attestation",
        "type": f"{_TYPE}/regulatoryComplianceControls/regulatoryComplianceAssessments",
        "properties": {
            "description": item.reason,
            "assessmentType": "Attestation",
            "assessmentDetailsLink": f"/api/baseline/controls/{item.control}",
            "state": _STATES[item.state],
            "passedResources": counts[PASSED],
            "failedResources": counts[FAILED],
            "skippedResources": counts[SKIPPED],
            "unsupportedResources": counts[UNSUPPORTED],
        },
    }


def _standard_id(assessment: Assessment, scope: str) -> str:
    return f"/subscriptions/{scope}/{_PROVIDER}/regulatoryComplianceStandards/{assessment.service.key}"


def _rolled_up(counts: Counter[str]) -> str:
    """Failed with one failure; otherwise what the children that have data say."""
    if counts[FAILED]:
        return FAILED
    return PASSED if counts[PASSED] else SKIPPED if counts[SKIPPED] else UNSUPPORTED
