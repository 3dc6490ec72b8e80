"""The part of a form that says at which hours something holds."""

from typing import Final, NamedTuple

from holdfast.api.frame import ApiRequest
from holdfast.console.pages.access.forms import Fields
from holdfast.console.rendering import read_many
from holdfast.console.tables import Choice
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS: Final = tuple(Choice(str(number), name) for number, name in enumerate(_NAMES))


class ShownHours(NamedTuple):
    """Hours as a form shows them."""

    start: str = ""
    end: str = ""
    weekdays: frozenset[str] = frozenset("0123456")


def shown_hours(body: JsonObject) -> ShownHours:
    """Those of a body; empty ones when it has none."""
    hours = body.get("hours")
    if not isinstance(hours, dict):
        return ShownHours()
    days = hours.get("weekdays")
    chosen = frozenset(map(str, days)) if isinstance(days, list) else ShownHours().weekdays
    return ShownHours(_clock(hours.get("start")), _clock(hours.get("end")), chosen)


def said_hours(body: JsonObject) -> str:
    """The same in words; empty when it holds always."""
    hours = shown_hours(body)
    if not hours.start:
        return ""
    days = "" if len(hours.weekdays) == len(WEEKDAYS) else ", ".join(_short(hours)) + " "
    return f"{days}{hours.start} to {hours.end} UTC"


def _short(hours: ShownHours) -> list[str]:
    return [day.title[:3] for day in WEEKDAYS if day.value in hours.weekdays]


def read_hours(request: ApiRequest, fields: Fields) -> JsonValue:
    """What a form says; None for always. InvalidError."""
    begin, end = fields.get("start", ""), fields.get("end", "")
    if not begin and not end:
        return None
    days: list[JsonValue] = [int(day) for day in read_many(request, "weekday") if day in "0123456"]
    if not days:
        raise InvalidError("Choose at least one weekday, or leave the hours empty.", "/hours/weekdays")
    return {"start": _minutes(begin), "end": _minutes(end), "weekdays": days}


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if not (hours.isascii() and hours.isdigit() and minutes[:2].isascii() and minutes[:2].isdigit()):
        raise InvalidError("Hours have a beginning and an end, such as 08:00 and 17:30.", "/hours")
    return int(hours) * 60 + int(minutes[:2])


def _clock(minutes: JsonValue) -> str:
    number = int(minutes) if isinstance(minutes, int | float) else 0
    return f"{number // 60:02}:{number % 60:02}"
