"""Data mining: saved questions to what sensors saw, and their answers as they are now."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from starlette.responses import Response

from holdfast.api.defender.mining import SHOWN, answer, asked_by, at_now, columns_of
from holdfast.api.frame import ApiRequest
from holdfast.console.addresses import page_of
from holdfast.console.lists import ListTable
from holdfast.console.moments import seconds_of
from holdfast.console.pages.access.forms import Fields
from holdfast.console.pages.network.configured.collection import Collection, listed, routes, shown
from holdfast.console.pages.network.inventory import asset_page
from holdfast.console.rendering import page, read_many
from holdfast.console.tables import CSV_ROWS, Cell, Choice, Column, ResourceTable, Shown, belongs, name_column
from holdfast.defender.network.kinds import QUERY, QueryBody
from holdfast.defender.network.queries import COLUMNS, FILTERS, PREDEFINED, Subject, cell_text
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue, at_path
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource

READ = Permission.ASSET_READ
_TITLES: Final = {
    "ip_addresses": "IP addresses",
    "mac_addresses": "Hardware addresses",
    "vlans": "VLANs",
    "plc_mode": "PLC mode",
    "risk.score": "Score",
}
_MOMENTS: Final = frozenset({"first_seen", "last_seen", "time"})
_CHOICES: Final = {"authorized", "important"}
"""Filters that are true or false."""
_LINKS: Final[dict[tuple[Subject, str], Callable[[JsonValue], str]]] = {
    (Subject.ASSETS, "name"): asset_page,
    (Subject.ALERTS, "title"): lambda id: page_of("network/alerts", str(id)),
}
"""Columns that lead to the page of a row, by its id."""


def _heading(column: str) -> str:
    return _TITLES.get(column) or column.replace("_", " ").capitalize()


def _name(query: Resource) -> str:
    return str(query.body["displayName"])


TABLE = ResourceTable(
    id="queries",
    title="Data mining",
    kind=QUERY,
    permission=READ,
    columns=(
        name_column("network/queries"),
        Column("subject", "About", lambda q: Cell(q.body["subject"])),
        Column("place", "Organization", lambda q: belongs(q.organization), "@organization"),
    ),
    search=("displayName",),
    empty="No question was saved yet. Those below are there for everybody.",
)


def _subject(text: JsonValue) -> Subject:
    if text not in list(Subject):
        raise InvalidError(f"A question is about {', '.join(Subject)}.", "/subject")
    return Subject(str(text))


def _values(request: ApiRequest, body: JsonObject) -> dict[str, object]:
    subject = _subject(body.get("subject") or request.query.get("subject", Subject.ASSETS))
    filters, columns = body.get("filters"), body.get("columns")
    return {
        "body": body,
        "subject": subject.value,
        "filters": [
            (
                name,
                _heading(name),
                name in _CHOICES,
                cell_text(filters.get(name)) if isinstance(filters, dict) else "",
            )
            for name in sorted(FILTERS[subject])
        ],
        "columns": [(name, _heading(name)) for name in COLUMNS[subject]],
        "chosen_columns": columns if isinstance(columns, list) and columns else COLUMNS[subject],
    }


def _body(request: ApiRequest, fields: Fields) -> JsonObject:
    """The body that the form describes, tried once: what cannot be asked is not saved. InvalidError."""
    subject = _subject(fields.get("subject", ""))
    columns = read_many(request, "column")
    filters: dict[str, str | bool | float] = {
        name: text for name in sorted(FILTERS[subject]) if (text := fields.get(f"filter-{name}", "").strip())
    }
    every = columns == [*COLUMNS[subject]]
    asked = QueryBody(fields.get("name", "").strip(), subject, filters, [] if every else columns)
    answer(request, at_now(request, asked), 1)
    return {
        "displayName": asked.display_name,
        "subject": subject.value,
        "filters": dict[str, JsonValue](filters),
        "columns": list[JsonValue](asked.columns),
    }


# The answer


def _cell(asked: QueryBody, column: str, row: JsonObject) -> Cell:
    value = at_path(row, column)
    if column in _MOMENTS:
        return Cell(seconds_of(value), "moment")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Cell(value, "number")
    link = _LINKS.get((asked.subject, column))
    return Cell(cell_text(value), link=link(row["id"]) if link else "")


def _table(asked: QueryBody) -> ListTable[JsonObject]:
    columns = columns_of(asked)

    def texts(row: JsonObject) -> Iterable[str]:
        return (cell_text(at_path(row, column)) for column in columns)

    return ListTable(
        id="answer",
        title="Answer",
        columns=tuple(Column(name, _heading(name), partial(_cell, asked, name)) for name in columns),
        empty="Nothing matches now.",
        search=texts,
    )


def _answered(request: ApiRequest, asked: QueryBody) -> Shown:
    return _table(asked).show(request, answer(request, asked, SHOWN))


def _one(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    """The answer; of a saved question also the form."""
    identity = request.path[QUERY]
    asked = asked_by(request, identity)
    if request.query.get("format") == "csv":
        return _table(asked).csv(request, answer(request, asked, CSV_ROWS))
    if identity in PREDEFINED and not problem:
        answered = _answered(request, asked)
        return page(request, "network_configured/query.html", title=asked.display_name, table=answered)
    return shown(COLLECTION, request, problem, status)


def _list(request: ApiRequest) -> Response:
    everybody = [Choice(page_of("network/queries", id), title) for id, (title, _, _) in PREDEFINED.items()]
    return listed(COLLECTION, request, others=everybody)


COLLECTION: Final = Collection(
    kind=QUERY,
    section="queries",
    what="question",
    lead="Questions to what sensors saw. They are answered anew each time somebody looks.",
    table=TABLE,
    form="network_configured/query_form.html",
    values=_values,
    body=_body,
    title=_name,
    beside=lambda request, query: {"table": _answered(request, asked_by(request, query.id))},
    extra="network_configured/answer.html",
    begin=tuple(Choice(f"subject={subject.value}", f"about {subject.value}") for subject in Subject),
)
ROUTES = routes(COLLECTION, _list, _one)
