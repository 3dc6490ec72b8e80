"""Moments and durations as ISO 8601 text.

Moments keep nanoseconds, because .NET's round-trip format shows a tenth of a microsecond. A duration's years
and months are 365 and 30 days, as Azure Resource Manager counts them.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, NamedTuple

from holdfast.policy.language.errors import TemplateError

_MOMENT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?)?"
    r"(?:([Zz])|([+-])(\d\d):(\d\d))?"
)
_DURATION: Final = re.compile(r"(-)?P((?:\d+(?:\.\d+)?[YMWD])*)(?:T((?:\d+(?:\.\d+)?[HMS])+))?")
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d+)?)([A-Z])")
_DATE_SECONDS: Final = {"Y": 365 * 86400, "M": 30 * 86400, "W": 7 * 86400, "D": 86400}
_TIME_SECONDS: Final = {"H": 3600, "M": 60, "S": 1}


class Moment(NamedTuple):
    """A point in time with the offset that it was written with."""

    stamp: datetime
    """Whole seconds, with a time zone."""
    nanoseconds: int

    def plus(self, seconds: int) -> "Moment":
        """The moment `seconds` later; TemplateError beyond the years 1 to 9999."""
        try:
            return Moment(self.stamp + timedelta(seconds=seconds), self.nanoseconds)
        except OverflowError:
            raise TemplateError("The moment lies beyond the years 1 to 9999") from None

    def iso(self) -> str:
        """ISO 8601 with `T` and a zone (`Z` for UTC); a fraction only where there is one."""
        offset = self.stamp.strftime("%z")
        zone = "Z" if not self.stamp.utcoffset() else f"{offset[:3]}:{offset[3:5]}"
        return f"{self.stamp:%Y-%m-%dT%H:%M:%S}".zfill(19) + self._fraction() + zone

    def _fraction(self) -> str:
        for digits in (3, 6, 9):
            if self.nanoseconds % 10 ** (9 - digits) == 0:
                return f".{self.nanoseconds // 10 ** (9 - digits):0{digits}}" if self.nanoseconds else ""
        return ""


def moment_from(text: object) -> Moment | None:
    """The moment that ISO 8601 text names, with a `T` or a blank; UTC when no zone is given."""
    found = _MOMENT.fullmatch(text.strip()) if isinstance(text, str) and len(text) < 64 else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else 0 for part in found.groups()[:6])
    offset = timedelta(hours=int(found[10] or 0), minutes=int(found[11] or 0))
    try:
        zone = timezone(-offset if found[9] == "-" else offset) if offset else UTC
        stamp = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return Moment(stamp, int((found[7] or "0").ljust(9, "0")))


def seconds_from(duration: object) -> int | None:
    """The whole seconds of an ISO 8601 duration; None when the text is not one."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) and len(duration) < 128 else None
    if found is None:
        return None
    total = sum(
        int(float(number) * unit[letter])
        for part, unit in ((found[2] or "", _DATE_SECONDS), (found[3] or "", _TIME_SECONDS))
        for number, letter in _DURATION_PART.findall(part)
    )
    return -total if found[1] else total
