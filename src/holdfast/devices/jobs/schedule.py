"""When scheduled jobs run: once, daily, weekly or monthly, until a date or so many times.

All moments are UTC. A monthly schedule that begins on the 31st runs on the last day of shorter months.
"""

import calendar
import datetime
from bisect import bisect_left
from enum import StrEnum
from typing import NamedTuple

from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

_LAST_YEAR = 9998
_DAY = 86_400


class Recurrence(StrEnum):
    """How often."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Schedule(NamedTuple):
    """When a job runs."""

    start: float
    recurrence: Recurrence
    until: float | None
    """The last moment at which it may begin; the end of the day that was named."""
    occurrences: int | None

    def moment(self, number: int) -> float | None:
        """When run `number` (from 0) begins; None when there is no such run."""
        if self.recurrence is Recurrence.ONCE and number:
            return None
        if self.occurrences is not None and number >= self.occurrences:
            return None
        moment = _moment(self.start, self.recurrence, number)
        if moment is None or (self.until is not None and moment > self.until):
            return None
        return moment

    def due(self, done: int, now: float) -> int | None:
        """The run that should begin now: the latest whose moment has come, of those after `done` runs.

        Runs that were missed while nobody was there are not made up for, except the latest.
        """

        def is_past(number: int) -> bool:
            moment = self.moment(number)
            return moment is not None and moment <= now

        beyond = done + max(0, int((now - self.start) / _DAY)) + 2
        following = bisect_left(range(done, beyond), True, key=lambda number: not is_past(number)) + done
        return following - 1 if following > done else None


def _moment(start: float, recurrence: Recurrence, number: int) -> float | None:
    begin = datetime.datetime.fromtimestamp(start, tz=datetime.UTC)
    try:
        if recurrence is not Recurrence.MONTHLY:
            days = {Recurrence.WEEKLY: 7}.get(recurrence, 1) * number
            return (begin + datetime.timedelta(days=days)).timestamp()
        months = begin.month - 1 + number
        year, month = begin.year + months // 12, months % 12 + 1
        if year > _LAST_YEAR:
            return None
        day = min(begin.day, calendar.monthrange(year, month)[1])
        return begin.replace(year=year, month=month, day=day).timestamp()
    except (OverflowError, ValueError):
        return None


def read_schedule(value: JsonValue) -> Schedule:
    """The schedule of a body. InvalidError naming the field."""
    if not isinstance(value, dict):
        raise InvalidError(
            "/schedule is an object with start, and recurrence and end if it repeats.", "/schedule"
        )
    recurrence = value.get("recurrence")
    if recurrence is not None and recurrence not in {"daily", "weekly", "monthly"}:
        raise InvalidError("/schedule/recurrence is daily, weekly or monthly.", "/schedule/recurrence")
    end = value.get("end")
    until, occurrences = _end(end) if end is not None else (None, None)
    return Schedule(
        start=_date(value.get("start"), "/schedule/start"),
        recurrence=Recurrence(str(recurrence)) if recurrence else Recurrence.ONCE,
        until=until,
        occurrences=occurrences,
    )


def _end(value: JsonValue) -> tuple[float | None, int | None]:
    field = "/schedule/end"
    if isinstance(value, dict) and value.get("type") == "date":
        return _date(value.get("date"), f"{field}/date") + _DAY - 1, None
    if isinstance(value, dict) and value.get("type") == "occurrences":
        count = value.get("occurrences")
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 999:
            raise InvalidError(f"{field}/occurrences is 1 to 999.", f"{field}/occurrences")
        return None, count
    raise InvalidError(f"{field}/type is date or occurrences.", f"{field}/type")


def _date(value: JsonValue, field: str) -> float:
    try:
        moment = parse_isoformat(str(value))
    except (ValueError, OverflowError):
        raise InvalidError(f"{field} is a moment such as 2026-11-22T03:24:00Z.", field) from None
    return moment


def checked_schedule(value: JsonValue) -> JsonObject:
    """The schedule's body after checking it."""
    read_schedule(value)
    return value if isinstance(value, dict) else {}
