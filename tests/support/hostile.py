"""Strings that devices, packets and people may send where a name is expected, and who sends them."""

import asyncio
import base64
import struct
from collections.abc import Iterator
from typing import Any

import msgspec
from azure.iot.device import Message, MethodRequest, MethodResponse
from azure.iot.device.aio import IoTHubDeviceClient, ProvisioningDeviceClient

from holdfast.api.client import Remote
from holdfast.kernel.clock import SystemClock
from holdfast.kernel.json import JsonObject, JsonValue
from tests.support.running import RunningInstance
from tests.support.traffic import modbus
from tests.support.traffic.wire import Wire

HOSTILE = [
    "<script>window.owned=1</script>",
    '"><img src=x onerror=window.owned=1>',
    "{{ 7*7 }} ${7*7} javascript:alert(1)",
    "\u202etxet\u202c " + "long" * 30,
]
TEMPLATE, MODEL = "dtmi:hostile:template;1", "dtmi:hostile:model;1"


def template() -> JsonObject:
    """A template whose every text for people is hostile."""
    kinds = [("Telemetry", "t"), ("Property", "p"), ("Command", "c")]
    contents: list[JsonValue] = [
        {"@type": kind, "name": name, "displayName": text[:64], "description": text[:64], **_schema(kind)}
        for (kind, name), text in zip(kinds, HOSTILE, strict=False)
    ]
    return {
        "@type": ["ModelDefinition", "DeviceModel"],
        "@context": ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"],
        "displayName": HOSTILE[0],
        "description": HOSTILE[1],
        "capabilityModel": {
            "@id": MODEL,
            "@type": "Interface",
            "displayName": HOSTILE[0],
            "contents": contents,
        },
    }


def _schema(kind: str) -> JsonObject:
    return {} if kind == "Command" else {"schema": "double"}


def plant(remote: Remote) -> None:
    """What people can name."""
    for number, text in enumerate(HOSTILE):
        remote.put(f"/api/devices/hostile-{number}", {"displayName": text[:148]})
        remote.put(
            f"/api/deviceGroups/hostile-{number}",
            {
                "displayName": text,
                "description": text,
                "filter": f'SELECT * FROM devices WHERE $displayName = "{number}"',
            },
        )
    remote.put(f"/api/deviceTemplates/{TEMPLATE}", template())
    remote.put(
        "/api/enrollmentGroups/hostile",
        {"displayName": HOSTILE[1], "type": "iot", "attestation": {"type": "symmetricKey"}},
    )
    job: JsonObject = {"type": "command", "target": TEMPLATE, "path": "c", "value": HOSTILE[0]}
    once: JsonObject = {
        "displayName": HOSTILE[0],
        "description": HOSTILE[1],
        "group": "hostile-0",
        "data": [job],
    }
    remote.put("/api/jobs/hostile", once)
    remote.put(
        "/api/dashboards/hostile?api-version=2022-10-31-preview",
        {"displayName": HOSTILE[0], "tiles": list(tiles())},
    )
    schedule: JsonObject = {"start": "2099-01-01T00:00:00Z", "recurrence": "daily"}
    remote.put("/api/scheduledJobs/hostile", {**once, "schedule": schedule})
    remote.put("/api/devices/hostile-0/relationships/hostile", {"target": "hostile-1"})
    modules: JsonObject = {"$edgeAgent": {"properties.desired": {"image": HOSTILE[0]}}}
    remote.put(
        "/api/deploymentManifests/hostile?api-version=2022-10-31-preview",
        {"displayName": HOSTILE[0], "data": {"modulesContent": modules}},
    )


