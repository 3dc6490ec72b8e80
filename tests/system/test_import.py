"""An application is carried from one instance to another, and a device moves with it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.pki import issue
from tests.support.running import RunningInstance, running

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TEMPLATE = "dtmi:samples:movingDevice;1"
OPERATOR = "ae2c9854-393b-4f97-8c42-479d70ce626e"
OWN_KEY = {"primaryKey": "QUFBQUFBQUFBQUFBQUFBQQ==", "secondaryKey": "QkJCQkJCQkJCQkJCQkJCQg=="}


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    """The application that is left, with some of everything."""
    with running(tmp_path_factory.mktemp("left") / "data") as instance:
        _fill(instance)
        yield instance


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("here") / "data") as instance:
        yield instance


def _fill(instance: RunningInstance) -> None:
    template = json.loads((SAMPLES / "moving_device.template.json").read_text())
    cloud = {"@type": ["Property", "Cloud"], "name": "owner", "schema": "string"}
    template["capabilityModel"]["contents"].append(cloud)
    every = 'SELECT * FROM devices WHERE owner = "Kim"'
    work = [{"type": "cloudProperty", "target": TEMPLATE, "path": "owner", "value": "Lee"}]
    schedule = {"start": "2099-01-01T00:00:00Z", "recurrence": "daily"}
    preview = "?api-version=2022-10-31-preview"
    with instance.remote() as remote:
        remote.put("/api/organizations/plant", {"displayName": "Plant"})
        remote.put("/api/organizations/dock", {"displayName": "Dock", "parent": "plant"})
        remote.put(
            "/api/users/kim", {"type": "email", "email": "kim@example.org", "roles": [{"role": OPERATOR}]}
        )
        remote.put(f"/api/deviceTemplates/{TEMPLATE}", template)
        group = {"displayName": "Keys", "type": "iot", "attestation": {"type": "symmetricKey"}}
        remote.put("/api/enrollmentGroups/keys", group)
        remote.put("/api/enrollmentGroups/ca", {**group, "attestation": {"type": "x509"}})
        for device in ("mover", "alone", "leaf"):
            body = {"displayName": f"The {device}", "template": TEMPLATE, "organizations": ["dock"]}
            remote.put(f"/api/devices/{device}", body)
        own = {"type": "symmetricKey", "symmetricKey": OWN_KEY}
        remote.put("/api/devices/alone/attestation", own)
        remote.put("/api/devices/alone/relationships/r1", {"source": "alone", "target": "leaf"})
        remote.patch("/api/devices/mover/properties", {"owner": "Kim"})
        remote.put("/api/deviceGroups/of-kim", {"displayName": "Of Kim", "filter": every})
        job = {"displayName": "Nightly", "group": "of-kim", "data": work, "schedule": schedule}
        remote.put("/api/scheduledJobs/nightly", job)
        remote.put("/api/fileUploads", {"connectionString": "Storage=Local", "container": "files"})
        remote.put(f"/api/dashboards/d1{preview}", {"displayName": "Plant", "tiles": []})


def _import(left: RunningInstance, here: RunningInstance, *words: str) -> Any:
    environment = {
        **os.environ,
        "HOLDFAST_URL": here.url,
        "HOLDFAST_CA": str(here.root_ca),
        "HOLDFAST_TOKEN": here.token,
        "IOT_CENTRAL_TOKEN": left.token,
    }
    command = [sys.executable, "-m", "holdfast.cli.main", "import", "iot-central", "--from", left.url]
    command += ["--from-ca", str(left.root_ca), "--rate", "1000", "--json", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _due(report: Any) -> set[tuple[str, str]]:
    return {(change["kind"], change["id"]) for change in report["changes"]}


def test_an_application_is_planned_imported_and_found_imported(
    left: RunningInstance, here: RunningInstance, tmp_path: Path
) -> None:
    authority = issue("plant", authority=True)
    (tmp_path / "plant.pem").write_text(authority.pem)
    with left.remote() as remote:
        entry = "/api/enrollmentGroups/ca/certificates/primary"
        remote.put(entry, {"certificate": authority.pem, "verified": True})
    brought = ("--cas", str(tmp_path), "--file-storage", "Storage=Local")

    planned = _import(left, here, "--plan")
    assert ("devices", "mover") in _due(planned)
    told = {(note["kind"], note["id"]) for note in planned["notes"]}
    assert {("enrollmentGroups", "ca"), ("fileUploads", "files"), ("apiTokens", "first-start")} <= told
    assert OWN_KEY["primaryKey"] not in json.dumps(planned)
    with here.remote() as remote:
        assert remote.pages("/api/devices") == [], "a plan changes nothing"

    imported = _import(left, here, *brought)
    assert _due(planned) < _due(imported)
    assert {("certificates", "ca/primary"), ("fileUploads", "fileUploads")} <= _due(imported)
    assert ("attestations", "alone") in _due(imported)
    assert ("attestations", "mover") not in _due(imported), "its key comes from a group"
    with left.remote() as there, here.remote() as remote:
        for path in (
            "devices/mover",
            "devices/alone",
            "deviceGroups/of-kim",
            "users/kim",
            "organizations/dock",
        ):
            assert _told(remote.get(f"/api/{path}")) == _told(there.get(f"/api/{path}"))
        assert remote.get("/api/devices/alone/credentials")["symmetricKey"] == OWN_KEY
        assert remote.get("/api/devices/mover/properties")["owner"] == "Kim"
        assert remote.get("/api/enrollmentGroups/ca/certificates/primary")["verified"] is True
        assert remote.get("/api/scheduledJobs/nightly")["enabled"] is False
        assert [r["target"] for r in remote.pages("/api/devices/alone/relationships")] == ["leaf"]
        remote.patch("/api/devices/leaf", {"displayName": "Changed here"})

    again = _import(left, here, *brought)
    assert _due(again) == {("devices", "leaf")}
    assert _due(_import(left, here, *brought)) == set()


def _told(document: Any) -> Any:
    """What two applications must have in common."""
    return {name: value for name, value in document.items() if name not in {"etag", "provisioned"}}


def test_a_device_moves_when_it_is_told_to_and_stays_when_it_cannot(
    left: RunningInstance, here: RunningInstance, tmp_path: Path
) -> None:
    _import(left, here)
    settings = tmp_path / "settings.json"
    with left.remote() as remote:
        key = remote.get("/api/devices/mover/credentials")["symmetricKey"]["primaryKey"]
    place = {"provisioningHost": left.address, "idScope": left.id_scope, "rootCa": left.root_ca.read_text()}
    settings.write_text(json.dumps({"deviceId": "mover", "key": key, **place}))
    with (tmp_path / "device.log").open("w") as log:
        device = subprocess.Popen(
            [sys.executable, str(SAMPLES / "moving_device.py"), str(settings)], stderr=log
        )
    try:
        _until(lambda: _heard(left))
        nowhere = {
            "provisioningHost": here.address,
            "idScope": "0ne00000000",
            "rootCa": here.root_ca.read_text(),
        }
        assert _told_to_move(left, nowhere)["responseCode"] == 400
        assert json.loads(settings.read_text())["idScope"] == left.id_scope
        assert _told_to_move(left, {**nowhere, "idScope": here.id_scope})["responseCode"] == 200
        _until(lambda: _heard(here))
        assert json.loads(settings.read_text())["provisioningHost"] == here.address
    finally:
        device.kill()
        device.wait(20)


def _told_to_move(instance: RunningInstance, place: Any) -> Any:
    with instance.remote() as remote:
        path = "/api/devices/mover/components/migration/commands/DeviceMove"
        return remote.post(path, {"request": place, "connectionTimeout": 30, "responseTimeout": 30})


def _heard(instance: RunningInstance) -> bool:
    with instance.remote() as remote:
        return "value" in remote.get("/api/devices/mover/telemetry/temperature")


def _until(condition: Any) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
