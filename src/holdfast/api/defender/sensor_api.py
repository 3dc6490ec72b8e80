"""The documented API of a sensor, for scripts and integrations that know it.

Moments are epoch milliseconds; the token stands in Authorization as it is. CVE matching is not there, so
those lists are empty. Packets take the same token: there is no second one for a single capture.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from starlette.responses import Response

from holdfast.alerts.store.reading import AlertFilter, Numbered
from holdfast.api.defender.common import alert_reader, network
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.defender.service import alerts, devices, events, reports
from holdfast.defender.service.seen import Seen
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission

ASSETS, ALERTS, PACKETS = Permission.ASSET_READ, Permission.ALERT_READ, Permission.PACKETS_READ
MAXIMUM_ALERTS: Final = 20_000
"""Alerts that one answer is made of."""


def seen(request: ApiRequest) -> Seen:
    """What the caller may see."""
    kept = alert_reader(request).find(AlertFilter(request.principal.reach(ALERTS)), MAXIMUM_ALERTS)
    return Seen(network(request), request.principal.reach(ASSETS), kept)


def number(request: ApiRequest, name: str) -> int | None:
    """A number of the query. InvalidError when it is none."""
    text = request.query.get(name)
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise InvalidError(f"{name} is a number.", name)
    return int(text)


def authorized(request: ApiRequest) -> bool | None:
    """The parameter of that name. InvalidError."""
    asked = request.query.get("authorized", "").lower()
    if asked not in ("", "true", "false"):
        raise InvalidError("authorized is true or false.", "authorized")
    return asked == "true" if asked else None


def wanted_alerts(request: ApiRequest) -> alerts.Wanted:
    """Which alerts the query asks for. InvalidError."""
    state, kind = request.query.get("state") or None, request.query.get("type")
    return alerts.wanted(state, number(request, "fromTime"), number(request, "toTime"), kind)


def alert_of(request: ApiRequest, text: str) -> Numbered:
    """The alert that is named by its id or number. NotFoundError where there is none within reach."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None
    wanted = AlertFilter(request.principal.reach(ALERTS), id=text if number is None else "")
    found = alert_reader(request).find(wanted, 1, before=None if number is None else number + 1)
    if not found or number not in (None, found[0].number):
        raise NotFoundError(f"There is no alert {text}.")
    return found[0]


def _devices(request: ApiRequest) -> Reply:
    return Reply(200, devices.devices(seen(request), authorized(request)))


def _connections(request: ApiRequest) -> Reply:
    text = request.path.get("device")
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidError("A device is named by its number.", "deviceId")
    span = devices.Span(
        number(request, "discoveredBefore"),
        number(request, "discoveredAfter"),
        number(request, "lastActiveInMinutes"),
    )
    now = request.services.clock.now()
    return Reply(200, devices.connections(seen(request), now, span, int(text) if text else None))


def _no_cves(request: ApiRequest) -> Reply:
    number(request, "top")
    return Reply(200, [])


def _alerts(version: int, request: ApiRequest) -> Reply:
    return Reply(200, alerts.alerts(seen(request), wanted_alerts(request), version))


def _packets(request: ApiRequest) -> Reply | Response:
    try:
        alert = alert_of(request, request.path["alert"]).alert.id
        content = network(request).pcap(request.principal.reach(PACKETS), alert)
    except NotFoundError:
        return Reply(404, {"error": "There are no packets of this alert, or you may not see them."})
    request.services.changes.record(request.principal, "alert.packets-read", resource=alert)
    return Response(content, media_type="application/vnd.tcpdump.pcap")


def _events(request: ApiRequest) -> Reply:
    minutes, kind = number(request, "minutesTimeFrame"), request.query.get("type")
    return Reply(200, events.events(seen(request), request.services.clock.now(), minutes, kind))


def _report(make: Callable[[Seen], list[JsonValue] | JsonObject], request: ApiRequest) -> Reply:
    return Reply(200, make(seen(request)))


_V1: Final = "/api/v1"
_REPORTS: Final = _V1 + "/reports/vulnerabilities"
ROUTES: Final = [
    Route("GET", _V1 + "/devices", ASSETS, _devices, "Devices, as a sensor lists them"),
    Route("GET", _V1 + "/devices/connections", ASSETS, _connections, "Connections between devices"),
    Route("GET", _V1 + "/devices/cves", ASSETS, _no_cves, "CVEs: none are matched"),
    Route("GET", _V1 + "/devices/{device}/connections", ASSETS, _connections, "Connections of a device"),
    Route("GET", _V1 + "/devices/{device}/cves", ASSETS, _no_cves, "CVEs of a device: none are matched"),
    Route("GET", _V1 + "/alerts", ALERTS, partial(_alerts, 1), "Alerts, as a sensor lists them"),
    Route("GET", "/api/v2/alerts", ALERTS, partial(_alerts, 2), "The same with addresses and steps"),
    Route("GET", "/api/v2/alerts/pcap/{alert}", PACKETS, _packets, "An alert's packets"),
    Route("GET", _V1 + "/events", ASSETS, _events, "The newest events of the timeline"),
    *(
        Route("GET", f"{_REPORTS}/{name}", ASSETS, partial(_report, make), summary)
        for name, make, summary in (
            ("devices", reports.device_report, "Weak points of devices"),
            ("security", reports.security_report, "Security of the network"),
            ("operational", reports.operational_report, "How the network works"),
            ("mitigation", reports.mitigation_report, "What to do first"),
        )
    ),
]
