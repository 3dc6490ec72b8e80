"""What the last preview added: dashboards, deployment manifests, device types, unmodelled properties."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.devices.device import DEVICE
from holdfast.devices.manifests import AGENT, with_credentials
from holdfast.devices.templates.kind import DEVICE_TEMPLATE
from holdfast.kernel.json import at_path
from tests.api.in_memory import InMemory, open_api
from tests.devices.templates.samples import PUMP_TEMPLATE, TEMPLATE_ID

VERSION = "2022-10-31-preview"
Json = Any  # whatever JSON the instance answers


class Preview:
    """The client below `/api`, of the preview's version."""

    def __init__(self, api: InMemory, version: str = VERSION) -> None:
        self.api = api
        self.version = version

    def __call__(self, method: str, path: str, body: Json = None, **query: str) -> Any:
        return self.api.client.request(
            method, f"/api/{path}", params={"api-version": self.version, **query}, json=body
        )

    def ok(self, method: str, path: str, body: Json = None, status: int = 200, **query: str) -> Json:
        response = self(method, path, body, **query)
        assert response.status_code == status, response.text
        return response.json() if response.content else None


@pytest.fixture
def preview(tmp_path: Path) -> Iterator[Preview]:
    with open_api(tmp_path) as api:
        yield Preview(api)


def _tile(**more: Json) -> Json:
    tile = {"displayName": "T", "x": 0, "y": 0, "width": 2, "height": 1}
    return tile | {"configuration": {"type": "markdown", "description": "hi"}} | more


def test_a_dashboard_keeps_what_its_tiles_say(preview: Preview) -> None:
    made = preview.ok("PUT", "dashboards/d1", {"displayName": "Plant", "tiles": [_tile(more="kept")]})
    assert made["tiles"] == [_tile(more="kept")]
    assert (made["favorite"], made["organizations"]) == (False, [])
    assert preview.ok("PATCH", "dashboards/d1", {"favorite": True})["favorite"] is True
    patched = preview.ok("PATCH", "dashboards/d1", {"displayName": "New", "etag": _etag(preview, "d1")})
    assert (patched["displayName"], patched["favorite"], len(patched["tiles"])) == ("New", True, 1)
    assert preview("PATCH", "dashboards/d1", {"displayName": "x", "etag": made["etag"]}).status_code == 412
    assert [d["id"] for d in preview.ok("GET", "dashboards")["value"]] == ["d1"]
    preview.ok("DELETE", "dashboards/d1", status=204)
    assert preview("GET", "dashboards/d1").status_code == 404


def _etag(preview: Preview, dashboard: str) -> str:
    return str(preview.ok("GET", f"dashboards/{dashboard}")["etag"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"displayName": "D", "tiles": [_tile(), {"displayName": "T"}]}, "/tiles/1"),
        ({"displayName": "D", "tiles": [_tile(x="left")]}, "/tiles/0/x"),
        ({"displayName": "D", "tiles": [_tile()] * 101}, "/tiles"),
        ({"displayName": "D", "tiles": "none"}, "/tiles"),
        ({"displayName": 7}, "/displayName"),
        ({"displayName": "D", "surprise": 1}, "/"),
        ({"displayName": "D", "favorite": "yes"}, "/favorite"),
    ],
)
def test_a_bad_dashboard_names_the_field(preview: Preview, body: Json, field: str) -> None:
    refused = preview("PUT", "dashboards/bad", body)
    assert refused.status_code == 400
    assert refused.json()["error"]["target"].startswith(field)
    assert preview("GET", "dashboards/bad").status_code == 404


def test_previews_are_not_in_the_published_version(preview: Preview) -> None:
    response = preview.api.client.get("/api/dashboards?api-version=2022-07-31")
    assert response.status_code == 404


def _manifest(image: str, password: str = "hunter2!") -> Json:  # a sample
    agent = {
        "schemaVersion": "1.1",
        "runtime": {"settings": {"registryCredentials": {"r": {"username": "u", "password": password}}}},
        "modules": {"filter": {"settings": {"image": image}}},
    }
    return {
        "displayName": "M",
        "data": {
            "modulesContent": {AGENT: {"properties.desired": agent}, "filter": {"properties.desired": {}}}
        },
    }


