"""`/api/defender`: exclusion rules, maintenance windows, custom rules and saved queries as collections."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec
from starlette.responses import Response

from holdfast.access.bodies import read_body
from holdfast.access.people.organizations import path_of
from holdfast.alerts.store.reading import Numbered
from holdfast.api.central.common import applied, etag, listing, removed, text_field, visible
from holdfast.api.defender.common import (
    alert_document,
    alert_filter,
    alert_reader,
    filter_of,
    network,
    reach,
)
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.defender.network.filters import AssetFilter, ConnectionFilter, EventFilter
from holdfast.defender.network.kinds import EXCLUSION, NETWORK_KINDS, QUERY, RULE, WINDOW, QueryBody
from holdfast.defender.network.queries import (
    COLUMNS,
    PREDEFINED,
    Subject,
    at_moment,
    checked_columns,
    csv_text,
)
from holdfast.defender.network.reading import Reach
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
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


# Data mining


def _asked(request: ApiRequest) -> QueryBody:
    identity = request.path["id"]
    if identity in PREDEFINED:
        title, subject, filters = PREDEFINED[identity]
        asked = QueryBody(title, subject, dict(filters))
    else:
        asked = read_body(visible(request, QUERY, identity, Permission.ASSET_READ).body, QueryBody)
    now = request.services.clock.now()
    return msgspec.structs.replace(asked, filters=dict(at_moment(asked.filters, now)))


def _answer(request: ApiRequest, asked: QueryBody, limit: int) -> list[JsonObject]:
    return _ANSWERS[asked.subject](request, asked, limit)


def _assets(request: ApiRequest, asked: QueryBody, limit: int) -> list[JsonObject]:
    wanted = filter_of(AssetFilter, asked.filters)
    return _whole(
        lambda part, offset: network(request).assets(_nodes(request), wanted, part, offset).items, limit
    )


def _connections(request: ApiRequest, asked: QueryBody, limit: int) -> list[JsonObject]:
    wanted = filter_of(ConnectionFilter, asked.filters)
    return _whole(
        lambda part, offset: network(request).connections(_nodes(request), wanted, part, offset).items, limit
    )


def _events(request: ApiRequest, asked: QueryBody, limit: int) -> list[JsonObject]:
    wanted = filter_of(EventFilter, asked.filters)
    return _whole(
        lambda part, offset: network(request).events(_nodes(request), wanted, part, offset).items, limit
    )


def _alerts(request: ApiRequest, asked: QueryBody, limit: int) -> list[JsonObject]:
    found: list[Numbered] = alert_reader(request).find(alert_filter(request, asked.filters), limit)
    has = network(request).has_packets([each.alert.id for each in found])
    return [alert_document(each.alert, packets=each.alert.id in has) for each in found]


_ANSWERS: dict[Subject, Callable[[ApiRequest, QueryBody, int], list[JsonObject]]] = {
    Subject.ASSETS: _assets,
    Subject.CONNECTIONS: _connections,
    Subject.EVENTS: _events,
    Subject.ALERTS: _alerts,
}
_SHOWN, _EXPORTED = 1000, 50_000
_PART = 1000


def _nodes(request: ApiRequest) -> Reach:
    return reach(request, Permission.ASSET_READ)


def _whole(read: Callable[[int, int], list[JsonObject]], limit: int) -> list[JsonObject]:
    found: list[JsonObject] = []
    while len(found) < limit:
        part = read(min(_PART, limit - len(found)), len(found))
        found += part
        if len(part) < _PART:
            break
    return found


def _results(request: ApiRequest) -> Reply:
    asked = _asked(request)
    rows = _answer(request, asked, _SHOWN)
    return Reply(200, {"subject": asked.subject, "columns": _columns(asked), "value": list[JsonValue](rows)})


def _csv(request: ApiRequest) -> Response:
    asked = _asked(request)
    return _csv_response(request, asked, request.path["id"])


def _export(request: ApiRequest) -> Response:
    """The same without saving a query: the filters are the request's."""
    name = request.path["subject"]
    if name not in list(Subject):
        raise NotFoundError(f"There is no table {name}; there are {', '.join(Subject)}.")
    columns = [each for each in request.query.get("columns", "").split(",") if each]
    checked_columns(Subject(name), columns)
    filters: dict[str, str | bool | float] = {key: value for key, value in request.query.items() if value}
    return _csv_response(request, QueryBody(name, Subject(name), filters, columns), name)


def _csv_response(request: ApiRequest, asked: QueryBody, name: str) -> Response:
    text = csv_text([str(each) for each in _columns(asked)], _answer(request, asked, _EXPORTED))
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return Response(text, media_type="text/csv", headers=headers)


def _columns(asked: QueryBody) -> list[JsonValue]:
    return list(asked.columns) or list(COLUMNS[asked.subject])


def _predefined(_request: ApiRequest) -> Reply:
    items: list[JsonValue] = [
        {"id": identity, "displayName": title, "subject": subject, "filters": dict(filters)}
        for identity, (title, subject, filters) in PREDEFINED.items()
    ]
    return Reply(200, {"value": items})


_QUERY = "/api/defender/queries/{id}"
ROUTES = [
    *(route for collection in COLLECTIONS for route in _routes(collection)),
    Route(
        "GET",
        "/api/defender/predefinedQueries",
        Permission.ASSET_READ,
        _predefined,
        "Queries that everybody has",
    ),
    Route(
        "GET",
        _QUERY + "/results",
        Permission.ASSET_READ,
        _results,
        "The answer to a saved query, as it is now",
    ),
    Route("GET", _QUERY + "/csv", Permission.ASSET_READ, _csv, "The same as CSV"),
    Route("GET", "/api/defender/export/{subject}", Permission.ASSET_READ, _export, "A filtered table as CSV"),
]
