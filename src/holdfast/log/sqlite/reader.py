"""The reading end on SQLCipher files: any process, short statements, no lock that a writer waits for."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path

from holdfast.kernel.clock import Clock
from holdfast.log.chunks import chunk
from holdfast.log.port import Chunk, Position, Record
from holdfast.log.rows import mask_of
from holdfast.log.sqlite import segments
from holdfast.log.sqlite.recent import RecentRows, Row
from holdfast.log.sqlite.segments import Segment
from holdfast.log.waiting import NewsWatch
from holdfast.log.walking import EVERYTHING
from holdfast.storage.sqlcipher import DatabaseError

LOOK_SECONDS = 0.005
"""How often a waiting reader looks at the newest file's size; one look is two system calls."""
ROWS = 16
"""Rows that one statement fetches at most, so that no snapshot is held for long."""


class SqliteLogReader:
    """See `log.port.LogReader`. Thread-safe."""

    def __init__(self, folder: Path, key: bytes, clock: Clock, recent: RecentRows | None = None) -> None:
        """`recent` is shared by the readers of a process that follow the whole log."""
        self._folder = folder
        self._key = key
        self._recent = recent
        self._lock = threading.RLock()  # `poll` asks for `last` in its own turn
        self._opened: tuple[Segment, sqlite3.Connection] | None = None
        self._newest = (0, folder)
        """When the folder last changed (ns), and its newest file then."""
        self.wait = NewsWatch(clock, LOOK_SECONDS, self._signature).wait

    def read(self, after: Position, limit: int = 1000) -> list[Record]:
        """See `LogReader.read`."""
        return self.poll({after.partition: after}, limit).records

    def poll(
        self, after: Mapping[int, Position], limit: int = 1000, kind: str = "", holding: str = ""
    ) -> Chunk:
        """See `LogReader.poll`."""
        with self._lock:
            return chunk(self, after, limit, kind, holding)

    def ends(self) -> dict[int, Position]:
        """See `LogReader.ends`."""
        with self._lock:
            present = segments.segments(self._folder)
            found = segments.ends(self._connection(present[-1])) if present else {}
        return {partition: Position(partition, offset) for partition, offset in found.items()}

    def close(self) -> None:
        """Close the file that is open."""
        with self._lock:
            if self._opened is not None:
                self._opened[1].close()
                self._opened = None

    def rows(
        self, start: int, partitions: frozenset[int], at_once: int = ROWS
    ) -> Iterator[tuple[int, bytes]]:
        """See `chunks.RowSource.rows`."""
        mask = mask_of(partitions)
        present = segments.segments(self._folder)
        after = start - 1
        for number, segment in enumerate(present):
            if number + 1 == len(present) or present[number + 1].first > after + 1:
                for row in self._segment_rows(segment, max(after, segment.first - 1), mask, at_once):
                    yield row
                    after = row[0]  # which may lie in the next file: recent rows know no files

    def block(self, start: int, end: int, partitions: frozenset[int]) -> list[tuple[int, bytes]]:
        """See `walking.Rows.block`."""
        with self._lock:
            return list(takewhile(lambda row: row[0] < end, self.rows(start, partitions)))

    def first_from(self, start: int) -> tuple[int, bytes] | None:
        """See `walking.Rows.first_from`."""
        with self._lock:
            return next(self.rows(start, EVERYTHING, 1), None)

    def last(self) -> int:
        """See `chunks.RowSource.last`."""
        with self._lock:
            present = segments.segments(self._folder)
            return segments.last_sequence(self._connection(present[-1]), present[-1]) if present else 0

    def _segment_rows(self, segment: Segment, after: int, mask: int, at_once: int) -> Iterator[Row]:
        try:
            connection = self._connection(segment)
        except DatabaseError:
            if segment.path.exists():
                raise
            return  # expired since the folder was listed
        while rows := self._fetched(connection, after, mask, at_once):
            yield from rows
            after = rows[-1][0]

    def _fetched(self, connection: sqlite3.Connection, after: int, mask: int, at_once: int) -> list[Row]:
        recent = self._recent if mask == _WHOLE else None
        if recent is not None and (rows := recent.behind(after, at_once)):
            return rows
        rows = connection.execute(_ROWS, (after, mask, at_once)).fetchall()
        if recent is not None and rows:
            recent.add(after, rows)
        return rows

    def _connection(self, segment: Segment) -> sqlite3.Connection:
        """The file's connection; the one that was used last stays open."""
        if self._opened is None or self._opened[0] != segment:
            connection = segments.open_reader(segment, self._key)
            if self._opened is not None:
                self._opened[1].close()
            self._opened = (segment, connection)
        return self._opened[1]

    def _signature(self) -> tuple[int, int]:
        """Changes whenever something was appended: when a file came or went, and the size of the newest one's
        write-ahead log."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:  # the first writer of a new instance makes it, which may start later
            return 0, 0
        if changed != self._newest[0]:
            present = segments.segments(self._folder)
            self._newest = (changed, segments.write_ahead(present[-1].path) if present else self._folder)
        try:
            return changed, self._newest[1].stat().st_size
        except FileNotFoundError:
            return changed, 0


_WHOLE = mask_of(EVERYTHING)
_ROWS = "SELECT sequence, data FROM batch WHERE sequence > ? AND partitions & ? ORDER BY sequence LIMIT ?"
