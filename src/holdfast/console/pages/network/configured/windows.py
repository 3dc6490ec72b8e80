"""Maintenance windows: while one is open, what it covers is not raised."""

from holdfast.api.frame import ApiRequest
from holdfast.console.addresses import page_of
from holdfast.console.pages.access.forms import Fields, lines
from holdfast.console.pages.network.configured.collection import Collection, routes
from holdfast.console.pages.network.configured.exclusions import LISTS, summary, texts
from holdfast.console.rendering import read_many
from holdfast.console.tables import Cell, Column, ResourceTable, belongs
from holdfast.defender.network.kinds import EXCLUDED_ENGINES, WINDOW
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource

_LISTS = ("subnets", "sensors")
_USUAL_MINUTES = 120


def _seconds(window: Resource, member: str) -> float:
    return float(str(window.body[member]))


TABLE = ResourceTable(
    id="windows",
    title="Maintenance windows",
    kind=WINDOW,
    permission=Permission.ALERT_READ,
    columns=(
        Column("ticket", "Ticket", lambda w: Cell(w.id, link=page_of("network/windows", w.id)), "@id"),
        Column("opened", "Opened", lambda w: Cell(_seconds(w, "opened"), "moment")),
        Column("ends", "Ends", lambda w: Cell(_seconds(w, "ends"), "moment"), "ends"),
        Column("what", "Not raised", lambda w: Cell(summary(w.body), "prose")),
        Column("place", "Organization", lambda w: belongs(w.organization), "@organization"),
    ),
    search=(),
    empty="No window was opened yet. Open one before work on the plant that would raise alerts.",
)


def _values(request: ApiRequest, body: JsonObject) -> dict[str, object]:
    ends, now = float(str(body.get("ends", 0.0))), request.services.clock.now()
    left = max(1, round((ends - now) / 60)) if ends > now else _USUAL_MINUTES
    return {
        "body": body,
        "minutes": left,
        "ends": ends,
        "is_open": ends > now,
        "lists": {name: (LISTS[name], "\n".join(texts(body, name))) for name in _LISTS},
        "engines": EXCLUDED_ENGINES,
    }


def _body(request: ApiRequest, fields: Fields) -> JsonObject:
    minutes = fields.get("minutes", "").strip()
    if not (minutes.isascii() and minutes.isdigit() and len(minutes) < 9):
        raise InvalidError("A window ends after a whole number of minutes.", "/ends")
    given: JsonObject = {name: list[JsonValue](lines(fields.get(name, ""))) for name in _LISTS}
    ends = request.services.clock.now() + 60.0 * int(minutes)
    return {**given, "ends": ends, "engines": list[JsonValue](read_many(request, "engine"))}


ROUTES = routes(
    Collection(
        kind=WINDOW,
        section="windows",
        what="maintenance window",
        lead="While a window is open, new alerts that match every part that is set are not raised.",
        table=TABLE,
        form="network_configured/window_form.html",
        values=_values,
        body=_body,
        title=lambda window: window.id,
        identity=lambda _request, fields: fields.get("ticket", "").strip(),
    )
)
