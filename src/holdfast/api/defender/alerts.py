"""`/api/defender/alerts`: alerts with their packets, and what people do with them."""

from collections.abc import Callable
from functools import partial

from starlette.responses import Response

from holdfast.alerts.desk import AlertDesk
from holdfast.alerts.model import Alert, Severity
from holdfast.api.central.common import text_field
from holdfast.api.defender.common import (
    alert_document,
    alert_filter,
    alert_reader,
    desk,
    network,
    page,
)
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal

_READ, _MANAGE = Permission.ALERT_READ, Permission.ALERT_MANAGE

Deed = Callable[[AlertDesk, Principal, str], Alert]


def _list(request: ApiRequest) -> Reply:
    limit, _ = page(request)
    text = request.query.get("before_number", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
    found = alert_reader(request).find(alert_filter(request, request.query), limit, before)
    has = network(request).has_packets([each.alert.id for each in found])
    items: list[JsonValue] = [
        {**alert_document(each.alert, packets=each.alert.id in has), "number": each.number} for each in found
    ]
    return Reply(200, {"value": items})


def _counts(request: ApiRequest) -> Reply:
    counted = alert_reader(request).counts(alert_filter(request, request.query))
    items: list[JsonValue] = [
        {"status": status.value, "severity": severity.value, "count": number}
        for (status, severity), number in counted.items()
    ]
    return Reply(200, {"value": items})


def _shown(request: ApiRequest, alert: Alert) -> Reply:
    return Reply(200, alert_document(alert, packets=bool(network(request).has_packets([alert.id]))))


def _show(request: ApiRequest) -> Reply:
    return _shown(request, desk(request).get(request.principal, request.path["alert"]))


def _packets(request: ApiRequest) -> Response:
    """The audit log has that somebody looked: packets are what devices say to each other."""
    alert = request.path["alert"]
    content = network(request).pcap(request.principal.reach(Permission.PACKETS_READ), alert)
    request.services.changes.record(request.principal, "alert.packets-read", resource=alert)
    headers = {"content-disposition": f'attachment; filename="{alert}.pcap"', "cache-control": "no-store"}
    return Response(content, media_type="application/vnd.tcpdump.pcap", headers=headers)


def _do(deed: Deed, request: ApiRequest) -> Reply:
    return _shown(request, deed(desk(request), request.principal, request.path["alert"]))


def _comment(request: ApiRequest) -> Reply:
    text = text_field(request.object(), "text")
    return _shown(request, desk(request).comment(request.principal, request.path["alert"], text))


def _rate(request: ApiRequest) -> Reply:
    asked = text_field(request.object(), "severity")
    if asked not in list(Severity):
        raise InvalidError(f"severity is one of {', '.join(Severity)}.", "/severity")
    alert = desk(request).set_severity(request.principal, request.path["alert"], Severity(asked))
    return _shown(request, alert)


DEEDS: dict[str, tuple[Deed, str]] = {
    "acknowledge": (AlertDesk.acknowledge, "Say that somebody works on it"),
    "close": (AlertDesk.close, "End it as handled"),
    "learn": (AlertDesk.learn, "Allow what it shows, on its sensors too"),
    "mute": (AlertDesk.mute, "End it and hear no more of the kind between these parties"),
    "unmute": (AlertDesk.unmute, "Hear of it again"),
}
"""What people do with an alert, by the last part of the address."""

_ONE = "/api/defender/alerts/{alert}"
ROUTES = [
    Route("GET", "/api/defender/alerts", _READ, _list, "Alerts, newest first"),
    Route("GET", "/api/defender/alerts-count", _READ, _counts, "How many alerts of each status and severity"),
    Route("GET", _ONE, _READ, _show, "An alert with everything it carries"),
    Route("GET", _ONE + "/packets", Permission.PACKETS_READ, _packets, "Its packets as a capture file"),
    Route("POST", _ONE + "/comments", _MANAGE, _comment, "Add a comment"),
    Route("PUT", _ONE + "/severity", _MANAGE, _rate, "Judge it differently from its type"),
    *(
        Route("POST", f"{_ONE}/{name}", _MANAGE, partial(_do, deed), summary)
        for name, (deed, summary) in DEEDS.items()
    ),
]
