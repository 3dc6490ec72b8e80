"""A store of alerts on each database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.alerts.model import PLATFORM, Alert, AlertType, Origin, Report, Severity, Sighting
from holdfast.alerts.store.reading import EVERYWHERE, AlertFilter, AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.keys.file import open_key_ring
from holdfast.storage.control import open_control
from holdfast.storage.database import Database

DRIFT = AlertType("drift", "Drift", "policy", Severity.MEDIUM, "Policy", steps=("Look.",))
WRITE = AlertType("write", "Unwanted write", "policy violation", Severity.HIGH, "Programming")
NOISE = AlertType("noise", "Noise", "anomaly", Severity.LOW, "Scan", enabled=False)
SCAN = AlertType("scan", "Scan", "anomaly", Severity.LOW, "Scan")
TYPES = {kind.id: kind for kind in (DRIFT, WRITE, NOISE, SCAN)}


def report(
    kind: str = "drift",
    time: float = 100.0,
    source: str = "pump",
    observed: str = "not compliant",
    learn: tuple[str | int, ...] = (),
    severity: Severity | None = None,
) -> Report:
    return Report(kind, time, source, "policy", "", observed, "compliant", 0, learn, severity)


@dataclass
class Desk:
    """The store with its reader."""

    database: Database
    clock: ManualClock
    maximum: int = 1000
    store: AlertStore = field(init=False)
    reader: AlertReader = field(init=False)

    def __post_init__(self) -> None:
        self.store = AlertStore(self.database, TYPES, self.clock, self.maximum)
        self.reader = AlertReader(self.database)

    def see(self, *reports: Report, origin: Origin = PLATFORM) -> None:
        """Hand reports over, one transaction each."""
        for each in reports:
            self.store.raise_alerts([Sighting(each, origin)])

    def all(self) -> list[Alert]:
        """Every alert, oldest first."""
        return [each.alert for each in self.reader.opened_after(0)]

    def only(self) -> Alert:
        """The only alert that there is."""
        (alert,) = self.all()
        return alert

    def found(self, **wanted: object) -> list[str]:
        """The sources of the alerts that a filter finds, newest first."""
        asked = AlertFilter(**{"reach": EVERYWHERE, **wanted})  # type: ignore[arg-type]  # fields by name
        return [each.alert.source for each in self.reader.find(asked)]


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """A store on SQLite and on PostgreSQL."""
    clock = ManualClock()
    database = open_control(tmp_path, open_key_ring(tmp_path, clock, SystemRandomness()), database_url)
    yield Desk(database, clock)
    database.close()
