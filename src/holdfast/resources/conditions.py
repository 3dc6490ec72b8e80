"""Conditions of the filter language as SQL, and how they are searched for: see `planned`."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product, takewhile
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import ColumnElement, and_, false, not_, or_, true

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources import tables
from holdfast.resources.comparisons import (
    BUILT_IN,
    SEARCHES,
    Expression,
    compares,
    is_one_of,
    test,
    within,
)
from holdfast.resources.indexes import Indexes
from holdfast.resources.merging import INSIDE, Estimate, Ids, Merge, merged
from holdfast.resources.model import Kind
from holdfast.resources.normal_form import normal_form
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator
from holdfast.storage.columns import unindexed, writings

Rows = tuple[Expression, Expression]
"""What rows of the side table have in common: their path, and a range of values."""
Has = Callable[..., Expression]
"""Whether a resource has rows of the side table that fulfil some conditions: by listing, or by looking up."""


class Plan(NamedTuple):
    """How to find the resources of a search."""

    rows: Expression
    """What is true of their rows: for any order."""
    merge: Merge | None
    """Their ids in order, where no condition is narrow enough to begin with."""


MANY = 20_000
"""Rows from which on listing them costs more than walking through the resources until a page is full."""
CLOSE = 8
"""So many times the rows of the narrowest condition are listed sooner than looked up one by one."""
TOGETHER = 8
"""Alternatives whose rows are counted, each with a statement, to list them together."""
LETTERS = 4
"""At the beginning of a text, of which both cases are looked for in the index: sixteen ranges."""
_SURROGATES = "\ud800"
"""Characters from here on are not looked for in ranges: some have no next one that is a character."""
MAXIMUM_DEPTH = 32
MAXIMUM_CONDITIONS = 500


def planned(
    condition: Condition | None,
    kind: Kind,
    reach: tuple[OrganizationPath, ...],
    indexes: Indexes,
    estimate: Estimate,
) -> Plan:
    """How to search. InvalidError for paths, types and sizes that cannot be searched.

    Each condition, and the reach, is counted in its index. The narrowest is listed, and wide ones are looked
    up for what it leaves: of 200,000 devices that all have the template and of which 200 are of the site,
    `template AND site` takes 0.5 ms this way, and 60 where both are listed. Where none is narrow, their ids
    are merged.
    """
    conditions = _parts(condition, kind)
    rows = {
        number: _count(listings, estimate)
        for number, one in enumerate(conditions)
        if (listings := _listings(one, kind.name, indexes)) is not None
    }
    of_kind = tables.resource.c.kind == kind.name
    near = sqlalchemy.select(tables.resource.c.id).where(of_kind, within(reach))
    place = within(reach, unindexed(tables.resource.c.organization))
    rows_near = MANY if ROOT in reach else estimate(near)
    narrowest = min([rows_near, *rows.values()])
    most = min(MANY - 1, CLOSE * narrowest)
    listed = {number for number, found in rows.items() if found <= most}
    merge = None
    if narrowest >= MANY:
        listed = {number for number, one in enumerate(conditions) if _scans(one)}
        merge = _merge(conditions, kind.name, indexes, None if ROOT in reach else place, estimate)
    return Plan(
        and_(
            of_kind,
            tables.resource.c.id.in_(near) if rows_near <= most else place,
            *(
                _compiled(one, kind.name, indexes, _has if number in listed else _has_by_lookup)
                for number, one in enumerate(conditions)
            ),
        ),
        merge,
    )


def _parts(condition: Condition | None, kind: Kind) -> tuple[Condition, ...]:
    """The conditions of which every one must be fulfilled."""
    if condition is None:
        return ()
    if _size(condition, 1) > MAXIMUM_CONDITIONS:
        raise InvalidError(f"A search has at most {MAXIMUM_CONDITIONS} conditions.", "filter")
    normal = normal_form(condition, kind)
    return _by_path(normal.conditions) if isinstance(normal, All) else (normal,)


def _merge(
    conditions: tuple[Condition, ...],
    kind: str,
    indexes: Indexes,
    place: Expression | None,
    estimate: Estimate,
) -> Merge | None:
    def look_up(one: Condition, identity: ColumnElement[str]) -> Expression:
        return _compiled(one, kind, indexes, partial(_has_by_lookup, identity=identity))

    return merged(conditions, kind, indexes, place, look_up, estimate)


def _by_path(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The same, with comparisons of one path together: its one value is in the range between them."""
    found: dict[object, list[Condition]] = {}
    for place, condition in enumerate(conditions):
        path = condition.path if isinstance(condition, Compare) and _is_plain(condition) else place
        found.setdefault(path, []).append(condition)
    return tuple(All(tuple(some)) if len(some) > 1 else some[0] for some in found.values())


