"""The file of device state. It follows the log: every change was durable in the log's row before.

So it needs no fsync at a commit: after a crash the changes that it lost are applied again from the log, from
the sequence that it remembers. It is made durable before log files are unlinked.
"""

import sqlite3
import threading
from pathlib import Path

from holdfast.kernel.errors import UnavailableError
from holdfast.log.backend import StateChange
from holdfast.storage.sqlcipher import claim, connect

STATE_FILE = "state.db"
FORMAT = 1
"""PRAGMA user_version of the file; a newer one is refused."""


class StateReader:
    """Reads the state through one connection; see `backend.StateReading`. Not thread-safe."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, space: str, key: str) -> bytes | None:
        """See `StateReading.get`."""
        row = self._connection.execute(
            "SELECT value FROM state WHERE space = ? AND key = ?", (space, key)
        ).fetchone()
        return row[0] if row else None

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        """See `StateReading.scan`."""
        return self._connection.execute(
            "SELECT key, value FROM state WHERE space = ? AND key >= ? AND key < ? ORDER BY key",
            (space, prefix, prefix + "\U0010ffff"),
        ).fetchall()


class SharedStateReader:
    """Reads the state from any process and thread, from the moment that the gateway made the file."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key
        self._lock = threading.Lock()
        self._reader: StateReader | None = None

    def get(self, space: str, key: str) -> bytes | None:
        """See `StateReading.get`."""
        with self._lock:
            return self._opened().get(space, key)

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        """See `StateReading.scan`."""
        with self._lock:
            return self._opened().scan(space, prefix)

    def _opened(self) -> StateReader:
        if self._reader is None:
            if not self._path.exists():
                raise UnavailableError("The gateway has not started yet; try again in a moment.")
            connection = connect(self._path, self._key, "rw")
            connection.execute("PRAGMA query_only=ON")
            self._reader = StateReader(connection)
        return self._reader


class StateFile(StateReader):
    """The writer's end of the state file."""

    def __init__(self, path: Path, key: bytes) -> None:
        connection = connect(path, key)
        claim(connection, path, FORMAT)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        self._own = connection
        self._create()
        super().__init__(connection)

    def applied(self) -> int:
        """The sequence of the last log row whose changes are in here."""
        return int(self._own.execute("SELECT sequence FROM applied").fetchone()[0])

    def apply(self, sequence: int, changes: list[StateChange]) -> None:
        """Take over the changes of one log row."""
        stored = [(change.space, change.key, change.value) for change in changes if change.value is not None]
        gone = [(change.space, change.key) for change in changes if change.value is None]
        self._own.execute("BEGIN IMMEDIATE")
        try:
            self._own.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", stored)
            self._own.executemany("DELETE FROM state WHERE space = ? AND key = ?", gone)
            self._own.execute("UPDATE applied SET sequence = ?", (sequence,))
            self._own.execute("COMMIT")
        except BaseException:
            if self._own.in_transaction:
                self._own.execute("ROLLBACK")
            raise

    def make_durable(self, sequence: int) -> None:
        """Fsync everything up to `sequence`, whose log rows are about to go, by a commit that is durable."""
        self._own.execute("PRAGMA synchronous=FULL")
        self._own.execute("UPDATE applied SET sequence = max(sequence, ?)", (sequence,))
        self._own.execute("PRAGMA synchronous=NORMAL")

    def close(self) -> None:
        """Close the file."""
        self._own.close()

    def _create(self) -> None:
        self._own.execute("BEGIN IMMEDIATE")
        self._own.execute(
            "CREATE TABLE IF NOT EXISTS state "
            "(space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, key))"
        )
        self._own.execute("CREATE TABLE IF NOT EXISTS applied (sequence INTEGER NOT NULL)")
        self._own.execute("INSERT INTO applied SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM applied)")
        self._own.execute("COMMIT")
