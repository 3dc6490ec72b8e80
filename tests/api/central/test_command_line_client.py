"""The public command-line client works unmodified: each of its subcommands is answered as it expects."""

import uuid
from collections.abc import Iterator

import pytest

from holdfast.kernel.clock import SystemClock
from holdfast.runtime.demo.enrolling import DemoAuthority
from tests.api.central.command_line_client import GA, PREVIEW, CommandLineClient, Json, RefusedError
from tests.api.central.published import Central
from tests.support.connecting import connected

EDGE_ONLY = "type eq 'GatewayDevice' or type eq 'EdgeDevice'"
ROLES = (
    "ca310b8d-2f4a-44e0-a36e-957c202cd8d4",
    "344138e9-8de4-4497-8c54-5237e96d6aaf",
    "ae2c9854-393b-4f97-8c42-479d70ce626e",
)
"""What the client sends for admin, builder and operator."""


def _command(name: str, **more: Json) -> Json:
    return {"@type": "Command", "commandType": "synchronous", "displayName": name, "name": name, **more}


CLIENT_TEMPLATE: Json = {
    "displayName": "dtmi:clientTest",
    "@id": "dtmi:elsewhere:clientTestid",
    "@type": ["DeviceModel", "ModelDefinition"],
    "@context": ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"],
    "capabilityModel": {
        "@id": "dtmi:client:model;3",
        "@type": "Interface",
        "displayName": "model",
        "contents": [
            {"@type": "Telemetry", "name": "level", "schema": "double"},
            {"@type": "Property", "name": "first", "schema": "string", "writable": True},
            {
                "@id": "urn:client:Sensor:root:9",
                **_command("root"),
                "displayName": {"en": "root"},
            },
            {
                "@type": "Component",
                "name": "part",
                "displayName": "Component",
                "schema": {
                    "@id": "dtmi:client:part;1",
                    "@type": "Interface",
                    "displayName": "Component",
                    "contents": [
                        _command("inner"),
                        {"@type": "Property", "name": "second", "schema": "string", "writable": True},
                    ],
                },
            },
        ],
    },
}
"""With the oddities of exported templates: another `@id`, an identifier from before DTDL."""

EDGE_TEMPLATE: Json = {
    "@type": ["ModelDefinition", "DeviceModel", "EdgeModel"],
    "displayName": "dtmi:edgeTest",
    "capabilityModel": {
        "@id": "dtmi:client:edge;1",
        "@type": "Interface",
        "contents": [
            {
                "@type": "Command",
                "commandType": "synchronous",
                "name": "locate",
                "response": {"name": "place", "schema": "geopoint"},
            },
            {
                "@type": ["Relationship", "EdgeModule"],
                "name": "filter",
                "maxMultiplicity": 1,
                "target": [
                    {
                        "@id": "dtmi:client:filter;1",
                        "@type": "Interface",
                        "contents": [
                            {"@type": "Property", "name": "limit", "schema": "string", "writable": True}
                        ],
                    }
                ],
            },
        ],
    },
    "deploymentManifest": {
        "modulesContent": {
            "$edgeAgent": {
                "properties.desired": {
                    "schemaVersion": "1.1",
                    "runtime": {
                        "type": "docker",
                        "settings": {"registryCredentials": {"r": {"username": "u", "password": "hunter2!"}}},
                    },
                    "systemModules": {
                        "edgeAgent": {"type": "docker", "settings": {"image": "agent:1"}},
                        "edgeHub": {
                            "type": "docker",
                            "restartPolicy": "always",
                            "settings": {"image": "h:1"},
                        },
                    },
                    "modules": {"filter": {"type": "docker", "settings": {"image": "filter:1"}}},
                }
            },
            "$edgeHub": {"properties.desired": {"schemaVersion": "1.1", "routes": {}}},
        }
    },
}


@pytest.fixture(scope="module")
def client(central: Central) -> CommandLineClient:
    return CommandLineClient(central.instance)


@pytest.fixture(scope="module")
def template(client: CommandLineClient) -> Iterator[str]:
    identifier = "dtmi:clientTestid;1"
    made = client.api("PUT", f"deviceTemplates/{identifier}", CLIENT_TEMPLATE, PREVIEW)
    assert made["@id"] == identifier
    yield identifier
    assert client.api("DELETE", f"deviceTemplates/{identifier}", version=PREVIEW) == {"result": "success"}


