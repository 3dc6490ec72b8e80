"""What a template function is, and what most of them share.

A function gets JSON values and returns one. `UNDEFINED` means that the arguments do not suit it: the
condition around it does not hold, and on the change path that is a fault. A TemplateError means that no value
could suit.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.limits import ITEMS, TEXT_LENGTH
from holdfast.policy.language.values import is_number

ANY: Final = 1 << 30
"""As many arguments as the author likes."""


class Function(NamedTuple):
    """One template function: its published name, its code, and how many arguments it takes."""

    name: str
    call: Callable[..., object]
    minimum: int
    maximum: int
    of_text: bool = False
    """Whether a field that is missing counts as the empty text among the arguments, as `field()`
    documents."""


def whole(value: object) -> int | None:
    """A number without its fraction; None for anything else, and for what JSON text gives as too large."""
    if not is_number(value) or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else int(value)


def bounded_text(text: str) -> str:
    """`text`, or TemplateError when it is longer than a function may build."""
    if len(text) > TEXT_LENGTH:
        message = f"A function built a text of more than {TEXT_LENGTH} characters"
        raise TemplateError(message)
    return text


def bounded_items(items: list[object]) -> list[object]:
    """`items`, or TemplateError when there are more than a function may build."""
    if len(items) > ITEMS:
        message = f"A function built an array of more than {ITEMS} members"
        raise TemplateError(message)
    return items
