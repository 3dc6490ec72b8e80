"""Tables over lists and the addresses of tables: sorted, filtered, paged, never a formula in their CSV."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from holdfast.api.frame import ApiRequest
from holdfast.console.lists import ListTable, Pick
from holdfast.console.tables import PAGE, Cell, Column, address
from holdfast.kernel.principal import ANONYMOUS


class Thing(NamedTuple):
    name: str
    size: int
    grade: str


TABLE: ListTable[Thing] = ListTable(
    id="things",
    title="Things",
    columns=(
        Column("name", "Name", lambda t: Cell(t.name)),
        Column("size", "Size", lambda t: Cell(t.size, "number")),
        Column("grade", "Grade", lambda t: Cell(t.grade, order={"high": 3, "low": 1}.get(t.grade))),
    ),
    hidden=frozenset({"grade"}),
    empty="There is nothing.",
    search=lambda t: (t.name,),
    key=lambda t: t.name,
    picks=(Pick("grade", "Grade", lambda t: t.grade),),
    sort="-size",
)
THINGS = [Thing("Beta", 10, "low"), Thing("alpha", 9, "high"), Thing("=cmd()", 100, "low")]


def asked(query: Mapping[str, str] | None = None, **more: str) -> ApiRequest:
    pairs = {**(query or {}), **more}
    url = f"https://here/things?{urlencode(pairs)}"
    return ApiRequest(None, ANONYMOUS, "GET", url, {}, pairs, {})  # type: ignore[arg-type]  # asks no service


def names(**query: str) -> list[str]:
    return [row.key for row in TABLE.show(asked(query), THINGS).rows]


def test_the_order_is_that_of_the_table_or_of_the_address() -> None:
    assert names() == ["=cmd()", "Beta", "alpha"]
    assert names(sort="name") == ["=cmd()", "alpha", "Beta"]
    assert names(sort="-grade")[0] == "alpha"
    assert names(sort="nonsense") == [thing.name for thing in THINGS]


def test_filters_narrow_and_say_so() -> None:
    assert names(filter="ALPH") == ["alpha"]
    assert names(grade="low") == ["=cmd()", "Beta"]
    assert TABLE.show(asked(filter="x"), THINGS).filtered
    assert not TABLE.show(asked(), THINGS).filtered


def test_hidden_columns_are_shown_when_they_are_chosen() -> None:
    shown = TABLE.show(asked(), THINGS)
    assert [heading.title for heading in shown.shown_columns] == ["Name", "Size"]
    chosen = TABLE.show(asked(column="grade"), THINGS)
    assert [heading.title for heading in chosen.shown_columns] == ["Grade"]


def test_pages_follow_each_other() -> None:
    things = [Thing(f"t{number:03}", number, "low") for number in range(PAGE + 5)]
    first = TABLE.show(asked(sort="name"), things)
    assert (len(first.rows), first.summary) == (PAGE, f"{PAGE} of {PAGE + 5}")
    assert "page=2" in first.next
    second = TABLE.show(asked(sort="name", page="2"), things)
    assert [row.key for row in second.rows] == [f"t{number:03}" for number in range(PAGE, PAGE + 5)]
    assert second.next == ""
    assert len(TABLE.show(asked(page="-1"), things).rows) == PAGE


def test_the_csv_has_everything_and_no_formula() -> None:
    lines = bytes(TABLE.csv(asked(), THINGS).body).decode().splitlines()
    assert lines[:2] == ["Name,Size", "'=cmd(),100"]
    assert len(lines) == 4


def test_an_address_keeps_what_is_not_changed() -> None:
    assert address(asked(filter="a b", sort="x"), sort="") == "/things?filter=a+b"
    assert address(asked(), page="2") == "/things?page=2"