@pytest.fixture
def device(client: CommandLineClient, template: str) -> Iterator[str]:
    identifier = f"aztest{uuid.uuid4().hex[:10]}"
    body = {"displayName": "first name", "enabled": True, "simulated": False, "template": template}
    made = client.api("PUT", f"devices/{identifier}", body)
    assert (made["id"], made["enabled"], made["template"]) == (identifier, True, template)
    yield identifier
    assert client.api("DELETE", f"devices/{identifier}") == {"result": "success"}


def test_devices_are_made_listed_updated(client: CommandLineClient, device: str) -> None:
    assert client.update_device(device, displayName="second name")["displayName"] == "second name"
    listed = {d["id"]: d for d in client.listed("devices", PREVIEW, repeat=False)}
    assert listed[device]["displayName"] == "second name"
    assert device in {d["id"] for d in client.listed("devices", GA, repeat=False)}  # registration-summary
    client.update_device(device, enabled=False)
    assert client.api("GET", f"devices/{device}")["enabled"] is False


def test_templates_are_shown_and_extended(client: CommandLineClient, template: str) -> None:
    shown = client.api("GET", f"deviceTemplates/{template}", version=PREVIEW)
    assert shown["displayName"] == "dtmi:clientTest"
    added = {"@id": "dtmi:newcap;1", "@type": "Telemetry", "name": "added", "schema": "double"}
    contents = [*shown["capabilityModel"]["contents"], added]
    body = {name: value for name, value in shown.items() if name not in {"@id", "@context", "etag"}}
    body["capabilityModel"]["contents"] = contents
    updated = client.api("PATCH", f"deviceTemplates/{template}", body, PREVIEW)
    assert updated["capabilityModel"]["contents"] == contents
    assert template in [t["@id"] for t in client.listed("deviceTemplates", PREVIEW, repeat=False)]


def test_properties_and_components(client: CommandLineClient, device: str) -> None:
    components = client.api("GET", f"devices/{device}/components")["value"]
    assert [component["name"] for component in components] == ["part"]
    for place, name in (("", "first"), ("/components/part", "second")):
        path = f"devices/{device}{place}/properties"
        assert client.api("PATCH", path, {name: "new"})["$metadata"][name]["desiredValue"] == "new"
        assert client.api("PUT", path, {name: "newer"})["$metadata"][name]["desiredValue"] == "newer"
    assert client.api("GET", f"devices/{device}/telemetry/level") == {}
    assert client.twin(device)["capabilities"] == {"iotEdge": False}
    with pytest.raises(RefusedError, match="was not found"):
        client.twin("incorrect-device")


def test_attestations(client: CommandLineClient, device: str) -> None:
    keys = {"primaryKey": "QUFBQUFBQUFBQUFBQUFBQQ==", "secondaryKey": "QkJCQkJCQkJCQkJCQkJCQg=="}
    path = f"devices/{device}/attestation"
    assert client.api("PUT", path, {"type": "symmetricKey", "symmetricKey": keys})["symmetricKey"] == keys
    assert client.api("GET", path)["symmetricKey"] == keys
    swapped = dict(zip(keys, reversed(keys.values()), strict=True))
    assert (
        client.api("PATCH", path, {"type": "symmetricKey", "symmetricKey": swapped})["symmetricKey"]
        == swapped
    )
    assert client.api("DELETE", path) == {"result": "success"}


def test_commands_failover_and_the_queue(central: Central, client: CommandLineClient, device: str) -> None:
    credentials = client.api("GET", f"devices/{device}/credentials")
    key = credentials["symmetricKey"]["primaryKey"]
    assert credentials["idScope"] == central.instance.id_scope
    with connected(central.instance, device, key):
        for path in (f"{device}/commands/root", f"{device}/components/part/commands/inner"):
            called = client.run_command(path, {"request": {"argument": "value"}})
            assert called["request"] == called["response"] == {"argument": "value"}
            assert client.api("GET", f"devices/{path}")["value"][0]["response"] == called["response"]
        purged = client.system("DELETE", f"iothub/devices/{device}/c2d")["message"]
        assert device in purged
        assert "Total messages purged: 0" in purged
    hubs = [client.system("POST", f"iothub/devices/{device}/manual-failover", {"ttl": 5})["hubIdentifier"]]
    assert client.api("GET", f"devices/{device}")["provisioned"] is False
    with connected(central.instance, device, key) as again:
        again.get_twin()
    hubs.append(client.system("POST", f"iothub/devices/{device}/manual-failback")["hubIdentifier"])
    with connected(central.instance, device, key):
        assert client.api("GET", f"devices/{device}")["provisioned"] is True
    hubs.append(client.system("POST", f"iothub/devices/{device}/manual-failover", {})["hubIdentifier"])
    assert hubs[0] == hubs[2] != hubs[1]


