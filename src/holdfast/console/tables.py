"""Tables as every page has them: columns to choose, sort and filter in the address, CSV of what is shown.

A page describes its columns once; the same description gives the HTML, the CSV and the store's query.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import Response

from holdfast.api.frame import ApiRequest
from holdfast.console.addresses import page_of
from holdfast.console.filters import place
from holdfast.console.rendering import SECURITY_HEADERS, csv_safe
from holdfast.kernel.json import JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import All, AnyOf, Compare, Condition, Operator, Order, Query

T = TypeVar("T")

PAGE = 50
CSV_ROWS = 10_000
"""Rows of one download: beyond it the API is the better tool, and the last line says so."""


class Cell(NamedTuple):
    """One value of a row."""

    value: JsonValue
    kind: str = "text"
    """`text`, `prose`, `number`, `moment`, `state`, `id`: how it is shown and aligned."""
    link: str = ""
    mood: str = ""
    """For a state: `good`, `bad`, `waiting` or nothing."""
    order: float | None = None
    """What a list sorts by where the value's own order is not the one that is meant (severities)."""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column over resources, or over whatever else a table lists."""

    name: str
    title: str
    cell: Callable[[T], Cell]
    sort: str = ""
    """Of resources the indexed path to sort by; empty when it cannot be sorted."""


class Row(NamedTuple):
    """The shown cells of one resource."""

    cells: tuple[Cell, ...]
    key: str = ""
    """What a selected row is called in the form that works on it."""


class Choice(NamedTuple):
    """One value that a facet can have."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter with a few values to choose from; in the address under its name."""

    name: str
    title: str
    choices: Callable[[ApiRequest], Sequence[Choice]]
    condition: Callable[[str], Condition | None]
    """What a value means to the store; None: nothing (not a value of the facet)."""


class ShownFacet(NamedTuple):
    """A facet as the template draws it."""

    name: str
    title: str
    choices: Sequence[Choice]
    chosen: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as the template draws it."""

    id: str
    title: str
    path: str
    columns: Sequence[Choice]
    chosen: frozenset[str]
    shown_columns: Sequence["Heading"]
    rows: tuple[Row, ...]
    filter: str
    searchable: bool
    sort: str
    next: str
    csv: str
    summary: str
    empty: str
    facets: tuple[ShownFacet, ...] = ()
    selection: str = ""
    """Id of the form that takes selected rows; empty when rows cannot be selected."""
    filtered: bool = False
    """Whether anything narrows the table; then nothing found is no reason to say how to begin."""


class Heading(NamedTuple):
    """The head of a shown column."""

    title: str
    direction: str
    """`ascending`, `descending` or nothing."""
    link: str
    """The address sorted by it (the other way); empty when it cannot be sorted."""


Beside = Callable[[ApiRequest, Sequence[Resource]], Mapping[str, Callable[[Resource], Cell]]]


@dataclass(frozen=True, slots=True)
class ResourceTable:
    """A table over one kind of resource."""

    id: str
    title: str
    kind: str
    permission: Permission
    columns: tuple[Column[Resource], ...]
    search: tuple[str, ...]
    """Indexed text paths that the filter looks in."""
    empty: str
    """What to do when there is nothing, as a sentence."""
    where: Condition | None = None
    facets: tuple[Facet, ...] = ()
    selection: str = ""
    hidden: frozenset[str] = field(default_factory=frozenset)
    """Columns that are shown only when somebody chooses them."""
    beside: Beside | None = None
    """Cells that take more than the resource, for all listed ones at once: by column, instead of its own."""

    def show(self, request: ApiRequest) -> Shown:
        """The page of the table that the address asks for."""
        page = request.services.store.find(self._query(request, PAGE))
        chosen = chosen_columns(request, [c.name for c in self.columns], self.hidden)
        columns = [c for c in self.columns if c.name in chosen]
        condition = self.condition(request)
        reach = request.principal.reach(self.permission)
        total = request.services.store.count(self.kind, reach, condition)
        rows = tuple(map(Row, self._cells(request, columns, page.items), (item.id for item in page.items)))
        return Shown(
            id=self.id,
            title=self.title,
            path=request.here,
            columns=[Choice(c.name, c.title) for c in self.columns],
            chosen=chosen,
            shown_columns=[heading(request, c.name, c.title, bool(c.sort)) for c in columns],
            rows=rows,
            filter=request.query.get("filter", ""),
            searchable=bool(self.search),
            sort=request.query.get("sort", ""),
            next=address(request, after=page.next) if page.next else "",
            csv=address(request, format="csv", after=""),
            summary=f"{len(page.items)} of {total}",
            empty=self.empty,
            facets=tuple(
                ShownFacet(f.name, f.title, f.choices(request), request.query.get(f.name, ""))
                for f in self.facets
            ),
            selection=self.selection,
            filtered=condition != self.where_alone,
        )

    def csv(self, request: ApiRequest) -> Response:
        """What the address asks for as CSV, all pages, formulas defused."""
        chosen = chosen_columns(request, [c.name for c in self.columns], self.hidden)
        columns = [c for c in self.columns if c.name in chosen]
        found = self._cells(request, columns, self.all(request))
        rows = [[csv_safe(cell.value) for cell in cells] for cells in found]
        return csv_file(self.id, [c.title for c in columns], rows)

    def _cells(
        self, request: ApiRequest, columns: Sequence[Column[Resource]], items: Sequence[Resource]
    ) -> list[tuple[Cell, ...]]:
        """What each resource shows in the columns."""
        beside = self.beside(request, items) if self.beside else {}
        shown = [beside.get(column.name, column.cell) for column in columns]
        return [tuple(cell(item) for cell in shown) for item in items]

    def all(self, request: ApiRequest) -> list[Resource]:
        """Everything that the address asks for, all pages, up to `CSV_ROWS`."""
        query = replace(self._query(request, 1000), after="")
        items: list[Resource] = []
        while len(items) < CSV_ROWS:
            page = request.services.store.find(query)
            items += page.items
            if not page.next:
                break
            query = replace(query, after=page.next)
        return items[:CSV_ROWS]

    def _query(self, request: ApiRequest, limit: int) -> Query:
        return Query(
            kind=self.kind,
            reach=request.principal.reach(self.permission),
            where=self.condition(request),
            order=self._order(request),
            limit=limit,
            after=request.query.get("after", ""),
        )

    @property
    def where_alone(self) -> Condition | None:
        """The condition of an address that asks for nothing."""
        return All((self.where,)) if self.where is not None else None

    def condition(self, request: ApiRequest) -> Condition | None:
        """What the address asks for: the table's own condition, the filter and the facets."""
        text = request.query.get("filter", "").strip()
        conditions = [self.where] if self.where is not None else []
        if text and self.search:
            conditions.append(AnyOf(tuple(Compare(p, Operator.CONTAINS, text) for p in self.search)))
        for facet in self.facets:
            value = request.query.get(facet.name, "")
            narrowing = facet.condition(value) if value else None
            if narrowing is not None:
                conditions.append(narrowing)
        return All(tuple(conditions)) if conditions else None

    def _order(self, request: ApiRequest) -> Order | None:
        name = request.query.get("sort", "")
        column = next((c for c in self.columns if c.sort and c.name == name.lstrip("-")), None)
        return Order(column.sort, descending=name.startswith("-")) if column else None


