"""Connections of the log to PostgreSQL: one a user, shared by threads, opened again after a failure."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from holdfast.kernel.errors import UnavailableError
from holdfast.storage.postgresql import connect

Row = tuple[Any, ...]  # Any: column values of mixed types
LogConnection = psycopg.Connection[Row]


class SharedConnection:
    """One connection in autocommit mode, used by one thread at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.RLock()
        self._connection: LogConnection | None = None

    @contextmanager
    def use(self) -> Iterator[LogConnection]:
        """The connection, alone. What the driver raises passes through and makes the next use connect again
        when the connection was lost."""
        with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._url)
                self._connection.autocommit = True
            yield self._connection

    def rows(self, statement: str, parameters: Sequence[object] = ()) -> list[Row]:
        """The rows of one statement. UnavailableError when the server does not answer."""
        try:
            with self.use() as connection:
                return connection.execute(statement, parameters).fetchall()
        except psycopg.Error as error:
            reason = " ".join(str(error).split())
            raise UnavailableError(f"The log's database does not answer ({reason}); try again.") from None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