def _is_plain(condition: Condition) -> bool:
    """Whether it is a comparison that an index lists as one range."""
    return (
        isinstance(condition, Compare)
        and condition.path not in BUILT_IN
        and condition.value is not None
        and condition.operator is not Operator.NOT_EQUAL
        and condition.operator not in SEARCHES
    )


def _of_one_path(conditions: tuple[Condition, ...]) -> bool:
    """Whether they are plain comparisons of one path and one column."""
    if not conditions or not all(map(_is_plain, conditions)):
        return False
    compared = [(one.path, isinstance(one.value, str)) for one in conditions if isinstance(one, Compare)]
    return len(set(compared)) == 1


def _listings(condition: Condition, kind: str, indexes: Indexes) -> list[Ids] | None:
    """What a condition lists together; None for one that is no plain ranges of indexes."""
    match condition:
        case AnyOf(conditions) if len(conditions) <= TOGETHER:
            parts = [_listings(one, kind, indexes) for one in conditions]
            return None if None in parts else [ids for part in parts for ids in part or ()]
        case In(path, values) if path not in BUILT_IN and None not in values:
            return [_listed(*rows) for rows in _rows_of_values(condition, kind, indexes)]
        case All(conditions) if _of_one_path(conditions):
            return [_listed(*_rows_between(conditions, kind, indexes))]
        case Compare() if _is_plain(condition):
            return [_listed(*_rows(condition, kind, indexes))]
        case Compare(path, Operator.NOT_EQUAL, None) if path not in BUILT_IN:
            return [_listed(tables.indexed_value.c.path == indexes.path(kind, path).number)]
        case Compare(path, Operator.STARTS_WITH, str()) if path not in BUILT_IN:
            return [_listed(*rows) for rows in _rows_beginning(condition, kind, indexes)]
        case Compare("@id" | "@organization", Operator.EQUAL, str()):
            of_kind = tables.resource.c.kind == kind
            return [sqlalchemy.select(tables.resource.c.id).where(of_kind, _compare_built_in(condition))]
        case _:
            return None


def _rows(condition: Compare, kind: str, indexes: Indexes) -> Rows:
    """The rows of the side table where a comparison with a value holds."""
    indexed = indexes.path(kind, condition.path)
    return tables.indexed_value.c.path == indexed.number, compares(condition, indexed)


def _rows_between(conditions: tuple[Condition, ...], kind: str, indexes: Indexes) -> Rows:
    """The rows where several comparisons of one path hold together."""
    rows = [_rows(one, kind, indexes) for one in conditions if isinstance(one, Compare)]
    return rows[0][0], and_(*(test for _, test in rows))


def _rows_beginning(condition: Compare, kind: str, indexes: Indexes) -> list[Rows]:
    """The rows with texts that begin so, by the ways to write the first letters: each a range of the index.

    SQLite's planner, which has no statistics, would read every text where the ranges stand beside each other.
    """
    present, begins = _rows(condition, kind, indexes)
    head = "".join(takewhile(lambda sign: sign < _SURROGATES, str(condition.value)))
    while sum(len(writings(sign)) > 1 for sign in head) > LETTERS:
        head = head[:-1]
    if not head:
        return [(present, begins)]
    lows = sorted(map("".join, product(*map(writings, head))))
    column = tables.indexed_value.c.text
    highs = (low[:-1] + chr(ord(low[-1]) + 1) for low in lows)
    return [
        (present, and_(column >= low, column < high, begins)) for low, high in zip(lows, highs, strict=True)
    ]


