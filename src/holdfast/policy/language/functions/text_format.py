"""`format()`: the composite format strings of .NET, `{index[,alignment][:format]}`, in the invariant
culture."""

import re
from typing import Final

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.functions.base import ANY, Function, bounded_text
from holdfast.policy.language.limits import TEXT_LENGTH
from holdfast.policy.language.values import UNDEFINED, is_number, number_text, text_of

_PART: Final = re.compile(r"\{\{|\}\}|\{(\d+)(?:,([^:}]*))?(?::([^}]*))?\}|[{}]")
_LARGEST_PRECISION: Final = 99


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
    if not is_number(value):
        return text_of(value)
    kind, digits = specifier[:1], specifier[1:]
    precision = min(int(digits), _LARGEST_PRECISION) if digits.isdecimal() and len(digits) < 5 else None
    return _formatted_number(value, kind, precision)


def _formatted_number(number: float, kind: str, precision: int | None) -> str:
    """Standard numeric format strings: fixed, thousands, decimal, hexadecimal, percent, exponent."""
    decimals = 2 if precision is None else precision
    if kind in ("F", "f"):
        return f"{number:.{decimals}f}"
    if kind in ("N", "n"):
        return f"{number:,.{decimals}f}"
    if kind in ("P", "p"):
        return f"{number * 100:.{decimals}f} %"
    if kind in ("E", "e"):
        mantissa, _, exponent = f"{number:.{6 if precision is None else precision}e}".partition("e")
        return f"{mantissa}{kind}{exponent[0]}{exponent[1:].zfill(3)}"
    if kind in ("D", "d", "X", "x") and isinstance(number, int):
        return _formatted_integer(number, kind, precision or 0)
    return number_text(number)


def _formatted_integer(number: int, kind: str, width: int) -> str:
    if kind in ("D", "d"):
        return ("-" if number < 0 else "") + str(abs(number)).zfill(width)
    return f"{number & 0xFFFF_FFFF_FFFF_FFFF:{kind}}".zfill(width)


FUNCTIONS: Final = (Function("format", _format, 1, ANY, of_text=True),)
