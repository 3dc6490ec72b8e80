"""Devices in and out as CSV, messages as they came, and templates proposed from them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.devices.attestation import ATTESTATION
from holdfast.devices.device import DEVICE
from holdfast.devices.enrollment_group import DEFAULT_SAS_GROUP, ENROLLMENT_GROUP
from holdfast.devices.templates.kind import DEVICE_TEMPLATE
from holdfast.kernel.json import JsonObject
from tests.api.in_memory import InMemory, open_api
from tests.devices.templates.samples import PUMP_TEMPLATE, TEMPLATE_ID

KEY = "+AAAAAAAAAAAAAAAAAAAAA=="
THUMBPRINT = "AB" * 20
FILE = "/api/fleet/devices.csv"
HEADER = "IOTC_DEVICEID,IOTC_DEVICENAME,IOTC_SASKEY_PRIMARY,IOTC_SASKEY_SECONDARY,"
HEADER += "IOTC_X509THUMBPRINT_PRIMARY,IOTC_X509THUMBPRINT_SECONDARY\r\n"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[InMemory]:
    with open_api(tmp_path) as opened:
        keys: JsonObject = {"primaryKey": KEY, "secondaryKey": KEY}
        body: JsonObject = {
            "displayName": "Default",
            "type": "iot",
            "attestation": {"type": "symmetricKey", "symmetricKey": keys},
        }
        opened.world.put(ENROLLMENT_GROUP, DEFAULT_SAS_GROUP, body)
        opened.world.put(DEVICE_TEMPLATE, TEMPLATE_ID, PUMP_TEMPLATE)
        yield opened


def _upload(api: InMemory, text: str, query: str = "") -> Any:
    return api.client.post(f"{FILE}{query}", content=text.encode(), headers={"content-type": "text/csv"})


def test_a_file_makes_devices_once(api: InMemory) -> None:
    text = f"{HEADER}a,Pump A,'{KEY},,,\r\nb,,,,{THUMBPRINT},\r\nc,Pump C,,,,\r\n"
    query = f"?template={TEMPLATE_ID}"
    assert _upload(api, text, query).json() == {"created": 3, "updated": 0, "unchanged": 0}
    assert _upload(api, text, query).json() == {"created": 0, "updated": 0, "unchanged": 3}
    changed = text.replace("Pump C", "Pump D")
    assert _upload(api, changed, query).json() == {"created": 0, "updated": 1, "unchanged": 2}
    device = api.client.get("/api/devices/c?api-version=2022-07-31").json()
    assert (device["displayName"], device["template"]) == ("Pump D", TEMPLATE_ID)
    own = api.world.store.get(ATTESTATION, "a")
    assert own is not None
    assert own.body["symmetricKey"] == {"primaryKey": KEY, "secondaryKey": KEY}
    assert api.world.store.get(ATTESTATION, "c") is None


def test_keys_of_the_group_need_no_enrollment_of_their_own(api: InMemory) -> None:
    exported = f"{HEADER}a,A,,,,\r\n"
    _upload(api, exported)
    [line] = api.client.get(f"{FILE}?credentials=true").text.splitlines()[1:]
    _upload(api, f"{HEADER}{line}\r\n")
    assert api.world.store.get(ATTESTATION, "a") is None


def test_one_mistake_and_nothing_is_made(api: InMemory) -> None:
    for text in (f"{HEADER}good,,,,,\r\n-bad,,,,,\r\n", f"{HEADER}good,,c2hvcnQ=,,,\r\n"):
        refused = _upload(api, text)
        assert refused.status_code == 400
        assert "column IOTC_" in refused.json()["error"]["message"]
        assert refused.json()["error"]["target"].startswith("line ")
    assert api.client.get("/api/devices/good?api-version=2022-07-31").status_code == 404
    assert (
        api.client.post(FILE, content=b"x", headers={"content-type": "application/json"}).status_code == 415
    )


def test_what_is_exported_can_be_imported_and_is_audited_with_its_keys(api: InMemory) -> None:
    api.world.put(DEVICE, "d", {"displayName": "=HYPERLINK(1)"})
    plain = api.client.get(FILE)
    assert plain.headers["content-type"].startswith("text/csv")
    assert plain.text == "IOTC_DEVICEID,IOTC_DEVICENAME\r\nd,'=HYPERLINK(1)\r\n"
    assert _upload(api, plain.text).json() == {"created": 0, "updated": 0, "unchanged": 1}
    whole = api.client.get(f"{FILE}?credentials=true&$filter=id eq 'd'").text
    assert whole.startswith(HEADER)
    assert "device.credentials-exported" in {event.name for event in api.world.feed.search(limit=10)}


def _raw(api: InMemory, query: str = "") -> Any:
    return api.client.get(f"/api/fleet/devices/p/rawData{query}").json()


def test_messages_are_shown_as_they_came_and_marked(api: InMemory) -> None:
    api.world.put(DEVICE, "p", {"template": TEMPLATE_ID})
    api.say("p", b'{"pressure": 3.5, "mode": "sideways", "humidity": 40}', "batch=7")
    api.say("p", b"\xff\xfe")
    newest, first = _raw(api)["value"]
    assert newest["body"] == {"$base64": "//4="}
    assert newest["values"][0]["fit"] == "invalid"
    assert first["properties"] == {"batch": "7"}
    fits = {value["name"]: value["fit"] for value in first["values"]}
    assert fits == {"pressure": "valid", "mode": "invalid", "humidity": "unmodeled"}
    assert any("reasons" in value for value in first["values"])
    assert len(_raw(api, "?$top=1")["value"]) == 1
    assert _raw(api, "?begins=2100-01-01T00:00:00Z")["value"] == []


@pytest.mark.parametrize("query", ["?$top=0", "?$top=x", "?begins=yesterday"])
def test_nonsense_is_refused(api: InMemory, query: str) -> None:
    api.world.put(DEVICE, "p", {})
    assert api.client.get(f"/api/fleet/devices/p/rawData{query}").status_code == 400


def test_a_template_is_proposed_from_what_a_device_said(api: InMemory) -> None:
    api.world.put(DEVICE, "p", {"displayName": "Odd pump"})
    api.say("p", b'{"level": 3, "place": {"lat": 1.5, "lon": 2}}')
    api.say("p", b'{"level": 3.5}')
    api.state.patch_reported("p", "", {"serial": "x-1"}, api.world.clock.now())
    proposed = api.client.post("/api/fleet/devices/p/templateProposal").json()
    contents = {content["name"]: content for content in proposed["capabilityModel"]["contents"]}
    assert contents["level"]["schema"] == "double"
    assert contents["serial"]["@type"] == "Property"
    path = f"/api/deviceTemplates/{proposed['@id']}?api-version=2022-07-31"
    assert api.client.put(path, json=proposed).status_code == 200
    api.world.put(DEVICE, "p", {"displayName": "Odd pump", "template": proposed["@id"]})
    assert {value["fit"] for message in _raw(api)["value"] for value in message["values"]} == {"valid"}
