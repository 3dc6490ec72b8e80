"""The writer's database on PostgreSQL: rows of group commits, and the state beside them in one transaction.

Writers of all nodes take turns by the lock on the counter's row, so that sequences grow in the order of
commits: a reader that has seen one will never find a smaller one later. (PostgreSQL makes a commit durable,
then visible, and only then frees its locks.) What a commit costs beside its fsync is round trips: one for
what is only appended.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import structlog

from holdfast.kernel.clock import Clock
from holdfast.log.backend import DEFAULT_LIMITS, Limits, NotDurableError, StateChange
from holdfast.log.postgresql import parts
from holdfast.log.postgresql.connection import LogConnection, SharedConnection
from holdfast.log.postgresql.reader import PostgresqlState
from holdfast.log.rows import Batch

LOOK_SECONDS = 60.0
"""How often parts are checked for their age."""

logger = structlog.get_logger(__name__)


class PostgresqlTransaction:
    """See `backend.Transaction`.

    The first read takes the writer's turn, so that nobody changes what an operation goes by. A commit that
    only appends, as nearly all do, takes its turn with the one statement that it consists of.
    """

    def __init__(self, connection: LogConnection, state: PostgresqlState, now: float) -> None:
        self._connection = connection
        self._state = state
        self._now = now
        self.sequence: int | None = None
        """Of the last row, from the moment that the turn is taken."""
        self.is_open = False
        """Whether there is a transaction to be ended."""

    def get(self, space: str, key: str) -> bytes | None:
        """See `StateReading.get`."""
        self._take_turn()
        return self._state.get(space, key)

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        """See `StateReading.scan`."""
        self._take_turn()
        return self._state.scan(space, prefix)

    def _take_turn(self) -> int:
        if self.sequence is None:
            self.is_open = True
            with self._connection.pipeline():
                self._connection.execute("BEGIN")
                self.sequence = _lock(self._connection)
        return self.sequence

    def write(self, batches: list[Batch], changes: list[StateChange]) -> None:
        """See `Transaction.write`."""
        if self.sequence is None and len(batches) == 1 and not changes:
            (batch,) = batches
            row = self._connection.execute(_APPEND, (batch.mask(), self._now, batch.encode())).fetchone()
            self.sequence = int(row[0]) if row else None
        elif batches or changes:
            self._write_all(batches, changes)

    def _write_all(self, batches: list[Batch], changes: list[StateChange]) -> None:
        sequence = self._take_turn()
        rows = [
            (number, batch.mask(), self._now, batch.encode())
            for number, batch in enumerate(batches, sequence + 1)
        ]
        stored = [change for change in changes if change.value is not None]
        gone = [(change.space, change.key) for change in changes if change.value is None]
        with self._connection.pipeline(), self._connection.cursor() as cursor:
            if rows:
                cursor.executemany("INSERT INTO log_batch VALUES (%s, %s, %s, %s)", rows)
                cursor.execute("UPDATE log_counter SET sequence = %s", (sequence + len(rows),))
            if stored:
                cursor.executemany(_PUT, stored)
            if gone:
                cursor.executemany("DELETE FROM device_state WHERE space = %s AND key = %s", gone)
            cursor.execute("COMMIT")
        self.sequence = sequence + len(rows)
        self.is_open = False


class PostgresqlBackend:
    """See `log.backend.Backend`."""

    def __init__(self, url: str, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
        self._shared = SharedConnection(url)
        self._state = PostgresqlState(self._shared)
        self._clock = clock
        self._limits = limits
        self._next_look = clock.monotonic()
        with self._shared.use() as connection:
            self._make_room(connection)

    def _make_room(self, connection: LogConnection) -> None:
        with connection.transaction():
            self._sequence = _lock(connection)
            self._room = parts.make_room(connection, self._sequence)

    @contextmanager
    def transaction(self) -> Iterator[PostgresqlTransaction]:
        """See `Backend.transaction`."""
        try:
            with self._shared.use() as connection:
                if self._sequence + parts.ROWS > self._room:
                    self._make_room(connection)
                transaction = PostgresqlTransaction(connection, self._state, self._clock.now())
                try:
                    yield transaction
                finally:
                    if transaction.is_open and not connection.closed:
                        connection.execute("ROLLBACK")
                self._sequence = transaction.sequence or self._sequence
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


_APPEND = (
    "WITH turn AS (UPDATE log_counter SET sequence = sequence + 1 RETURNING sequence) "
    "INSERT INTO log_batch SELECT sequence, %s, %s, %s FROM turn RETURNING sequence"
)
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
