"""The files of the log: each holds the rows from its first sequence up to the next file's.

A file is written by whoever holds the folder's lock, rotated at a size or an age, and unlinked whole.
"""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from holdfast.keys.files import sync_folder
from holdfast.log.port import PARTITIONS
from holdfast.log.rows import last_offsets, mask_of
from holdfast.storage.sqlcipher import DatabaseError, claim, connect, set_durable

FORMAT = 2
"""PRAGMA user_version of a log file; a newer one is refused."""
_SUFFIX = ".log.db"
_UNFINISHED = ".new"

logger = structlog.get_logger(__name__)

_SCHEMA = (
    "CREATE TABLE batch (sequence INTEGER PRIMARY KEY, partitions INTEGER NOT NULL, data BLOB, state BLOB)",
    "CREATE TABLE about (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
)


class Segment(NamedTuple):
    """A log file."""

    first: int
    """The sequence of its first row."""
    path: Path


def segments(folder: Path) -> list[Segment]:
    """The log files that are there, oldest first."""
    found = [
        Segment(int(path.name.removesuffix(_SUFFIX)), path)
        for path in folder.glob(f"*{_SUFFIX}")
        if path.name.removesuffix(_SUFFIX).isdecimal()
    ]
    return sorted(found)


def create_segment(folder: Path, key: bytes, first: int, created: float, ends: dict[int, int]) -> Segment:
    """Make the file for rows from `first` on; it appears under its name only when it is complete.

    `ends` are the last offsets of the partitions before this file. FileExistsError when it is there.
    """
    path = folder / f"{first:016d}{_SUFFIX}"
    unfinished = path.with_name(path.name + _UNFINISHED)
    remove_file(unfinished)
    connection = connect(unfinished, key)
    try:
        claim(connection, path, FORMAT)
        set_durable(connection)
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO about VALUES (?, ?)",
            [("created", msgspec.msgpack.encode(created)), ("ends", msgspec.msgpack.encode(ends))],
        )
    finally:
        connection.close()
    os.link(unfinished, path)
    unfinished.unlink()
    sync_folder(folder)
    return Segment(first, path)


def open_segment(segment: Segment, key: bytes) -> sqlite3.Connection:
    """Open a log file for writing. Checkpoints are left to rotation, so commits cost one sequential write."""
    connection = connect(segment.path, key, "rw")
    claim(connection, segment.path, FORMAT)
    set_durable(connection)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def open_reader(segment: Segment, key: bytes) -> sqlite3.Connection:
    """Open a log file for reading; writable, because readers of a write-ahead log share its index."""
    connection = connect(segment.path, key, "rw")
    connection.execute("PRAGMA query_only=ON")
    return connection


def remove_unfinished(folder: Path) -> None:
    """Remove what a crash left half made."""
    for path in folder.glob(f"*{_UNFINISHED}"):
        remove_file(path)


def remove_file(path: Path) -> None:
    """Unlink a log file with its write-ahead log; no error when it is not there."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def size_of(segment: Segment) -> int:
    """Bytes on disk, the write-ahead log included."""
    paths = (segment.path, write_ahead(segment.path))
    return sum(path.stat().st_size for path in paths if path.exists())


def write_ahead(path: Path) -> Path:
    """The write-ahead log of a file, which grows with every commit until the file is rotated."""
    return path.with_name(path.name + "-wal")


def created(connection: sqlite3.Connection) -> float:
    """When the file was made, Unix seconds."""
    return msgspec.msgpack.decode(_about(connection, "created"), type=float)


def last_sequence(connection: sqlite3.Connection, segment: Segment) -> int:
    """The newest row of the file; the one before its first when it is empty."""
    (last,) = connection.execute("SELECT max(sequence) FROM batch").fetchone()
    return segment.first - 1 if last is None else int(last)


def last_state(connection: sqlite3.Connection, after: int) -> int:
    """The newest row of the file behind `after` that changes the state; 0 when there is none."""
    (last,) = connection.execute(
        "SELECT max(sequence) FROM batch WHERE sequence > ? AND state IS NOT NULL", (after,)
    ).fetchone()
    return last or 0


def ends(connection: sqlite3.Connection) -> dict[int, int]:
    """The last offset of each partition that has records up to the end of this file."""
    found: dict[int, int] = {}
    missing = mask_of(range(PARTITIONS))
    rows = connection.execute(
        "SELECT sequence, partitions, data FROM batch WHERE data IS NOT NULL ORDER BY sequence DESC"
    )
    for sequence, partitions, data in rows:
        if partitions & missing:
            found = last_offsets(sequence, data) | found
            missing &= ~partitions
        if not missing:
            break
    return msgspec.msgpack.decode(_about(connection, "ends"), type=dict[int, int]) | found


def state_changes(folder: Path, key: bytes, after: int) -> Iterator[tuple[int, bytes]]:
    """(sequence, encoded changes) of the rows behind `after` that change the state, oldest first."""
    present = segments(folder)
    following = [segment.first for segment in present[1:]] + [None]
    for segment, end in zip(present, following, strict=True):
        if end is None or end > after + 1:
            connection = open_reader(segment, key)
            try:
                yield from connection.execute(
                    "SELECT sequence, state FROM batch WHERE sequence > ? AND state IS NOT NULL "
                    "ORDER BY sequence",
                    (after,),
                )
            finally:
                connection.close()


def fold(segment: Segment, key: bytes) -> None:
    """Move the write-ahead log of a file that is full into the file."""
    try:
        connection = connect(segment.path, key, "rw")
    except DatabaseError:
        return  # expired meanwhile
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except DatabaseError as error:
        logger.warning("a log file stays unfolded", file=segment.path.name, reason=str(error))
    finally:
        connection.close()


def excess(present: list[Segment], limit: int) -> int:
    """How many of the oldest files must go so that all take at most `limit` bytes; the newest stays."""
    sizes = [size_of(segment) for segment in present]
    total, doomed = sum(sizes), 0
    while total > limit and doomed < len(present) - 1:
        total -= sizes[doomed]
        doomed += 1
    return doomed


def _about(connection: sqlite3.Connection, name: str) -> bytes:
    row = connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return bytes(row[0])
