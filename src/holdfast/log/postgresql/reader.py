"""The reading ends on PostgreSQL."""

from collections.abc import Iterator, Mapping

import psycopg

from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import UnavailableError
from holdfast.log.chunks import chunk
from holdfast.log.port import Chunk, Position, Record
from holdfast.log.postgresql import parts
from holdfast.log.postgresql.connection import SharedConnection
from holdfast.log.rows import mask_of
from holdfast.log.waiting import NewsWatch

LOOK_SECONDS = 0.01
"""How often a waiting reader asks for the newest sequence."""
ROWS = 64
"""Rows that one statement fetches."""


class PostgresqlLogReader:
    """See `log.port.LogReader`. Thread-safe."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._shared = SharedConnection(url)
        self.wait = NewsWatch(clock, LOOK_SECONDS, self.last).wait

    def read(self, after: Position, limit: int = 1000) -> list[Record]:
        """See `LogReader.read`."""
        return self.poll({after.partition: after}, limit).records

    def poll(
        self, after: Mapping[int, Position], limit: int = 1000, kind: str = "", holding: str = ""
    ) -> Chunk:
        """See `LogReader.poll`."""
        return chunk(self, after, limit, kind, holding)

    def ends(self) -> dict[int, Position]:
        """See `LogReader.ends`."""
        try:
            with self._shared.use() as connection:
                found = parts.ends(connection)
        except psycopg.Error as error:
            raise UnavailableError(f"The log's database does not answer ({error}); try again.") from None
        return {partition: Position(partition, offset) for partition, offset in found.items()}

    def close(self) -> None:
        """Close the connection."""
        self._shared.close()

    def rows(self, start: int, partitions: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        """See `chunks.RowSource.rows`."""
        mask = mask_of(partitions)
        last = start - 1
        while rows := self._shared.rows(_ROWS, (last, mask, ROWS)):
            yield from ((sequence, bytes(data)) for sequence, data in rows)
            last = rows[-1][0]

    def block(self, start: int, end: int, partitions: frozenset[int]) -> list[tuple[int, bytes]]:
        """See `walking.Rows.block`."""
        rows = self._shared.rows(_BLOCK, (start, end, mask_of(partitions)))
        return [(sequence, bytes(data)) for sequence, data in rows]

    def first_from(self, start: int) -> tuple[int, bytes] | None:
        """See `walking.Rows.first_from`."""
        return next(((n, bytes(data)) for n, data in self._shared.rows(_ROWS, (start - 1, -1, 1))), None)

    def last(self) -> int:
        """See `chunks.RowSource.last`."""
        return int(self._shared.rows("SELECT sequence FROM log_counter")[0][0])


class PostgresqlState:
    """Reads device state; see `backend.StateReading`."""

    def __init__(self, shared: SharedConnection) -> None:
        self._shared = shared

    def get(self, space: str, key: str) -> bytes | None:
        """See `StateReading.get`."""
        rows = self._shared.rows("SELECT value FROM device_state WHERE space = %s AND key = %s", (space, key))
        return bytes(rows[0][0]) if rows else None

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        """See `StateReading.scan`."""
        end = prefix + "\U0010ffff"
        return [(key, bytes(value)) for key, value in self._shared.rows(_SCAN, (space, prefix, end))]


_ROWS = (
    "SELECT sequence, data FROM log_batch WHERE sequence > %s AND partitions & %s <> 0 "
    "ORDER BY sequence LIMIT %s"
)
_BLOCK = (
    "SELECT sequence, data FROM log_batch WHERE sequence >= %s AND sequence < %s AND partitions & %s <> 0 "
    "ORDER BY sequence"
)
_SCAN = "SELECT key, value FROM device_state WHERE space = %s AND key >= %s AND key < %s ORDER BY key"
