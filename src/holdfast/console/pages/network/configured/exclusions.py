"""Exclusion rules: alerts that are not raised."""

from functools import cache
from typing import Final

from holdfast.api.frame import ApiRequest
from holdfast.console.pages.access.forms import Fields, lines
from holdfast.console.pages.network.configured.collection import Collection, routes
from holdfast.console.pages.network.configured.hours import WEEKDAYS, read_hours, said_hours, shown_hours
from holdfast.console.rendering import read_many
from holdfast.console.tables import Cell, Choice, Column, ResourceTable, belongs, name_column
from holdfast.defender.network.kinds import EXCLUDED_ENGINES, EXCLUSION, excluded_types
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource

LISTS: Final = {
    "devices": "Addresses, as source or destination",
    "subnets": "Subnets, as source or destination",
    "sensors": "Ids of sensors",
}
"""Parts of a rule that are lists of texts, as the form calls them."""


def texts(body: JsonObject, member: str) -> list[str]:
    """A list of texts of a body."""
    found = body.get(member)
    return [str(each) for each in found] if isinstance(found, list) else []


@cache
def _types() -> list[Choice]:
    named = (Choice(kind.id, kind.title) for kind in excluded_types().values())
    return sorted(named, key=lambda choice: choice.title)


def summary(body: JsonObject) -> str:
    """What a rule or window is about, in one line."""
    known = excluded_types()
    titles = [known[each].title if each in known else each for each in texts(body, "types")]
    parts = [", ".join(part) for part in (titles, *(texts(body, name) for name in _SUMMED)) if part]
    return "; ".join(part for part in (*parts, said_hours(body)) if part) or "every alert"


_SUMMED = ("engines", "devices", "subnets", "sensors")


def _name(rule: Resource) -> str:
    return str(rule.body["displayName"])


TABLE = ResourceTable(
    id="exclusions",
    title="Exclusions",
    kind=EXCLUSION,
    permission=Permission.ALERT_READ,
    columns=(
        name_column("network/exclusions"),
        Column("what", "Not raised", lambda e: Cell(summary(e.body), "prose")),
        Column("place", "Organization", lambda e: belongs(e.organization), "@organization"),
    ),
    search=("displayName",),
    empty="Every alert is raised. Make a rule for what is known and harmless.",
)


def _values(_request: ApiRequest, body: JsonObject) -> dict[str, object]:
    return {
        "body": body,
        "lists": {name: (label, "\n".join(texts(body, name))) for name, label in LISTS.items()},
        "types": _types(),
        "engines": EXCLUDED_ENGINES,
        "hours": shown_hours(body),
        "weekdays": WEEKDAYS,
    }


def _body(request: ApiRequest, fields: Fields) -> JsonObject:
    given: JsonObject = {name: list[JsonValue](lines(fields.get(name, ""))) for name in LISTS}
    return {
        **given,
        "displayName": fields.get("name", "").strip(),
        "types": list[JsonValue](read_many(request, "type")),
        "engines": list[JsonValue](read_many(request, "engine")),
        "hours": read_hours(request, fields),
    }


ROUTES = routes(
    Collection(
        kind=EXCLUSION,
        section="exclusions",
        what="exclusion rule",
        lead="Alerts that match every part that is set are not raised. What was raised before stays.",
        table=TABLE,
        form="network_configured/exclusion_form.html",
        values=_values,
        body=_body,
        title=_name,
    )
)
