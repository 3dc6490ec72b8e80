"""Conditions over kept states, as SQL. Texts compare without letter case, as ids of Azure do."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true

from holdfast.kernel.errors import InvalidError
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Scalar

Columns = Mapping[str, ColumnElement[Any]]  # Any: columns of texts and of numbers
"""The columns of a table by the names that conditions have for them."""


def condition(wanted: Condition, columns: Columns) -> ColumnElement[bool]:
    """What rows must fulfil. InvalidError for a name that the table does not have."""
    match wanted:
        case All(conditions=parts):
            return and_(true(), *(condition(part, columns) for part in parts))
        case AnyOf(conditions=parts):
            return or_(false(), *(condition(part, columns) for part in parts))
        case Not(condition=inner):
            return not_(condition(inner, columns))
        case In(path=path, values=values):
            return _comparable(path, columns).in_([_folded(value) for value in values])
        case Compare(path=path, operator=compared, value=value):
            return _OPERATORS[compared](_comparable(path, columns), _folded(value))


def _comparable(path: str, columns: Columns) -> ColumnElement[Any]:  # Any: as in Columns
    column = columns.get(path)
    if column is None:
        raise InvalidError(
            f"This list knows no {path}; it can be narrowed by {', '.join(columns)}.", "$filter"
        )
    return func.lower(column) if column.type.python_type is str else column


def _folded(value: Scalar) -> Scalar:
    return value.lower() if isinstance(value, str) else value


_OPERATORS: Final[Mapping[Operator, Callable[..., ColumnElement[bool]]]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
    Operator.CONTAINS: lambda column, text: column.contains(text, autoescape=True),
    Operator.STARTS_WITH: lambda column, text: column.startswith(text, autoescape=True),
    Operator.ENDS_WITH: lambda column, text: column.endswith(text, autoescape=True),
}
