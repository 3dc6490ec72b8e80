"""`/api/devices/{id}/relationships`: which gateway a device speaks through."""

from holdfast.api.central.common import MERGE, VERSIONS, listing, visible, without
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.device import DEVICE
from holdfast.devices.query.fields import TableFields
from holdfast.devices.relationships import (
    RELATIONSHIP,
    connect,
    disconnect,
    relationship_id,
    relationship_name,
)
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import AnyOf, Compare, Operator

READ = Permission.DEVICE_READ
UPDATE = Permission.DEVICE_UPDATE


def _shown(relationship: Resource) -> JsonObject:
    return {"id": relationship_name(relationship), **relationship.body}


def _list(request: ApiRequest) -> Reply:
    device = visible(request, DEVICE, request.path["device"], READ)
    where = AnyOf(tuple(Compare(end, Operator.EQUAL, device.id) for end in ("source", "target")))
    fields = TableFields(paths={"source": "source", "target": "target"})
    return listing(request, RELATIONSHIP, READ, _shown, fields, where)


def _relationship(request: ApiRequest) -> Resource:
    """One by the gateway it begins at, or by the device at its end."""
    device, name = request.path["device"], request.path["relationship"]
    store = request.services.store
    found = store.get(RELATIONSHIP, relationship_id(device, name))
    if found is None or not request.principal.allows(READ, found.organization):
        raise NotFoundError(f"The device {device} has no relationship {name}, or you may not see it.")
    return found


def _get(request: ApiRequest) -> Reply:
    return Reply(200, _shown(_relationship(request)))


def _put(request: ApiRequest) -> Reply:
    body = without(request.object(), "id", "etag")
    return _connect(request, body)


def _patch(request: ApiRequest) -> Reply:
    before = _relationship(request)
    return _connect(request, {**before.body, **without(request.object(), "id", "etag")})


def _connect(request: ApiRequest, body: JsonObject) -> Reply:
    device, name = request.path["device"], request.path["relationship"]
    changes = connect(request.services.store, device, name, body, request.if_match)
    stored = request.services.changes.apply_all(request.principal, changes)[0].resource
    assert stored is not None
    return Reply(200, _shown(stored))


def _delete(request: ApiRequest) -> Reply:
    changes = disconnect(request.services.store, _relationship(request), request.if_match)
    request.services.changes.apply_all(request.principal, changes)
    return Reply(204)


_ALL = "/api/devices/{device}/relationships"
_ONE = _ALL + "/{relationship}"

ROUTES = [
    Route("GET", _ALL, READ, _list, "List a device's relationships", VERSIONS),
    Route("GET", _ONE, READ, _get, "Read a relationship", VERSIONS),
    Route("PUT", _ONE, UPDATE, _put, "Attach a device to a gateway", VERSIONS),
    Route("PATCH", _ONE, UPDATE, _patch, "Change a relationship", VERSIONS, MERGE),
    Route("DELETE", _ONE, UPDATE, _delete, "Detach a device from a gateway", VERSIONS),
]
