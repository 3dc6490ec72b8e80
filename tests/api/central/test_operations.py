"""Every published operation, once with success, on a live instance; every answer as published."""

import time

from holdfast.runtime.demo.enrolling import DemoAuthority
from tests.api.central.published import Central, Json

TEMPLATE = "dtmi:plant:Pump;1"


def _own() -> list[Json]:
    return [
        {"@type": "Telemetry", "name": "pressure", "schema": "double"},
        {"@type": "Property", "name": "limit", "schema": "double", "writable": True},
        {"@type": "Command", "name": "flush", "durable": True, "request": {"name": "n", "schema": "integer"}},
        {"@type": "Command", "name": "stop"},
    ]


def _interface(name: str, contents: list[Json]) -> Json:
    return {"@id": f"dtmi:plant:{name};1", "@type": "Interface", "contents": contents}


def _contents(owner: str) -> list[Json]:
    """The same capabilities of the device or module itself and in a component of it."""
    motor = _interface(f"{owner}Motor", _own())
    return [*_own(), {"@type": "Component", "name": "motor", "schema": motor}]


BODY: Json = {
    "@type": ["ModelDefinition", "DeviceModel", "EdgeModel"],
    "displayName": "Pump",
    "capabilityModel": {
        "@id": "dtmi:plant:PumpModel;1",
        "@type": "Interface",
        "@context": ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"],
        "contents": [
            *_contents("Pump"),
            {"@type": ["Property", "Cloud"], "name": "owner", "schema": "string"},
            {
                "@type": ["Relationship", "EdgeModule"],
                "name": "camera",
                "target": [_interface("Camera", _contents("Camera"))],
            },
        ],
    },
}


def test_every_operation_answers_as_published(central: Central) -> None:
    _organizations(central)
    _people(central)
    _templates(central)
    _devices(central)
    for place in ("", "/components/motor", "/modules/camera", "/modules/camera/components/motor"):
        _capabilities(central, f"/devices/pump-1{place}")
    _relationships(central)
    _enrollment(central)
    _groups(central)
    _jobs(central)
    _scheduled_jobs(central)
    _file_uploads(central)
    central.ok("PUT", "/devices/pump-1/relationships/leaf", {"target": "pump-2"})
    central.ok("DELETE", "/devices/pump-2", status=204)
    assert central.ok("GET", "/devices/pump-1/relationships")["value"] == [], "it went with the device"
    central.ok("PUT", "/deviceTemplates/dtmi:plant:Other;1", _other_template())
    central.ok("DELETE", "/deviceTemplates/dtmi:plant:Other;1", status=204)
    if central.published is not None:
        assert {o.id for o in central.published.operations} - central.called == set()


def _listed(central: Central, path: str) -> list[str]:
    return [item["id"] for item in central.ok("GET", path)["value"]]


def _organizations(central: Central) -> None:
    made = central.ok("PUT", "/organizations/north", {"displayName": "North"})
    assert made == {"id": "north", "displayName": "North"}
    made = central.ok("PUT", "/organizations/dock", {"displayName": "Dock", "parent": "north"})
    assert made["parent"] == "north"
    assert central.ok("PATCH", "/organizations/dock", {"displayName": "Quay"})["displayName"] == "Quay"
    assert central.ok("GET", "/organizations/dock")["displayName"] == "Quay"
    assert set(_listed(central, "/organizations")) == {"north", "dock"}
    moved = central.ok("PATCH", "/organizations/dock", {"parent": None})
    assert "parent" not in moved
    assert central("PATCH", "/organizations/north", {"parent": "north"}).status_code == 400
    assert central.ok("PATCH", "/organizations/dock", {"parent": "north"})["parent"] == "north"
    assert central("DELETE", "/organizations/north").status_code == 409, "it is not empty"
    central.ok("DELETE", "/organizations/dock", status=204)


def _people(central: Central) -> None:
    roles = central.ok("GET", "/roles")["value"]
    operator = next(role["id"] for role in roles if role["displayName"] == "Operator")
    assert central.ok("GET", f"/roles/{operator}")["displayName"] == "Operator"
    assigned = [{"role": operator}]
    body = {"type": "email", "email": "kim@example.org", "roles": assigned}
    assert central.ok("PUT", "/users/kim", body)["email"] == "kim@example.org"
    principal = {"type": "servicePrincipal", "tenantId": "t", "objectId": "o", "roles": assigned}
    central.ok("PUT", "/users/robot", principal)
    central.ok("PUT", "/users/crew", {**principal, "type": "adGroup"})
    assert central.ok("PATCH", "/users/kim", {"email": "kim.lee@example.org"})["roles"] == assigned
    assert central.ok("GET", "/users/kim")["email"] == "kim.lee@example.org"
    assert {"kim", "robot", "crew"} <= set(_listed(central, "/users"))
    central.ok("DELETE", "/users/crew", status=204)
    made = central.ok("PUT", "/apiTokens/ci", {"roles": assigned})
    assert made["token"].startswith("SharedAccessSignature sr=")
    assert "token" not in central.ok("GET", "/apiTokens/ci")
    assert "ci" in _listed(central, "/apiTokens")
    central.ok("DELETE", "/apiTokens/ci", status=204)


