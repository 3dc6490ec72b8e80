"""Date and time format strings of .NET in the invariant culture, standard (one letter) and custom.

Source: *Standard date and time format strings* and *Custom date and time format strings* of .NET.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Final

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.functions.moments import Moment

_LONG_DATE: Final = "dddd, dd MMMM yyyy"
_STANDARD: Final[Mapping[str, str]] = {
    "d": "MM/dd/yyyy",
    "D": _LONG_DATE,
    "f": f"{_LONG_DATE} HH:mm",
    "F": f"{_LONG_DATE} HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "M": "MMMM dd",
    "m": "MMMM dd",
    "O": "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
    "o": "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-dd'T'HH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "U": f"{_LONG_DATE} HH:mm:ss",
    "Y": "yyyy MMMM",
    "y": "yyyy MMMM",
}
_IN_UTC: Final = frozenset("RruU")
_PART: Final = re.compile(
    r"'(?P<quoted>[^']*)'?|\"(?P<double>[^\"]*)\"?|\\(?P<escaped>.)|%(?=.)|(?P<run>([yMdHhmsfFtKzg])\5*)",
    re.DOTALL,
)
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def format_moment(moment: Moment, pattern: str) -> str:
    """`moment` by a standard or a custom format string.

    Raises TemplateError for a single letter that is no standard format.
    """
    if len(pattern) != 1:
        return _custom(moment, pattern)
    if pattern not in _STANDARD:
        raise TemplateError(f"dateTimeAdd(): unrecognised standard format specifier '{pattern}'")
    shown = Moment(moment.stamp.astimezone(UTC), moment.nanoseconds) if pattern in _IN_UTC else moment
    return _custom(shown, _STANDARD[pattern])


def _custom(moment: Moment, pattern: str) -> str:
    def part(found: re.Match[str]) -> str:
        run = found["run"]
        if run is not None:
            return _WRITERS[run[0]](moment, len(run))
        return found["quoted"] or found["double"] or found["escaped"] or ""

    return _PART.sub(part, pattern)


def _year(moment: Moment, length: int) -> str:
    year = moment.stamp.year
    return str(year % 100).zfill(length) if length <= 2 else str(year).zfill(length)


def _month(moment: Moment, length: int) -> str:
    name = _MONTHS[moment.stamp.month - 1]
    return str(moment.stamp.month).zfill(length) if length <= 2 else name[:3] if length == 3 else name


def _day(moment: Moment, length: int) -> str:
    name = _DAYS[moment.stamp.weekday()]
    return str(moment.stamp.day).zfill(length) if length <= 2 else name[:3] if length == 3 else name


def _padded(number: Callable[[Moment], int]) -> Callable[[Moment, int], str]:
    return lambda moment, length: str(number(moment)).zfill(min(length, 2))


def _fraction(moment: Moment, length: int) -> str:
    return f"{moment.nanoseconds:09}"[:length]


def _short_fraction(moment: Moment, length: int) -> str:
    return _fraction(moment, length).rstrip("0")


def _half(moment: Moment, length: int) -> str:
    return ("AM" if moment.stamp.hour < 12 else "PM")[:length]


def _offset_minutes(moment: Moment) -> int:
    offset = moment.stamp.utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def _zone(moment: Moment, length: int) -> str:
    minutes = _offset_minutes(moment)
    hours = str(abs(minutes) // 60).zfill(min(length, 2))
    rest = f":{abs(minutes) % 60:02}" if length >= 3 else ""
    return ("-" if minutes < 0 else "+") + hours + rest


def _kind(moment: Moment, length: int) -> str:
    return (_zone(moment, 3) if _offset_minutes(moment) else "Z") * length


_WRITERS: Final[Mapping[str, Callable[[Moment, int], str]]] = {
    "y": _year,
    "M": _month,
    "d": _day,
    "H": _padded(lambda moment: moment.stamp.hour),
    "h": _padded(lambda moment: (moment.stamp.hour - 1) % 12 + 1),
    "m": _padded(lambda moment: moment.stamp.minute),
    "s": _padded(lambda moment: moment.stamp.second),
    "f": _fraction,
    "F": _short_fraction,
    "t": _half,
    "z": _zone,
    "K": _kind,
    "g": lambda moment, length: "A.D.",
}
"""What each letter of a custom format writes, given how often it stands in a row."""