def test_a_manifest_is_kept_changed_and_given_to_edge_devices(preview: Preview) -> None:
    made = preview.ok("PUT", "deploymentManifests/m1", _manifest("f:1"))
    assert made["data"] == _manifest("f:1")["data"]
    assert preview.ok("PATCH", "deploymentManifests/m1", {"displayName": "N"})["data"] == made["data"]
    preview.ok("PUT", "devices/plain", {})
    assert preview("POST", "devices/plain/applyDeploymentManifest", made).status_code == 409
    edge = preview.ok("PUT", "devices/edge", {"type": ["iotEdge"]})
    assert edge["type"] == ["iotEdge"]
    preview.ok("POST", "devices/edge/applyDeploymentManifest", made)
    assert preview.ok("GET", "devices/edge")["deploymentManifest"]["data"] == made["data"]
    assert [d["id"] for d in preview.ok("GET", "devices", filter="type eq 'EdgeDevice'")["value"]] == ["edge"]
    preview.ok("DELETE", "deploymentManifests/m1", status=204)


def test_passwords_of_registries_reach_the_device_and_no_record(preview: Preview) -> None:
    preview.ok("PUT", "deploymentManifests/m1", _manifest("f:1"))
    preview.ok("PUT", "devices/edge", {"type": ["iotEdge"]})
    preview.ok("POST", "devices/edge/applyDeploymentManifest", _manifest("f:1"))
    events = preview.api.world.feed.search(limit=100)
    assert "hunter2!" not in str(events)
    asked = next(event.data for event in events if event.data.get("module") == AGENT)
    device = preview.api.world.store.get(DEVICE, "edge")
    patch = with_credentials(asked, device)["patch"]
    assert at_path(patch, "runtime.settings.registryCredentials.r.password") == "hunter2!"


@pytest.mark.parametrize(
    "data", [{}, {"modulesContent": {}}, {"modulesContent": {AGENT: {"other": {}}}}, [], 7]
)
def test_a_bad_manifest_is_refused(preview: Preview, data: Json) -> None:
    refused = preview("PUT", "deploymentManifests/bad", {"displayName": "M", "data": data})
    assert refused.status_code == 400
    assert refused.json()["error"]["target"].startswith("/data")


def test_what_the_template_does_not_have_is_shown_and_written_when_asked_for(preview: Preview) -> None:
    preview.api.world.put(DEVICE_TEMPLATE, TEMPLATE_ID, PUMP_TEMPLATE)
    preview.ok("PUT", "devices/p", {"template": TEMPLATE_ID})
    preview.api.state.patch_reported("p", "", {"strange": 5}, preview.api.world.clock.now())
    assert "strange" not in preview.ok("GET", "devices/p/properties")
    assert preview.ok("GET", "devices/p/properties", unmodeled="true")["strange"] == 5
    assert preview("PATCH", "devices/p/properties", {"stranger": 1}).status_code == 400
    accepted = preview.ok("PATCH", "devices/p/properties", {"stranger": 1}, 202, unmodeled="true")
    assert accepted["$metadata"]["stranger"]["desiredValue"] == 1
    assert preview("GET", "devices/p/properties", unmodeled="maybe").status_code == 400


def test_the_first_preview_has_its_own_words_for_devices(tmp_path: Path) -> None:
    with open_api(tmp_path) as api:
        first = Preview(api, "preview")
        template = first.ok("PUT", f"deviceTemplates/{TEMPLATE_ID}", PUMP_TEMPLATE)
        assert template["id"] == template["@id"] == TEMPLATE_ID
        body = {"displayName": "One", "simulated": False, "approved": True, "instanceOf": TEMPLATE_ID}
        made = first.ok("PUT", "devices/one", body)
        assert (made["approved"], made["instanceOf"]) == (True, TEMPLATE_ID)
        assert made.keys().isdisjoint({"enabled", "template"})
        assert first.ok("PATCH", "devices/one", {"approved": False})["approved"] is False
        assert first.ok("GET", "devices")["value"] == [first.ok("GET", "devices/one")]
        later = Preview(api).ok("GET", "devices/one")
        assert (later["enabled"], later["template"]) == (False, TEMPLATE_ID)
        assert (
            Preview(api)("PATCH", "devices/one", {"approved": True}).json()["error"]["target"] == "/approved"
        )
        twice = first("PATCH", "devices/one", {"approved": True, "enabled": False})
        assert (twice.status_code, twice.json()["error"]["target"]) == (400, "/enabled")
