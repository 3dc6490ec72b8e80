"""Opening the log of an instance: the writer in the gateway role, readers everywhere."""

from pathlib import Path

from holdfast.kernel.clock import Clock, Randomness
from holdfast.keys.port import KeyRing
from holdfast.log.sqlite.backend import DEFAULT_LIMITS, Limits, SqliteBackend
from holdfast.log.sqlite.reader import SqliteLogReader
from holdfast.log.sqlite.statefile import STATE_FILE, SharedStateReader
from holdfast.log.state import StoredDeviceState
from holdfast.log.writer import GroupCommitWriter

FOLDER = "log"
KEY_PURPOSE = "log"


def open_writer(
    data_dir: Path, ring: KeyRing, clock: Clock, limits: Limits = DEFAULT_LIMITS
) -> GroupCommitWriter:
    """The writing end. StartupError when the files are another instance's, newer or damaged."""
    return GroupCommitWriter(
        SqliteBackend(data_dir / FOLDER, ring.data_key(KEY_PURPOSE), clock, limits), clock
    )


def open_reader(data_dir: Path, ring: KeyRing, clock: Clock) -> SqliteLogReader:
    """The reading end; the log may be empty or not there yet."""
    return SqliteLogReader(data_dir / FOLDER, ring.data_key(KEY_PURPOSE), clock)


def open_state(
    data_dir: Path,
    ring: KeyRing,
    clock: Clock,
    randomness: Randomness,
    writer: GroupCommitWriter | None = None,
) -> StoredDeviceState:
    """The device state; only with the gateway's `writer` it can be changed."""
    reading = SharedStateReader(data_dir / FOLDER / STATE_FILE, ring.data_key(KEY_PURPOSE))
    return StoredDeviceState(reading, writer, clock, randomness)
