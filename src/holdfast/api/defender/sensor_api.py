"""The documented API of a sensor and of the management console, for scripts and integrations that know it.

Moments are epoch milliseconds; the token stands in Authorization as it is. CVE matching is not there, so
those lists are empty.
"""

from collections.abc import Callable
from functools import partial

from starlette.responses import Response

from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.central.common import visible
from holdfast.api.defender.common import alert_reader, desk, network
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.defender.network.kinds import WINDOW
from holdfast.defender.network.view import PlatformView
from holdfast.defender.service import alerts, devices, reports
from holdfast.defender.service.view import DefenderView
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change
from holdfast.resources.query import Query

_ASSETS, _ALERTS, _PACKETS = Permission.ASSET_READ, Permission.ALERT_READ, Permission.PACKETS_READ
_HANDLE = Permission.ALERT_MANAGE
MAXIMUM_ALERTS = 20_000
"""Alerts that one answer is made of."""


def _view(request: ApiRequest) -> PlatformView:
    readable = request.principal.reach(_ALERTS)
    found = [each.alert for each in alert_reader(request).find(AlertFilter(readable), MAXIMUM_ALERTS)]
    return PlatformView(network(request), request.principal.reach(_ASSETS), found)


def _number(request: ApiRequest, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise InvalidError(f"{name} is a number.", name)
    return int(text)


def _devices(request: ApiRequest) -> Reply:
    asked = request.query.get("authorized")
    if asked not in (None, "true", "false"):
        raise InvalidError("authorized is true or false.", "authorized")
    return Reply(200, devices.devices(_view(request), None if asked is None else asked == "true"))


def _connections(request: ApiRequest) -> Reply:
    text = request.path.get("device")
    if text is not None and not text.isdigit():
        raise InvalidError("A device is named by its number.", "deviceId")
    found = devices.connections(
        _view(request),
        request.services.clock.now(),
        device=None if text is None else int(text[:15]),
        last_active_minutes=_number(request, "lastActiveInMinutes"),
        discovered_before=_number(request, "discoveredBefore"),
        discovered_after=_number(request, "discoveredAfter"),
    )
    return Reply(200, found)


def _no_cves(_request: ApiRequest) -> Reply:
    return Reply(200, [])


def _alerts(version: int, request: ApiRequest) -> Reply:
    found = alerts.alerts(
        _view(request),
        version=version,
        state=request.query.get("state"),
        from_time=_number(request, "fromTime"),
        to_time=_number(request, "toTime"),
        kind=request.query.get("type"),
    )
    return Reply(200, found)


def _packets(request: ApiRequest) -> Response:
    alert = request.path["alert"]
    content = network(request).pcap(request.principal.reach(_PACKETS), alert)
    request.services.changes.record(request.principal, "alert.packets-read", resource=alert)
    return Response(content, media_type="application/vnd.tcpdump.pcap")


def _events(request: ApiRequest) -> Reply:
    minutes, kind = _number(request, "minutesTimeFrame"), request.query.get("type")
    return Reply(200, alerts.events(_view(request), request.services.clock.now(), minutes, kind))


Report = Callable[[DefenderView], JsonValue]


def _devices_report(view: DefenderView) -> JsonValue:
    return reports.device_report(view)


def _security(view: DefenderView) -> JsonValue:
    return reports.security_report(view)


def _operational(view: DefenderView) -> JsonValue:
    return reports.operational_report(view)


def _mitigation(view: DefenderView) -> JsonValue:
    return reports.mitigation_report(view)


def _report(make: Report, request: ApiRequest) -> Reply:
    return Reply(200, make(_view(request)))


# The management console's


def _handle(request: ApiRequest) -> Reply:
    """`handle` closes an alert, `handleAndLearn` allows what it shows too."""
    action = request.object().get("action")
    alert, principal = request.path["alert"], request.principal
    if action == "handle":
        desk(request).close(principal, alert)
    elif action == "handleAndLearn":
        desk(request).learn(principal, alert)
    else:
        raise InvalidError("action is handle or handleAndLearn.", "/action")
    return Reply(200, {"content": "Alert handled successfully"})


def _open_window(request: ApiRequest) -> Reply:
    body = request.object()
    ticket = str(body.get("ticketId", ""))
    window: JsonObject = {"ends": _ends(request, body)}
    for theirs, ours in (("engines", "engines"), ("sensorIds", "sensors"), ("subnets", "subnets")):
        given = body.get(theirs, [])
        window[ours] = [str(each) for each in given] if isinstance(given, list) else []
    request.services.changes.apply(request.principal, Change(Action.CREATE, WINDOW, ticket, window))
    return Reply(201)


def _move_window(request: ApiRequest) -> Reply:
    body = request.object()
    found = visible(request, WINDOW, str(body.get("ticketId", "")), _ALERTS)
    change = Change(Action.MERGE, WINDOW, found.id, {"ends": _ends(request, body)})
    request.services.changes.apply(request.principal, change)
    return Reply(200)


def _close_window(request: ApiRequest) -> Reply:
    ticket = request.query.get("ticketId", "") or str(
        (request.body and request.object().get("ticketId")) or ""
    )
    found = visible(request, WINDOW, ticket, _ALERTS)
    request.services.changes.apply(request.principal, Change(Action.DELETE, WINDOW, found.id))
    return Reply(200)


def _windows(request: ApiRequest) -> Reply:
    query = Query(WINDOW, request.principal.reach(_ALERTS), limit=500)
    found: list[JsonValue] = [
        {
            "ticketId": each.id,
            "startTime": int(float(str(each.body["opened"])) * 1000),
            "expirationTime": int(float(str(each.body["ends"])) * 1000),
            "engines": each.body["engines"],
            "sensorIds": each.body["sensors"],
            "subnets": each.body["subnets"],
        }
        for each in request.services.store.find(query).items
    ]
    return Reply(200, found)


def _ends(request: ApiRequest, body: JsonObject) -> float:
    minutes = body.get("ttl")
    if isinstance(minutes, bool) or not isinstance(minutes, int | float):
        raise InvalidError("ttl is a number of minutes.", "/ttl")
    return request.services.clock.now() + 60.0 * minutes


_V1, _CONSOLE = "/api/v1", "/external/v1"
_REPORTS = _V1 + "/reports/vulnerabilities"
_WINDOW = _CONSOLE + "/maintenanceWindow"
ROUTES = [
    Route("GET", _V1 + "/devices", _ASSETS, _devices, "Devices, as a sensor lists them"),
    Route("GET", _V1 + "/devices/connections", _ASSETS, _connections, "Connections between devices"),
    Route("GET", _V1 + "/devices/cves", _ASSETS, _no_cves, "CVEs: none are matched"),
    Route("GET", _V1 + "/devices/{device}/connections", _ASSETS, _connections, "Connections of a device"),
    Route("GET", _V1 + "/devices/{device}/cves", _ASSETS, _no_cves, "CVEs of a device: none are matched"),
    Route("GET", _V1 + "/alerts", _ALERTS, partial(_alerts, 1), "Alerts, as a sensor lists them"),
    Route("GET", "/api/v2/alerts", _ALERTS, partial(_alerts, 2), "The same with addresses and steps"),
    Route("GET", "/api/v2/alerts/pcap/{alert}", _PACKETS, _packets, "An alert's packets"),
    Route("GET", _V1 + "/events", _ASSETS, _events, "The newest events of the timeline"),
    Route("GET", _REPORTS + "/devices", _ASSETS, partial(_report, _devices_report), "Weak points of devices"),
    Route("GET", _REPORTS + "/security", _ASSETS, partial(_report, _security), "Security of the network"),
    Route("GET", _REPORTS + "/operational", _ASSETS, partial(_report, _operational), "How the network works"),
    Route("GET", _REPORTS + "/mitigation", _ASSETS, partial(_report, _mitigation), "What to do first"),
    Route("GET", _CONSOLE + "/alerts", _ALERTS, partial(_alerts, 2), "Alerts of all sensors"),
    Route("PUT", _CONSOLE + "/alerts/{alert}", _HANDLE, _handle, "Handle an alert, and learn"),
    Route("GET", _CONSOLE + "/devices", _ASSETS, _devices, "Devices of all sensors"),
    Route("POST", _WINDOW, _HANDLE, _open_window, "Open a maintenance window for a ticket"),
    Route("PUT", _WINDOW, _HANDLE, _move_window, "Move its end"),
    Route("DELETE", _WINDOW, _HANDLE, _close_window, "Close it"),
    Route("GET", _WINDOW, _ALERTS, _windows, "Maintenance windows"),
]
