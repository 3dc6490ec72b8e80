"""`/api/defender/sensors`, `captures`, `sites`: who tells of networks, and where."""

from collections.abc import Callable
from functools import partial

from starlette.responses import Response

from holdfast.access.people.organizations import path_of
from holdfast.access.reading import pages
from holdfast.api.central.common import applied, etag, text_field, visible
from holdfast.api.defender.common import network, reach
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.defender.network.captures import blob_of
from holdfast.defender.network.enrolling import SensorEnrolling
from holdfast.defender.network.kinds import CAPTURE, SENSOR
from holdfast.defender.network.reading import Network
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath, name, site_of
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Query

_READ, _MANAGE = Permission.SENSOR_READ, Permission.SENSOR_MANAGE
_UPLOAD = Permission.ASSET_MANAGE
MAXIMUM_CAPTURE = 256 * 2**20
"""Bytes of an uploaded capture; larger ones are analyzed where they lie, with `sensor analyze`."""


Form = Callable[[ApiRequest, Resource, JsonObject | None], JsonObject]
"""A sensor or capture as the API shows it, with what is known from its messages."""


def _place(request: ApiRequest, asked: str) -> OrganizationPath:
    return path_of(request.services.store, asked) if asked else ROOT


def _sources(request: ApiRequest, kind: str, form: Form) -> list[JsonValue]:
    nodes = reach(request, _READ)
    known = network(request).sources(nodes)
    found = pages(request.services.store, Query(kind, nodes, limit=500))
    return [form(request, resource, known.get(resource.id)) for resource in found]


def _shown(resource: Resource, source: JsonObject | None) -> JsonObject:
    return {
        **resource.body,
        "id": resource.id,
        "organization": resource.organization,
        "zone": name(resource.organization),
        "site": site_of(resource.organization),
        "etag": etag(resource),
        "lastMessage": source["last_message"] if source else None,
        "refusedMessages": source["refused_messages"] if source else 0,
    }


def _sensor_form(request: ApiRequest, resource: Resource, source: JsonObject | None) -> JsonObject:
    connected = bool(request.services.wait(request.services.cluster.sessions.owner(resource.id)))
    return {
        **_shown(resource, source),
        "connected": connected,
        "health": source["health"] if source else None,
    }


def _capture_form(request: ApiRequest, resource: Resource, source: JsonObject | None) -> JsonObject:
    return {**_shown(resource, source), "analysis": network(request).analysis(resource.id)}


def _list(kind: str, form: Form, request: ApiRequest) -> Reply:
    return Reply(200, {"value": _sources(request, kind, form)})


def _show(kind: str, form: Form, request: ApiRequest) -> Reply:
    resource = visible(request, kind, request.path["id"], _READ)
    source = network(request).sources((resource.organization,)).get(resource.id)
    return Reply(200, form(request, resource, source))


def _enroll(request: ApiRequest) -> Reply:
    body = request.object()
    enrolling = request.services.extension(SensorEnrolling)
    answer = enrolling.enroll(
        request.principal,
        request.path["id"],
        text_field(body, "certificateRequest"),
        text_field(body, "displayName"),
        _place(request, text_field(body, "organization")),
    )
    return Reply(200, answer)


def _put_sensor(request: ApiRequest) -> Reply:
    """For sensors that bring a certificate of an enrollment group: the device comes with its provisioning."""
    body = dict(request.object())
    organization = _place(request, text_field(body, "organization"))
    body.pop("organization", None)
    before = request.services.store.get(SENSOR, request.path["id"])
    place = before.organization if before is not None else organization
    change = Change(Action.PUT, SENSOR, request.path["id"], body, place, if_match=request.if_match)
    return Reply(200, _shown(applied(request, change), None))


def _patch_sensor(request: ApiRequest) -> Reply:
    found = visible(request, SENSOR, request.path["id"], _READ)
    change = Change(Action.MERGE, SENSOR, found.id, request.object(), if_match=request.if_match)
    return Reply(200, _shown(applied(request, change), None))


def _remove_sensor(request: ApiRequest) -> Reply:
    found = visible(request, SENSOR, request.path["id"], _READ)
    request.services.extension(SensorEnrolling).remove(request.principal, found)
    return Reply(204)


