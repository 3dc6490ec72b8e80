"""The writer's database on PostgreSQL: rows of group commits, and the state beside them in one transaction.

Writers of all nodes take turns by the lock on the counter's row, so that sequences grow in the order of
commits: a reader that has seen one will never find a smaller one later. (PostgreSQL makes a commit durable,
then visible, and only then frees its locks.)
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from holdfast.kernel.clock import Clock
from holdfast.log.backend import DEFAULT_LIMITS, Limits, NotDurableError, StateChange
from holdfast.log.frames import Batch
from holdfast.log.postgresql import parts
from holdfast.log.postgresql.connection import LogConnection, SharedConnection
from holdfast.log.postgresql.reader import PostgresqlState

LOOK_SECONDS = 60.0
"""How often parts are checked for their age."""

logger = structlog.get_logger(__name__)


class PostgresqlTransaction:
    """See `backend.Transaction`."""

    def __init__(self, connection: LogConnection, state: PostgresqlState, sequence: int, now: float) -> None:
        self.get = state.get
        self.scan = state.scan
        self._connection = connection
        self.sequence = sequence
        """Of the last row, in the end."""
        self._now = now

    def write(self, batches: list[Batch], changes: list[StateChange]) -> None:
        """See `Transaction.write`."""
        rows = []
        for batch in batches:
            self.sequence += 1
            rows.append((self.sequence, batch.mask(), self._now, batch.encode()))
        stored = [change for change in changes if change.value is not None]
        gone = [(change.space, change.key) for change in changes if change.value is None]
        with self._connection.pipeline(), self._connection.cursor() as cursor:
            if rows:
                cursor.executemany("INSERT INTO log_batch VALUES (%s, %s, %s, %s)", rows)
                cursor.execute("UPDATE log_counter SET sequence = %s", (self.sequence,))
            if stored:
                cursor.executemany(_PUT, stored)
            if gone:
                cursor.executemany("DELETE FROM device_state WHERE space = %s AND key = %s", gone)


class PostgresqlBackend:
    """See `log.backend.Backend`."""

    def __init__(self, url: str, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
        self._shared = SharedConnection(url)
        self._state = PostgresqlState(self._shared)
        self._clock = clock
        self._limits = limits
        self._next_look = clock.monotonic()
        with self._shared.use() as connection, connection.transaction():
            self._sequence = _lock(connection)
            self._room = parts.make_room(connection, self._sequence)

    @contextmanager
    def transaction(self) -> Iterator[PostgresqlTransaction]:
        """See `Backend.transaction`."""
        try:
            with self._shared.use() as connection:
                with connection.transaction():
                    sequence = _lock(connection)
                    if sequence + parts.ROWS > self._room:
                        self._room = parts.make_room(connection, sequence)
                    transaction = PostgresqlTransaction(connection, self._state, sequence, self._clock.now())
                    yield transaction
                self._sequence = transaction.sequence
        except psycopg.Error as error:
            raise _not_durable(error) from None

    def tend(self) -> None:
        """See `Backend.tend`."""
        if self._clock.monotonic() < self._next_look:
            return
        self._next_look = self._clock.monotonic() + LOOK_SECONDS
        try:
            with self._shared.use() as connection, connection.transaction():
                _lock(connection)
                parts.expire(connection, self._limits, self._clock.now())
        except psycopg.Error as error:
            raise _not_durable(error) from None

    def close(self) -> None:
        """See `Backend.close`."""
        self._shared.close()


_PUT = (
    "INSERT INTO device_state VALUES (%s, %s, %s) "
    "ON CONFLICT (space, key) DO UPDATE SET value = excluded.value"
)


def _lock(connection: LogConnection) -> int:
    """Wait for this writer's turn; the sequence of the last row."""
    row = connection.execute("SELECT sequence FROM log_counter FOR UPDATE").fetchone()
    return int(row[0]) if row else 0


def _not_durable(error: psycopg.Error) -> NotDurableError:
    """PostgreSQL ends itself when an fsync fails and recovers from its own log, so nothing here is fatal."""
    if isinstance(error, psycopg.errors.DiskFull):
        return NotDurableError("The disk of the log's database is full; free some space.", fatal=False)
    reason = " ".join(str(error).split())
    return NotDurableError(f"The log's database does not answer ({reason}); check it.", fatal=False)