def belongs(organization: OrganizationPath) -> Cell:
    """Where something belongs."""
    return Cell(place(organization))


def name_column(section: str) -> Column[Resource]:
    """What a resource is called (its id where nobody named it), and its page in a section of the console."""

    def named(resource: Resource) -> Cell:
        return Cell(resource.body.get("displayName") or resource.id, link=page_of(section, resource.id))

    return Column("name", "Name", named, "displayName")


def chosen_columns(request: ApiRequest, known: Sequence[str], hidden: frozenset[str]) -> frozenset[str]:
    """The columns that the address names; without any all but the hidden ones."""
    asked = {value for key, value in parse_qsl(urlsplit(request.url).query) if key == "column"}
    return frozenset(asked & set(known) or set(known) - hidden)


def heading(request: ApiRequest, name: str, title: str, sortable: bool) -> Heading:
    """The head of a column; a second click turns the order round."""
    present = request.query.get("sort", "")
    if not sortable:
        return Heading(title, "", "")
    direction = {name: "ascending", f"-{name}": "descending"}.get(present, "")
    turned = f"-{name}" if present == name else name
    return Heading(title, direction, address(request, sort=turned, after="", page=""))


def address(request: ApiRequest, **changed: str) -> str:
    """The present address with some parameters changed; empty ones are left out."""
    pairs = [(k, v) for k, v in parse_qsl(urlsplit(request.url).query) if k not in changed]
    pairs += [(key, value) for key, value in changed.items() if value]
    return f"{request.here}?{urlencode(pairs)}" if pairs else request.here


def csv_file(name: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Response:
    """A CSV download (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(titles)
    writer.writerows(rows)
    headers: Mapping[str, str] = {
        **SECURITY_HEADERS,
        "content-disposition": f'attachment; filename="{name}.csv"',
    }
    return Response(text.getvalue(), 200, dict(headers), "text/csv; charset=utf-8")
