"""A real instance without its processes: keys, encrypted database, store and change path in a folder."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM, Principal
from holdfast.keys.file import open_key_ring
from holdfast.keys.ring import FileKeyRing
from holdfast.resources.changes import QueuedChangePath
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Action, Applied, Change, Kind, Resource
from holdfast.resources.port import PolicyGate
from holdfast.resources.sealing import Sealer
from holdfast.resources.store import SqlResourceStore
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from holdfast.storage.control import open_control
from holdfast.storage.database import Database


@dataclass(frozen=True)
class World:
    """The parts, and short ways to do what tests do all the time."""

    ring: FileKeyRing
    database: Database
    store: SqlResourceStore
    changes: QueuedChangePath
    clock: ManualClock
    randomness: SystemRandomness
    feed: AuditFeed
    folder: Path

    def put(
        self, kind: str, id: str, body: JsonObject, principal: Principal = SYSTEM, **rest: object
    ) -> Resource:
        """Make or replace a resource; rest are fields of `Change`."""
        applied = self.change(Action.PUT, kind, id, body, principal, **rest)
        assert applied.resource is not None
        return applied.resource

    def change(
        self,
        action: Action,
        kind: str,
        id: str,
        body: JsonObject | None = None,
        principal: Principal = SYSTEM,
        **rest: object,
    ) -> Applied:
        """Apply one change."""
        change = Change(action, kind, id, body or {}, **rest)  # type: ignore[arg-type]  # fields by name
        return self.changes.apply(principal, change)


@contextmanager
def open_world(
    folder: Path,
    kinds: Iterable[Kind],
    clock: ManualClock | None = None,
    *,
    url: str = "",
    gate: PolicyGate | None = None,
    seals: bool = True,
) -> Iterator[World]:
    """An instance in `folder` that knows `kinds`; on PostgreSQL when there is a `url`. Its audit log is
    sealed as in production unless the test does that itself."""
    clock = clock or ManualClock()
    randomness = SystemRandomness()
    ring = open_key_ring(folder, clock, randomness)
    database = open_control(folder, ring, url)
    by_name = {kind.name: kind for kind in kinds}
    sealer = Sealer(database, ring, clock, HeadFile(folder / WITNESS_FILE)) if seals else None
    changes = QueuedChangePath(database, by_name, ring, clock, randomness, gate=gate, sealer=sealer)
    try:
        store = SqlResourceStore(database, by_name, ring)
        feed = AuditFeed(database, clock)
        yield World(ring, database, store, changes, clock, randomness, feed, folder)
    finally:
        changes.close()
        database.close()