def test_edge_devices_children_and_modules(central: Central, client: CommandLineClient, device: str) -> None:
    client.api("PUT", "deviceTemplates/dtmi:edgeTestid;1", EDGE_TEMPLATE, PREVIEW)
    client.api("PUT", "devices/edge-1", {"displayName": "e", "template": "dtmi:edgeTestid;1"})
    listed = client.listed("devices", PREVIEW, EDGE_ONLY, repeat=False)
    assert [d["id"] for d in listed] == ["edge-1"]
    assert client.twin("edge-1")["capabilities"] == {"iotEdge": True}
    manifest = client.api("GET", "deviceTemplates/dtmi:edgeTestid;1", version=PREVIEW)["deploymentManifest"]
    assert manifest == EDGE_TEMPLATE["deploymentManifest"]

    central.until(lambda: client.system("GET", "iotedge/devices/edge-1/modules")["modules"])
    modules = client.system("GET", "iotedge/devices/edge-1/modules")["modules"]
    assert {m["moduleId"] for m in modules} == {"$edgeAgent", "$edgeHub", "filter"}
    path = "devices/edge-1/modules/filter/properties"
    assert client.api("PATCH", path, {"limit": "7"})["$metadata"]["limit"]["desiredValue"] == "7"
    assert "error" in client.restart_module("edge-1", "filter"), "its agent is not connected"

    relationship = {"id": "r1", "source": "edge-1", "target": device}
    made = client.api("PUT", "devices/edge-1/relationships/r1", relationship)
    assert (made["source"], made["target"]) == ("edge-1", device)
    assert client.children("edge-1") == [device]
    assert [r["id"] for r in client.listed("devices/edge-1/relationships", repeat=False)] == ["r1"]
    assert client.api("DELETE", "devices/edge-1/relationships/r1") == {"result": "success"}
    assert client.children("edge-1") == []
    client.api("DELETE", "devices/edge-1")
    client.api("DELETE", "deviceTemplates/dtmi:edgeTestid;1", version=PREVIEW)


def test_registry_passwords_are_in_no_event(central: Central, client: CommandLineClient) -> None:
    client.api("PUT", "deviceTemplates/dtmi:edgeTestid;1", EDGE_TEMPLATE, PREVIEW)
    client.api("PUT", "devices/edge-2", {"displayName": "e", "template": "dtmi:edgeTestid;1"})
    token = client.api("GET", "devices/edge-2/credentials")["symmetricKey"]["primaryKey"]
    assert token
    told = central.audit()
    assert any(event.resource == "edge-2" for event in told)
    assert "hunter2!" not in str(told)
    client.api("DELETE", "devices/edge-2")
    client.api("DELETE", "deviceTemplates/dtmi:edgeTestid;1", version=PREVIEW)


