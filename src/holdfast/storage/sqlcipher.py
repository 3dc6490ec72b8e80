"""SQLite files encrypted by SQLCipher with a raw key (AES-256-CBC, HMAC-SHA-512 a page)."""

import sqlite3
from pathlib import Path
from typing import Literal, cast
from urllib.parse import quote

import sqlalchemy
import sqlcipher3.dbapi2 as sqlcipher

from holdfast.kernel.errors import StartupError
from holdfast.storage.columns import LOWER_FUNCTION
from holdfast.storage.database import Database

APPLICATION_ID = 0x486F6C64
"""`Hold`, in the file's header (PRAGMA application_id): tells our files from other people's."""

BUSY_SECONDS = 30.0
"""How long a statement waits for another process's write lock before it fails."""

Mode = Literal["rwc", "rw", "ro"]
"""SQLite's own words: read, write and create; read and write; read only."""

DatabaseError: type[sqlite3.DatabaseError] = sqlcipher.DatabaseError
"""What the driver raises; carries `sqlite_errorcode` like the standard library's."""


def connect(path: Path, key: bytes, mode: Mode = "rwc") -> sqlite3.Connection:
    """Open an encrypted file in autocommit mode; usable from any thread, one at a time.

    The driver mirrors the standard library's `sqlite3`, so its connections are typed as such. Raises
    DatabaseError (SQLITE_NOTADB) when the key is wrong or the file is no encrypted database.
    """
    connection = cast(
        sqlite3.Connection,
        sqlcipher.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_SECONDS,
        ),
    )
    try:
        connection.execute("PRAGMA cipher_log_level=NONE")
        connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def set_durable(connection: sqlite3.Connection) -> None:
    """Write-ahead log, and an fsync at every commit."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def open_database(path: Path, key: bytes) -> Database:
    """Open or make the encrypted database at `path`.

    StartupError when the key is not the file's, or the file belongs to another program.
    """
    _check(path, key)

    def creator() -> sqlite3.Connection:
        connection = connect(path, key)
        set_durable(connection)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.create_function(LOWER_FUNCTION, 1, _lower, deterministic=True)
        return connection

    def read_only() -> sqlite3.Connection:
        connection = creator()
        connection.execute("PRAGMA query_only=ON")
        return connection

    writer = sqlalchemy.create_engine(
        "sqlite+pysqlite://",
        module=sqlcipher,
        creator=creator,
        poolclass=sqlalchemy.pool.QueuePool,
        pool_size=1,
    )
    reader = sqlalchemy.create_engine(
        "sqlite+pysqlite://",
        module=sqlcipher,
        creator=read_only,
        poolclass=sqlalchemy.pool.QueuePool,
        pool_size=8,
    )
    sqlalchemy.event.listen(writer, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    sqlalchemy.event.listen(reader, "begin", lambda c: c.exec_driver_sql("BEGIN"))
    return Database(writer, reader, str(path))


def _check(path: Path, key: bytes) -> None:
    try:
        connection = connect(path, key)
    except DatabaseError as error:
        raise StartupError(_refusal(path, error)) from None
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        if tables and owner != APPLICATION_ID:
            raise StartupError(
                f"{path} was made by another program; move it away or name another data folder with --data."
            )
        if not tables:
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    except DatabaseError as error:
        raise StartupError(_refusal(path, error)) from None
    finally:
        connection.close()


def _refusal(path: Path, error: sqlite3.DatabaseError) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_NOTADB":
        return (
            f"{path} cannot be decrypted with this instance's key: the keys folder belongs to another "
            "instance or the file is damaged; restore both from the same backup."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"{path} cannot be written; give the folder to the user that runs Holdfast, with mode 0700."
    if name == "SQLITE_FULL":
        return f"The disk that holds {path} is full; free some space and start again."
    return f"{path} cannot be opened ({error}); check the disk and restore the file from a backup."


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()