def _templates(central: Central) -> None:
    made = central.ok("PUT", f"/deviceTemplates/{TEMPLATE}", BODY)
    assert made["@id"] == TEMPLATE
    assert central.ok("GET", f"/deviceTemplates/{TEMPLATE}")["etag"] == made["etag"]
    assert [t["@id"] for t in central.ok("GET", "/deviceTemplates")["value"]] == [TEMPLATE]
    assert central.ok("PATCH", f"/deviceTemplates/{TEMPLATE}", {"displayName": "P"})["displayName"] == "P"


def _other_template() -> Json:
    return {
        "@type": ["ModelDefinition", "DeviceModel"],
        "displayName": "Other",
        "capabilityModel": {
            "@id": "dtmi:plant:OtherModel;1",
            "@type": "Interface",
            "@context": "dtmi:dtdl:context;2",
            "contents": [],
        },
    }


def _devices(central: Central) -> None:
    for name in ("pump-1", "pump-2"):
        made = central.ok("PUT", f"/devices/{name}", {"displayName": name, "template": TEMPLATE})
        assert (made["id"], made["enabled"], made["provisioned"]) == (name, True, False)
    assert central.ok("PATCH", "/devices/pump-2", {"enabled": False})["enabled"] is False
    assert central.ok("GET", "/devices/pump-2")["enabled"] is False
    assert _listed(central, "/devices") == ["pump-1", "pump-2"]
    assert "symmetricKey" in central.ok("GET", "/devices/pump-1/credentials")
    attested = central.ok("PUT", "/devices/pump-1/attestation", {"type": "symmetricKey"})
    assert central.ok("GET", "/devices/pump-1/attestation") == attested
    key = {"symmetricKey": {"primaryKey": "QUFBQUFBQUFBQUFBQUFBQQ=="}}
    patched = central.ok("PATCH", "/devices/pump-1/attestation", key)
    assert patched["symmetricKey"]["primaryKey"] == "QUFBQUFBQUFBQUFBQUFBQQ=="
    central.ok("DELETE", "/devices/pump-1/attestation", status=204)
    assert [c["name"] for c in central.ok("GET", "/devices/pump-1/components")["value"]] == ["motor"]
    assert [m["name"] for m in central.ok("GET", "/devices/pump-1/modules")["value"]] == ["camera"]
    inner = central.ok("GET", "/devices/pump-1/modules/camera/components")["value"]
    assert [c["name"] for c in inner] == ["motor"]


def _capabilities(central: Central, place: str) -> None:
    assert central.ok("PATCH", f"{place}/properties", {"limit": 4.5}, status=202)["$metadata"]
    _until(lambda: "limit" in central.ok("GET", f"{place}/properties"))
    central.ok("PUT", f"{place}/properties", {"limit": 5.5}, status=202)
    _until(lambda: central.ok("GET", f"{place}/properties")["limit"] == 5.5)
    central.ok("GET", f"{place}/telemetry/pressure")
    assert central.ok("POST", f"{place}/commands/flush", {"request": 3}, status=201)["request"] == 3
    assert [c["request"] for c in central.ok("GET", f"{place}/commands/flush")["value"]] == [3]
    assert central("POST", f"{place}/commands/stop", {}).status_code == 404, "nobody is connected"
    assert central("PATCH", f"{place}/properties", {"limit": "high"}).status_code == 400
    assert central("PATCH", f"{place}/properties", {"nonsense": 1}).status_code == 400


def _relationships(central: Central) -> None:
    central.ok("PATCH", "/devices/pump-2", {"enabled": True})
    path = "/devices/pump-1/relationships/gateway-1"
    made = central.ok("PUT", path, {"source": "pump-1", "target": "pump-2"})
    assert made == {"id": "gateway-1", "source": "pump-1", "target": "pump-2"}
    assert central.ok("GET", path) == made
    assert central.ok("GET", "/devices/pump-1/relationships")["value"] == [made]
    assert central.ok("PATCH", path, {"target": "pump-2"}) == made
    central.ok("DELETE", path, status=204)


def _enrollment(central: Central) -> None:
    keys = {"displayName": "Keys", "type": "iot", "attestation": {"type": "symmetricKey"}}
    made = central.ok("PUT", "/enrollmentGroups/keys", keys)
    assert made["attestation"]["symmetricKey"]["primaryKey"]
    assert central.ok("PATCH", "/enrollmentGroups/keys", {"displayName": "K"})["displayName"] == "K"
    central.ok("PUT", "/enrollmentGroups/ca", {**keys, "attestation": {"type": "x509"}})
    assert {"keys", "ca"} <= set(_listed(central, "/enrollmentGroups"))
    assert central.ok("GET", "/enrollmentGroups/ca")["type"] == "iot"
    authority = DemoAuthority(time.time())
    entry = "/enrollmentGroups/ca/certificates/primary"
    central.ok("PUT", entry, {"certificate": authority.pem})
    code = central.ok("POST", f"{entry}/generateVerificationCode")["verificationCode"]
    proof, _key = authority.issue(code)
    central.ok("POST", f"{entry}/verify", {"certificate": proof}, status=204)
    assert central.ok("GET", entry)["verified"] is True
    central.ok("DELETE", entry, status=204)
    central.ok("DELETE", "/enrollmentGroups/ca", status=204)


