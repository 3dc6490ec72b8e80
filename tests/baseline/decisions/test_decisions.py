"""Attestations and exemptions from the API to states, events and evidence."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.baseline.assessment.alerts import reminder_key, reminders
from holdfast.baseline.assessment.assessor import Trigger
from holdfast.baseline.evidence.bundle import verify_bundle
from holdfast.kernel.clock import isoformat
from tests.baseline.evidence.items import KEY, NOW
from tests.baseline.world import BaselineWorld, open_baseline_world

DAY = 86_400.0
ATTESTATION = {
    "control": "gs-1",
    "owner": "Grace",
    "statement": "Roles are written down and reviewed.",
    "evidence": "https://wiki.example/roles",
    "expires": isoformat(NOW + 30 * DAY),
}
EXEMPTION = {
    "feature": "native-backup",
    "category": "accepted",
    "owner": "Grace",
    "reason": "The disk is mirrored.",
    "expires": isoformat(NOW + 10 * DAY),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BaselineWorld]:
    with open_baseline_world(tmp_path) as opened:
        yield opened


def put(world: BaselineWorld, path: str, body: dict[str, Any]) -> Any:  # any JSON
    answer = world.client.put(f"/api/baseline/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def control(world: BaselineWorld, name: str, at: float | None = None) -> tuple[str, str]:
    asked = f"?at={isoformat(at).replace('+', '%2B')}" if at else ""
    found = world.client.get(f"/api/baseline/controls/{name}{asked}").json()
    return found["state"], found["reason"]


def test_an_attestation_decides_until_its_end(world: BaselineWorld) -> None:
    assert control(world, "GS-1") == ("attestation due", "nobody has said how it stands")
    given = put(world, "attestations/GS-1", ATTESTATION)
    assert (given["control"], given["givenBy"], given["given"]) == ("GS-1", "ada", isoformat(NOW))
    assert control(world, "GS-1") == ("satisfied", "Roles are written down and reviewed.")
    world.clock.advance(30 * DAY)
    assert control(world, "GS-1")[0] == "attestation due"


def test_who_says_that_it_is_not_satisfied_is_believed(world: BaselineWorld) -> None:
    put(world, "attestations/a", {**ATTESTATION, "satisfied": False})
    assert control(world, "GS-1")[0] == "not satisfied"


def test_how_it_stood_before_it_was_taken_back_is_known(world: BaselineWorld) -> None:
    put(world, "attestations/a", ATTESTATION)
    world.clock.advance(DAY)
    assert world.client.delete("/api/baseline/attestations/a").status_code == 204
    world.clock.advance(DAY)
    assert control(world, "GS-1")[0] == "attestation due"
    assert control(world, "GS-1", NOW + DAY / 2)[0] == "satisfied"
    assert control(world, "GS-1", NOW - 1)[0] == "attestation due"


def test_an_exemption_is_a_status_with_a_history(world: BaselineWorld) -> None:
    world.baseline.run((), Trigger.START)
    world.baseline.run({"absence.backup"})
    put(world, "exemptions/backup", EXEMPTION)
    world.clock.advance(1)
    world.baseline.run((), Trigger.CHANGE)
    world.clock.advance(10 * DAY)
    world.baseline.run((), Trigger.SCHEDULE)
    found = world.client.get("/api/baseline/recommendations/native-backup").json()
    assert [(each["before"], each["after"]) for each in found["history"]] == [
        ("unknown", "open"),
        ("open", "accepted"),
        ("accepted", "unknown"),
    ]


def test_exemptions_do_not_count_in_the_numbers(world: BaselineWorld) -> None:
    put(world, "exemptions/br", {**EXEMPTION, "feature": "", "control": "BR-1"})
    found = world.client.get("/api/baseline/assessment").json()
    assert found["exempt"] == 1
    assert {item["state"] for item in found["controls"] if item["control"] == "BR-1"} == {"exempt"}


def test_decisions_are_audited_and_in_the_signed_evidence(world: BaselineWorld) -> None:
    put(world, "attestations/a", ATTESTATION)
    put(world, "exemptions/e", EXEMPTION)
    world.client.delete("/api/baseline/exemptions/e")
    names = [event.name for event in world.world.feed.read(0)]
    assert names == ["baselineAttestation.created", "baselineExemption.created", "baselineExemption.deleted"]
    items = verify_bundle(world.baseline.evidence.bundle(0, NOW + 1), KEY.public).items
    told = [(item.subject, item.content["body"] is None) for item in items]
    assert told == [
        ("baselineAttestation/a", False),
        ("baselineExemption/e", False),
        ("baselineExemption/e", True),
    ]


def test_the_evidence_learns_what_it_missed_and_nothing_twice(world: BaselineWorld) -> None:
    world.world.put("baselineAttestation", "a", {**ATTESTATION})
    assert [each.subject for each in world.baseline.book.tell_evidence()] == ["baselineAttestation/a"]
    assert world.baseline.book.tell_evidence() == ()


def test_a_file_is_kept_and_given_out_again(world: BaselineWorld) -> None:
    content = b"%PDF a scan"
    file = {"name": "C:\\scans\\roles\u2028.pdf", "content": base64.b64encode(content).decode()}
    given = put(world, "attestations/a", {**ATTESTATION, "evidence": "", "evidenceFile": file})
    digest = hashlib.sha256(content).hexdigest()
    assert given["evidenceFile"] == {"name": "roles.pdf", "digest": digest, "size": len(content)}
    answer = world.client.get("/api/baseline/attestations/a/evidence")
    assert answer.content == content
    assert answer.headers["content-disposition"] == 'attachment; filename="roles.pdf"'


def test_an_auditor_gets_the_file_and_evidence_with_its_digest(world: BaselineWorld) -> None:
    content = b"%PDF a scan"
    file = {"name": "roles.pdf", "content": base64.b64encode(content).decode()}
    put(world, "attestations/a", {**ATTESTATION, "evidenceFile": file})
    answer = world.client.get("/api/baseline/audit")
    digest = hashlib.sha256(content).hexdigest()
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith(f"files/{digest}/"))
        assert archive.read(name) == content
        bundle = archive.read("evidence.jsonl").splitlines(keepends=True)
    (item,) = verify_bundle(iter(bundle), KEY.public).items
    assert digest in json.dumps(item.content)


def test_a_file_that_was_handed_over_before_is_named_by_its_digest(world: BaselineWorld) -> None:
    file = {"name": "roles.pdf", "content": base64.b64encode(b"%PDF").decode()}
    given = put(world, "attestations/a", {**ATTESTATION, "evidenceFile": file})
    again = put(
        world, "attestations/a", {**ATTESTATION, "evidenceFile": {**given["evidenceFile"], "size": 9}}
    )
    assert again["evidenceFile"] == given["evidenceFile"]


@pytest.mark.parametrize(
    "name", ["..", "../../etc/cron.d/x", "..\\x", "a\0b", " ", "\u202efdp.exe", "x" * 999]
)
def test_no_name_of_a_file_leads_out_of_the_auditors_folder(world: BaselineWorld, name: str) -> None:
    file = {"name": name, "content": base64.b64encode(b"%PDF").decode()}
    put(world, "attestations/a", {**ATTESTATION, "evidenceFile": file})
    digest = hashlib.sha256(b"%PDF").hexdigest()
    with zipfile.ZipFile(io.BytesIO(world.client.get("/api/baseline/audit").content)) as archive:
        (path,) = (path for path in archive.namelist() if path.startswith("files/"))
    folder, _, last = path.rpartition("/")
    assert folder == f"files/{digest}"
    assert last.isprintable()
    assert last.strip(". ")


def test_its_owner_is_reminded_once(world: BaselineWorld) -> None:
    put(world, "attestations/a", ATTESTATION)
    attestations = world.baseline.book.at().attestations
    assert list(reminders(attestations, NOW + 15 * DAY, ())) == []
    (report,) = reminders(attestations, NOW + 16 * DAY, ())
    assert (report.type, report.source, report.destination) == ("baseline-attestation-ends", "GS-1", "a")
    assert "Grace" in report.observed
    assert list(reminders(attestations, NOW + 16 * DAY, {reminder_key(attestations[0])})) == []


@pytest.mark.parametrize(
    ("path", "change", "part"),
    [
        ("attestations/a", {"control": "XX-1"}, "has no control"),
        ("attestations/a", {"evidence": ""}, "needs evidence"),
        ("attestations/a", {"evidence": "javascript:alert(1)"}, "begins with https"),
        ("attestations/a", {"expires": "tomorrow"}, "is a moment"),
        ("attestations/a", {"expires": isoformat(NOW - 1)}, "lies in the future"),
        ("attestations/a", {"expires": isoformat(NOW + 2_000 * DAY)}, "at most three years"),
        ("attestations/a", {"owner": ""}, "/owner"),
        ("attestations/a", {"colour": "red"}, "colour"),
        ("attestations/a", {"evidenceFile": {"name": "x", "content": "%"}}, "not Base64"),
        ("attestations/a", {"evidenceFile": {"name": "x", "content": ""}}, "1 byte to 8 MiB"),
        ("attestations/a", {"evidenceFile": {"name": "x", "digest": "0" * 64}}, "No file with this digest"),
        ("attestations/a", {"evidenceFile": {"name": "x", "digest": "../x"}}, "No file with this digest"),
        ("attestations/a", {"evidenceFile": 7}, "evidenceFile"),
        ("attestations/not%20an%20id", {}, "The id has"),
        ("exemptions/e", {"control": "BR-1"}, "one of both"),
        ("exemptions/e", {"feature": ""}, "one of both"),
        ("exemptions/e", {"feature": "teleport"}, "no feature"),
        ("exemptions/e", {"category": "whim"}, "category"),
    ],
)
def test_what_is_wrong_is_said(world: BaselineWorld, path: str, change: dict[str, Any], part: str) -> None:
    body = {**(ATTESTATION if path.startswith("att") else EXEMPTION), **change}
    answer = world.client.put(f"/api/baseline/{path}", json=body)
    assert answer.status_code == 422 or answer.status_code == 400, answer.text
    assert part in answer.json()["error"]["message"]
    assert world.client.get(f"/api/baseline/{path.partition('/')[0]}").json()["value"] == []
