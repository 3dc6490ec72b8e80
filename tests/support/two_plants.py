"""Two organizations beside each other with one of everything in each, told apart by a word in every text."""

import ssl
from dataclasses import dataclass, field
from typing import Any

import httpx

from holdfast.access.roles.builtin import ORGANIZATION_ADMINISTRATOR, ORGANIZATION_VIEWER
from holdfast.kernel.clock import SystemClock
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.protocol.sas import decode_key, sign_sas
from tests.support.hostile import capture
from tests.support.running import RunningInstance
from tests.support.uploading_device import upload
from tests.support.waiting import until

PLACES = ("north", "south")
BESIDE = "west"
"""A third place, where nothing is but somebody who tries."""
TEMPLATE = "dtmi:plants:pump;1"
VERSION = "2022-10-31-preview"


def word(place: str) -> str:
    """What every text of a place holds, and no id and no address of a request."""
    return f"hush{place[::-1]}hush"


@dataclass
class Plants:
    """The instance, and who asks it."""

    instance: RunningInstance
    root: httpx.Client
    people: dict[str, httpx.Client] = field(default_factory=dict)
    """By place: somebody who holds every permission there is, in this place."""
    found: dict[tuple[str, str], str] = field(default_factory=dict)
    """By collection and place: ids that the product gave."""

    def put(self, path: str, body: JsonObject) -> Any:  # any JSON
        """Make something as the administrator."""
        answer = self.root.put(versioned(path), json=body)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json()

    def get(self, path: str) -> Any:  # any JSON
        """Read something as the administrator."""
        answer = self.root.get(versioned(path))
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()


def versioned(path: str) -> str:
    """The address with the version that serves most; our own operations have none and do not mind."""
    return f"{path}{'&' if '?' in path else '?'}api-version={VERSION}"


def client(instance: RunningInstance, token: str) -> httpx.Client:
    """Somebody with an API token."""
    context = ssl.create_default_context(cafile=str(instance.root_ca))
    headers = {"authorization": token, "sec-fetch-site": "same-origin"}
    return httpx.Client(base_url=instance.url, verify=context, headers=headers, timeout=60)


def plant(instance: RunningInstance) -> Plants:
    """Both places, and who works in each."""
    plants = Plants(instance, client(instance, instance.token))
    permissions: list[JsonValue] = [permission.value for permission in Permission]
    plants.put(f"/api/deviceTemplates/{TEMPLATE}", _template())
    plants.put("/api/fileUploads", {"connectionString": "Storage=Local", "container": "files"})
    role: JsonObject = {"displayName": "All", "scope": "organization", "permissions": permissions}
    plants.put("/api/access/roles/all", role)
    for place in (*PLACES, BESIDE):
        plants.put(f"/api/organizations/{place}", {"displayName": word(place)})
        _people(plants, place)
    for place in PLACES:
        _fleet(plants, place)
        _device(plants, place)
        _network(plants, place)
        _policies(plants, place)
    until(lambda: all(_seen(plants, place) for place in PLACES))
    return plants


def _template() -> JsonObject:
    contents: list[JsonValue] = [
        {"@type": "Telemetry", "name": "t", "schema": "string"},
        {"@type": "Property", "name": "p", "schema": "string", "writable": True},
        {"@type": "Command", "name": "c"},
    ]
    interface: JsonObject = {"@id": "dtmi:plants:m;1", "@type": "Interface", "contents": contents}
    return {
        "@type": ["ModelDefinition", "DeviceModel"],
        "@context": ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"],
        "displayName": "Pump",
        "capabilityModel": {**interface, "displayName": "Pump"},
    }


def _people(plants: Plants, place: str) -> None:
    at: JsonObject = {"organization": place}
    roles: list[JsonValue] = [{"role": ORGANIZATION_ADMINISTRATOR.id, **at}]
    user: JsonObject = {"type": "email", "email": f"{word(place)}@example.org", "roles": roles}
    plants.put(f"/api/users/user-{place}", user)
    token = plants.put(f"/api/apiTokens/token-{place}", {"roles": [{"role": "all", **at}]})["token"]
    plants.people[place] = client(plants.instance, token)
    eligible: JsonObject = {"user": f"user-{place}", "role": ORGANIZATION_VIEWER.id, **at}
    plants.put(f"/api/access/eligibleAssignments/eligible-{place}", eligible)
    plants.put(f"/api/access/settings/{place}", {"localMethods": {"deviceSas": True}})
    review: JsonObject = {"id": f"review-{place}", "displayName": word(place), "due": 4e9, **at}
    answer = plants.root.post("/api/access/reviews", json={**review, "reviewers": [f"user-{place}"]})
    assert answer.status_code == 201, answer.text


