"""`/api/deviceGroups`: queries that are kept, and the devices that they find."""

from functools import partial

from holdfast.api.central.common import (
    MERGE,
    VERSIONS,
    etag,
    listing,
    organizations_of,
    paged,
    removed,
    visible,
    written,
)
from holdfast.api.central.devices import shown as device_shown
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.groups import DEVICE_GROUP, members_query
from holdfast.devices.organizations import find_organization
from holdfast.devices.query.fields import NAMED_FILTER_FIELDS, device_filter_fields
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Resource

READ = Permission.DEVICE_GROUP_READ


def _shown(group: Resource) -> JsonObject:
    body: JsonObject = {
        "id": group.id,
        "displayName": group.body["displayName"],
        "filter": group.body["filter"],
        "etag": etag(group),
        "organizations": organizations_of(group.organization),
    }
    if group.body.get("description"):
        body["description"] = group.body["description"]
    return body


def _list(request: ApiRequest) -> Reply:
    return listing(request, DEVICE_GROUP, READ, _shown, NAMED_FILTER_FIELDS)


def _group(request: ApiRequest) -> Resource:
    return visible(request, DEVICE_GROUP, request.path["group"], READ)


def _get(request: ApiRequest) -> Reply:
    return Reply(200, _shown(_group(request)))


def _put(request: ApiRequest) -> Reply:
    return written(request, Action.PUT, DEVICE_GROUP, request.path["group"], _shown)


def _patch(request: ApiRequest) -> Reply:
    return written(request, Action.MERGE, DEVICE_GROUP, _group(request).id, _shown)


def _delete(request: ApiRequest) -> Reply:
    return removed(request, DEVICE_GROUP, request.path["group"], READ)


def _devices(request: ApiRequest) -> Reply:
    reach = request.principal.reach(Permission.DEVICE_READ)
    store = request.services.store
    members = members_query(store, _group(request), reach)
    return paged(request, members, device_shown, device_filter_fields(partial(find_organization, store)))


_GROUP = "/api/deviceGroups/{group}"
_UPDATE = Permission.DEVICE_GROUP_UPDATE

ROUTES = [
    Route("GET", "/api/deviceGroups", READ, _list, "List device groups", VERSIONS),
    Route("GET", _GROUP, READ, _get, "Read a device group", VERSIONS),
    Route("PUT", _GROUP, Permission.DEVICE_GROUP_CREATE, _put, "Create or replace a device group", VERSIONS),
    Route("PATCH", _GROUP, _UPDATE, _patch, "Change a device group", VERSIONS, MERGE),
    Route("DELETE", _GROUP, Permission.DEVICE_GROUP_DELETE, _delete, "Delete a device group", VERSIONS),
    Route("GET", _GROUP + "/devices", READ, _devices, "List the devices of a group", VERSIONS),
]
