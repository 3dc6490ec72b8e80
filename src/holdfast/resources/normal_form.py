"""Conditions in the form that searches are planned in: NOT stands before single comparisons alone, and where
every resource has a value a comparison's negation is another comparison, which an index can list."""

from collections.abc import Iterable, Sequence
from typing import Final

from holdfast.resources.model import IndexType, Kind
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Scalar

EVERYTHING: Final = All(())
NOTHING: Final = AnyOf(())

_OPPOSITES = {
    Operator.EQUAL: Operator.NOT_EQUAL,
    Operator.NOT_EQUAL: Operator.EQUAL,
}
"""Each is true exactly where the other is not, also where there is no value."""
_REVERSED = {
    Operator.LESS: Operator.GREATER_OR_EQUAL,
    Operator.LESS_OR_EQUAL: Operator.GREATER,
    Operator.GREATER: Operator.LESS_OR_EQUAL,
    Operator.GREATER_OR_EQUAL: Operator.LESS,
}
"""The same where there is a value."""


def normal_form(condition: Condition, kind: Kind) -> Condition:
    """An equivalent condition; see the module."""
    match condition:
        case All(conditions):
            return _all(normal_form(one, kind) for one in conditions)
        case AnyOf(conditions):
            return _any_of(normal_form(one, kind) for one in conditions)
        case Not(inner):
            return _negated(inner, kind)
        case In(path, values):
            return _one_of(path, values)
        case Compare():
            return _comparison(condition, kind)


def _negated(condition: Condition, kind: Kind) -> Condition:
    match condition:
        case All(conditions):
            return _any_of(_negated(one, kind) for one in conditions)
        case AnyOf(conditions):
            return _all(_negated(one, kind) for one in conditions)
        case Not(inner):
            return normal_form(inner, kind)
        case In(path, values):
            return _all(normal_form(Compare(path, Operator.NOT_EQUAL, one), kind) for one in values)
        case Compare(path, operator, value) if operator in _OPPOSITES:
            return normal_form(Compare(path, _OPPOSITES[operator], value), kind)
        case Compare(path, operator, value) if path in kind.filled and operator in _REVERSED:
            return Compare(path, _REVERSED[operator], value)
        case _:
            return Not(condition)


def _comparison(condition: Compare, kind: Kind) -> Condition:
    if condition.path not in kind.filled:
        return condition
    match condition:
        case Compare(_, Operator.EQUAL, None):
            return NOTHING
        case Compare(_, Operator.NOT_EQUAL, None):
            return EVERYTHING
        case Compare(path, Operator.NOT_EQUAL, value):
            if kind.indexed[path] is IndexType.BOOLEAN and isinstance(value, bool):
                return Compare(path, Operator.EQUAL, not value)
            beside = (Operator.LESS, Operator.GREATER)
            return AnyOf(tuple(Compare(path, operator, value) for operator in beside))
        case _:
            return condition


def _all(conditions: Iterable[Condition]) -> Condition:
    """Every one of them, those within others of the same sort drawn out."""
    flat: list[Condition] = []
    for one in conditions:
        flat += one.conditions if isinstance(one, All) else (one,)
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def _any_of(conditions: Iterable[Condition]) -> Condition:
    """One of them; values that one path may have come together."""
    flat: list[Condition] = []
    values: dict[str, list[Scalar]] = {}
    for one in conditions:
        for inner in one.conditions if isinstance(one, AnyOf) else (one,):
            match inner:
                case Compare(path, Operator.EQUAL, value):
                    values.setdefault(path, []).append(value)
                case In(path, several):
                    values.setdefault(path, []).extend(several)
                case _:
                    flat.append(inner)
    flat += [_one_of(path, several) for path, several in values.items()]
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def _one_of(path: str, values: Sequence[Scalar]) -> Condition:
    # 1 and True are equal to Python and different things to an index: the type is part of the value.
    distinct = tuple({(type(value), value): value for value in values}.values())
    return Compare(path, Operator.EQUAL, distinct[0]) if len(distinct) == 1 else In(path, distinct)
