"""`/api/v1/events` of the sensor's API: the newest events of the timeline."""

from typing import Final

from holdfast.defender.network.filters import EventFilter
from holdfast.defender.service.devices import milliseconds
from holdfast.defender.service.seen import Seen
from holdfast.defender.timeline.model import TITLES, EventType
from holdfast.kernel.json import JsonObject, JsonValue

MAXIMUM_EVENTS: Final = 100
MAXIMUM_MINUTES: Final = 4320
"""Three days; a larger time frame is taken as this."""


def events(seen: Seen, now: float, minutes: int | None = None, kind: str | None = None) -> list[JsonValue]:
    """The newest events, newest first; a type that there is not is ignored, as documented."""
    since = None if minutes is None else now - min(minutes, MAXIMUM_MINUTES) * 60
    known = kind if kind in list(EventType) else None
    found = seen.events(EventFilter(type=known or "", since=since), MAXIMUM_EVENTS)
    return [_event(event) for event in found]


def _event(event: JsonObject) -> JsonObject:
    kind, devices = str(event["type"]), event["devices"]
    parties = ", ".join(str(each) for each in devices) if isinstance(devices, list) else ""
    return {
        "timestamp": milliseconds(str(event["time"])),
        "type": kind,
        "title": TITLES[EventType(kind)] if kind in list(EventType) else kind,
        "severity": event["severity"],
        "owner": event["owner"] or None,
        "content": f"{event['title']} ({parties})" if parties else event["title"],
    }
