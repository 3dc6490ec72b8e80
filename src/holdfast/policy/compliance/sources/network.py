"""What policies see of network monitoring: facts of sensors, and the open alerts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from holdfast.alerts.model import Status
from holdfast.alerts.store.reading import EVERYWHERE, AlertFilter, AlertReader
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject, at_path
from holdfast.policy.compliance.inventory import Facts
from holdfast.policy.compliance.sources.devices import LastSeen
from holdfast.policy.types.documents import PolicyDocument, supplied
from holdfast.resources.model import Reader, Resource

ALERTS: Final = "Holdfast.Defender/alerts"
MAXIMUM_ALERTS: Final = 10_000
"""Open alerts that are judged, the newest first."""
_PAGE: Final = 500
_OPEN: Final = frozenset({Status.NEW, Status.ACTIVE})
_LEARNING: Final = "learning"


def sensor_facts(reader: Reader, last_seen: LastSeen) -> Facts:
    """The properties `enabled`, `lastSeen` and `learning` of the type `Holdfast.Defender/sensors`.

    A sensor reports as the device of the same id.
    """

    def facts(sensors: Sequence[Resource]) -> Mapping[str, JsonObject]:
        seen = last_seen([sensor.id for sensor in sensors])
        return {
            sensor.id: {
                "enabled": _may_report(reader, sensor.id),
                "learning": at_path(sensor.body, "setup.stage") == _LEARNING,
                **({"lastSeen": isoformat(seen[sensor.id])} if sensor.id in seen else {}),
            }
            for sensor in sensors
        }

    return facts


def _may_report(reader: Reader, identity: str) -> bool:
    device = reader.get("device", identity)
    return device is not None and device.body.get("enabled", True) is True


def alert_documents(reader: AlertReader) -> Iterator[PolicyDocument]:
    """The open alerts as documents."""
    wanted, before, number = AlertFilter(EVERYWHERE, statuses=_OPEN), None, 0
    while number < MAXIMUM_ALERTS and (found := reader.find(wanted, _PAGE, before)):
        for _, alert in found:
            properties: JsonObject = {
                "severity": alert.severity.value,
                "status": alert.status.value,
                "type": alert.type.id,
                "engine": alert.type.engine,
                "opened": isoformat(alert.first),
            }
            yield supplied(ALERTS, alert.id, properties, alert.organization)
        number, before = number + len(found), found[-1].number
