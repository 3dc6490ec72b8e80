"""`format()`: the composite format strings of .NET, `{index[,alignment][:format]}`, in the invariant
culture."""

import re
from typing import Final

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.functions.base import ANY, Function, bounded_text
from holdfast.policy.language.functions.number_formats import format_number
from holdfast.policy.language.limits import TEXT_LENGTH
from holdfast.policy.language.values import UNDEFINED, is_number, text_of

_PART: Final = re.compile(r"\{\{|\}\}|\{(\d+)(?:,([^:}]*))?(?::([^}]*))?\}|[{}]")


def _format(template: object, *values: object) -> object:
    if not isinstance(template, str):
        return UNDEFINED
    length = 0

    def insert(found: re.Match[str]) -> str:
        nonlocal length
        text = _insertion(found, values)
        length += len(text)
        if length > TEXT_LENGTH:
            bounded_text(text.ljust(length))
        return text

    return bounded_text(_PART.sub(insert, template))


def _insertion(found: re.Match[str], values: tuple[object, ...]) -> str:
    whole, (index, alignment, specifier) = found[0], found.groups()
    if whole in ("{{", "}}"):
        return whole[0]
    if index is None:
        side = "opening" if whole == "{" else "closing"
        raise TemplateError(f"format(): unmatched {side} brace at position {found.start()}")
    if len(index) > 4 or int(index) >= len(values):
        raise TemplateError(
            f"format(): placeholder {{{index[:4]}}} has no argument; {len(values)} were supplied"
        )
    return _aligned(_formatted(values[int(index)], specifier or ""), alignment)


def _aligned(text: str, alignment: str | None) -> str:
    """Padding to a width; to the right of the text when the width is negative."""
    if alignment is None:
        return text
    try:
        width = int(alignment)
    except ValueError:
        raise TemplateError(f"format(): '{alignment[:20]}' is no alignment; expected an integer") from None
    if abs(width) > TEXT_LENGTH:
        raise TemplateError(f"format(): the alignment {alignment[:20]} is too wide")
    return text.rjust(width) if width > 0 else text.ljust(-width)


def _formatted(value: object, specifier: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    return format_number(value, specifier) if is_number(value) else text_of(value)


FUNCTIONS: Final = (Function("format", _format, 1, ANY, of_text=True),)
