"""A real instance's storage in a temporary folder, for tests of what is built on it."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from holdfast.kernel.clock import Clock, ManualClock, Randomness, SystemRandomness
from holdfast.keys.file import open_key_ring
from holdfast.keys.ring import FileKeyRing
from holdfast.resources.changes import QueuedChangePath
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Kind
from holdfast.resources.port import Authorizer, PolicyGate
from holdfast.resources.store import SqlResourceStore
from holdfast.storage.control import open_control
from holdfast.storage.database import Database


@dataclass
class Instance:
    """The parts that are open; closed at the end of `open_instance`."""

    data_dir: Path
    clock: Clock
    randomness: Randomness
    ring: FileKeyRing
    database: Database
    changes: QueuedChangePath
    store: SqlResourceStore
    feed: AuditFeed


@contextlib.contextmanager
def open_instance(
    data_dir: Path,
    kinds: Mapping[str, Kind],
    *,
    url: str = "",
    clock: Clock | None = None,
    gate: PolicyGate | None = None,
    authorizer: Authorizer | None = None,
) -> Iterator[Instance]:
    """Open the storage of an instance in `data_dir`, or on PostgreSQL when a `url` is given."""
    clock = clock or ManualClock()
    randomness = SystemRandomness()
    ring = open_key_ring(data_dir, clock, randomness)
    database = open_control(data_dir, ring, url)
    changes = QueuedChangePath(database, kinds, ring, clock, randomness, gate=gate, authorizer=authorizer)
    try:
        store = SqlResourceStore(database, kinds, ring)
        feed = AuditFeed(database, clock)
        yield Instance(data_dir, clock, randomness, ring, database, changes, store, feed)
    finally:
        changes.close()
        database.close()
