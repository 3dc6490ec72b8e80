"""An instance whose compliance is watched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.alerts.model import Report
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
    reports: list[Report] = field(default_factory=list)

    @property
    def reading(self) -> PolicyStates:
        return PolicyStates(self.states.database)

    def catch_up(self) -> None:
        """Let the monitor take in everything that happened."""
        while self.monitor.step():
            pass

    def found(self, **wanted: str) -> dict[str, str]:
        """The state of each resource, by its id."""
        self.catch_up()
        return {each.resource: each.state.value for each in self.reading.find(Filter(EVERYWHERE, **wanted))}  # type: ignore[arg-type]  # texts by name


@contextmanager
def open_watched(folder: Path, suppliers: Suppliers | None = None) -> Iterator[Watched]:
    """A guarded instance with a monitor that has not run yet."""
    with open_guarded(folder) as world:
        states = open_states(folder, world.ring)
        states.prepare()
        inventory = Inventory(world.store, KINDS, suppliers)
        reports: list[Report] = []
        monitor = Monitor(world.store, KINDS, inventory, states, world.feed, world.clock, reports.extend)
        try:
            yield Watched(world, states, monitor, reports)
        finally:
            states.close()
