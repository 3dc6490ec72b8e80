"""Alerts: the list, and the page of one with what was expected and seen, its packets and what people do."""

from functools import partial

from starlette.responses import Response

from holdfast.alerts.desk import AlertDesk
from holdfast.alerts.lifecycle import learnable
from holdfast.alerts.model import Alert, Severity, Status
from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.defender.alerts import DEEDS
from holdfast.api.defender.common import alert_reader, desk, network
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.lists import ListTable, Pick
from holdfast.console.pages.network.inventory import asset_page
from holdfast.console.pages.network.packets import decoded
from holdfast.console.rendering import FORM, SECURITY_HEADERS, page, read_form, redirect
from holdfast.console.tables import Cell, Column
from holdfast.defender.network.filters import EventFilter
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal

READ, MANAGE, PACKETS = Permission.ALERT_READ, Permission.ALERT_MANAGE, Permission.PACKETS_READ
MOODS = {Severity.HIGH: "bad", Severity.MEDIUM: "waiting", Severity.LOW: ""}
MAXIMUM_LISTED = 5_000
AROUND_SECONDS = 900.0
"""How much of the timeline around an alert its page shows."""


def alert_page(alert: Alert) -> str:
    """The page of an alert."""
    return page_of("network/alerts", alert.id)


def _status(alert: Alert) -> Cell:
    said = f"{alert.status.value}, {alert.resolution.value}" if alert.resolution else alert.status.value
    return Cell(said, "state", mood="waiting" if alert.status is Status.NEW else "")


def _severity(alert: Alert) -> Cell:
    return Cell(alert.severity.value, "state", mood=MOODS[alert.severity], order=float(alert.severity.rank))


TABLE: ListTable[Alert] = ListTable(
    id="alerts",
    title="Alerts",
    columns=(
        Column("severity", "Severity", _severity),
        Column("title", "What", lambda a: Cell(a.type.title, "prose", alert_page(a))),
        Column("source", "Source", lambda a: Cell(a.source)),
        Column("destination", "Destination", lambda a: Cell(a.destination)),
        Column("status", "State", _status),
        Column("count", "Seen", lambda a: Cell(a.count, "number")),
        Column("last", "Last", lambda a: Cell(a.last, "moment")),
        Column("first", "First", lambda a: Cell(a.first, "moment")),
        Column("engine", "Engine", lambda a: Cell(a.type.engine)),
        Column("protocol", "Protocol", lambda a: Cell(a.protocol)),
        Column("zone", "Zone", lambda a: Cell(a.zone)),
        Column("site", "Site", lambda a: Cell(a.site)),
        Column("sensors", "Sensors", lambda a: Cell(", ".join(a.sensors))),
        Column("id", "Id", lambda a: Cell(a.id, "id")),
    ),
    hidden=frozenset({"first", "engine", "zone", "protocol", "site", "sensors", "id"}),
    empty="Nothing was alerted yet. Sensors, the baseline, policies and rules tell of what they see here.",
    search=lambda a: (a.type.title, a.source, a.destination, a.id, a.type.engine),
    key=lambda a: a.id,
    picks=(
        Pick("status", "State", lambda a: a.status.value),
        Pick("severity", "Severity", lambda a: a.severity.value),
        Pick("engine", "Engine", lambda a: a.type.engine),
        Pick("zone", "Zone", lambda a: a.zone),
    ),
    sort="-last",
)


def _list(request: ApiRequest) -> Response:
    reach = request.principal.reach(READ)
    found = [each.alert for each in alert_reader(request).find(AlertFilter(reach), MAXIMUM_LISTED)]
    if request.query.get("format") == "csv":
        return TABLE.csv(request, found)
    return page(request, "network_alerts.html", table=TABLE.show(request, found))


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    alert = desk(request).get(request.principal, request.path["alert"])
    seen, place = network(request), alert.organization
    there = [place] if request.principal.allows(Permission.ASSET_READ, place) else []
    parties = []
    for title, party in (("Source", alert.source), ("Destination", alert.destination)):
        known = seen.asset_at(there, party) if party else None
        parties.append((title, party, known, asset_page(known["id"]) if known else ""))
    may_see_packets = request.principal.allows(PACKETS, place)
    has_packets = bool(seen.has_packets([alert.id]))
    return page(
        request,
        "network_alert.html",
        status=status,
        problem=problem,
        alert=alert,
        address=alert_page(alert),
        severity=_severity(alert),
        state=_status(alert),
        severities=list(Severity),
        parties=parties,
        events=seen.events(there, _around(alert), 30).items,
        has_packets=has_packets,
        may_see_packets=may_see_packets,
        learnable=learnable(alert),
        may_manage=request.principal.allows(MANAGE, place),
    )


def _around(alert: Alert) -> EventFilter:
    """When it happened: an alert of an old capture counts as seen now, its violations keep their times."""
    last = max((violation.last for violation in alert.violations), default=alert.last)
    return EventFilter(since=alert.first - AROUND_SECONDS, before=last + AROUND_SECONDS)


def _packets(request: ApiRequest) -> Response:
    """What the packets say, record by record. The audit log has that somebody looked."""
    alert = desk(request).get(request.principal, request.path["alert"])
    content = network(request).pcap(request.principal.reach(PACKETS), alert.id)
    request.services.changes.record(request.principal, "alert.packets-read", resource=alert.id)
    records = decoded(content)
    return page(request, "network_packets.html", alert=alert, address=alert_page(alert), records=records)


def _download(request: ApiRequest) -> Response:
    alert = desk(request).get(request.principal, request.path["alert"])
    content = network(request).pcap(request.principal.reach(PACKETS), alert.id)
    request.services.changes.record(request.principal, "alert.packets-read", resource=alert.id)
    headers = {**SECURITY_HEADERS, "content-disposition": f'attachment; filename="{alert.id}.pcap"'}
    return Response(content, media_type="application/vnd.tcpdump.pcap", headers=headers)


def _do(request: ApiRequest) -> Response:
    fields, alert = read_form(request), request.path["alert"]
    deeds = {name: deed for name, (deed, _) in DEEDS.items()} | {
        "comment": partial(_comment, fields),
        "rate": partial(_rate, fields),
    }
    deed = deeds.get(fields.get("action", ""))
    if deed is None:
        raise InvalidError("The page does not know this action; load it again.")
    try:
        changed = deed(desk(request), request.principal, alert)
    except HoldfastError as error:
        return _page(request, str(error), error.status)
    return redirect(alert_page(changed))


def _comment(fields: dict[str, str], at: AlertDesk, principal: Principal, alert: str) -> Alert:
    return at.comment(principal, alert, fields.get("text", ""))


def _rate(fields: dict[str, str], at: AlertDesk, principal: Principal, alert: str) -> Alert:
    asked = fields.get("severity", "")
    if asked not in list(Severity):
        raise InvalidError(f"The severity is one of {', '.join(Severity)}.", "severity")
    return at.set_severity(principal, alert, Severity(asked))


_ONE = "/network/alerts/{alert}"
ROUTES = [
    Route("GET", "/network/alerts", READ, _list, "Alerts", is_page=True),
    Route("GET", _ONE, READ, _page, "Alert", is_page=True),
    Route("POST", _ONE, MANAGE, _do, "Work on an alert", content_types=FORM, is_page=True),
    Route("GET", _ONE + "/packets", PACKETS, _packets, "Decoded packets", is_page=True),
    Route("GET", _ONE + "/pcap", PACKETS, _download, "Packets as a capture file", is_page=True),
]
