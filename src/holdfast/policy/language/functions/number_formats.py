"""Number format strings of .NET in the invariant culture, standard (a letter) and custom (`#,##0.00`).

Source: *Standard numeric format strings* and *Custom numeric format strings* of .NET. Exponents of custom
formats (`0.0E0`) are not written.
"""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Final, NamedTuple

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.values import number_text

_LARGEST_PRECISION: Final = 99
_STANDARD: Final = re.compile(r"([A-Za-z])(\d{0,4})")
_TOKEN: Final = re.compile(
    r"'(?P<quoted>[^']*)'?|\"(?P<double>[^\"]*)\"?|\\(?P<escaped>.)|(?P<mark>.)", re.DOTALL
)
_DIGITS: Final = Context(prec=400)
"""Enough for every number that JSON text of a policy spells."""


def format_number(number: float, pattern: str) -> str:
    """`number` by a standard or a custom format string."""
    if not math.isfinite(number):
        return number_text(number)
    standard = _STANDARD.fullmatch(pattern)
    if standard is not None:
        kind, digits = standard.groups()
        return _standard(number, kind, min(int(digits), _LARGEST_PRECISION) if digits else None)
    return _custom(number, pattern) if pattern else number_text(number)


def _standard(number: float, kind: str, precision: int | None) -> str:
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
        return _integer(number, kind, precision or 0)
    return number_text(number)


def _integer(number: int, kind: str, width: int) -> str:
    if kind in ("D", "d"):
        return ("-" if number < 0 else "") + str(abs(number)).zfill(width)
    return f"{number & 0xFFFF_FFFF_FFFF_FFFF:{kind}}".zfill(width)


class _Mark(NamedTuple):
    """One character of a custom format: a placeholder, or text that stands as it is."""

    text: str
    is_text: bool

    @property
    def is_digit(self) -> bool:
        return not self.is_text and self.text in ("0", "#")


def _custom(number: float, pattern: str) -> str:
    sections: list[list[_Mark]] = [[]]
    for found in _TOKEN.finditer(pattern):
        if found["mark"] == ";":
            sections.append([])
        elif found["mark"] is not None:
            sections[-1].append(_Mark(found["mark"], found["mark"] not in "0#.,%"))
        else:
            sections[-1].append(_Mark(found["quoted"] or found["double"] or found["escaped"] or "", True))
    if number < 0 and len(sections) > 1 and sections[1]:
        return _written(-number, sections[1])
    if number == 0 and len(sections) > 2 and sections[2]:
        return _written(number, sections[2])
    return _written(number, sections[0])


def _written(number: float, marks: Sequence[_Mark]) -> str:
    point = next((place for place, mark in enumerate(marks) if mark == _Mark(".", False)), len(marks))
    digits = [place for place, mark in enumerate(marks) if mark.is_digit]
    before, after = [p for p in digits if p < point], [p for p in digits if p > point]
    commas = [place for place, mark in enumerate(marks[:point]) if mark == _Mark(",", False)]
    thousands = sum(bool(before) and place > before[-1] for place in commas)
    percents = sum(mark == _Mark("%", False) for mark in marks)
    scaled = _DIGITS.scaleb(Decimal(str(number)), 2 * percents - 3 * thousands)
    try:
        rounded = abs(scaled).quantize(Decimal(1).scaleb(-len(after)), ROUND_HALF_UP, _DIGITS)
    except InvalidOperation:
        raise TemplateError("format(): the number or its format has too many digits") from None
    whole, _, fraction = f"{rounded:f}".partition(".")
    zeros = [place for place in before if marks[place].text == "0"]
    whole = whole.lstrip("0").zfill(len(before) - before.index(zeros[0])) if zeros else whole.lstrip("0")
    needed = max((n + 1 for n, place in enumerate(after) if marks[place].text == "0"), default=0)
    fraction = fraction[:needed] + fraction[needed:].rstrip("0")
    grouped = any(before and before[0] < place < before[-1] for place in commas)
    parts = _placed(whole, before, grouped=grouped) | dict(zip(after, fraction, strict=False))
    shown = {
        place: mark.text
        for place, mark in enumerate(marks)
        if mark.is_text or mark.text == "%" or (place == point and fraction)
    }
    sign = "-" if number < 0 and rounded else ""
    return sign + "".join((shown | parts).get(place, "") for place in range(len(marks)))


def _placed(whole: str, places: Sequence[int], *, grouped: bool) -> dict[int, str]:
    """The digits at their placeholders, from the right; the first one takes all that are left."""
    if not places:
        return {}
    characters = [
        digit + ("," if grouped and left and left % 3 == 0 else "")
        for digit, left in zip(whole, reversed(range(len(whole))), strict=True)
    ]
    surplus = max(len(characters) - len(places) + 1, 0)
    filled = ["".join(characters[:surplus]), *characters[surplus:]] if surplus else characters
    return dict(zip(places[len(places) - len(filled) :], filled, strict=True))
