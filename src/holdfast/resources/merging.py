"""Searches of which no condition is narrow: the ids that fulfil each, read in their order and merged.

An index has the ids of one value in their order, and the side table has those of one path so. Databases
intersect and subtract such streams by reading them side by side: two of 100,000 ids in 10 ms on SQLite, where
looking each id of the one up for the other takes three times that. A page is read as far as it is filled.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    GenerativeSelect,
    Select,
    and_,
    exists,
    false,
    func,
    not_,
    or_,
    true,
)

from holdfast.resources import tables
from holdfast.resources.comparisons import BUILT_IN, Column, Expression, column_of, compares, is_one_of
from holdfast.resources.indexes import Indexes
from holdfast.resources.model import IndexType
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator
from holdfast.storage.columns import unindexed

Ids = Select[tuple[str]]
LookUp = Callable[[Condition, ColumnElement[str]], Expression]
"""A condition as what is true of the resource with an id."""
Estimate = Callable[[Ids], int]
"""How many rows a selection has, as far as `conditions.MANY`."""

INSIDE = (Operator.CONTAINS, Operator.ENDS_WITH)
"""Searches inside texts, of which no index tells how many there are."""
SAMPLE = 10_000
"""Values of a path that are looked at for that; 0.6 ms."""
RARE = 0.05
"""The part of the values up to which looking up others for them costs less than merging."""
_ID: ColumnElement[str] = sqlalchemy.literal_column("id")


class OfPath(NamedTuple):
    """What must be true of the value at a path of the side table."""

    path: int
    test: Expression


@dataclass(frozen=True, slots=True)
class Merge:
    """Streams of ids: those that are in each of `included`, or in any when they are united, and in none of
    `excluded`."""

    included: tuple[Ids, ...]
    excluded: tuple[Ids, ...] = ()
    united: bool = False

    def page(self, connection: Connection, after: str, descending: bool, limit: int) -> list[str]:
        """Up to `limit` ids behind one, in order."""
        with merging(connection):
            statement = self._statement(connection, after, descending).limit(limit)
            found: Iterable[str] = connection.scalars(statement)  # type: ignore[call-overload]  # of one column
            return list(found)

    def count(self, connection: Connection) -> int:
        """How many ids there are."""
        counted = sqlalchemy.select(func.count()).select_from(self._statement(connection).subquery())
        with merging(connection):
            return connection.execute(counted).scalar_one()

    def _statement(
        self, connection: Connection, after: str = "", descending: bool = False
    ) -> GenerativeSelect:
        included = [_behind(ids, after, descending) for ids in self.included]
        excluded = [_behind(ids, after, descending) for ids in self.excluded]
        if connection.dialect.name == "postgresql":
            found: GenerativeSelect = _joined(included, excluded, self.united, descending)
        else:
            found = _compound(included, excluded, self.united)
        return found.order_by(_in_order(_ID, descending))


def _behind(ids: Ids, after: str, descending: bool) -> Ids:
    if not after:
        return ids
    column = ids.selected_columns[0]
    return ids.where(column < after if descending else column > after)


def _in_order(column: ColumnElement[str], descending: bool) -> ColumnElement[str]:
    return column.desc() if descending else column


class _Intersection(CompoundSelect[tuple[str]]):
    """An INTERSECT that stands before an EXCEPT without parentheses, which SQLite does not know there."""

    inherit_cache = True

    def self_group(self, against: object = None) -> Any:  # Any: as in the class above
        """Itself: SQLite takes compounds from left to right."""
        return self


def _compound(included: list[Ids], excluded: list[Ids], united: bool) -> GenerativeSelect:
    """SQLite merges the parts of a compound that has an order."""
    found: GenerativeSelect = included[0]
    if united:
        found = sqlalchemy.union(*included)
    elif len(included) > 1:
        found = _Intersection(sqlalchemy.intersect(*included).keyword, *included)
    return sqlalchemy.except_(found, *excluded) if excluded else found


def _joined(included: list[Ids], excluded: list[Ids], united: bool, descending: bool) -> GenerativeSelect:
    """PostgreSQL merges joins of what is in order. The OFFSET lets it plan each part by itself: in the whole
    it does not see that one path's rows are in the order of their ids."""

    def fenced(ids: Ids) -> Ids:
        return ids.order_by(_in_order(_ID, descending)).offset(0)

    if united:
        return sqlalchemy.select(sqlalchemy.union_all(*map(fenced, included)).subquery().c.id).distinct()
    first, *others = (fenced(ids).subquery() for ids in included)
    joined: FromClause = first
    for other in others:
        joined = joined.join(other, other.c.id == first.c.id)
    gone = (fenced(ids).subquery() for ids in excluded)
    absent = (not_(exists().where(one.c.id == first.c.id)) for one in gone)
    return sqlalchemy.select(first.c.id).select_from(joined).where(*absent)


_MERGING = ("hashjoin", "nestloop", "hashagg", "sort", "bitmapscan")
"""Ways of PostgreSQL that cost more here than merging; it takes them, not knowing which ids meet."""