def _fleet(plants: Plants, place: str) -> None:
    secret = word(place)
    named: JsonObject = {"displayName": secret, "organizations": [place]}
    plants.put(f"/api/devices/device-{place}", {**named, "template": TEMPLATE})
    everything = f'SELECT * FROM devices WHERE $template = "{TEMPLATE}"'
    plants.put(f"/api/deviceGroups/group-{place}", {**named, "filter": everything})
    data: list[JsonValue] = [{"type": "property", "target": TEMPLATE, "path": "p", "value": secret}]
    work: JsonObject = {**named, "group": f"group-{place}", "data": data}
    plants.put(f"/api/jobs/job-{place}", work)
    schedule: JsonObject = {"start": "2099-01-01T00:00:00Z", "recurrence": "daily"}
    plants.put(f"/api/scheduledJobs/scheduled-{place}", {**work, "schedule": schedule})
    agent: JsonObject = {"$edgeAgent": {"properties.desired": {"schemaVersion": "1.1"}}}
    plants.put(f"/api/deploymentManifests/manifest-{place}", {**named, "data": {"modulesContent": agent}})
    configuration: JsonObject = {
        "type": "lkv",
        "group": f"group-{place}",
        "devices": [f"device-{place}"],
        "capabilities": [{"capability": "t"}],
    }
    tile: JsonObject = {"displayName": secret, "x": 0, "y": 0, "width": 3, "height": 2}
    tiles: list[JsonValue] = [{**tile, "configuration": configuration}]
    plants.put(f"/api/dashboards/dashboard-{place}", {**named, "tiles": tiles})


def _device(plants: Plants, place: str) -> None:
    """A device that says something and uploads a file."""
    instance, device = plants.instance, f"device-{place}"
    key = str(plants.get(f"/api/devices/{device}/credentials")["symmetricKey"]["primaryKey"])
    expiry = int(SystemClock().now()) + 3600
    signature = sign_sas(f"{instance.address}/devices/{device}", decode_key(key), expiry)
    address = f"https://{instance.address}/devices/{device}/messages/events?api-version=2020-03-13"
    context = ssl.create_default_context(cafile=str(instance.root_ca))
    headers = {"authorization": signature}
    said = httpx.post(address, json={"t": word(place)}, headers=headers, verify=context, timeout=60)
    assert said.status_code == 204, said.text
    upload(instance, device, key, word(place).encode())
    (file,) = plants.get(f"/api/devices/{device}/files")["value"]
    plants.found["files", place] = str(file["id"])


def _network(plants: Plants, place: str) -> None:
    secret, at = word(place), {"organization": place}
    named: JsonObject = {"displayName": secret, **at}
    plants.put(f"/api/defender/sensors/sensor-{place}", named)
    sent = plants.root.put(
        f"/api/defender/captures/capture-{place}",
        params={"name": secret, "stage": "operational", **at},
        content=capture(secret),
        headers={"content-type": "application/octet-stream"},
    )
    assert sent.status_code < 300, sent.text
    plants.put(f"/api/defender/exclusions/exclusion-{place}", {**named, "subnets": ["192.0.2.0/24"]})
    window: JsonObject = {"ends": SystemClock().now() + 3600, "subnets": ["192.0.2.0/24"], **at}
    plants.put(f"/api/defender/maintenanceWindows/window-{place}", window)
    condition: JsonObject = {"field": "function", "operator": "==", "value": 90}
    rule: JsonObject = {"name": secret, "protocol": "modbus", "conditions": [condition], **at}
    plants.put(f"/api/defender/rules/rule-{place}", rule)
    plants.put(f"/api/defender/queries/query-{place}", {**named, "subject": "assets"})
    connection: JsonObject = {"type": "syslog", "host": "127.0.0.1", "port": 9}
    destination: JsonObject = {**named, "enabled": False, "alerts": {}, "connection": connection}
    plants.put(f"/api/alerts/destinations/destination-{place}", destination)


def _seen(plants: Plants, place: str) -> bool:
    """Whether the network's assets and alerts are there; their ids are kept."""
    reach = f"organization=/{place}/"
    assets = plants.get(f"/api/defender/assets?{reach}")["value"]
    alerts = [alert for alert in plants.get(f"/api/defender/alerts?{reach}")["value"] if alert["packets"]]
    if assets and alerts:
        named = [asset for asset in assets if word(place) in str(asset)]
        plants.found["assets", place] = str((named or assets)[0]["id"])
        plants.found["alerts", place] = str(alerts[0]["id"])
    return bool(assets and alerts)


def _policies(plants: Plants, place: str) -> None:
    policies = f"/organizations/{place}/providers/Microsoft.Authorization"
    insights = f"/organizations/{place}/providers/Microsoft.PolicyInsights"
    named: JsonObject = {"displayName": word(place)}
    field: JsonObject = {"field": "type", "equals": "Holdfast.Devices/devices"}
    rule: JsonObject = {"if": field, "then": {"effect": "audit"}}
    definition = f"{policies}/policyDefinitions/definition-{place}"
    assignment: JsonObject = {"policyAssignmentId": f"{policies}/policyAssignments/assignment-{place}"}
    device = f"/organizations/{place}/providers/Holdfast.Devices/devices/device-{place}"
    bodies: dict[str, JsonObject] = {
        definition: {**named, "policyRule": rule},
        f"{policies}/policySetDefinitions/set-{place}": {
            **named,
            "policyDefinitions": [{"policyDefinitionId": definition}],
        },
        f"{policies}/policyAssignments/assignment-{place}": {**named, "policyDefinitionId": definition},
        f"{policies}/policyExemptions/exemption-{place}": {
            **named,
            **assignment,
            "exemptionCategory": "Waiver",
        },
        f"{insights}/attestations/attestation-{place}": {
            **assignment,
            "resourceId": device,
            "complianceState": "Compliant",
            "comments": word(place),
        },
        f"{insights}/remediations/remediation-{place}": assignment,
    }
    for path, properties in bodies.items():
        plants.put(path, {"properties": properties})
