"""Opening the defender's database: a file of the worker's own, or the instance's PostgreSQL."""

from pathlib import Path
from typing import Final

from holdfast.kernel.clock import Randomness
from holdfast.keys.port import KeyRing
from holdfast.storage import postgresql, sqlcipher
from holdfast.storage.blobs import Blobs, LocalBlobs
from holdfast.storage.database import Database
from holdfast.storage.migrate import migrate

FILE: Final = "defender.db"
BLOBS: Final = "defender"
KEY_PURPOSE: Final = "defender"
BLOB_PURPOSE: Final = "defender-blobs"


def open_network(data: Path, ring: KeyRing, url: str = "") -> Database:
    """The database; `prepare` it in the supervisor before anybody reads."""
    if url:
        return postgresql.open_database(url)
    return sqlcipher.open_database(data / FILE, ring.data_key(KEY_PURPOSE))


def prepare(database: Database) -> None:
    """Bring the tables to this version."""
    migrate(database, "defender")


def open_packets(data: Path, ring: KeyRing, randomness: Randomness) -> Blobs:
    """Packets behind alerts and uploaded captures, encrypted in files."""
    return LocalBlobs(data / BLOBS, ring.data_key(BLOB_PURPOSE), randomness)
