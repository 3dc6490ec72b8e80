"""The timeline of the network, and what is weak in it."""

from starlette.responses import Response

from holdfast.api.defender.common import network
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.lists import ListTable, Pick
from holdfast.console.moments import seconds_of
from holdfast.console.pages.network.inventory import READ, asset_page
from holdfast.console.rendering import page
from holdfast.console.tables import Cell, Column
from holdfast.defender.network.filters import EventFilter
from holdfast.defender.network.risk import findings, zones
from holdfast.kernel.json import JsonObject

MAXIMUM_LISTED = 5_000
_SEVERITIES = {"info": "", "notice": "", "warning": "waiting", "alert": "bad"}

EVENTS: ListTable[JsonObject] = ListTable(
    id="timeline",
    title="Timeline",
    columns=(
        Column("time", "When", lambda e: Cell(seconds_of(e["time"]), "moment")),
        Column("title", "What", lambda e: Cell(e["title"])),
        Column("type", "Type", lambda e: Cell(e["type"])),
        Column(
            "severity",
            "Severity",
            lambda e: Cell(e["severity"], "state", mood=_SEVERITIES.get(str(e["severity"]).lower(), "")),
        ),
        Column(
            "devices",
            "Assets",
            lambda e: Cell(" ".join(map(str, e["devices"])) if isinstance(e["devices"], list) else ""),
        ),
        Column("count", "Times", lambda e: Cell(e["count"], "number")),
        Column("owner", "By", lambda e: Cell(e["owner"])),
        Column("sensor", "Sensor", lambda e: Cell(e["sensor"])),
        Column("zone", "Zone", lambda e: Cell(e["zone"])),
    ),
    hidden=frozenset({"owner", "sensor", "zone"}),
    empty="Nothing happened yet, or no sensor has told of it.",
    search=lambda e: (str(e["title"]), str(e["type"]), str(e["devices"])),
    key=lambda e: str(e["id"]),
    picks=(
        Pick("type", "Type", lambda e: str(e["type"])),
        Pick("sensor", "Sensor", lambda e: str(e["sensor"])),
    ),
    sort="-time",
)


def _events(request: ApiRequest) -> list[JsonObject]:
    seen, reach = network(request), request.principal.reach(READ)
    found: list[JsonObject] = []
    while len(found) < MAXIMUM_LISTED:
        part = seen.events(reach, EventFilter(), 1000, len(found)).items
        if not part:
            break
        found += part
    return found


def _timeline(request: ApiRequest) -> Response:
    events = _events(request)
    if request.query.get("format") == "csv":
        return EVENTS.csv(request, events)
    return page(request, "network_timeline.html", table=EVENTS.show(request, events))


def _findings(request: ApiRequest) -> Response:
    seen, reach = network(request), request.principal.reach(READ)
    return page(
        request,
        "network_findings.html",
        findings=findings(seen.weak(reach)),
        risk=zones(seen.zone_sums(reach)),
        asset_page=asset_page,
    )


ROUTES = [
    Route("GET", "/network/timeline", READ, _timeline, "Timeline", is_page=True),
    Route("GET", "/network/findings", READ, _findings, "Findings and risk", is_page=True),
]