@contextlib.contextmanager
def merging(connection: Connection) -> Iterator[None]:
    """Lets PostgreSQL merge; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(_PREFER_MERGING)
    yield
    connection.execute(_AS_BEFORE)


def _settings(value: str, workers: str) -> Select[Any]:  # Any: texts
    enabled = (func.set_config(f"enable_{way}", value, True) for way in _MERGING)
    return sqlalchemy.select(*enabled, func.set_config("max_parallel_workers_per_gather", workers, True))


_PREFER_MERGING = _settings("off", "0")
_AS_BEFORE = _settings("on", "2")


def merged(
    conditions: tuple[Condition, ...],
    kind: str,
    indexes: Indexes,
    near: Expression | None,
    look_up: LookUp,
    estimate: Estimate,
) -> Merge:
    """The ids of which every condition is true; the conditions are in normal form.

    `near`: what is true of the resources' places, None for everywhere. `look_up`: for a condition that is no
    stream of its own.
    """
    if len(conditions) == 1 and near is None and (united := _united(conditions[0], kind, indexes)):
        return united
    streams = _Streams()
    for one in conditions:
        if of_path := _of_path(one, kind, indexes):
            streams.included.append((one, of_path))
        elif of_path := _of_path(_opposite(one), kind, indexes):
            streams.excluded.append((one, of_path))
        else:
            streams.others.append(one)
    found = _led(streams, indexes, kind, look_up, estimate) or _side_by_side(streams)
    if streams.others or near is not None or not found.included:
        identity = tables.resource.c.id
        resources = sqlalchemy.select(identity).where(tables.resource.c.kind == kind)
        true_of_row = [look_up(one, identity) for one in streams.others]
        resources = resources.where(*true_of_row, *(() if near is None else (near,)))
        found = replace(found, included=(resources, *found.included))
    return found


@dataclass(frozen=True, slots=True)
class _Streams:
    """The conditions of a search by what becomes of them."""

    included: list[tuple[Condition, OfPath]] = field(default_factory=list)
    excluded: list[tuple[Condition, OfPath]] = field(default_factory=list)
    others: list[Condition] = field(default_factory=list)


def _side_by_side(streams: _Streams) -> Merge:
    tests: dict[int, list[Expression]] = {}
    for _, of_path in streams.included:
        tests.setdefault(of_path.path, []).append(of_path.test)
    included = tuple(_ids(OfPath(path, and_(*several))) for path, several in tests.items())
    return Merge(included, tuple(_ids(of_path) for _, of_path in streams.excluded))


def _led(streams: _Streams, indexes: Indexes, kind: str, look_up: LookUp, estimate: Estimate) -> Merge | None:
    """Where one condition searches inside texts and finds little: the others looked up for that."""
    for one, of_path in streams.included:
        if isinstance(one, Compare) and one.operator in INSIDE and _is_rare(one, kind, indexes, estimate):
            lead = _ids(of_path).subquery()
            led = (other for other, _ in streams.included + streams.excluded if other is not one)
            return Merge((sqlalchemy.select(lead.c.id).where(*(look_up(other, lead.c.id) for other in led)),))
    return None


def _is_rare(condition: Compare, kind: str, indexes: Indexes, estimate: Estimate) -> bool:
    """Whether few of a path's values fulfil a condition, by a sample of them."""
    indexed, values = indexes.path(kind, condition.path), tables.indexed_value.c
    of_path = sqlalchemy.select(values.text).where(values.path == indexed.number)
    sample = of_path.order_by(values.id).limit(SAMPLE).subquery()
    found = sqlalchemy.select(sample.c.text).where(compares(condition, indexed, lambda _: sample.c.text))
    return estimate(found) <= SAMPLE * RARE


def _united(condition: Condition, kind: str, indexes: Indexes) -> Merge | None:
    """Alternatives that are streams each."""
    if not isinstance(condition, AnyOf):
        return None
    parts = [_of_path(one, kind, indexes) for one in condition.conditions]
    streams = tuple(_ids(part) for part in parts if part)
    return Merge(streams, united=True) if streams and len(streams) == len(parts) else None


def _of_path(condition: Condition | None, kind: str, indexes: Indexes) -> OfPath | None:
    """A condition on the value at one path, if it is one: equality goes by the index of values, which has the
    ids of each in order; anything else looks at every value of the path."""
    match condition:
        case Compare(path, Operator.EQUAL, value) if path not in BUILT_IN and value is not None:
            indexed = indexes.path(kind, path)
            return OfPath(indexed.number, compares(condition, indexed))
        case None:
            return None
        case _:
            return _scanned(condition, kind, indexes)


def _scanned(condition: Condition, kind: str, indexes: Indexes) -> OfPath | None:
    match condition:
        case Compare(path) | In(path) if path in BUILT_IN:
            return None
        case Compare(path, Operator.NOT_EQUAL, None):
            return OfPath(indexes.path(kind, path).number, true())
        case Compare(path, operator, value) if value is not None and operator is not Operator.NOT_EQUAL:
            indexed = indexes.path(kind, path)
            return OfPath(indexed.number, compares(condition, indexed, _unindexed))
        case In(path, values) if None not in values:
            indexed = indexes.path(kind, path)
            return OfPath(indexed.number, or_(false(), *is_one_of(condition, indexed, _unindexed)))
        case All(conditions) | AnyOf(conditions):
            parts = [_scanned(one, kind, indexes) for one in conditions]
            paths = {part.path for part in parts if part}
            if len(paths) != 1 or None in parts:
                return None
            together = and_ if isinstance(condition, All) else or_
            return OfPath(paths.pop(), together(*(part.test for part in parts if part)))
        case _:
            return None


def _opposite(condition: Condition) -> Condition | None:
    """What is true where the condition is not, for conditions that are best read so."""
    match condition:
        case Not(inner):
            return inner
        case Compare(path, Operator.EQUAL, None):
            return Compare(path, Operator.NOT_EQUAL, None)
        case Compare(path, Operator.NOT_EQUAL, value):
            return Compare(path, Operator.EQUAL, value)
        case _:
            return None


def _unindexed(type_: IndexType) -> Column:
    return unindexed(column_of(type_))


def _ids(of_path: OfPath) -> Ids:
    values = tables.indexed_value.c
    return sqlalchemy.select(values.id).where(values.path == of_path.path, of_path.test)
