"""Conditions of the filter language as SQL expressions over the resource table and the side table."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import sqlalchemy
from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, true

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources import tables
from holdfast.resources.indexes import Indexes, encode
from holdfast.resources.model import IndexType, Kind
from holdfast.resources.normal_form import normal_form
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Scalar
from holdfast.storage.columns import like_without_case, lowered

Expression = ColumnElement[bool]
Column = ColumnElement[str] | ColumnElement[float]
"""What values are compared with: text, or numbers (booleans are 0 and 1)."""

BUILT_IN: dict[str, tuple[Column, IndexType]] = {
    "@id": (tables.resource.c.id, IndexType.TEXT),
    "@organization": (tables.resource.c.organization, IndexType.TEXT),
    "@created": (tables.resource.c.created, IndexType.NUMBER),
    "@modified": (tables.resource.c.modified, IndexType.NUMBER),
}
"""The columns that every kind may be searched and sorted by."""

Rows = tuple[Expression, Expression]
"""What rows of the side table have in common: their path, and a range of values."""
Estimate = Callable[[Select[tuple[str]]], int]
"""How many rows a selection has, as far as `MANY`."""
Has = Callable[..., Expression]
"""Whether a resource has rows of the side table that fulfil some conditions: by listing, or by looking up."""

MANY = 20_000
"""Rows from which on listing them costs more than walking through the resources until a page is full."""
CLOSE = 8
"""So many times the rows of the narrowest condition are listed sooner than looked up one by one."""
TOGETHER = 8
"""Alternatives whose rows are counted, each with a statement, to list them together."""
LETTERS = 4
"""At the beginning of a text, of which both cases are looked for in the index: sixteen ranges."""
MAXIMUM_DEPTH = 32
MAXIMUM_CONDITIONS = 500


_WITHOUT_CASE = {Operator.CONTAINS: "%{}%", Operator.STARTS_WITH: "{}%", Operator.ENDS_WITH: "%{}"}


def within(
    reach: tuple[OrganizationPath, ...], column: ColumnElement[str] = tables.resource.c.organization
) -> Expression:
    """Resources, or other rows with a place in `column`, at or below one of the nodes."""
    if ROOT in reach:
        return true()
    # "0" follows "/" in ASCII: [node, node-without-slash + "0") is the node and everything below it.
    return or_(false(), *(and_(column >= node, column < node[:-1] + "0") for node in reach))


def compiled(
    condition: Condition | None, kind: Kind, indexes: Indexes, estimate: Estimate, *, paged: bool = True
) -> Expression:
    """The SQL expression of a condition. InvalidError for paths, types and sizes that cannot be searched.

    The narrowest of several conditions is listed and wide ones are looked up for it. `paged`: only a page
    of what is found is wanted, and not all.
    """
    if condition is None:
        return true()
    if _size(condition, 1) > MAXIMUM_CONDITIONS:
        raise InvalidError(f"A search has at most {MAXIMUM_CONDITIONS} conditions.", "filter")
    normal = normal_form(condition, kind)
    conditions = _by_path(normal.conditions) if isinstance(normal, All) else (normal,)
    return _around_narrowest(conditions, kind.name, indexes, estimate, paged=paged)


def _around_narrowest(
    conditions: tuple[Condition, ...], kind: str, indexes: Indexes, estimate: Estimate, *, paged: bool
) -> Expression:
    """All of them: what the narrowest finds, each looked up for the others; if none is narrow, everything.

    Of 200,000 devices that all have the template and of which 200 are of the site, `template AND site` takes
    0.5 ms this way, and 60 where both are listed.
    """
    found = {
        place: _count(listings, estimate)
        for place, condition in enumerate(conditions)
        if (listings := _listings(condition, kind, indexes)) is not None
    }
    narrowest = min(found.values(), default=MANY)
    if narrowest < MANY:
        listed = {place for place, rows in found.items() if rows < MANY and rows <= CLOSE * narrowest}
    elif paged:
        listed = {place for place, condition in enumerate(conditions) if _scans(condition)}
    else:
        listed = set(range(len(conditions)))
    return and_(
        true(),
        *(
            _compiled(condition, kind, indexes, _has if place in listed else _has_by_lookup)
            for place, condition in enumerate(conditions)
        ),
    )


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
        and condition.operator not in _WITHOUT_CASE
    )


def _of_one_path(conditions: tuple[Condition, ...]) -> bool:
    """Whether they are plain comparisons of one path and one column."""
    if not conditions or not all(map(_is_plain, conditions)):
        return False
    compared = [(one.path, isinstance(one.value, str)) for one in conditions if isinstance(one, Compare)]
    return len(set(compared)) == 1


def _listings(condition: Condition, kind: str, indexes: Indexes) -> list[Rows] | None:
    """What a condition lists together; None for one that is no plain ranges of indexes."""
    match condition:
        case AnyOf(conditions) if len(conditions) <= TOGETHER:
            parts = [_listings(one, kind, indexes) for one in conditions]
            return None if None in parts else [rows for part in parts for rows in part or ()]
        case In(path, values) if path not in BUILT_IN and None not in values:
            return _rows_of_values(condition, kind, indexes)
        case All(conditions) if _of_one_path(conditions):
            return [_rows_between(conditions, kind, indexes)]
        case Compare() if _is_plain(condition):
            return [_rows(condition, kind, indexes)]
        case Compare(path, Operator.NOT_EQUAL, None) if path not in BUILT_IN:
            return [(tables.indexed_value.c.path == indexes.path(kind, path).number, true())]
        case Compare(path, Operator.STARTS_WITH, str()) if path not in BUILT_IN:
            return _rows_beginning(condition, kind, indexes)
        case _:
            return None


def _rows(condition: Compare, kind: str, indexes: Indexes) -> Rows:
    """The rows of the side table where a comparison with a value holds."""
    indexed = indexes.path(kind, condition.path)
    type_ = _type_of(condition.value) if indexed.type is IndexType.ANY else indexed.type
    present = tables.indexed_value.c.path == indexed.number
    return present, _test(column_of(type_), type_, condition.operator, condition)


def _rows_between(conditions: tuple[Condition, ...], kind: str, indexes: Indexes) -> Rows:
    """The rows where several comparisons of one path hold together."""
    rows = [_rows(one, kind, indexes) for one in conditions if isinstance(one, Compare)]
    return rows[0][0], and_(*(test for _, test in rows))


def _rows_beginning(condition: Compare, kind: str, indexes: Indexes) -> list[Rows]:
    """The rows with texts that begin so, by the ways to write the first letters: each a range of the index.

    SQLite's planner, which has no statistics, would read every text where the ranges stand beside each other.
    """
    present, begins = _rows(condition, kind, indexes)
    head = str(condition.value)
    if not head or not head.isascii():
        return [(present, begins)]
    while sum(map(str.isalpha, head)) > LETTERS:
        head = head[:-1]
    writings = sorted(map("".join, product(*({sign.lower(), sign.upper()} for sign in head))))
    column = tables.indexed_value.c.text
    ends = (writing[:-1] + chr(ord(writing[-1]) + 1) for writing in writings)
    return [
        (present, and_(column >= low, column < high, begins))
        for low, high in zip(writings, ends, strict=True)
    ]


def _rows_of_values(condition: In, kind: str, indexes: Indexes) -> list[Rows]:
    """The rows of the side table with one of the values: texts and numbers are in columns of their own."""
    indexed = indexes.path(kind, condition.path)
    operands: dict[IndexType, list[str | float]] = {}
    for value in condition.values:
        type_ = _type_of(value) if indexed.type is IndexType.ANY else indexed.type
        equal = Compare(condition.path, Operator.EQUAL, value)
        operands.setdefault(type_, []).append(_operand(type_, Operator.EQUAL, equal))
    present = tables.indexed_value.c.path == indexed.number
    return [(present, column_of(type_).in_(values)) for type_, values in operands.items()]


def _count(listings: list[Rows], estimate: Estimate) -> int:
    """How many rows they have together, as far as `MANY`."""
    total = 0
    for rows in listings:
        total += estimate(_listed(*rows))
        if total >= MANY:
            break
    return total


def _scans(condition: Condition) -> bool:
    """Whether a condition searches inside texts: all values are read once then, rather than one by one."""
    match condition:
        case All(conditions) | AnyOf(conditions):
            return any(map(_scans, conditions))
        case Compare(_, operator, _):
            return operator in (Operator.CONTAINS, Operator.ENDS_WITH)
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


def _type_of(value: Scalar) -> IndexType:
    """What a value at an open path must be to be compared with `value`."""
    if isinstance(value, str):
        return IndexType.TEXT
    return IndexType.BOOLEAN if isinstance(value, bool) else IndexType.NUMBER


def _listed(*conditions: Expression) -> Select[tuple[str]]:
    return sqlalchemy.select(tables.indexed_value.c.id).where(*conditions)


def _has(*conditions: Expression) -> Expression:
    return tables.resource.c.id.in_(_listed(*conditions))


def _has_by_lookup(*conditions: Expression) -> Expression:
    return sqlalchemy.exists().where(tables.indexed_value.c.id == tables.resource.c.id, *conditions)


def column_of(type_: IndexType) -> Column:
    """The side table's column that holds values of a type."""
    column = tables.indexed_value.c
    return column.text if type_ is IndexType.TEXT else column.number


