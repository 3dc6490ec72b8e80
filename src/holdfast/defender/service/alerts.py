"""`/api/v1/alerts` and `/api/v2/alerts` of the sensor's API, and those of the console over all sensors."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from holdfast.alerts.model import Alert
from holdfast.alerts.store.reading import Numbered
from holdfast.defender.network.reading import Place
from holdfast.defender.service.devices import Places
from holdfast.defender.service.seen import Seen
from holdfast.kernel.json import JsonObject, JsonValue

_TYPES: Final = {
    "unexpected new devices": frozenset({"new-asset-detected", "field-device-discovered-unexpectedly"}),
    "disconnections": frozenset(
        {
            "device-is-suspected-to-be-disconnected-unresponsive",
            "inactive-communication-channel",
            "suspicion-of-unresponsive-modbus-device",
        }
    ),
}
"""Values of the parameter `type`; others are ignored, as documented."""
_STATES: Final = {"handled": False, "unhandled": True}
"""Values of the parameter `state`, and whether the alerts are open; others are ignored, as documented."""


class Wanted(NamedTuple):
    """Which alerts; moments are epoch milliseconds."""

    is_open: bool | None = None
    from_time: int | None = None
    to_time: int | None = None
    types: frozenset[str] | None = None

    def takes(self, alert: Alert) -> bool:
        """Whether an alert is one of them."""
        moment = alert.first * 1000
        return (
            (self.is_open is None or alert.open is self.is_open)
            and (self.from_time is None or moment >= self.from_time)
            and (self.to_time is None or moment <= self.to_time)
            and (self.types is None or alert.type.id in self.types)
        )


def wanted(state: str | None, from_time: int | None, to_time: int | None, kind: str | None) -> Wanted:
    """What the parameters ask for."""
    return Wanted(_STATES.get(state or ""), from_time, to_time, _TYPES.get(kind or ""))


def alerts(seen: Seen, asked: Wanted, version: int = 2) -> list[JsonValue]:
    """Alerts in the fields of the version, oldest first."""
    found = [each for each in seen.alerts() if asked.takes(each.alert)]
    numbers = _devices(seen, found)
    return [_document(each, numbers, version) for each in found]


def placed_alerts(seen: Seen, asked: Wanted, places: Places, version: int) -> list[JsonValue]:
    """Alerts of all sensors with their places, as the console lists them."""
    found = [
        each
        for each in seen.alerts()
        if asked.takes(each.alert) and places.hold(each.alert.site, each.alert.zone, each.alert.sensors)
    ]
    numbers = _devices(seen, found)
    return [_document(each, numbers, version) | _place(each.alert, version) for each in found]


def _devices(seen: Seen, found: Iterable[Numbered]) -> Mapping[Place, int]:
    parties = (
        (str(alert.organization), party)
        for _number, alert in found
        for party in (alert.source, alert.destination)
        if party
    )
    return seen.numbers_at(parties)


def _document(each: Numbered, devices: Mapping[Place, int], version: int) -> JsonObject:
    alert = each.alert
    first = alert.violations[0] if alert.violations else None
    document: JsonObject = {
        "id": each.number,
        "uuid": alert.id,
        "time": round(alert.first * 1000),
        "title": alert.type.title,
        "message": first.observed if first else alert.type.meaning,
        "severity": alert.severity.sensor_name,
        "engine": alert.type.engine.title(),
        "sourceDevice": devices.get((alert.organization, alert.source)),
        "destinationDevice": devices.get((alert.organization, alert.destination)),
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


def _place(alert: Alert, version: int) -> JsonObject:
    sensor = next(iter(alert.sensors), "")
    place: JsonObject = {
        "sensorId": sensor,
        "zoneId": alert.zone,
        "siteId": alert.site,
        "handled": not alert.open,
    }
    if version >= 2:
        place |= {"sensorName": sensor, "zoneName": alert.zone, "siteName": alert.site}
    return place
