"""Opening the log of an instance: the writer in the gateway role, readers everywhere.

`url` is the instance's PostgreSQL, or empty for files in the data folder.
"""

from pathlib import Path

import psycopg

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import StartupError
from holdfast.keys.port import KeyRing
from holdfast.log.backend import DEFAULT_LIMITS, Backend, Limits
from holdfast.log.postgresql.backend import PostgresqlBackend
from holdfast.log.postgresql.connection import SharedConnection
from holdfast.log.postgresql.reader import PostgresqlLogReader, PostgresqlState
from holdfast.log.sqlite.backend import SqliteBackend
from holdfast.log.sqlite.reader import SqliteLogReader
from holdfast.log.sqlite.recent import RecentRows
from holdfast.log.sqlite.statefile import STATE_FILE, SharedStateReader
from holdfast.log.state import StoredDeviceState
from holdfast.log.walking import WalkedLog
from holdfast.log.writer import GroupCommitWriter

FOLDER = "log"
KEY_PURPOSE = "log"


def open_writer(
    data_dir: Path, ring: KeyRing, clock: Clock, limits: Limits = DEFAULT_LIMITS, url: str = ""
) -> GroupCommitWriter:
    """The writing end. StartupError when the log is another instance's, newer, damaged or out of reach."""
    return GroupCommitWriter(_backend(data_dir, ring, clock, limits, url), clock)


def open_reader(
    data_dir: Path, ring: KeyRing, clock: Clock, url: str = "", recent: RecentRows | None = None
) -> WalkedLog:
    """The reading end; the log may be empty or not there yet. Readers of one process that follow the log side
    by side share `recent`, and read its files once for all of them."""
    if url:
        return PostgresqlLogReader(url, clock)
    return SqliteLogReader(data_dir / FOLDER, ring.data_key(KEY_PURPOSE), clock, recent)


def open_state(
    data_dir: Path,
    ring: KeyRing,
    clock: Clock,
    randomness: Randomness,
    writer: GroupCommitWriter | None = None,
    url: str = "",
) -> StoredDeviceState:
    """The device state; only with the gateway's `writer` it can be changed."""
    if url:
        return StoredDeviceState(PostgresqlState(SharedConnection(url)), writer, clock, randomness)
    reading = SharedStateReader(data_dir / FOLDER / STATE_FILE, ring.data_key(KEY_PURPOSE))
    return StoredDeviceState(reading, writer, clock, randomness)


def _backend(data_dir: Path, ring: KeyRing, clock: Clock, limits: Limits, url: str) -> Backend:
    if not url:
        return SqliteBackend(data_dir / FOLDER, ring.data_key(KEY_PURPOSE), clock, limits)
    try:
        return PostgresqlBackend(url, clock, limits)
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise StartupError(f"The log's database cannot be used ({reason}); check the server.") from None
