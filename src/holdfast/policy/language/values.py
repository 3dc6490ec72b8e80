"""JSON values as the policy language sees them: text without case, numbers in strings, and *undefined*.

A value is `None`, a bool, an int, a float, a str, a list, a dict with str keys, or `UNDEFINED`, which stands
for a field or member that is not there. `None` and `UNDEFINED` differ only where the language says so.
"""

import json
import math
from typing import Final, Literal, TypeGuard


class Undefined:
    """The type of `UNDEFINED`; false, and equal to nothing but itself."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()
"""What is not there."""

Ordering = Literal[-1, 0, 1]


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether `value` is a JSON number (Python counts booleans among them, JSON does not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_missing(value: object) -> bool:
    """Whether `value` is null or not there at all."""
    return value is None or value is UNDEFINED


def type_name(value: object) -> str:
    """The word for the type of `value` in messages."""
    if value is UNDEFINED:
        return "nothing"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def fold(text: str) -> str:
    """`text` without letter case, by full Unicode case folding."""
    return text.lower() if text.isascii() else text.casefold()


def number_from(text: str) -> int | float | None:
    """The number that `text` spells, or None; an integer where it is one."""
    text = text.strip()
    if not text or len(text) > 400 or "_" in text or not text.isascii():
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def number_text(number: int | float) -> str:
    """A number as text: whole floats without their `.0`."""
    if isinstance(number, float) and number.is_integer() and abs(number) < 1e16:
        return str(int(number))
    return str(number)


def scalar_text(value: object) -> str | None:
    """A string, number or boolean as text; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if is_number(value) else None


def text_of(value: object) -> str:
    """Any value as text, containers as compact JSON."""
    scalar = scalar_text(value)
    if scalar is not None:
        return scalar
    if is_missing(value):
        return "null"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=lambda _: None)


def identity(value: object) -> object:
    """Something hashable that two values share exactly when they are the `same`."""
    if isinstance(value, list | dict):
        return ("json", json.dumps(value, sort_keys=True, default=repr))
    if isinstance(value, float) and value.is_integer():
        return ("number", int(value))
    return ("number" if is_number(value) else type(value).__name__, value)


def truth_from(value: object) -> bool | None:
    """A boolean, or the one that the text `true` or `false` in any case spells; else None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def same(left: object, right: object) -> bool:
    """Whether two JSON values are identical: booleans are no numbers, 1 and 1.0 are one number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return (type(left) is type(right) and left == right) or (is_number(left) and left == right)


def equal(left: object, right: object) -> bool:
    """The language's equality: without case, `"5"` equals 5, `"True"` equals true, null equals `""`.

    Undefined equals nothing here; `operators.equals` says what it means on the left of a condition.
    """
    if isinstance(left, str):
        if isinstance(right, str):
            return left == right or fold(left) == fold(right)
        return _text_equals(left, right)
    if isinstance(right, str):
        return _text_equals(right, left)
    if left is UNDEFINED or right is UNDEFINED:
        return False
    return same(left, right)


def _text_equals(text: str, other: object) -> bool:
    if other is None:
        return text == ""
    if isinstance(other, bool):
        return truth_from(text) is other
    return is_number(other) and number_from(text) == other


def compare(left: object, right: object) -> Ordering | None:
    """How `left` is ordered against `right`; None when the two have no order.

    Texts compare without case, a text that spells a number compares with numbers.
    """
    if isinstance(left, str) and isinstance(right, str):
        return _order(fold(left), fold(right))
    if isinstance(left, bool) and isinstance(right, bool):
        return _order(left, right)
    first = number_from(left) if isinstance(left, str) else left
    second = number_from(right) if isinstance(right, str) else right
    if is_number(first) and is_number(second):
        return _order(first, second)
    return None


def _order(left: str | float, right: str | float) -> Ordering:
    if left == right:
        return 0
    return -1 if left < right else 1  # type: ignore[operator]  # the callers pass two of one type
