"""`/api/baseline` over a real assessor whose probes find no instance: what cannot be seen is not assessed."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from holdfast.baseline.data.catalog import features
from holdfast.baseline.evidence.bundle import read_public_key, verify_bundle
from holdfast.baseline.publishing.publish import PublicationFormat
from tests.baseline.world import open_baseline_world


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with open_baseline_world(tmp_path_factory.mktemp("baseline")) as world:
        world.client.post("/api/baseline/assessments")
        yield world.client


def get(client: TestClient, path: str) -> Any:  # any JSON
    answer = client.get(f"/api/baseline/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_feature_has_a_state_and_what_has_no_evidence_is_not_assessed(client: TestClient) -> None:
    found = get(client, "assessment")["features"]
    assert [item["feature"] for item in found] == [feature.name for feature in features()]
    states = {item["key"]: (item["state"], item["proven"], item["age"]) for item in found}
    assert states["central-identity"] == ("not assessed", False, None)
    assert states["native-backup"] == ("not satisfied", True, 0.0)


def test_a_run_says_which_probes_could_not_look(client: TestClient) -> None:
    run = client.post("/api/baseline/assessments", json={"feature": "central-identity"}).json()["run"]
    assert run["observations"] == 0
    missed = {"probe": "identity.foreign-token-refused", "reason": "needs listeners, principals"}
    assert missed in run["missed"]


def test_a_feature_shows_what_was_seen(client: TestClient) -> None:
    details = get(client, "features/native-backup")
    assert {item["subject"] for item in details["observations"]} == {"commands", "parts of the product"}
    assert get(client, "controls/br-1")["features"][1]["key"] == "native-backup"


def test_an_earlier_moment_has_an_answer_of_its_own(client: TestClient) -> None:
    earlier = get(client, "assessment?at=2020-01-01T00:00:00Z")["features"]
    assert {item["state"] for item in earlier} <= {"not assessed", "not applicable"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("assessment?service=unknown", 404),
        ("assessment?at=yesterday", 400),
        ("features/unknown", 404),
        ("controls/XX-1", 404),
        ("publications/docx", 404),
        ("regulatoryComplianceStandards/unknown", 404),
    ],
)
def test_what_there_is_not_is_refused_in_words(client: TestClient, path: str, status: int) -> None:
    answer = client.get(f"/api/baseline/{path}")
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_evidence_verifies_with_the_key_that_is_handed_out(client: TestClient) -> None:
    lines = client.get("/api/baseline/evidence").content.splitlines(keepends=True)
    key = read_public_key(client.get("/api/baseline/evidence/key").content)
    assert verify_bundle(iter(lines), key).items


@pytest.mark.parametrize("form", PublicationFormat)
def test_documents_come_in_an_archive(client: TestClient, form: PublicationFormat) -> None:
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"/api/baseline/publications/{form}").content))
    assert archive.namelist()
    assert archive.testzip() is None


def test_dashboards_read_standards_controls_and_assessments(client: TestClient) -> None:
    standards = get(client, "regulatoryComplianceStandards")["value"]
    assert [item["name"] for item in standards] == ["holdfast", "holdfast-platform", "holdfast-defender"]
    base = "regulatoryComplianceStandards/holdfast/regulatoryComplianceControls"
    assert get(client, f"{base}/BR-1")["properties"]["failedAssessments"] == 2
    assessments = get(client, f"{base}/BR-1/regulatoryComplianceAssessments")["value"]
    assert {item["properties"]["state"] for item in assessments} == {"Failed"}


def test_clients_of_defender_for_cloud_find_them_where_they_look(client: TestClient) -> None:
    root = "/subscriptions/tide/providers/Microsoft.Security/regulatoryComplianceStandards"
    version = "?api-version=2019-01-01-preview"
    (first, *_) = client.get(f"{root}{version}").json()["value"]
    assert first["id"] == f"{root}/holdfast"
    one = f"{root}/holdfast/regulatoryComplianceControls/BR-1/regulatoryComplianceAssessments/native-backup"
    found = client.get(f"{one}{version}").json()
    assert (found["id"], found["properties"]["state"]) == (one, "Failed")
    assert client.get(f"{one}x{version}").status_code == 404
    assert client.get(f"{root}?api-version=2001-01-01").status_code == 404


def test_lists_of_regulatory_compliance_are_filtered(client: TestClient) -> None:
    base = "regulatoryComplianceStandards/holdfast/regulatoryComplianceControls"
    failed = get(client, f"{base}?$filter=properties/state eq 'Failed' and failedAssessments gt 1")["value"]
    assert "BR-1" in [item["name"] for item in failed]
    assert {item["properties"]["state"] for item in failed} == {"Failed"}
    refused = client.get(f"/api/baseline/{base}?$filter=startswith(name, 'BR')")
    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "$filter")


def test_an_auditor_gets_one_control_with_the_whole_chain(client: TestClient) -> None:
    answer = client.get("/api/baseline/audit?control=br-1")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-BR-1.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        index = archive.read("index.html").decode()
        lines = archive.read("evidence.jsonl").splitlines(keepends=True)
        key = read_public_key(archive.read("public-key.pem"))
    assert "BR-1" in index
    assert "GS-1" not in index
    assert verify_bundle(iter(lines), key).items
    assert client.get("/api/baseline/audit?control=XX-1").status_code == 404


def test_a_day_stands_for_its_end(client: TestClient) -> None:
    assert get(client, "controls/BR-1?at=2020-03-03")["time"] == "2020-03-03T23:59:59.999Z"
    now = get(client, "controls/BR-1")["time"]
    assert get(client, f"controls/BR-1?at={now[:10]}")["time"] == now
    assert get(client, "controls/BR-1?at=2020-03-03")["state"] == "not assessed"
