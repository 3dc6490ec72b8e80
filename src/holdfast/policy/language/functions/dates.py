"""`addDays`, `dateTimeAdd`, `dateTimeFromEpoch`, `dateTimeToEpoch`."""

from datetime import UTC, datetime
from typing import Final

from holdfast.policy.language.functions.base import Function, whole
from holdfast.policy.language.functions.date_formats import format_moment
from holdfast.policy.language.functions.moments import Moment, moment_from, seconds_from
from holdfast.policy.language.values import UNDEFINED


def _date_time_add(base: object, duration: object, pattern: object = None) -> object:
    moment, seconds = moment_from(base), seconds_from(duration)
    if moment is None or seconds is None:
        return UNDEFINED
    result = moment.plus(seconds)
    return format_moment(result, pattern) if isinstance(pattern, str) else result.iso()


def _add_days(base: object, days: object) -> object:
    moment = moment_from(base)
    if moment is None or not isinstance(days, int) or isinstance(days, bool):
        return UNDEFINED
    return moment.plus(days * 86400).iso()


def _date_time_to_epoch(text: object) -> object:
    moment = moment_from(text)
    return UNDEFINED if moment is None else int(moment.stamp.timestamp())


def _date_time_from_epoch(seconds: object) -> object:
    number = whole(seconds)
    if number is None or number != seconds:
        return UNDEFINED
    try:
        return Moment(datetime.fromtimestamp(number, UTC), 0).iso()
    except (ValueError, OverflowError, OSError):
        return UNDEFINED


def reformatted(text: object, pattern: object) -> object:
    """A moment in another format; UNDEFINED when the text names none."""
    moment = moment_from(text)
    return UNDEFINED if moment is None or not isinstance(pattern, str) else format_moment(moment, pattern)


FUNCTIONS: Final = (
    Function("addDays", _add_days, 2, 2, of_text=True),
    Function("dateTimeAdd", _date_time_add, 2, 3, of_text=True),
    Function("dateTimeFromEpoch", _date_time_from_epoch, 1, 1),
    Function("dateTimeToEpoch", _date_time_to_epoch, 1, 1, of_text=True),
)
