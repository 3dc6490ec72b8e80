"""Arithmetic: `add`, `div`, `int`, `max`, …"""

import operator
from collections.abc import Callable
from typing import Final

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.functions.base import ANY, Function, whole
from holdfast.policy.language.limits import RANGE_ITEMS
from holdfast.policy.language.values import UNDEFINED, is_number, number_from

_LARGEST_INDEX: Final = 2_147_483_647
_LARGEST: Final = 1 << 64


def _arithmetic(operation: Callable[[int | float, int | float], int | float]) -> Callable[..., object]:
    def compute(left: object, right: object) -> object:
        if not (is_number(left) and is_number(right)):
            return UNDEFINED
        try:
            result = operation(left, right)
        except OverflowError:
            return UNDEFINED
        return result if abs(result) < _LARGEST or isinstance(result, float) else UNDEFINED

    return compute


def _divide(left: object, right: object) -> object:
    """Integer division towards zero."""
    dividend, divisor = whole(left), whole(right)
    if dividend is None or not divisor:
        return UNDEFINED
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _modulo(left: object, right: object) -> object:
    """The rest of `_divide`; it has the sign of the dividend."""
    dividend, divisor = whole(left), whole(right)
    if dividend is None or not divisor:
        return UNDEFINED
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def _int(value: object) -> object:
    number = number_from(value) if isinstance(value, str) else value
    result = whole(number)
    return UNDEFINED if result is None else result


def _float(value: object) -> object:
    number = number_from(value) if isinstance(value, str) else value
    try:
        return float(number) if is_number(number) else UNDEFINED
    except OverflowError:
        return UNDEFINED


def _extreme(choose: Callable[[list[int | float]], int | float]) -> Callable[..., object]:
    def pick(*values: object) -> object:
        members = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        numbers = [member for member in members if is_number(member)]
        return choose(numbers) if numbers and len(numbers) == len(members) else UNDEFINED

    return pick


def _range(start: object, length: object) -> object:
    first, members = whole(start), whole(length)
    if first is None or members is None or members < 0:
        return UNDEFINED
    if members > RANGE_ITEMS:
        raise TemplateError(f"range(): the count {members} exceeds maximum of {RANGE_ITEMS}")
    if first + members > _LARGEST_INDEX:
        raise TemplateError(f"range(): the end {first + members} exceeds maximum of {_LARGEST_INDEX}")
    return list(range(first, first + members))


FUNCTIONS: Final = (
    Function("add", _arithmetic(operator.add), 2, 2),
    Function("sub", _arithmetic(operator.sub), 2, 2),
    Function("mul", _arithmetic(operator.mul), 2, 2),
    Function("div", _divide, 2, 2),
    Function("mod", _modulo, 2, 2),
    Function("int", _int, 1, 1),
    Function("float", _float, 1, 1),
    Function("min", _extreme(min), 1, ANY),
    Function("max", _extreme(max), 1, ANY),
    Function("range", _range, 2, 2),
)