def test_groups_organizations_and_scheduled_jobs(client: CommandLineClient, template: str) -> None:
    client.api("PUT", "organizations/aztestorg", {"displayName": "aztestorg"})
    assert client.api("PATCH", "organizations/aztestorg", {"displayName": "new"})["displayName"] == "new"
    body = {
        "displayName": "g",
        "description": "d",
        "filter": 'SELECT * FROM devices WHERE $template = "dtmi:clientTest"',
        "organizations": ["aztestorg"],
    }
    made = client.api("PUT", "deviceGroups/aztestgroup", body)
    assert {name: made[name] for name in body} == body
    assert made in client.listed("deviceGroups")
    assert client.api("PATCH", "deviceGroups/aztestgroup", {"description": "n"})["description"] == "n"

    data = [{"type": "property", "target": template, "path": "first", "value": "updated"}]
    schedule = {"start": "3022-05-24T22:29:01Z", "recurrence": "daily"}
    job = {"displayName": "j", "group": "aztestgroup", "data": data, "schedule": schedule}
    made = client.api("PUT", "scheduledJobs/aztestjob", job)
    assert (made["displayName"], made["group"]) == ("j", "aztestgroup")
    assert client.api("PATCH", "scheduledJobs/aztestjob", {"displayName": "k"})["displayName"] == "k"
    assert client.api("GET", "scheduledJobs/aztestjob/jobs")["value"] == []
    assert [j["id"] for j in client.listed("scheduledJobs")] == ["aztestjob"]
    threshold = {"value": 1, "type": "number", "batch": None}
    once = {name: job[name] for name in ("displayName", "group", "data")} | {
        "cancellationThreshold": threshold
    }
    assert client.api("PUT", "jobs/aztestonce", once)["status"] == "pending"
    assert "aztestonce" in [j["id"] for j in client.listed("jobs")]
    assert client.listed("jobs/aztestonce/devices") == []
    assert client.api("DELETE", "scheduledJobs/aztestjob") == {"result": "success"}
    assert client.api("DELETE", "deviceGroups/aztestgroup") == {"result": "success"}
    assert client.api("DELETE", "organizations/aztestorg") == {"result": "success"}


def test_users_tokens_and_roles(client: CommandLineClient) -> None:
    assert set(ROLES) <= {role["id"] for role in client.listed("roles")}
    for number, role in enumerate(ROLES):
        body = {"type": "email", "roles": [{"role": role}], "email": f"u{number}@example.org"}
        user = client.api("PUT", f"users/aztest{number}", body)
        assert user in client.listed("users")
        changed = {"type": "email", "roles": [{"role": ROLES[number - 1]}]}
        assert client.api("PATCH", f"users/aztest{number}", changed)["roles"] == changed["roles"]
        assert client.api("DELETE", f"users/aztest{number}") == {"result": "success"}
        token = client.api("PUT", f"apiTokens/aztest{number}", {"roles": [{"role": role}]})
        shown = {name: token[name] for name in ("expiry", "id", "roles")}
        assert shown in client.api("GET", "apiTokens")["value"]
        assert client.api("DELETE", f"apiTokens/aztest{number}") == {"result": "success"}


def test_enrollment_groups_and_their_certificates(client: CommandLineClient) -> None:
    keys = {"primaryKey": "QUFBQUFBQUFBQUFBQUFBQQ==", "secondaryKey": None}
    attestation = {"type": "symmetricKey", "symmetricKey": keys}
    body = {"displayName": "k", "attestation": attestation, "type": "iot", "enabled": True}
    made = client.api("PUT", "enrollmentGroups/aztestkeys", body)
    assert made["attestation"]["symmetricKey"]["primaryKey"] == keys["primaryKey"]
    assert client.api("PATCH", "enrollmentGroups/aztestkeys", {"displayName": "l"})["displayName"] == "l"
    client.api("PUT", "enrollmentGroups/aztestca", {**body, "attestation": {"type": "x509"}})
    authority, entry = DemoAuthority(SystemClock().now()), "enrollmentGroups/aztestca/certificates/primary"
    client.api("PUT", entry, {"certificate": authority.pem})
    code = client.api("POST", f"{entry}/generateVerificationCode")["verificationCode"]
    proof, _key = authority.issue(code)
    assert client.api("POST", f"{entry}/verify", {"certificate": proof}) == {"result": "success"}
    assert client.api("DELETE", entry) == {"result": "success"}
    assert {"aztestkeys", "aztestca"} <= {group["id"] for group in client.listed("enrollmentGroups")}
    for group in ("aztestkeys", "aztestca"):
        assert client.api("DELETE", f"enrollmentGroups/{group}") == {"result": "success"}


def test_file_uploads(client: CommandLineClient) -> None:
    body = {"connectionString": "Storage=Local", "container": "devices"}
    assert client.api("PUT", "fileUploads", body)["sasTtl"] == "PT1H"
    assert client.api("PATCH", "fileUploads", {"sasTtl": "PT4H"})["sasTtl"] == "PT4H"
    assert client.api("DELETE", "fileUploads") == {"result": "success"}
    with pytest.raises(RefusedError) as refused:
        client.api("GET", "fileUploads")
    assert refused.value.args[0]["code"] == "NotFound", "it waits for this"