def plant_beside(remote: Remote) -> None:
    """What people can name beside devices: access, policies, decisions of the baseline, sensors."""
    script = HOSTILE[0]
    version = "?api-version=2022-07-31"
    grant: list[JsonValue] = [{"role": "ca310b8d-2f4a-44e0-a36e-957c202cd8d4"}]
    texts: JsonObject = {"displayName": script, "description": HOSTILE[1]}
    policies, insights = "/providers/Microsoft.Authorization", "/providers/Microsoft.PolicyInsights"
    definition = f"{policies}/policyDefinitions/hostile"
    assignment = f"{policies}/policyAssignments/hostile"
    bodies: dict[str, JsonObject] = {
        f"/api/organizations/hostile{version}": {"displayName": script},
        f"/api/users/hostile{version}": {"type": "email", "email": "hostile@example.org", "roles": grant},
        f"/api/apiTokens/hostile{version}": {"roles": grant},
        "/api/access/roles/hostile": {**texts, "permissions": ["organization:device:read"]},
        "/api/access/conditionalAccessPolicies/hostile": {
            "displayName": script,
            "state": "reportOnly",
            "control": {"action": "block"},
        },
        "/api/access/identityProviders/hostile": {
            "displayName": script,
            "issuer": "https://id.example.org/x",
            "clientId": HOSTILE[1],
            "clientSecret": "s",
        },
        "/api/sharedAccessPolicies/hostile": {},
        "/api/access/managedIdentities/hostile": {"displayName": script, "audiences": [HOSTILE[1]]},
        definition: {"properties": {**texts, "metadata": {"category": HOSTILE[2]}, "policyRule": _rule()}},
        f"{policies}/policySetDefinitions/hostile": {
            "properties": {
                **texts,
                "policyDefinitionGroups": [{"name": HOSTILE[2], **texts}],
                "policyDefinitions": [{"policyDefinitionId": definition, "groupNames": [HOSTILE[2]]}],
            }
        },
        assignment: {
            "properties": {
                **texts,
                "policyDefinitionId": definition,
                "nonComplianceMessages": [{"message": script}],
            }
        },
        f"{policies}/policyExemptions/hostile": {
            "properties": {**texts, "policyAssignmentId": assignment, "exemptionCategory": "Waiver"}
        },
        f"{insights}/remediations/hostile": {"properties": {"policyAssignmentId": assignment}},
        "/api/defender/sensors/hostile": texts,
        **_network_configuration(),
        "/api/alerts/destinations/hostile": {
            "displayName": script,
            "enabled": False,
            "audit": True,
            "connection": {"type": "syslog", "host": "127.0.0.1", "port": 9},
        },
    }
    for path, body in bodies.items():
        remote.put(path, body)


def _network_configuration() -> dict[str, JsonObject]:
    """What people say of network monitoring. None of it leaves out an alert that a test looks at."""
    script = HOSTILE[0]
    condition: JsonObject = {"field": "@kind", "operator": "==", "value": HOSTILE[1]}
    return {
        "/api/defender/exclusions/hostile": {"displayName": script, "devices": [HOSTILE[1]]},
        "/api/defender/maintenanceWindows/hostile": {
            "ends": SystemClock().now() + 86_400.0,
            "sensors": [script],
        },
        "/api/defender/rules/hostile": {
            "name": script,
            "protocol": "modbus",
            "conditions": [condition],
            "message": HOSTILE[2],
        },
        "/api/defender/queries/hostile": {
            "displayName": script,
            "subject": "assets",
            "filters": {"search": HOSTILE[1]},
        },
    }


def _rule() -> JsonObject:
    return {"if": {"field": "type", "equals": "Holdfast.Devices/devices"}, "then": {"effect": "audit"}}


def tiles() -> list[JsonObject]:
    """A tile of every type, hostile wherever a text goes."""
    shown: JsonObject = {
        "group": "",
        "devices": ["hostile-0"],
        "capabilities": [{"capability": HOSTILE[0]}, {"capability": "t"}],
        "queryRange": {"type": "time", "duration": HOSTILE[1]},
    }
    types: dict[str, JsonObject] = {
        **dict.fromkeys(("lineChart", "barChart", "pieChart", "heatMapChart", "eventHistoryChart"), shown),
        **dict.fromkeys(("stateHistoryChart", "stateChart", "kpi", "lkv", "property", "mapTelemetry"), shown),
        "label": {"text": HOSTILE[0]},
        "markdown": {"text": f"# {HOSTILE[0]}\n- [x](javascript:window.owned=1) **{HOSTILE[1]}**"},
        "image": {"sourceUrl": "data:image/svg+xml,<svg onload=window.owned=1>"},
        "externalContent": {"sourceUrl": "javascript:window.owned=1"},
        "command": {"command": HOSTILE[0], "devices": ["hostile-0"]},
        HOSTILE[0]: {},
    }
    return [_tile(number, type, body) for number, (type, body) in enumerate(types.items())]