def _groups(central: Central) -> None:
    body = {"displayName": "Pumps", "filter": f'SELECT * FROM devices WHERE $template = "{TEMPLATE}"'}
    assert central.ok("PUT", "/deviceGroups/pumps", body)["filter"] == body["filter"]
    central.ok("PUT", "/deviceGroups/none", body)
    assert central.ok("PATCH", "/deviceGroups/pumps", {"description": "All"})["description"] == "All"
    assert central.ok("GET", "/deviceGroups/pumps")["displayName"] == "Pumps"
    assert set(_listed(central, "/deviceGroups")) == {"pumps", "none"}
    assert _listed(central, "/deviceGroups/pumps/devices") == ["pump-1", "pump-2"]
    central.ok("DELETE", "/deviceGroups/none", status=204)


def _work(path: str, value: Json) -> Json:
    data = [{"type": "cloudProperty", "target": TEMPLATE, "path": path, "value": value}]
    return {"displayName": "Set it", "group": "pumps", "data": data}


def _jobs(central: Central) -> None:
    made = central.ok("PUT", "/jobs/owner", _work("owner", "Kim"))
    assert made["group"] == "pumps"
    _until(lambda: central.ok("GET", "/jobs/owner")["status"] == "complete")
    assert central.ok("GET", "/jobs/owner")["progress"]["completed"] == 2
    devices = central.ok("GET", "/jobs/owner/devices")["value"]
    assert [(d["id"], d["status"]) for d in devices] == [("pump-1", "completed"), ("pump-2", "completed")]
    assert central.ok("GET", "/devices/pump-1/properties")["owner"] == "Kim"
    slow = {"type": "command", "target": TEMPLATE, "path": "stop", "value": None}
    central.ok("PUT", "/jobs/stop", {"displayName": "Stop", "group": "pumps", "data": [slow]})
    _until(lambda: central.ok("GET", "/jobs/stop")["status"] in {"failed", "complete"})
    assert central.ok("GET", "/jobs/stop")["progress"]["failed"] == 2, "nobody is connected"
    central.ok("PUT", "/jobs/stop/rerun/again", {})
    _until(lambda: central.ok("GET", "/jobs/again")["status"] in {"failed", "complete"})
    assert set(_listed(central, "/jobs")) == {"owner", "stop", "again"}
    _stopped_and_resumed(central)


def _stopped_and_resumed(central: Central) -> None:
    """A job of many devices is stopped while it runs, and resumed."""
    for number in range(300):
        central.ok("PUT", f"/devices/many-{number}", {"template": TEMPLATE})
    central.ok("PUT", "/jobs/many", _work("owner", "Lee"))
    central.ok("POST", "/jobs/many/stop", status=204)
    _until(lambda: central.ok("GET", "/jobs/many")["status"] == "stopped")
    central.ok("POST", "/jobs/many/resume", status=204)
    _until(lambda: central.ok("GET", "/jobs/many")["status"] == "complete")
    assert central.ok("GET", "/jobs/many")["progress"] == {
        "total": 302,
        "pending": 0,
        "completed": 302,
        "failed": 0,
    }


def _scheduled_jobs(central: Central) -> None:
    end = {"type": "occurrences", "occurrences": 3}
    schedule = {"start": "2099-01-01T00:00:00Z", "recurrence": "daily", "end": end}
    made = central.ok("PUT", "/scheduledJobs/nightly", {**_work("owner", "Kim"), "schedule": schedule})
    assert made["enabled"] is True
    assert central.ok("PATCH", "/scheduledJobs/nightly", {"enabled": False})["enabled"] is False
    assert central.ok("GET", "/scheduledJobs/nightly")["schedule"]["recurrence"] == "daily"
    assert _listed(central, "/scheduledJobs") == ["nightly"]
    assert central.ok("GET", "/scheduledJobs/nightly/jobs")["value"] == []
    central.ok("DELETE", "/scheduledJobs/nightly", status=204)


def _file_uploads(central: Central) -> None:
    made = central.ok("PUT", "/fileUploads", {"connectionString": "Storage=Local", "container": "files"})
    assert (made["state"], made["connectionString"]) == ("succeeded", "*****")
    assert central.ok("PATCH", "/fileUploads", {"sasTtl": "PT2H"})["sasTtl"] == "PT2H"
    assert central.ok("GET", "/fileUploads")["container"] == "files"
    assert central("PATCH", "/fileUploads", {"sasTtl": "PT2M"}).status_code == 400
    central.ok("DELETE", "/fileUploads", status=204)


def _until(condition: Json) -> None:
    """Wait for what other processes do."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