def _upload(request: ApiRequest) -> Reply:
    """The capture is the body. The query names `organization`, `name` and `stage` (learning, operational)."""
    capture, query = request.path["id"], request.query
    organization = _place(request, query.get("organization", ""))
    if not request.principal.allows(_UPLOAD, organization):
        raise ForbiddenError(f"Uploading a capture takes {_UPLOAD.value} at {organization}.")
    if not request.raw:
        raise InvalidError("The body is the capture file (pcap, pcapng, or either packed with gzip).", "")
    if request.services.store.get(CAPTURE, capture) is not None:
        raise ConflictError(f"There is a capture {capture}; delete it first, or name this one differently.")
    body: JsonObject = {
        "displayName": query.get("name", "") or capture,
        "octets": len(request.raw),
        "stage": query.get("stage") or None,
    }
    network(request).keep_capture(blob_of(capture), request.raw)
    change = Change(Action.CREATE, CAPTURE, capture, body, organization)
    return Reply(202, _shown(applied(request, change), None))


def _remove_capture(request: ApiRequest) -> Reply:
    found = visible(request, CAPTURE, request.path["id"], _READ)
    request.services.changes.apply(request.principal, Change(Action.DELETE, CAPTURE, found.id))
    return Reply(204)


def _download(request: ApiRequest) -> Response:
    found = visible(request, CAPTURE, request.path["id"], Permission.PACKETS_READ)
    content = request.services.extension(Network).capture(blob_of(found.id))
    request.services.changes.record(request.principal, "capture.read", resource=found.id)
    headers = {"content-disposition": f'attachment; filename="{found.id}.pcap"', "cache-control": "no-store"}
    return Response(content, media_type="application/vnd.tcpdump.pcap", headers=headers)


def _sites(request: ApiRequest) -> Reply:
    """Sites and zones are organizations that have sensors or captures: a zone's site is the node above it."""
    zones: dict[str, JsonObject] = {}
    for kind in (SENSOR, CAPTURE):
        for resource in pages(request.services.store, Query(kind, reach(request, _READ), limit=500)):
            zone = zones.setdefault(
                resource.organization,
                {
                    "organization": resource.organization,
                    "zone": name(resource.organization),
                    "site": site_of(resource.organization),
                    "sensors": [],
                    "captures": [],
                },
            )
            members = zone[f"{kind}s"]
            assert isinstance(members, list)
            members.append(resource.id)
    return Reply(200, {"value": [zones[path] for path in sorted(zones)]})


_SENSORS, _CAPTURES = "/api/defender/sensors", "/api/defender/captures"
_FILES = (
    "application/vnd.tcpdump.pcap",
    "application/octet-stream",
    "application/gzip",
    "application/x-pcapng",
)
ROUTES = [
    Route("GET", "/api/defender/sites", _READ, _sites, "Sites and zones with their sensors"),
    Route("GET", _SENSORS, _READ, partial(_list, SENSOR, _sensor_form), "Sensors and how they are"),
    Route("GET", _SENSORS + "/{id}", _READ, partial(_show, SENSOR, _sensor_form), "A sensor and how it is"),
    Route(
        "PUT", _SENSORS + "/{id}", _MANAGE, _put_sensor, "Make a sensor of a device that provisions itself"
    ),
    Route("PATCH", _SENSORS + "/{id}", _MANAGE, _patch_sensor, "Change a sensor's name or setup"),
    Route("DELETE", _SENSORS + "/{id}", _MANAGE, _remove_sensor, "Take a sensor away"),
    Route("POST", _SENSORS + "/{id}/enroll", _MANAGE, _enroll, "Give a sensor its certificate"),
    Route("GET", _CAPTURES, _READ, partial(_list, CAPTURE, _capture_form), "Uploaded captures"),
    Route(
        "GET", _CAPTURES + "/{id}", _READ, partial(_show, CAPTURE, _capture_form), "How an analysis stands"
    ),
    Route(
        "PUT",
        _CAPTURES + "/{id}",
        _UPLOAD,
        _upload,
        "Upload a capture to be analyzed",
        content_types=_FILES,
        maximum_body=MAXIMUM_CAPTURE,
    ),
    Route(
        "DELETE", _CAPTURES + "/{id}", _UPLOAD, _remove_capture, "Delete a capture with what only it showed"
    ),
    Route(
        "GET", _CAPTURES + "/{id}/file", Permission.PACKETS_READ, _download, "The capture as it was uploaded"
    ),
]
