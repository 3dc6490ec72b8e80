"""An instance whose compliance is watched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.alerts.model import Alert
from holdfast.alerts.store.reading import AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.policy.compliance.drift import DRIFT, DriftAlerts
from holdfast.policy.compliance.inventory import Inventory, Suppliers
from holdfast.policy.compliance.monitor import Monitor
from holdfast.policy.compliance.reading import EVERYWHERE, Filter, PolicyStates
from holdfast.policy.compliance.states import States, open_states
from holdfast.runtime.kinds import KINDS
from tests.policy.engine.samples import Guarded, open_guarded


@dataclass(frozen=True)
class Watched:
    """The instance, its monitor, and what it found."""

    world: Guarded
    states: States
    monitor: Monitor
    drift: DriftAlerts

    @property
    def reading(self) -> PolicyStates:
        return PolicyStates(self.states.database)

    def catch_up(self) -> None:
        """Let the monitor take in everything that happened."""
        while self.monitor.step() | self.drift.tell():
            continue

    def alerts(self) -> list[Alert]:
        """Every alert, oldest first."""
        return [each.alert for each in AlertReader(self.world.database).opened_after(0)]

    def found(self, **wanted: str) -> dict[str, str]:
        """The state of each resource, by its id."""
        self.catch_up()
        return {each.resource: each.state.value for each in self.reading.find(Filter(EVERYWHERE, **wanted))}  # type: ignore[arg-type]  # texts by name


@contextmanager
def open_watched(folder: Path, suppliers: Suppliers | None = None, url: str = "") -> Iterator[Watched]:
    """A guarded instance with a monitor that has not run yet; on PostgreSQL when there is a `url`."""
    with open_guarded(folder, url) as world:
        states = open_states(folder, world.ring, url)
        states.prepare()
        inventory = Inventory(world.store, KINDS, suppliers)
        monitor = Monitor(world.store, KINDS, inventory, states, world.feed, world.clock)
        alerts = AlertStore(world.database, {DRIFT.id: DRIFT}, world.clock)
        drift = DriftAlerts(states, alerts, monitor.titles)
        drift.tell()  # begins here
        try:
            yield Watched(world, states, monitor, drift)
        finally:
            states.close()
