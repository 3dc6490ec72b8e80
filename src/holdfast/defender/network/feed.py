"""Reads what sensors say out of the log, and watches over who says nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from prometheus_client import Gauge
from sqlalchemy import select

from holdfast.access.reading import everything
from holdfast.alerts.model import Matter, Origin, Report, Sighting
from holdfast.alerts.port import AlertSink
from holdfast.defender.catalogue.table import alert_types
from holdfast.defender.network.intake import Arrived, Heard, Intake
from holdfast.defender.network.kinds import SENSOR
from holdfast.defender.network.source import Source
from holdfast.defender.network.tables import sensors
from holdfast.defender.uplink.messages import MARK, NUMBER, SPOOL
from holdfast.kernel.clock import Clock
from holdfast.kernel.organizations import name, site_of
from holdfast.log.port import PARTITIONS, LogReader, Position, Record
from holdfast.resources.model import Resource
from holdfast.resources.port import ResourceStore
from holdfast.storage.database import Database
from holdfast.telemetry.decode import properties_of

BATCH: Final = 500
KEEP_STEPS: Final = 100
"""After so many batches without a message of a sensor the position is kept nevertheless."""
DISCONNECTED: Final = "sensor-is-disconnected"
_MARKED = f"{MARK}=1"


class SensorFeed:
    """Takes the messages of sensors in, each once."""

    def __init__(self, log: LogReader, store: ResourceStore, intake: Intake) -> None:
        self._log = log
        self._store = store
        self._intake = intake
        self._done = {number: Position(number, 0) for number in range(PARTITIONS)} | intake.positions()
        self._unkept = 0
        self._moved: dict[int, Position] = {}

    def step(self) -> tuple[bool, list[Heard]]:
        """Take one batch of the log in: whether that was all, and the health among it. Blocking.

        What fails is read again by the next run of the job.
        """
        chunk = self._log.poll(self._done, BATCH, "telemetry", _MARKED)
        self._moved |= {n: p for n, p in chunk.positions.items() if p != self._done.get(n)}
        arrived = list(self._arrived(chunk.records))
        heard: list[Heard] = []
        self._unkept += 1
        if arrived or (self._moved and self._unkept >= KEEP_STEPS):
            heard = self._intake.take(arrived, self._moved)
            self._moved, self._unkept = {}, 0
        self._done.update(chunk.positions)
        return chunk.complete, heard

    def wait(self, seconds: float) -> None:
        """Until the log has more, or `seconds` have passed."""
        self._log.wait(seconds)

    def _arrived(self, records: Sequence[Record]) -> Iterator[Arrived]:
        known: dict[str, Resource | None] = {}
        for record in records:
            if record.device not in known:
                known[record.device] = self._store.get(SENSOR, record.device)
            sensor = known[record.device]
            bag = properties_of(record)
            number = bag.get(NUMBER, "")
            if sensor is None or not number.isascii() or not number.isdigit() or len(number) > 18:
                continue  # a device that is no sensor says nothing about networks
            source = Source(sensor.id, sensor.organization)
            yield Arrived(source, bag.get(SPOOL, "")[:128], int(number), record.body, record.time)


class SensorGauges:
    """Health of every sensor as metrics."""

    def __init__(self, gauges: dict[str, Gauge]) -> None:
        self._gauges = gauges

    def show(self, database: Database) -> None:
        """The newest health of each."""
        with database.read() as connection:
            rows = connection.execute(select(sensors.c.sensor, sensors.c.health)).all()
        for row in rows:
            if row.health:
                health = msgspec.json.decode(row.health)
                for member, gauge in self._gauges.items():
                    gauge.labels(row.sensor).set(float(health.get(member, 0)))


@dataclass
class SensorWatch:
    """Raises an alert when a sensor has not been heard of for long, and resolves it when it is back."""

    store: ResourceStore
    database: Database
    alerts: AlertSink
    clock: Clock
    gauges: SensorGauges | None = None
    _away: dict[str, Source] = field(default_factory=dict)

    def look(self) -> None:
        """Judge every sensor now. Blocking."""
        now = self.clock.now()
        patience = alert_types()[DISCONNECTED].threshold.seconds
        with self.database.read() as connection:
            seen = {
                row.sensor: row.seen for row in connection.execute(select(sensors.c.sensor, sensors.c.seen))
            }
        present = {each.id: Source(each.id, each.organization) for each in everything(self.store, SENSOR)}
        away = {
            sensor: source
            for sensor, source in present.items()
            if sensor in seen and now - seen[sensor] > patience
        }
        fresh = [source for sensor, source in away.items() if sensor not in self._away]
        back = [source for sensor, source in self._away.items() if sensor not in away]
        self.alerts.raise_alerts([_disconnected(source, seen[source.sensor], now) for source in fresh])
        self.alerts.resolve_alerts([_matter(source) for source in back])
        self._away = away
        if self.gauges is not None:
            self.gauges.show(self.database)


def _disconnected(source: Source, seen: float, now: float) -> Sighting:
    observed = f"no message for {round((now - seen) / 60)} minutes"
    report = Report(DISCONNECTED, now, source.sensor, "", "", observed, "a message every few seconds")
    origin = Origin("platform", source.organization, site_of(source.organization), name(source.organization))
    return Sighting(report, origin)


def _matter(source: Source) -> Matter:
    return Matter(DISCONNECTED, source.sensor, "", source.organization, site_of(source.organization))
