"""`/api/deviceTemplates`: publishing templates, and what of them may change."""

from functools import partial

from holdfast.api.central.common import (
    FIRST_PREVIEW,
    MERGE,
    VERSIONS,
    applied,
    etag,
    listing,
    removed,
    visible,
    without,
)
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.query.fields import TEMPLATE_FILTER_FIELDS
from holdfast.devices.templates.kind import DEVICE_TEMPLATE
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ = Permission.TEMPLATE_READ
MANAGE = Permission.TEMPLATE_MANAGE
MAXIMUM_BODY = 4 * 1024 * 1024


def _shown(request: ApiRequest, template: Resource) -> JsonObject:
    named = {"id": template.id} if request.version == FIRST_PREVIEW else {}
    return {**named, "etag": etag(template), "@id": template.id, **template.body}


def _list(request: ApiRequest) -> Reply:
    return listing(request, DEVICE_TEMPLATE, READ, partial(_shown, request), TEMPLATE_FILTER_FIELDS)


def _get(request: ApiRequest) -> Reply:
    return Reply(200, _shown(request, visible(request, DEVICE_TEMPLATE, request.path["template"], READ)))


def _given(request: ApiRequest) -> JsonObject:
    # A document that is carried to another application keeps the @id of the first: the address counts.
    own = ("@id", "etag", "id") if request.version == FIRST_PREVIEW else ("@id", "etag")
    return without(request.object(), *own)


def _put(request: ApiRequest) -> Reply:
    change = Change(
        Action.PUT, DEVICE_TEMPLATE, request.path["template"], _given(request), if_match=request.if_match
    )
    return Reply(200, _shown(request, applied(request, change)))


def _patch(request: ApiRequest) -> Reply:
    template = visible(request, DEVICE_TEMPLATE, request.path["template"], READ)
    change = Change(Action.MERGE, DEVICE_TEMPLATE, template.id, _given(request), if_match=request.if_match)
    return Reply(200, _shown(request, applied(request, change)))


def _delete(request: ApiRequest) -> Reply:
    return removed(request, DEVICE_TEMPLATE, request.path["template"], READ)


_TEMPLATE = "/api/deviceTemplates/{template}"

ROUTES = [
    Route("GET", "/api/deviceTemplates", READ, _list, "List device templates", VERSIONS),
    Route("GET", _TEMPLATE, READ, _get, "Read a device template", VERSIONS),
    Route("PUT", _TEMPLATE, MANAGE, _put, "Publish a device template", VERSIONS, maximum_body=MAXIMUM_BODY),
    Route(
        "PATCH",
        _TEMPLATE,
        MANAGE,
        _patch,
        "Change cloud properties and display data",
        VERSIONS,
        MERGE,
        maximum_body=MAXIMUM_BODY,
    ),
    Route("DELETE", _TEMPLATE, MANAGE, _delete, "Delete a device template that no device has", VERSIONS),
]
