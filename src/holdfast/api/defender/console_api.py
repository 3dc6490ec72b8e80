"""The documented API of the management console over all sensors: alerts, devices, maintenance windows.

Sites, zones and sensors go by their ids here, which are texts.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from holdfast.alerts.model import Alert, Resolution
from holdfast.api.central.common import visible
from holdfast.api.defender.common import desk, network
from holdfast.api.defender.sensor_api import (
    ALERTS,
    ASSETS,
    PACKETS,
    alert_of,
    authorized,
    seen,
    wanted_alerts,
)
from holdfast.api.frame import ApiRequest, Handler, Reply, Route
from holdfast.defender.catalogue.table import ENGINES
from holdfast.defender.network.kinds import SENSOR, WINDOW
from holdfast.defender.service.alerts import placed_alerts
from holdfast.defender.service.devices import Places, placed_devices
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Event, Resource

_HANDLE: Final = Permission.ALERT_MANAGE
_ENGINES: Final[Mapping[str, str]] = {name.upper().replace(" ", "_"): name for name in ENGINES.values()}
"""Names of engines as windows have them: `POLICY_VIOLATION`."""
_LOGGED: Final = 1000
"""Operations on windows that one answer has."""
_DAY: Final = 86_400.0


def _places(request: ApiRequest) -> Places:
    return Places(_named(request, "siteId"), _named(request, "zoneId"), _named(request, "sensorId", "sensor"))


def _named(request: ApiRequest, *parameters: str) -> frozenset[str]:
    texts = (request.query.get(parameter, "") for parameter in parameters)
    return frozenset(each.strip() for text in texts for each in text.split(",") if each.strip())


def _devices(request: ApiRequest) -> Reply:
    return Reply(200, placed_devices(seen(request), authorized(request), _places(request)))


def _alerts(version: int, request: ApiRequest) -> Reply:
    return Reply(200, placed_alerts(seen(request), wanted_alerts(request), _places(request), version))


def _packets(request: ApiRequest) -> Reply:
    """Where an alert's packets are.

    The token for them is the caller's own, so nothing new can be stolen; who has a session needs none.
    """
    try:
        number, alert = alert_of(request, request.path["alert"])
    except NotFoundError:
        return _failed("alert not found")
    if not network(request).has_packets([alert.id]):
        return _failed("PCAP file is not available")
    root = f"{urlsplit(request.url).scheme}://{urlsplit(request.url).netloc}"
    found: JsonObject = {
        "downloadUrl": f"{root}/api/v2/alerts/pcap/{number}",
        "xsenseId": next(iter(alert.sensors), ""),
        "token": request.headers.get("authorization", ""),
        "id": number,
        "xsenseAlertId": number,
    }
    return Reply(200, found, {"cache-control": "no-store"})


def _handle(request: ApiRequest) -> Reply:
    """`handle` closes an alert, `handleAndLearn` allows what it shows too; doing it twice is no error."""
    action = _body(request).get("action")
    if action not in ("handle", "handleAndLearn"):
        return _failed("There is no such action; there are handle and handleAndLearn.")
    try:
        alert = alert_of(request, request.path["alert"]).alert
        done = _learned(request, alert) if action == "handleAndLearn" else _closed(request, alert)
    except (NotFoundError, ConflictError) as error:
        return _failed(str(error))
    return Reply(200, {"content": done})


def _failed(reason: str) -> Reply:
    """As documented: what cannot be done is status 500 here, whoever's mistake it is."""
    return Reply(500, {"error": reason})


def _closed(request: ApiRequest, alert: Alert) -> str:
    if not alert.open:
        return "The alert was handled before."
    desk(request).close(request.principal, alert.id)
    return "The alert is handled."


def _learned(request: ApiRequest, alert: Alert) -> str:
    if not alert.open and alert.resolution is Resolution.LEARNED:
        return "The alert was handled and learned before."
    desk(request).learn(request.principal, alert.id)
    return "The alert is handled and learned."


# Maintenance windows


def _open(request: ApiRequest) -> Reply:
    body, ticket = _body(request), _ticket(request)
    sensors = _texts(body, "sensorIds")
    for sensor in sensors:
        visible(request, SENSOR, sensor, ALERTS)
    window: JsonObject = {
        "ends": _ends(request, body),
        "engines": list[JsonValue](_engines(_texts(body, "engines"))),
        "sensors": list[JsonValue](sensors),
        "subnets": list[JsonValue](_texts(body, "subnets")),
    }
    known = request.services.store.get(WINDOW, ticket)
    if known is not None and not _is_open(request, known):
        request.services.changes.apply(request.principal, Change(Action.DELETE, WINDOW, ticket))
    change = Change(Action.CREATE, WINDOW, ticket, window, _home(request))
    request.services.changes.apply(request.principal, change)
    return Reply(201)


def _move(request: ApiRequest) -> Reply:
    change = Change(Action.MERGE, WINDOW, _opened(request).id, {"ends": _ends(request, _body(request))})
    request.services.changes.apply(request.principal, change)
    return Reply(200)


def _close(request: ApiRequest) -> Reply:
    request.services.changes.apply(request.principal, Change(Action.DELETE, WINDOW, _opened(request).id))
    return Reply(200)