def _rows_of_values(condition: In, kind: str, indexes: Indexes) -> list[Rows]:
    """The rows of the side table with one of the values."""
    indexed = indexes.path(kind, condition.path)
    return [(tables.indexed_value.c.path == indexed.number, one) for one in is_one_of(condition, indexed)]


def _count(listings: list[Ids], estimate: Estimate) -> int:
    """How many rows they have together, as far as `MANY`."""
    total = 0
    for ids in listings:
        total += estimate(ids)
        if total >= MANY:
            break
    return total


def _scans(condition: Condition) -> bool:
    """Whether a condition searches inside texts: all values are read once then, rather than one by one."""
    match condition:
        case All(conditions) | AnyOf(conditions):
            return any(map(_scans, conditions))
        case Compare(_, operator, _):
            return operator in INSIDE
        case _:
            return False


def _size(condition: Condition, depth: int) -> int:
    if depth > MAXIMUM_DEPTH:
        raise InvalidError(f"Conditions are nested at most {MAXIMUM_DEPTH} deep.", "filter")
    match condition:
        case All(conditions) | AnyOf(conditions):
            return 1 + sum(_size(inner, depth + 1) for inner in conditions)
        case Not(inner):
            return 1 + _size(inner, depth + 1)
        case In(_, values):
            return 1 + len(values)
        case _:
            return 1


def _compiled(condition: Condition, kind: str, indexes: Indexes, has: Has) -> Expression:
    match condition:
        case All(conditions) if _of_one_path(conditions):
            return has(*_rows_between(conditions, kind, indexes))
        case All(conditions):
            return and_(true(), *(_compiled(inner, kind, indexes, has) for inner in conditions))
        case AnyOf(conditions):
            return or_(false(), *(_compiled(inner, kind, indexes, has) for inner in conditions))
        case Not(inner):
            return not_(_compiled(inner, kind, indexes, has))
        case In():
            return _one_of(condition, kind, indexes, has)
        case Compare():
            return _compare(condition, kind, indexes, has)


def _compare(condition: Compare, kind: str, indexes: Indexes, has: Has) -> Expression:
    if condition.path in BUILT_IN:
        return _compare_built_in(condition)
    if condition.value is None:
        found = has(tables.indexed_value.c.path == indexes.path(kind, condition.path).number)
        return {Operator.EQUAL: not_(found), Operator.NOT_EQUAL: found}.get(condition.operator, false())
    if condition.operator is Operator.NOT_EQUAL:
        return not_(has(*_rows(replace(condition, operator=Operator.EQUAL), kind, indexes)))
    if condition.operator is Operator.STARTS_WITH and has is _has:
        listed = (_listed(*rows) for rows in _rows_beginning(condition, kind, indexes))
        return tables.resource.c.id.in_(sqlalchemy.union_all(*listed))
    return has(*_rows(condition, kind, indexes))


def _one_of(condition: In, kind: str, indexes: Indexes, has: Has) -> Expression:
    if condition.path not in BUILT_IN and None not in condition.values:
        return or_(false(), *(has(*rows) for rows in _rows_of_values(condition, kind, indexes)))
    equal = (Compare(condition.path, Operator.EQUAL, value) for value in condition.values)
    return or_(false(), *(_compare(one, kind, indexes, has) for one in equal))


def _listed(*conditions: Expression) -> Ids:
    return sqlalchemy.select(tables.indexed_value.c.id).where(*conditions)


def _has(*conditions: Expression) -> Expression:
    return tables.resource.c.id.in_(_listed(*conditions))


def _has_by_lookup(
    *conditions: Expression, identity: ColumnElement[str] = tables.resource.c.id
) -> Expression:
    return sqlalchemy.exists().where(tables.indexed_value.c.id == identity, *conditions)


def _compare_built_in(condition: Compare) -> Expression:
    column, type_ = BUILT_IN[condition.path]
    if condition.value is None:
        return true() if condition.operator is Operator.NOT_EQUAL else false()
    return test(column, type_, condition)
