"""The shapes that existing dashboards read."""

import pytest

from holdfast.baseline.assessment.assess import assess
from holdfast.baseline.assessment.regulatory import assessments, control, standard
from holdfast.baseline.decisions.model import Decisions
from holdfast.baseline.probes.observation import Observation, Outcome
from holdfast.kernel.json import JsonValue, at_path
from tests.baseline.assessment.cases import NOTHING, ON, exemption
from tests.baseline.evidence.items import NOW, observation

FAILED = observation("p", subject="bad", outcome=Outcome.FAILED)
ROOT = "/subscriptions/tide/providers/Microsoft.Security/regulatoryComplianceStandards/s"


def shapes(*seen: Observation, decisions: Decisions = NOTHING) -> tuple[JsonValue, JsonValue, JsonValue]:
    assessment = assess(ON, seen, decisions, NOW)
    item = next(item for item in assessment.controls if item.control == "DP-3")
    (only,) = assessments(assessment, item, "tide")
    return standard(assessment, "tide"), control(assessment, item, "tide"), only


def states(*parts: JsonValue) -> list[JsonValue]:
    return [at_path(part, "properties.state") for part in parts]


def test_one_failure_fails_everything_above_it() -> None:
    whole, part, leaf = shapes(observation("p"), FAILED)
    assert states(whole, part, leaf) == ["Failed"] * 3
    assert at_path(leaf, "properties.failedResources") == 1
    assert at_path(leaf, "properties.passedResources") == 1
    assert at_path(part, "properties.failedAssessments") == 1
    assert at_path(whole, "properties.failedControls") == 1
    assert at_path(whole, "properties.unsupportedControls") == 59
    assert at_path(whole, "properties.skippedControls") == 26


def test_what_passed_passes_although_others_have_no_data() -> None:
    assert states(*shapes(observation("p"))) == ["Passed"] * 3


@pytest.mark.parametrize(
    ("decisions", "seen", "expected"),
    [
        (NOTHING, (), "Unsupported"),
        (NOTHING, (observation("p", outcome=Outcome.ERROR),), "Failed"),
        (exemption(), (FAILED,), "Skipped"),
    ],
)
def test_other_states_have_their_word(
    decisions: Decisions, seen: tuple[Observation, ...], expected: str
) -> None:
    _, part, leaf = shapes(*seen, decisions=decisions)
    assert states(part, leaf) == [expected] * 2


def test_identifiers_are_nested() -> None:
    whole, part, leaf = shapes()
    assert at_path(whole, "id") == ROOT
    assert at_path(part, "id") == f"{ROOT}/regulatoryComplianceControls/DP-3"
    name = "regulatoryComplianceControls/DP-3/regulatoryComplianceAssessments/encryption-in-transit"
    assert at_path(leaf, "id") == f"{ROOT}/{name}"


def test_a_control_without_probes_has_an_attestation() -> None:
    assessment = assess(ON, (), NOTHING, NOW)
    item = next(item for item in assessment.controls if item.control == "GS-1")
    (only,) = assessments(assessment, item, "tide")
    assert at_path(only, "properties.assessmentType") == "Attestation"
    assert at_path(only, "properties.unsupportedResources") == 1
