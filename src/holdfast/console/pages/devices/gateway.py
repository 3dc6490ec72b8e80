"""Devices behind a gateway: which device one speaks through, and which speak through it."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.pages.devices.frame import DEVICE_PATH, READ, UPDATE, device_of
from holdfast.console.rendering import FORM, read_form, redirect
from holdfast.devices.device import DEVICE
from holdfast.devices.relationships import (
    RELATIONSHIP,
    connect,
    disconnect,
    relationship_id,
    relationship_name,
)
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.ids import new_id
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Change, Resource
from holdfast.resources.query import AnyOf, Compare, Operator, Query

SHOWN = 100


class Neighbour(NamedTuple):
    """A device at the other end of a relationship."""

    relationship: str
    is_gateway: bool
    name: str
    link: str


def neighbours(request: ApiRequest, device: Resource) -> list[Neighbour]:
    """The gateway of a device and the devices behind it, as far as the principal may see them."""
    where = AnyOf(tuple(Compare(end, Operator.EQUAL, device.id) for end in ("source", "target")))
    query = Query(RELATIONSHIP, request.principal.reach(READ), where, limit=SHOWN)
    return [_neighbour(request, device, found) for found in request.services.store.find(query).items]


def _neighbour(request: ApiRequest, device: Resource, relationship: Resource) -> Neighbour:
    source, target = str(relationship.body["source"]), str(relationship.body["target"])
    other = source if target == device.id else target
    stored = request.services.store.get(DEVICE, other)
    seen = stored is not None and request.principal.allows(READ, stored.organization)
    name = str(stored.body["displayName"]) if stored and seen else other
    return Neighbour(relationship_name(relationship), other == source, name, page_of("devices", other))


def _change(request: ApiRequest) -> Response:
    device, fields = device_of(request, UPDATE), read_form(request)
    if fields.get("action") == "detach":
        changes = _detached(request, device, fields.get("relationship", ""))
    else:
        changes = _attached(request, device, fields.get("leaf", "").strip())
    request.services.changes.apply_all(request.principal, changes)
    return redirect(page_of("devices", device.id))


def _attached(request: ApiRequest, gateway: Resource, leaf: str) -> list[Change]:
    services = request.services
    name = new_id(services.clock, services.randomness)
    return connect(services.store, gateway.id, name, {"source": gateway.id, "target": leaf}, None)


def _detached(request: ApiRequest, gateway: Resource, name: str) -> list[Change]:
    found = request.services.store.get(RELATIONSHIP, relationship_id(gateway.id, name))
    if found is None:
        raise NotFoundError("The device is not behind this one any more; load the page again.")
    return disconnect(request.services.store, found, None)


ROUTES = [
    Route(
        "POST",
        f"{DEVICE_PATH}/leaves",
        Permission.DEVICE_UPDATE,
        _change,
        "Attach a device to this gateway, or detach one",
        content_types=FORM,
        is_page=True,
    ),
]
