"""`/system/…`: what the published command-line client calls beside the documented API. No versions here."""

from typing import cast

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.cluster.port import NotConnectedError
from holdfast.devices.device import DEVICE
from holdfast.devices.manifests import AGENT
from holdfast.devices.messages import DEVICE_METHOD, STATE_PURGE
from holdfast.devices.relationships import gateway_of
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.log.port import Twin
from holdfast.protocol.hub import client_id
from holdfast.resources.model import Action, Change, Reader, Resource

DEADLINE = 10.0
"""Seconds for the gateway's answer."""
MAXIMUM_TTL = 30
"""Minutes that a test of failover may be said to last; as in the client."""


def _device(request: ApiRequest, permission: Permission = Permission.DEVICE_READ) -> Resource:
    return visible(request, DEVICE, request.path["device"], permission)


# The twin as the hub shows it


def _twin(request: ApiRequest) -> Reply:
    try:
        device = _device(request)
    except NotFoundError as error:
        # The client reads a `message` beside the usual error.
        text = f"Twin for device {request.path['device'][:128]} was not found"
        body: JsonObject = {"message": text, "error": {"code": error.code, "message": text}}
        return Reply(404, body, {"x-ms-error-code": error.code})
    services = request.services
    owner = services.wait(services.cluster.sessions.owner(device.id))
    scope = _scope(services.store, device)
    return Reply(200, _twin_shown(device, services.state.twin(device.id), scope, connected=bool(owner)))


def _twin_shown(device: Resource, twin: Twin, scope: str, *, connected: bool) -> JsonObject:
    return {
        "deviceId": device.id,
        "etag": device.etag,
        "deviceEtag": device.etag,
        "status": "enabled" if device.body["enabled"] else "disabled",
        "connectionState": "Connected" if connected else "Disconnected",
        "modelId": twin.model,
        "version": twin.desired_version + twin.reported_version,
        "properties": {
            "desired": _section(twin.desired, twin.desired_times, twin.desired_version),
            "reported": _section(twin.reported, twin.reported_times, twin.reported_version),
        },
        "capabilities": {"iotEdge": bool(device.body.get("edge"))},
        **({"deviceScope": scope} if scope else {}),
    }


def _scope(reader: Reader, device: Resource) -> str:
    """What an edge device and its leaves have in common; by it the client finds the children of one."""
    edge = device if device.body.get("edge") else gateway_of(reader, device.id)
    if edge is None or not edge.body.get("edge"):
        return ""
    return f"ms-azure-iot-edge://{edge.id}-{int(edge.created * 1000)}"


def _section(values: JsonObject, times: JsonObject, version: int) -> JsonObject:
    metadata: JsonObject = {}
    for path, moment in times.items():
        place = metadata
        for name in path.split("."):
            inner = place.setdefault(name, {})
            place = cast(JsonObject, inner)
        place["$lastUpdated"] = moment
    return {**values, "$metadata": metadata, "$version": version}


# Failover: a test of the device's way back through provisioning


def _registration(device: Resource, request: ApiRequest, *, provisioned: bool) -> Reply:
    change = Change(
        Action.MERGE,
        DEVICE,
        device.id,
        {"provisioned": provisioned},
        permission=Permission.DEVICE_UPDATE,
    )
    request.services.changes.apply(request.principal, change)
    # The hub that the device leaves. During the test it is assigned to the same host under another name.
    hub = request.services.host
    return Reply(200, {"hubIdentifier": f"{hub}/failover" if provisioned else hub})


def _failover(request: ApiRequest) -> Reply:
    device = _device(request)
    ttl = request.object().get("ttl", MAXIMUM_TTL) if request.body is not None else MAXIMUM_TTL
    if not isinstance(ttl, int) or isinstance(ttl, bool) or not 1 <= ttl <= MAXIMUM_TTL:
        raise InvalidError(f"ttl is 1 to {MAXIMUM_TTL} minutes.", "/ttl")
    if not device.body.get("registration"):
        raise NotFoundError(f"The device {device.id} was never provisioned, so it has nowhere to come back.")
    return _registration(device, request, provisioned=False)


