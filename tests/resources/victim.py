"""A process that changes resources until it is killed: `python -m tests.resources.victim FOLDER RUN [URL]`.

Several threads change, one consumes the events; it keeps what it saw and its position in one transaction of a
database of its own. For every change that was answered a line says `done ID ETAG`.
"""

import itertools
import os
import sqlite3
import sys
import threading
from pathlib import Path

from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.principal import SYSTEM
from holdfast.keys.file import open_key_ring
from holdfast.resources.changes import QueuedChangePath
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Action, Change
from holdfast.resources.sealing import Sealer
from holdfast.resources.witness import WITNESS_FILE, HeadFile
from holdfast.storage.control import open_control
from tests.resources.kinds import KINDS

THREADS = 6
SEEN = "seen.sqlite"


def consume(folder: Path, feed: AuditFeed) -> None:
    """Take every event once; a second time would break the primary key."""
    database = sqlite3.connect(folder / SEEN, isolation_level=None)
    database.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, sequence INTEGER)")
    while True:
        (position,) = database.execute("SELECT coalesce(max(sequence), 0) FROM seen").fetchone()
        feed.wait(position, 1.0)
        database.execute("BEGIN IMMEDIATE")
        rows = [(event.id, event.sequence) for event in feed.read(position, 20)]
        database.executemany("INSERT INTO seen VALUES (?, ?)", rows)
        database.execute("COMMIT")


def change(changes: QueuedChangePath, run: str, thread: int) -> None:
    """Make a thing, change it, delete every third."""
    for number in itertools.count():
        name = f"{run}-{thread}-{number}"
        for action in (Action.CREATE, Action.MERGE, *([Action.DELETE] if number % 3 == 0 else [])):
            body = {} if action is Action.DELETE else {"name": action.value}
            try:
                applied = changes.apply(SYSTEM, Change(action, "thing", name, {**body}))
            except UnavailableError as error:
                os.write(1, f"refused {error}\n".encode())
                break
            etag = applied.resource.etag if applied.resource else "deleted"
            os.write(1, f"done {name} {etag}\n".encode())


def main(folder: Path, run: str, url: str = "") -> None:
    """Work until killed."""
    clock, randomness = SystemClock(), SystemRandomness()
    ring = open_key_ring(folder, clock, randomness)
    database = open_control(folder, ring, url)
    kinds = {kind.name: kind for kind in KINDS}
    sealer = Sealer(database, ring, clock, HeadFile(folder / WITNESS_FILE))
    changes = QueuedChangePath(database, kinds, ring, clock, randomness, sealer=sealer)
    threading.Thread(target=consume, args=(folder, AuditFeed(database, clock)), daemon=True).start()
    threads = [threading.Thread(target=change, args=(changes, run, number)) for number in range(THREADS)]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *sys.argv[3:])
