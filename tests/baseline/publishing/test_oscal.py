"""OSCAL of an assessment: valid for compliance-trestle, complete, and pointing only at what exists."""

import json

import pytest
from trestle.oscal.assessment_plan import AssessmentPlan
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.catalog import Catalog
from trestle.oscal.component import ComponentDefinition
from trestle.oscal.poam import PlanOfActionAndMilestones
from trestle.oscal.profile import Profile

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.oscal.references import reference_problems
from holdfast.baseline.probes.probe import HOUR, Probe
from holdfast.baseline.publishing.oscal import documents
from holdfast.baseline.publishing.oscal.documents import ACTION_FILE, publish_oscal
from tests.baseline.publishing.publications import publication, unassessed

MODELS = {
    "catalog": Catalog,
    "profile": Profile,
    "component-definition": ComponentDefinition,
    "assessment-plan": AssessmentPlan,
    "assessment-results": AssessmentResults,
    "plan-of-action-and-milestones": PlanOfActionAndMilestones,
}
FILES = publish_oscal(publication(), {})


def folder(service: str, files: dict[str, bytes] = FILES) -> dict[str, bytes]:
    prefix = f"oscal/{service}/"
    return {name.removeprefix(prefix): data for name, data in files.items() if name.startswith(prefix)}


def results(files: dict[str, bytes] = FILES) -> dict:
    content: dict = json.loads(folder("holdfast", files)["assessment-results.json"])
    result: dict = content["assessment-results"]["results"][0]
    return result


@pytest.mark.parametrize("name", FILES)
def test_a_document_is_valid(name: str) -> None:
    ((root, content),) = json.loads(FILES[name]).items()
    assert MODELS[root](**content)


@pytest.mark.parametrize("service", ["holdfast-platform", "holdfast-defender", "holdfast"])
def test_documents_point_only_at_what_exists(service: str) -> None:
    files = folder(service)
    assert list(reference_problems({name: data for name, data in files.items() if name != ACTION_FILE})) == []
    without_results = {
        name: data for name, data in files.items() if not name.startswith("assessment-results")
    }
    assert list(reference_problems(without_results)) == []


def test_a_finding_for_every_control_carries_our_state() -> None:
    findings = {finding["title"].split()[0]: finding for finding in results()["findings"]}
    assert len(findings) == 86
    target = findings["PA-7"]["target"]
    assert target["status"] == {"state": "not-satisfied", "reason": "fail"}
    exempt = findings["DP-3"]
    assert (exempt["target"]["status"]["reason"], exempt["props"][0]["value"]) == ("other", "exempt")


def test_every_subject_is_an_observation_of_its_own() -> None:
    seen = results()["observations"]
    probes = [item for item in seen if item["title"].startswith("access.wrong-role-refused")]
    assert len(probes) == 3
    assert all(item["methods"] == ["TEST"] and item["expires"] > item["collected"] for item in seen)
    assert all(len(item["relevant-evidence"][0]["props"][0]["value"]) == 64 for item in seen)


def test_an_exemption_is_a_risk_with_a_deadline() -> None:
    risks = {risk["title"]: risk for risk in results()["risks"]}
    exempt = risks["Data in Transit Encryption: should be present"]
    assert (exempt["status"], exempt["deadline"]) == ("deviation-approved", "2027-01-15T08:00:10.000Z")


def test_the_plan_names_the_frequency_of_a_probe() -> None:
    probe = Probe(
        "access.wrong-role-refused", lambda _: iter(()), "Asks as a reader", frozenset(), valid_for=6 * HOUR
    )
    plan = json.loads(
        folder("holdfast", publish_oscal(publication(), {probe.id: probe}))["assessment-plan.json"]
    )["assessment-plan"]
    task = next(task for task in plan["tasks"] if task["title"] == f"Run {probe.id}")
    assert task["timing"] == {"at-frequency": {"period": 6, "unit": "hours"}}


def test_what_was_never_assessed_is_valid_too() -> None:
    for data in publish_oscal(unassessed(), {}).values():
        ((root, content),) = json.loads(data).items()
        assert MODELS[root](**content)


@pytest.mark.parametrize(
    ("writer", "document"),
    [
        ("write_plan", b'{"assessment-plan": {"control-id": "xx-1"}}'),
        ("write_plan_of_action", b'{"plan-of-action-and-milestones": {"risk-uuid": "xx-1"}}'),
    ],
)
def test_a_dangling_reference_is_not_published(
    writer: str, document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, writer, lambda *_: document)
    with pytest.raises(DocumentError, match="xx-1 does not exist"):
        publish_oscal(publication(), {})