def _tile(number: int, type: str, body: JsonObject) -> JsonObject:
    configuration: JsonObject = {"type": type, **body}
    place: JsonObject = {"x": number % 4 * 3, "y": number // 4 * 2, "width": 3, "height": 2}
    return {"displayName": HOSTILE[number % 4], "configuration": configuration, **place}


async def speak(instance: RunningInstance, device: str, group_key: bytes) -> None:
    """What a device can say: names and values of telemetry and properties, and what it answers."""
    key = base64.b64encode(group_key).decode()
    common = {"symmetric_key": key, "server_verification_cert": instance.root_ca.read_text()}
    registration = ProvisioningDeviceClient.create_from_symmetric_key(
        instance.address, device, instance.id_scope, **common
    )
    registration.provisioning_payload = {"modelId": MODEL}
    assigned = (await registration.register()).registration_state
    assert assigned is not None
    client = IoTHubDeviceClient.create_from_symmetric_key(
        hostname=assigned.assigned_hub, device_id=device, product_info=HOSTILE[0], **common
    )
    await client.connect()
    for message in _messages():
        await client.send_message(message)
    answer: Any = {"value": HOSTILE[2], "ac": 400, "av": 1, "ad": HOSTILE[1]}  # what the SDK takes as JSON
    await client.patch_twin_reported_properties({"p": HOSTILE[0], "<b>x</b>": HOSTILE[1], "wished": answer})
    await _be_called(instance, device, client)
    await client.shutdown()


def _messages() -> Iterator[Message]:
    said = dict.fromkeys(HOSTILE, HOSTILE[0]) | {"t": 21.5}
    yield Message(msgspec.json.encode(said).decode())  # type: ignore[no-untyped-call]  # the SDK ships no types
    for text in HOSTILE:
        message = Message(text, text, content_encoding=text, content_type=text)  # type: ignore[no-untyped-call]  # as above
        message.correlation_id = message.user_id = text
        message.custom_properties |= {text: text, "$.sub": text}
        yield message


async def _be_called(instance: RunningInstance, device: str, client: Any) -> None:  # the SDK ships no types
    """Answer a command."""

    async def answer(request: MethodRequest) -> None:
        await client.send_method_response(MethodResponse(request.request_id, 200, {HOSTILE[0]: HOSTILE[1]}))

    def call() -> None:
        client.on_method_request_received = answer
        with instance.remote() as remote:
            remote.post(f"/api/devices/{device}/commands/c", {"request": {HOSTILE[0]: HOSTILE[1]}})

    await asyncio.to_thread(call)


def capture(name: str = HOSTILE[0]) -> bytes:
    """A capture file: a PLC that calls itself hostile things, and somebody who writes to it."""
    wire = Wire()
    talk = wire.connect("10.1.0.10", "10.1.0.20", 502)
    talk.send(modbus.frame(bytes((0x2B, 14, 1, 0))))
    talk.answer(modbus.frame(modbus.identification(o0=name, o1=HOSTILE[1], o2=name)))
    for transaction in range(20):
        talk.send(modbus.frame(modbus.write(transaction), transaction=transaction))
        talk.answer(modbus.frame(modbus.write(transaction), transaction=transaction))
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return head + b"".join(
        struct.pack("<IIII", int(time), int(time % 1 * 1e6), len(frame), len(frame)) + frame
        for time, frame in wire.frames
    )
