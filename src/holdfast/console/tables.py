"""Tables as every page has them: columns to choose, sort and filter in the address, CSV of what is shown.

A page describes its columns once; the same description gives the HTML, the CSV and the store's query.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import Response

from holdfast.api.frame import ApiRequest
from holdfast.console.rendering import SECURITY_HEADERS, csv_safe
from holdfast.kernel.json import JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import All, AnyOf, Compare, Condition, Operator, Order, Query

PAGE = 50
CSV_ROWS = 10_000
"""Rows of one download: beyond it the API is the better tool, and the last line says so."""


class Cell(NamedTuple):
    """One value of a row."""

    value: JsonValue
    kind: str = "text"
    """`text`, `number`, `moment`, `state`, `id`: how it is shown and aligned."""
    link: str = ""
    mood: str = ""
    """For a state: `good`, `bad`, `waiting` or nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column over resources."""

    name: str
    title: str
    cell: Callable[[Resource], Cell]
    sort: str = ""
    """The indexed path to sort by; empty when it cannot be sorted."""
    direction: str = ""
    link: str = ""


class Row(NamedTuple):
    """The shown cells of one resource."""

    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as the template draws it."""

    id: str
    title: str
    path: str
    columns: tuple[Column, ...]
    chosen: frozenset[str]
    shown_columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    filter: str
    searchable: bool
    sort: str
    next: str
    csv: str
    summary: str
    empty: str


@dataclass(frozen=True, slots=True)
class ResourceTable:
    """A table over one kind of resource."""

    id: str
    title: str
    kind: str
    permission: Permission
    columns: tuple[Column, ...]
    search: tuple[str, ...]
    """Indexed text paths that the filter looks in."""
    empty: str
    """What to do when there is nothing, as a sentence."""
    where: Condition | None = None

    def show(self, request: ApiRequest) -> Shown:
        """The page of the table that the address asks for."""
        page = request.services.store.find(self._query(request, PAGE))
        chosen = self._chosen(request)
        columns = tuple(self._with_links(request, c) for c in self.columns if c.name in chosen)
        reach = request.principal.reach(self.permission)
        total = request.services.store.count(self.kind, reach, self._condition(request))
        return Shown(
            id=self.id,
            title=self.title,
            path=request.here,
            columns=self.columns,
            chosen=chosen,
            shown_columns=columns,
            rows=tuple(Row(tuple(c.cell(item) for c in columns)) for item in page.items),
            filter=request.query.get("filter", ""),
            searchable=bool(self.search),
            sort=request.query.get("sort", ""),
            next=_address(request, after=page.next) if page.next else "",
            csv=_address(request, format="csv"),
            summary=f"{len(page.items)} of {total}",
            empty=self.empty,
        )

    def csv(self, request: ApiRequest) -> Response:
        """What the address asks for as CSV, all pages, formulas defused."""
        chosen = self._chosen(request)
        columns = [c for c in self.columns if c.name in chosen]
        rows = [[csv_safe(c.cell(item).value) for c in columns] for item in self._all(request)]
        return csv_file(self.id, [c.title for c in columns], rows)

    def _all(self, request: ApiRequest) -> list[Resource]:
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
            where=self._condition(request),
            order=self._order(request),
            limit=limit,
            after=request.query.get("after", ""),
        )

    def _condition(self, request: ApiRequest) -> Condition | None:
        text = request.query.get("filter", "").strip()
        conditions = [self.where] if self.where is not None else []
        if text and self.search:
            conditions.append(AnyOf(tuple(Compare(p, Operator.CONTAINS, text) for p in self.search)))
        return All(tuple(conditions)) if conditions else None

    def _order(self, request: ApiRequest) -> Order | None:
        name = request.query.get("sort", "")
        column = next((c for c in self.columns if c.sort and c.name == name.lstrip("-")), None)
        return Order(column.sort, descending=name.startswith("-")) if column else None

    def _chosen(self, request: ApiRequest) -> frozenset[str]:
        asked = {value for key, value in parse_qsl(urlsplit(request.url).query) if key == "column"}
        known = {column.name for column in self.columns}
        return frozenset(asked & known or known)

    def _with_links(self, request: ApiRequest, column: Column) -> Column:
        if not column.sort:
            return column
        present = request.query.get("sort", "")
        direction = {column.name: "ascending", f"-{column.name}": "descending"}.get(present, "")
        turned = f"-{column.name}" if present == column.name else column.name
        return replace(column, direction=direction, link=_address(request, sort=turned, after=""))


def _address(request: ApiRequest, **changed: str) -> str:
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