def _log(request: ApiRequest) -> Reply:
    """What was done with windows, newest first; of windows within the caller's reach."""
    since, until = _date(request, "fromDate"), _date(request, "toDate")
    found = request.services.events.search(
        reach=request.principal.reach(ALERTS),
        kind=WINDOW,
        resource=request.query.get("ticketId", ""),
        outcome="ok",
        since=since or 0.0,
        until=None if until is None else until + _DAY,
        limit=_LOGGED,
    )
    operations = list(_operations(found, request.query.get("tokenName", "")))
    return Reply(200, operations) if operations else Reply(204)


_OPERATIONS: Final = {"created": "OPEN", "updated": "UPDATE", "deleted": "CLOSE"}


def _operations(events: Iterable[Event], token: str) -> Iterator[JsonValue]:
    for event in events:
        operation = _OPERATIONS.get(event.name.rpartition(".")[2])
        if operation is None or token not in ("", event.actor_name):
            continue
        entry: JsonObject = {
            "dateTime": isoformat(event.time),
            "ticketId": event.resource,
            "tokenName": event.actor_name,
            "operationType": operation,
        }
        if operation != "CLOSE":
            body = event.data
            entry |= {
                "engines": body.get("engines"),
                "sensorIds": body.get("sensors"),
                "subnets": body.get("subnets"),
                "ttl": round((float(str(body.get("ends", event.time))) - event.time) / 60),
            }
        yield entry


def _body(request: ApiRequest) -> JsonObject:
    """The body as an object; `curl -d`, which the documentation uses, calls JSON a form. InvalidError."""
    if request.body is not None:
        return request.object()
    try:
        body: JsonValue = msgspec.json.decode(request.raw or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidError(f"The body is not JSON: {error}.") from None
    return replace(request, body=body).object()


def _ticket(request: ApiRequest) -> str:
    """Of the body, or of the query. InvalidError without one."""
    ticket = str(_body(request).get("ticketId") or request.query.get("ticketId", ""))
    if not ticket:
        raise InvalidError("ticketId says which ticket the window belongs to.", "/ticketId")
    return ticket


def _opened(request: ApiRequest) -> Resource:
    """The open window of the ticket. NotFoundError."""
    window = visible(request, WINDOW, _ticket(request), ALERTS)
    if not _is_open(request, window):
        raise NotFoundError(f"The maintenance window of {window.id} is over.")
    return window


def _is_open(request: ApiRequest, window: Resource) -> bool:
    return float(str(window.body["ends"])) > request.services.clock.now()


def _home(request: ApiRequest) -> OrganizationPath:
    """Where a window of the caller lives: at the one node where they handle alerts."""
    nodes = request.principal.reach(_HANDLE)
    if ROOT in nodes or len(nodes) != 1:
        return ROOT
    return nodes[0]


def _ends(request: ApiRequest, body: JsonObject) -> float:
    """A moment out of `ttl`, minutes as a number or its text. InvalidError."""
    given = body.get("ttl", request.query.get("ttl"))
    try:
        minutes = float(str(given)) if not isinstance(given, bool) else 0.0
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise InvalidError("ttl is a number of minutes above 0.", "/ttl")
    return request.services.clock.now() + 60.0 * minutes


def _engines(given: Iterable[str]) -> Iterator[str]:
    for engine in given:
        if engine.upper() not in _ENGINES:
            raise InvalidError(f"There is no engine {engine}; there are {', '.join(_ENGINES)}.", "/engines")
        yield _ENGINES[engine.upper()]


def _texts(body: JsonObject, member: str) -> list[str]:
    given = body.get(member) or []
    if not isinstance(given, list):
        raise InvalidError(f"{member} is a list.", f"/{member}")
    return [str(each) for each in given]


def _date(request: ApiRequest, member: str) -> float | None:
    text = request.query.get(member, "")
    try:
        day = datetime.date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidError(f"{member} is a day such as 2027-01-31.", member) from None
    if day is None:
        return None
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp()


_V1, _V2 = "/external/v1", "/external/v2"
_WINDOW: Final = _V1 + "/maintenanceWindow"
_FORMS: Final = ("application/json", "application/x-www-form-urlencoded")


def _changing(method: str, path: str, handler: Handler, summary: str) -> Route:
    return Route(method, path, _HANDLE, handler, summary, content_types=_FORMS)


ROUTES: Final = [
    Route("GET", _V1 + "/alerts", ALERTS, partial(_alerts, 1), "Alerts of all sensors"),
    Route("GET", _V2 + "/alerts", ALERTS, partial(_alerts, 2), "The same with addresses, names and steps"),
    Route("GET", _V2 + "/alerts/pcap/{alert}", PACKETS, _packets, "Where an alert's packets are"),
    _changing("PUT", _V1 + "/alerts/{alert}", _handle, "Handle an alert, and learn"),
    Route("GET", _V1 + "/devices", ASSETS, _devices, "Devices of all sensors"),
    _changing("POST", _WINDOW, _open, "Open a maintenance window for a ticket"),
    _changing("PUT", _WINDOW, _move, "Move its end"),
    _changing("DELETE", _WINDOW, _close, "Close it"),
    Route("GET", _WINDOW, ALERTS, _log, "What was done with maintenance windows"),
]