def _failback(request: ApiRequest) -> Reply:
    device = _device(request)
    if not device.body.get("registration"):
        raise NotFoundError(f"The device {device.id} was never provisioned.")
    return _registration(device, request, provisioned=True)


# The queue


def _purge(request: ApiRequest) -> Reply:
    device, services = _device(request, Permission.DEVICE_COMMAND), request.services
    body: JsonObject = {"device": device.id, "event": new_id(services.clock, services.randomness)}
    answer = services.wait(services.cluster.bus.request("gateway", STATE_PURGE, body, DEADLINE))
    purged = answer["purged"]
    services.changes.record(
        request.principal, "device.messages-purged", resource=device.id, data={"purged": purged}
    )
    text = f"The queue of messages to the device {device.id} is empty.\n\nTotal messages purged: {purged}."
    return Reply(200, {"message": text})


# Modules of edge devices, as the agent on the device reports them

_REPORTED = ("statusDescription", "restartPolicy", "settings", "lastRestartTimeUtc", "lastStartTimeUtc")
_EXITED = ("lastExitTimeUtc", "exitCode")


def _modules(request: ApiRequest) -> Reply:
    device = _device(request)
    if not device.body.get("edge"):
        raise NotFoundError(f"The device {device.id} is no IoT Edge device.")
    agent = request.services.state.twin(device.id, AGENT)
    found: list[JsonValue] = []
    for section, system in (("systemModules", True), ("modules", False)):
        # What the agent was told to run and has not reported yet is there too, as disconnected.
        for name, module in {**_listed(agent.desired, section), **_listed(agent.reported, section)}.items():
            if isinstance(module, dict):
                found.append(_module_shown(f"${name}" if system else name, module, system=system))
    return Reply(200, {"modules": found})


def _listed(properties: JsonObject, section: str) -> JsonObject:
    modules = properties.get(section)
    return modules if isinstance(modules, dict) else {}


def _module_shown(name: str, module: JsonObject, *, system: bool) -> JsonObject:
    status = module.get("runtimeStatus")
    return {
        "moduleId": name,
        "isSystemModule": system,
        "twinStatus": "enabled",
        "connectionState": "Connected" if status == "running" else "Disconnected",
        **{key: module.get(key) for key in (*_REPORTED, *_EXITED)},
    }


def _agent_method(request: ApiRequest) -> Reply:
    device, services, given = _device(request, Permission.DEVICE_COMMAND), request.services, request.object()
    name = given.get("methodName")
    if not isinstance(name, str) or not name:
        raise InvalidError("methodName must name a direct method.", "/methodName")
    body: JsonObject = {
        "device": device.id,
        "module": AGENT,
        "name": name,
        "payload": given.get("payload"),
        "timeout": 30,
    }
    services.changes.record(
        request.principal, "device.agent-called", resource=device.id, data={"method": name[:128]}
    )
    try:
        asking = services.cluster.router.request(
            client_id(device.id, AGENT), DEVICE_METHOD, body, 30 + DEADLINE
        )
        answer = services.wait(asking)
    except NotConnectedError:
        raise NotFoundError(f"The agent of {device.id} is not connected.") from None
    return Reply(200, answer["status"])  # the client takes the whole body for the status


_HUB, _EDGE = "/system/iothub/devices/{device}", "/system/iotedge/devices/{device}/modules"
_COMMAND = Permission.DEVICE_COMMAND

ROUTES = [
    Route("GET", _HUB + "/get-twin", Permission.DEVICE_READ, _twin, "Read the twin as the hub keeps it"),
    Route("POST", _HUB + "/manual-failover", Permission.DEVICE_UPDATE, _failover, "Make it provision again"),
    Route("POST", _HUB + "/manual-failback", Permission.DEVICE_UPDATE, _failback, "End a test of failover"),
    Route("DELETE", _HUB + "/c2d", _COMMAND, _purge, "Empty the queue of messages to a device"),
    Route("GET", _EDGE, Permission.DEVICE_READ, _modules, "List the modules that an edge device reports"),
    Route("POST", _EDGE + "/$edgeAgent/directmethods", _COMMAND, _agent_method, "Call the edge agent"),
]
