"""A relational database as the rest of the product uses it: short reads, and writes one after another."""

import contextlib
from collections.abc import Iterator

import sqlalchemy
from sqlalchemy import Connection, Engine

WRITE_LOCK = 0x486F6C64
"""Key of PostgreSQL's advisory lock that a writing transaction holds: changes happen one after another
on every adapter, so a number drawn inside grows in the order of commits."""


class Database:
    """An opened database. Thread-safe; blocking, so event loops call it through threads."""

    def __init__(self, writer: Engine, reader: Engine, name: str) -> None:
        self._writer = writer
        self._reader = reader
        self.name = name
        """Where it is, for messages; without credentials."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A short reading transaction: one snapshot, and nothing can be written."""
        with self._reader.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """The only writing transaction at this moment; durable when the block ends without an exception."""
        with self._writer.begin() as connection:
            if self.dialect == "postgresql":
                connection.execute(_TAKE_WRITE_LOCK)
            yield connection

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._writer.dispose()
        self._reader.dispose()


@contextlib.contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """A part of a transaction that an exception undoes alone. SQLAlchemy's `begin_nested` does the same and
    compiles its statements each time, which cost a third of a change."""
    connection.exec_driver_sql("SAVEPOINT part")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT part")
        connection.exec_driver_sql("RELEASE SAVEPOINT part")
        raise
    connection.exec_driver_sql("RELEASE SAVEPOINT part")


_TAKE_WRITE_LOCK = sqlalchemy.text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
