"""`/api/defender`: exclusion rules, maintenance windows, custom rules and saved queries as collections."""

from dataclasses import dataclass
from functools import partial

from holdfast.access.people.organizations import path_of
from holdfast.api.central.common import applied, etag, listing, removed, text_field, visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.defender.network.kinds import EXCLUSION, NETWORK_KINDS, QUERY, RULE, WINDOW
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.resources.model import Action, Change, Resource

_KINDS = {kind.name: kind for kind in NETWORK_KINDS}


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of resource under an address."""

    path: str
    kind: str
    what: str


COLLECTIONS = (
    Collection("exclusions", EXCLUSION, "an exclusion rule"),
    Collection("maintenanceWindows", WINDOW, "a maintenance window"),
    Collection("rules", RULE, "a custom rule"),
    Collection("queries", QUERY, "a saved query"),
)


def _shown(resource: Resource) -> JsonObject:
    return {
        **resource.body,
        "id": resource.id,
        "organization": resource.organization,
        "etag": etag(resource),
    }


def _list(collection: Collection, request: ApiRequest) -> Reply:
    return listing(request, collection.kind, _KINDS[collection.kind].read, _shown)


def _show(collection: Collection, request: ApiRequest) -> Reply:
    return Reply(
        200, _shown(visible(request, collection.kind, request.path["id"], _KINDS[collection.kind].read))
    )


def _put(collection: Collection, request: ApiRequest) -> Reply:
    body = {name: value for name, value in request.object().items() if name not in ("id", "etag", "opened")}
    asked = text_field(body, "organization")
    body.pop("organization", None)
    before = request.services.store.get(collection.kind, request.path["id"])
    if before is not None:
        place = before.organization
    else:
        place = path_of(request.services.store, asked) if asked else ROOT
    change = Change(Action.PUT, collection.kind, request.path["id"], body, place, if_match=request.if_match)
    return Reply(200, _shown(applied(request, change)))


def _delete(collection: Collection, request: ApiRequest) -> Reply:
    return removed(request, collection.kind, request.path["id"], _KINDS[collection.kind].read)


def _routes(collection: Collection) -> list[Route]:
    kind, many = _KINDS[collection.kind], f"/api/defender/{collection.path}"
    one = many + "/{id}"
    return [
        Route("GET", many, kind.read, partial(_list, collection), f"Every one: {collection.what}"),
        Route("GET", one, kind.read, partial(_show, collection), f"Show {collection.what}"),
        Route("PUT", one, kind.update, partial(_put, collection), f"Make or replace {collection.what}"),
        Route("DELETE", one, kind.delete, partial(_delete, collection), f"Delete {collection.what}"),
    ]


ROUTES = [route for collection in COLLECTIONS for route in _routes(collection)]
