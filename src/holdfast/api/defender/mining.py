"""Data mining under `/api/defender`: saved questions, those that everybody has, and their answers."""

from collections.abc import Callable

import msgspec
from starlette.responses import Response

from holdfast.access.bodies import read_body
from holdfast.alerts.store.reading import Numbered
from holdfast.api.central.common import visible
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
from holdfast.defender.network.kinds import QUERY, QueryBody
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
from holdfast.kernel.permissions import Permission

SHOWN, EXPORTED = 1000, 50_000
"""Rows of an answer: as JSON, and as CSV."""
_PART = 1000


def asked_by(request: ApiRequest, identity: str) -> QueryBody:
    """A saved or predefined question, with moments for what it says as so long ago. NotFoundError."""
    if identity in PREDEFINED:
        title, subject, filters = PREDEFINED[identity]
        asked = QueryBody(title, subject, dict(filters))
    else:
        asked = read_body(visible(request, QUERY, identity, Permission.ASSET_READ).body, QueryBody)
    return at_now(request, asked)


def at_now(request: ApiRequest, asked: QueryBody) -> QueryBody:
    """A question with moments for what it says as so long ago."""
    now = request.services.clock.now()
    return msgspec.structs.replace(asked, filters=dict(at_moment(asked.filters, now)))


def answer(request: ApiRequest, asked: QueryBody, limit: int) -> list[JsonObject]:
    """The rows that answer a question, within the reach of who asks."""
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
    asked = asked_by(request, request.path["id"])
    rows = answer(request, asked, SHOWN)
    return Reply(
        200,
        {
            "subject": asked.subject,
            "columns": list[JsonValue](columns_of(asked)),
            "value": list[JsonValue](rows),
        },
    )


def _csv(request: ApiRequest) -> Response:
    asked = asked_by(request, request.path["id"])
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
    text = csv_text(columns_of(asked), answer(request, asked, EXPORTED))
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return Response(text, media_type="text/csv", headers=headers)


def columns_of(asked: QueryBody) -> list[str]:
    """The columns of its answer."""
    return list(asked.columns) or list(COLUMNS[asked.subject])


def _predefined(_request: ApiRequest) -> Reply:
    items: list[JsonValue] = [
        {"id": identity, "displayName": title, "subject": subject, "filters": dict(filters)}
        for identity, (title, subject, filters) in PREDEFINED.items()
    ]
    return Reply(200, {"value": items})


_QUERY = "/api/defender/queries/{id}"
ROUTES = [
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
