"""What a sensor keeps on its disk, all of it encrypted: what it learned, who it is, what it was told, its
spool.

The folder is a small instance of its own: a key ring in `keys/` (its key file with mode 0600), and one
database encrypted by SQLCipher.
"""

import sqlite3
import threading
from pathlib import Path
from typing import Final

import msgspec

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import ConflictError
from holdfast.keys.file import open_key_ring
from holdfast.keys.files import make_private_folder
from holdfast.storage import sqlcipher

FILE: Final = "sensor.db"
KEY_PURPOSE: Final = "sensor"
_FORMAT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spool (
    number INTEGER PRIMARY KEY AUTOINCREMENT, expendable INTEGER NOT NULL, octets INTEGER NOT NULL,
    data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS instructions (number INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL);
"""

LEARNED: Final = "learned"
IDENTITY: Final = "identity"
MUTED: Final = "muted"
SETUP: Final = "setup"


class Identity(msgspec.Struct, frozen=True):
    """Who a sensor is on the platform, and how it reaches it."""

    device: str
    host: str
    port: int
    certificate: str
    """PEM, with the chain where an authority of the plant's own issued it."""
    key: str
    """PEM, unencrypted: it lies in the encrypted database only."""
    root: str
    """The certificate in PEM by which the platform is known."""


class SensorState:
    """The opened folder. Thread-safe; every method that changes something is durable when it returns."""

    def __init__(self, folder: Path, clock: Clock, randomness: Randomness) -> None:
        """Open it, or make it. KeyUnavailableError and StartupError say what is wrong."""
        make_private_folder(folder)
        ring = open_key_ring(folder, clock, randomness)
        path = folder / FILE
        with sqlcipher.opening(path):
            self._connection = sqlcipher.connect(path, ring.data_key(KEY_PURPOSE))
            sqlcipher.claim(self._connection, path, _FORMAT)
            sqlcipher.set_durable(self._connection)
            self._connection.executescript(_TABLES)
        self.instance = ring.instance
        """A random id of the folder: of its spool, too."""
        self.lock = threading.Lock()

    @property
    def connection(self) -> sqlite3.Connection:
        """For the spool; hold the lock."""
        return self._connection

    def get(self, name: str) -> bytes | None:
        """What is kept under a name."""
        with self.lock:
            row = self._connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, name: str, value: bytes) -> None:
        """Keep something."""
        with self.lock:
            self._connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def identity(self) -> Identity:
        """Who the sensor is. ConflictError when it was not enrolled."""
        kept = self.get(IDENTITY)
        if kept is None:
            raise ConflictError("This sensor is not enrolled; `holdfast sensor enroll` makes it a device.")
        return msgspec.json.decode(kept, type=Identity)

    def enroll(self, identity: Identity) -> None:
        """Keep who the sensor is."""
        self.put(IDENTITY, msgspec.json.encode(identity))

    def instruct(self, data: bytes) -> None:
        """Keep what the platform told, until it is done."""
        with self.lock:
            self._connection.execute("INSERT INTO instructions (data) VALUES (?)", (data,))

    def instructions(self) -> list[tuple[int, bytes]]:
        """What was told and is not done, in order."""
        with self.lock:
            rows = self._connection.execute(
                "SELECT number, data FROM instructions ORDER BY number"
            ).fetchall()
        return [(int(number), bytes(data)) for number, data in rows]

    def done(self, number: int) -> None:
        """An instruction was followed."""
        with self.lock:
            self._connection.execute("DELETE FROM instructions WHERE number = ?", (number,))

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._connection.close()
