"""Bodies that are wrong in the same way everywhere, and people who write at the same time."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.devices.device import DEVICE
from holdfast.devices.groups import DEVICE_GROUP
from holdfast.devices.templates.kind import DEVICE_TEMPLATE
from tests.api.in_memory import InMemory, open_api
from tests.devices.templates.samples import PUMP_TEMPLATE, TEMPLATE_ID

Json = Any  # whatever JSON the instance answers
QUERY = {"api-version": "2022-10-31-preview"}
KEYS = {"type": "symmetricKey"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[InMemory]:
    with open_api(tmp_path) as opened:
        opened.world.put(DEVICE_TEMPLATE, TEMPLATE_ID, PUMP_TEMPLATE)
        opened.world.put(DEVICE, "p", {"template": TEMPLATE_ID})
        opened.world.put(DEVICE, "q", {})
        opened.world.put(DEVICE_GROUP, "all", {"displayName": "All", "filter": "SELECT * FROM devices"})
        yield opened


def _work() -> Json:
    return {"group": "all", "data": [{"type": "deviceTemplateMigration", "template": TEMPLATE_ID}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("devices/new", {"displayName": "D"}),
        ("devices/p/attestation", KEYS),
        ("devices/p/relationships/r", {"target": "q"}),
        ("deviceGroups/new", {"displayName": "G", "filter": "SELECT * FROM devices"}),
        ("deviceTemplates/dtmi:plant:other;1", {**PUMP_TEMPLATE}),
        ("enrollmentGroups/new", {"displayName": "E", "type": "iot", "attestation": KEYS}),
        ("jobs/new", _work()),
        (
            "scheduledJobs/new",
            {**_work(), "schedule": {"start": "2099-01-01T00:00:00Z", "recurrence": "daily"}},
        ),
        ("dashboards/new", {"displayName": "D", "tiles": []}),
        ("fileUploads", {"connectionString": "Storage=Local", "container": "files"}),
    ],
)
def test_a_field_that_does_not_exist_is_named(api: InMemory, path: str, body: Json) -> None:
    refused = api.client.put(f"/api/{path}", params=QUERY, json={**body, "surprise": 1})
    assert refused.status_code == 400, refused.text
    error = refused.json()["error"]
    assert "surprise" in error["message"] + error.get("target", "")
    if "/new" in path:
        assert api.client.get(f"/api/{path}", params=QUERY).status_code == 404


def test_what_is_only_shown_can_be_sent_back(api: InMemory) -> None:
    shown = api.client.get("/api/devices/p", params=QUERY).json()
    assert api.client.put("/api/devices/p", params=QUERY, json=shown).status_code == 200


def test_a_model_that_extends_itself_is_refused_with_its_place(api: InMemory) -> None:
    def interface(name: str, extends: Json) -> Json:
        return {"@id": f"dtmi:loop:{name};1", "@type": "Interface", "extends": extends, "contents": []}

    model = interface("a", [interface("b", "dtmi:loop:a;1")])
    body = {**PUMP_TEMPLATE, "capabilityModel": model}
    refused = api.client.put("/api/deviceTemplates/dtmi:loop:t;1", params=QUERY, json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["target"].startswith("/capabilityModel")


def test_of_those_who_write_at_once_one_wins_and_the_others_know(api: InMemory) -> None:
    etag = api.client.get("/api/devices/p", params=QUERY).json()["etag"]
    statuses: list[int] = []

    def write(number: int) -> None:
        body = {"displayName": f"by {number}", "etag": etag}
        statuses.append(api.client.patch("/api/devices/p", params=QUERY, json=body).status_code)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(statuses) == [200, 412, 412, 412, 412, 412]


def test_a_manifest_in_a_device_is_given_to_it(api: InMemory) -> None:
    agent = {"properties.desired": {"schemaVersion": "1.1"}}
    manifest = {"id": "m", "displayName": "M", "data": {"modulesContent": {"$edgeAgent": agent}}}
    refused = api.client.put("/api/devices/new", params=QUERY, json={"deploymentManifest": manifest})
    assert refused.json()["error"]["target"] == "/deploymentManifest"
    body = {"type": ["iotEdge"], "deploymentManifest": manifest}
    assert (
        api.client.put("/api/devices/new", params=QUERY, json=body).json()["deploymentManifest"] == manifest
    )


@pytest.mark.parametrize(
    "identifier", ["dtmi:modelDefinition:a1b2c3:d4e5f6", "urn:modelDefinition:aqlyr1ulu:tz5rut2pvx"]
)
def test_ids_of_templates_may_be_as_the_hosted_service_makes_them(api: InMemory, identifier: str) -> None:
    model = {**PUMP_TEMPLATE["capabilityModel"], "@id": "dtmi:plant:Other;1"}  # type: ignore[dict-item]  # JSON
    made = api.client.put(
        f"/api/deviceTemplates/{identifier}", params=QUERY, json={**PUMP_TEMPLATE, "capabilityModel": model}
    )
    assert (made.status_code, made.json()["@id"]) == (200, identifier)
    assert api.client.put("/api/devices/r", params=QUERY, json={"template": identifier}).status_code == 200
    found = api.client.get("/api/deviceTemplates", params={**QUERY, "filter": f"'@id' eq '{identifier}'"})
    assert [template["@id"] for template in found.json()["value"]] == [identifier]
    for wrong in ("modelDefinition:a", "dtmi:a b", "dtmi:a;0", "dtmi:", "dtmi:a:1;1", "urn:a b", "URN:a"):
        refused = api.client.put(f"/api/deviceTemplates/{wrong}", params=QUERY, json=PUMP_TEMPLATE)
        assert (refused.status_code, refused.json()["error"]["target"]) == (400, "/id"), wrong


def test_ids_of_dashboards_may_be_as_the_hosted_service_makes_them(api: InMemory) -> None:
    path = "/api/dashboards/dtmi:kkfvwa2xi:p7pyt5x38"
    made = api.client.put(path, params=QUERY, json={"displayName": "Plant", "favorite": False})
    assert (made.status_code, made.json()["id"]) == (200, "dtmi:kkfvwa2xi:p7pyt5x38")
    assert api.client.get(path, params=QUERY).json() == made.json()
    for wrong in ("a b", "x" * 129, "a.b", "é"):
        refused = api.client.put(f"/api/dashboards/{wrong}", params=QUERY, json={"displayName": "Plant"})
        assert (refused.status_code, refused.json()["error"]["target"]) == (400, "/id"), wrong
