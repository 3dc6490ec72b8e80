"""`/api/v1/alerts`, `/api/v2/alerts` and `/api/v1/events` of the sensor's API."""

from collections.abc import Callable

from holdfast.alerts.model import Alert
from holdfast.defender.service.view import DefenderView
from holdfast.defender.timeline.model import TimelineEvent
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

MAXIMUM_EVENTS = 100
MAXIMUM_MINUTES = 4320

_TYPES = {
    "unexpected new devices": frozenset({"new-asset-detected", "field-device-discovered-unexpectedly"}),
    "disconnections": frozenset(
        {
            "device-is-suspected-to-be-disconnected-unresponsive",
            "inactive-communication-channel",
            "suspicion-of-unresponsive-modbus-device",
        }
    ),
}
"""Values of the parameter `type`."""


def alerts(
    view: DefenderView,
    *,
    version: int = 2,
    state: str | None = None,
    from_time: int | None = None,
    to_time: int | None = None,
    kind: str | None = None,
) -> list[JsonValue]:
    """Alerts in the fields of the version; moments are epoch milliseconds. Raises InvalidError."""
    wanted = _filter(state, from_time, to_time, kind)
    return [alert_json(alert, version) for alert in view.alerts() if wanted(alert)]


def alert_json(alert: Alert, version: int) -> JsonObject:
    """One alert."""
    first = alert.violations[0] if alert.violations else None
    document: JsonObject = {
        "id": alert.id,
        "time": int(alert.first * 1000),
        "title": alert.type.title,
        "message": first.observed if first else alert.type.meaning,
        "severity": alert.severity.sensor_name,
        "engine": alert.type.engine.title(),
        "sourceDevice": alert.source or None,
        "destinationDevice": alert.destination or None,
        "additionalInformation": {
            "description": alert.type.meaning,
            "information": [violation.observed for violation in alert.violations],
        },
    }
    if version >= 2:
        document |= {
            "sourceDeviceAddress": alert.source or None,
            "destinationDeviceAddress": alert.destination or None,
            "remediationSteps": list(alert.type.steps),
        }
    return document


def events(
    view: DefenderView, now: float, minutes: int | None = None, kind: str | None = None
) -> list[JsonValue]:
    """The newest events of the timeline. Raises InvalidError."""
    if minutes is not None and not 0 < minutes <= MAXIMUM_MINUTES:
        raise InvalidError(f"minutesTimeFrame is between 1 and {MAXIMUM_MINUTES}.", "minutesTimeFrame")
    since = 0.0 if minutes is None else now - minutes * 60
    found: list[JsonValue] = []
    for event in view.events():
        if event.time >= since and kind in {None, event.type.value}:
            found.append(event_json(event))
        if len(found) == MAXIMUM_EVENTS:
            break
    return found


def event_json(event: TimelineEvent) -> JsonObject:
    """One event."""
    return {
        "timestamp": int(event.time * 1000),
        "type": event.type.value,
        "title": event.title,
        "severity": event.severity.value,
        "owner": event.owner,
        "content": ", ".join(event.devices),
    }


def _filter(
    state: str | None, from_time: int | None, to_time: int | None, kind: str | None
) -> Callable[[Alert], bool]:
    if state not in {None, "handled", "unhandled"}:
        raise InvalidError("state is 'handled' or 'unhandled'.", "state")
    if kind is not None and kind not in _TYPES:
        raise InvalidError(f"type is one of {', '.join(_TYPES)}.", "type")
    types = _TYPES.get(kind or "")

    def wanted(alert: Alert) -> bool:
        moment = alert.first * 1000
        return (
            (state is None or alert.open is (state == "unhandled"))
            and (from_time is None or moment >= from_time)
            and (to_time is None or moment <= to_time)
            and (types is None or alert.type.id in types)
        )

    return wanted
