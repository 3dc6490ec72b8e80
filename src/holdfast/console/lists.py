"""Tables over things that are in memory (assets, alerts, events): the same look, sorted and filtered here."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from starlette.responses import Response

from holdfast.api.frame import ApiRequest
from holdfast.console.rendering import csv_safe
from holdfast.console.tables import (
    CSV_ROWS,
    PAGE,
    Cell,
    Choice,
    Column,
    Row,
    Shown,
    ShownFacet,
    address,
    chosen_columns,
    csv_file,
    heading,
)

T = TypeVar("T")


class Pick(NamedTuple, Generic[T]):
    """A filter with the values that the listed things have."""

    name: str
    title: str
    value: Callable[[T], str]


class Part(NamedTuple, Generic[T]):
    """What one page shows of a list."""

    things: Sequence[T]
    total: int
    """How many there are on all pages."""
    filtered: bool
    """Whether more are left out."""
    facets: Sequence[Collection[str]]
    """The values to choose from, by pick."""


@dataclass(frozen=True, slots=True)
class ListTable(Generic[T]):
    """A table over a list. Each column sorts by its cell's value."""

    id: str
    title: str
    columns: tuple[Column[T], ...]
    empty: str
    search: Callable[[T], Iterable[str]]
    """The texts of a thing that the filter looks in."""
    key: Callable[[T], str] = str
    picks: tuple[Pick[T], ...] = ()
    sort: str = ""
    """The order when the address names none: a column's name, with `-` downwards."""
    selection: str = ""
    hidden: frozenset[str] = field(default_factory=frozenset)

    def show(self, request: ApiRequest, things: Sequence[T]) -> Shown:
        """The page of the table that the address asks for."""
        found = self.found(request, things)
        first = (page_number(request) - 1) * PAGE
        facets = [{pick.value(thing) for thing in things} for pick in self.picks]
        part = Part(found[first : first + PAGE], len(found), len(found) < len(things), facets)
        return self.show_part(request, part)

    def show_part(
        self, request: ApiRequest, part: "Part[T]", sortable: Callable[[str], bool] = lambda _column: True
    ) -> Shown:
        """A page that somebody else filtered, sorted and cut."""
        chosen = chosen_columns(request, [c.name for c in self.columns], self.hidden)
        columns = [c for c in self.columns if c.name in chosen]
        number = page_number(request)
        more = part.total > number * PAGE
        return Shown(
            id=self.id,
            title=self.title,
            path=request.here,
            columns=[Choice(c.name, c.title) for c in self.columns],
            chosen=chosen,
            shown_columns=[heading(request, c.name, c.title, sortable=sortable(c.name)) for c in columns],
            rows=tuple(Row(tuple(c.cell(thing) for c in columns), self.key(thing)) for thing in part.things),
            filter=request.query.get("filter", ""),
            searchable=True,
            sort=request.query.get("sort", ""),
            next=address(request, page=str(number + 1)) if more else "",
            csv=address(request, format="csv", page=""),
            summary=f"{len(part.things)} of {part.total}",
            empty=self.empty,
            facets=tuple(map(partial(_facet, request), self.picks, part.facets)),
            selection=self.selection,
            filtered=part.filtered,
        )

    def csv(self, request: ApiRequest, things: Sequence[T]) -> Response:
        """What the address asks for as CSV, formulas defused."""
        return self.csv_of(request, self.found(request, things)[:CSV_ROWS])

    def csv_of(self, request: ApiRequest, found: Iterable[T]) -> Response:
        """Things that somebody else filtered and sorted as CSV, formulas defused."""
        chosen = chosen_columns(request, [c.name for c in self.columns], self.hidden)
        columns = [c for c in self.columns if c.name in chosen]
        rows = [[csv_safe(c.cell(thing).value) for c in columns] for thing in found]
        return csv_file(self.id, [c.title for c in columns], rows)

    def found(self, request: ApiRequest, things: Sequence[T]) -> list[T]:
        """The things that the address asks for, in its order."""
        text = request.query.get("filter", "").strip().lower()
        asked = [(p, value) for p in self.picks if (value := request.query.get(p.name, ""))]
        found = [
            thing
            for thing in things
            if all(pick.value(thing) == value for pick, value in asked)
            and (not text or any(text in part.lower() for part in self.search(thing)))
        ]
        return self._sorted(found, request.query.get("sort", "") or self.sort)

    def _sorted(self, found: list[T], order: str) -> list[T]:
        column = next((c for c in self.columns if c.name == order.removeprefix("-")), None)
        if column is None:
            return found
        cell = column.cell
        return sorted(found, key=lambda thing: _rank(cell(thing)), reverse=order.startswith("-"))


def _facet(request: ApiRequest, pick: Pick[T], values: Collection[str]) -> ShownFacet:
    choices = [Choice(value, value) for value in sorted(values) if value]
    return ShownFacet(pick.name, pick.title, choices, request.query.get(pick.name, ""))


def _rank(cell: Cell) -> tuple[float, str]:
    """Numbers by size and before texts, texts without regard to case."""
    if cell.order is not None:
        return cell.order, ""
    if isinstance(cell.value, int | float):
        return float(cell.value), ""
    return float("inf"), str(cell.value or "").lower()


def page_number(request: ApiRequest) -> int:
    """The page that the address asks for, from 1 on."""
    text = request.query.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 6 and int(text) else 1