def _compare_built_in(condition: Compare) -> Expression:
    column, type_ = BUILT_IN[condition.path]
    if condition.value is None:
        return true() if condition.operator is Operator.NOT_EQUAL else false()
    return _test(column, type_, condition.operator, condition)


def _test(
    column: Column,
    type_: IndexType,
    operator: Operator,
    condition: Compare,
) -> Expression:
    value = _operand(type_, operator, condition)
    match operator:
        case Operator.EQUAL:
            return column == value
        case Operator.NOT_EQUAL:
            return column != value
        case Operator.LESS:
            return column < value
        case Operator.LESS_OR_EQUAL:
            return column <= value
        case Operator.GREATER:
            return column > value
        case Operator.GREATER_OR_EQUAL:
            return column >= value
        case _:
            return _like(column, operator, str(value))


def _operand(type_: IndexType, operator: Operator, condition: Compare) -> str | float:
    """The value as the side table holds it. InvalidError when it is of another type than the path."""
    value: Scalar = condition.value
    if operator in _WITHOUT_CASE:
        if type_ is not IndexType.TEXT or not isinstance(value, str):
            raise InvalidError(f"“{condition.path}” holds no text to search in.", condition.path)
        return value
    text, number = encode(type_, value)
    operand = text if number is None else number
    if operand is None:
        raise InvalidError(f"“{condition.path}” is compared with a {type_.value}.", condition.path)
    return operand


def _like(column: Column, operator: Operator, value: str) -> Expression:
    """Search without case. LIKE knows only the case of ASCII, so other text is lowered first."""
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = _WITHOUT_CASE[operator].format(escaped)
    if value.isascii():
        return like_without_case(column, pattern)
    return lowered(column).like(pattern.lower(), escape="\\")
