"""Comparison, logic and type conversion: `and`, `if` (in the compiler, it chooses lazily), `equals`, `bool`,
…"""

from typing import Final

from holdfast.policy.language import operators
from holdfast.policy.language.functions.base import ANY, Function
from holdfast.policy.language.values import UNDEFINED, is_missing, is_number


def _and(*conditions: object) -> object:
    return all(condition is True for condition in conditions)


def _or(*conditions: object) -> object:
    return any(condition is True for condition in conditions)


def _not(condition: object) -> object:
    return condition is not True


def choose(condition: object, when_true: object, when_false: object) -> object:
    """`if()` over values that are there already."""
    return when_true if condition is True else when_false


def _bool(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), UNDEFINED)
    return value != 0 if is_number(value) else UNDEFINED


def _coalesce(*values: object) -> object:
    return next((value for value in values if not is_missing(value)), None)


FUNCTIONS: Final = (
    Function("and", _and, 1, ANY),
    Function("or", _or, 1, ANY),
    Function("not", _not, 1, 1),
    Function("if", choose, 3, 3),
    Function("true", lambda: True, 0, 0),
    Function("false", lambda: False, 0, 0),
    Function("null", lambda: None, 0, 0),
    Function("bool", _bool, 1, 1),
    Function("coalesce", _coalesce, 1, ANY),
    Function("equals", operators.equals, 2, 2),
    Function("greater", operators.greater, 2, 2),
    Function("greaterOrEquals", operators.greater_or_equals, 2, 2),
    Function("less", operators.less, 2, 2),
    Function("lessOrEquals", operators.less_or_equals, 2, 2),
)
