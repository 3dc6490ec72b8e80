"""Single comparisons as SQL: what a value at an indexed path, or a column, is compared with and how."""

import operator
from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, false, or_, true

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources import tables
from holdfast.resources.indexes import IndexedPath, encode
from holdfast.resources.model import IndexType
from holdfast.resources.query import Compare, In, Operator, Scalar
from holdfast.storage.columns import like_without_case, matches_without_case

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

_COMPARISONS: dict[Operator, Callable[[Column, str | float], Expression]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}

SEARCHES = {Operator.CONTAINS: "%{}%", Operator.STARTS_WITH: "{}%", Operator.ENDS_WITH: "%{}"}
"""The operators that search in texts, whatever the case, and their patterns."""


def within(
    reach: tuple[OrganizationPath, ...], column: ColumnElement[str] = tables.resource.c.organization
) -> Expression:
    """Resources, or other rows with a place in `column`, at or below one of the nodes."""
    if ROOT in reach:
        return true()
    # "0" follows "/" in ASCII: [node, node-without-slash + "0") is the node and everything below it.
    return or_(false(), *(and_(column >= node, column < node[:-1] + "0") for node in reach))


def type_of(value: Scalar) -> IndexType:
    """What a value at an open path must be to be compared with `value`."""
    if isinstance(value, str):
        return IndexType.TEXT
    return IndexType.BOOLEAN if isinstance(value, bool) else IndexType.NUMBER


def column_of(type_: IndexType) -> Column:
    """The side table's column that holds values of a type."""
    column = tables.indexed_value.c
    return column.text if type_ is IndexType.TEXT else column.number


ColumnOf = Callable[[IndexType], Column]
"""As `column_of`."""


def compares(condition: Compare, indexed: IndexedPath, column: ColumnOf = column_of) -> Expression:
    """What must be true of a value at a path where a comparison with a value, not with None, holds."""
    type_ = type_of(condition.value) if indexed.type is IndexType.ANY else indexed.type
    return test(column(type_), type_, condition)


def is_one_of(condition: In, indexed: IndexedPath, column: ColumnOf = column_of) -> list[Expression]:
    """The same for a list of values, by the column that they are in: texts and numbers have one each."""
    operands: dict[IndexType, list[str | float]] = {}
    for value in condition.values:
        type_ = type_of(value) if indexed.type is IndexType.ANY else indexed.type
        equal = Compare(condition.path, Operator.EQUAL, value)
        operands.setdefault(type_, []).append(operand(type_, equal))
    return [column(type_).in_(values) for type_, values in operands.items()]


def test(column: Column, type_: IndexType, condition: Compare) -> Expression:
    """What must be true of a column where a comparison with a value holds."""
    value = operand(type_, condition)
    compare = _COMPARISONS.get(condition.operator)
    return _like(column, condition.operator, str(value)) if compare is None else compare(column, value)


def operand(type_: IndexType, condition: Compare) -> str | float:
    """The value as the side table holds it. InvalidError when it is of another type than the path."""
    value: Scalar = condition.value
    if condition.operator in SEARCHES:
        if type_ is not IndexType.TEXT or not isinstance(value, str):
            raise InvalidError(f"“{condition.path}” holds no text to search in.", condition.path)
        return value
    text, number = encode(type_, value)
    encoded = text if number is None else number
    if encoded is None:
        raise InvalidError(f"“{condition.path}” is compared with a {type_.value}.", condition.path)
    return encoded


def _like(column: Column, search: Operator, value: str) -> Expression:
    """Search without case. LIKE knows only the case of ASCII."""
    if not value.isascii():
        before, after = search is not Operator.STARTS_WITH, search is not Operator.ENDS_WITH
        return matches_without_case(column, value, before=before, after=after)
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return like_without_case(column, SEARCHES[search].format(escaped))
