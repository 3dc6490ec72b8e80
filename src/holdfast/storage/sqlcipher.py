"""SQLite files encrypted by SQLCipher with a raw key (AES-256-CBC, HMAC-SHA-512 a page)."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, cast
from urllib.parse import quote

import sqlalchemy
import sqlcipher3.dbapi2 as sqlcipher

from holdfast.kernel.errors import StartupError
from holdfast.keys.files import PRIVATE_FILE
from holdfast.storage.database import Database

APPLICATION_ID = 0x486F6C64
"""`Hold`, in the file's header (PRAGMA application_id): tells our files from other people's."""

_FORMAT = 0
"""PRAGMA user_version of databases whose schema Alembic keeps."""
READERS = 8
"""Open connections that wait for the next read."""
CACHE_KIBIBYTES = 32_000
"""Of decrypted pages, for each reader that is used: an index of 200,000 texts is searched in 10 ms where its
pages are there, and in 22 where they are decrypted first."""
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
    if mode == "rwc" and path.parent.is_dir():
        path.touch(PRIVATE_FILE)
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


def is_io_error(error: Exception) -> bool:
    """Whether the disk failed under a statement or commit. The driver does not tell a write that failed from
    an fsync that did, and after the latter nothing can be trusted, so it must be taken for the worst."""
    return getattr(getattr(error, "orig", error), "sqlite_errorname", "") == "SQLITE_IOERR"


def opens(path: Path, key: bytes) -> bool:
    """Whether `key` is the file's."""
    try:
        connect(path, key, "rw").close()
    except DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
            return False
        raise
    return True


def rekey(path: Path, old: bytes, new: bytes) -> None:
    """Encrypt a file that nobody else has open with another key; after a crash it has one of the two."""
    with contextlib.closing(connect(path, old, "rw")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # a write-ahead log cannot change its key
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA rekey=\"x'{new.hex()}'\"")


def set_durable(connection: sqlite3.Connection) -> None:
    """Write-ahead log, and an fsync at every commit."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


@contextlib.contextmanager
def opening(path: Path) -> Iterator[None]:
    """Turns what the driver says about a file that is opened at start into a StartupError."""
    try:
        yield
    except DatabaseError as error:
        raise StartupError(_refusal(path, error)) from None


def claim(connection: sqlite3.Connection, path: Path, format_: int) -> None:
    """Mark an empty file as ours, or check that it is and that this version knows its format.

    StartupError when it is another program's or a newer version's.
    """
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    present = connection.execute("PRAGMA user_version").fetchone()[0]
    if not tables:
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={format_}")
    elif owner != APPLICATION_ID:
        raise StartupError(
            f"{path} was made by another program; move it away or name another data folder with --data."
        )
    elif present > format_:
        raise StartupError(
            f"{path} was written by a newer version of Holdfast; start that version, or restore a backup "
            "made by this one."
        )


def open_database(path: Path, key: bytes) -> Database:
    """Open or make the encrypted database at `path`.

    StartupError when the key is not the file's, or the file belongs to another program.
    """
    with opening(path), contextlib.closing(connect(path, key)) as connection:
        claim(connection, path, _FORMAT)

    def writable() -> sqlite3.Connection:
        connection = connect(path, key)
        set_durable(connection)
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def read_only() -> sqlite3.Connection:
        connection = writable()
        connection.execute("PRAGMA query_only=ON")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIBIBYTES}")
        return connection

    writer, reader = _engine(writable, "BEGIN IMMEDIATE", 1), _engine(read_only, "BEGIN", READERS)
    return Database(writer, reader, str(path))


def _engine(creator: Callable[[], sqlite3.Connection], begin: str, connections: int) -> sqlalchemy.Engine:
    engine = sqlalchemy.create_engine(
        "sqlite+pysqlite://",
        module=sqlcipher,
        creator=creator,
        poolclass=sqlalchemy.pool.QueuePool,
        pool_size=connections,
        pool_use_lifo=True,  # the connection with warm pages first
    )
    sqlalchemy.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _refusal(path: Path, error: sqlite3.DatabaseError) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_NOTADB":
        return (
            f"{path} cannot be decrypted with this instance's key: the keys folder belongs to another "
            "instance or the file is damaged; restore both from the same backup. (If a rotation of keys was "
            "interrupted, run `holdfast keys rotate databases` again.)"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"{path} cannot be written; give the folder to the user that runs Holdfast, with mode 0700."
    if name == "SQLITE_FULL":
        return f"The disk that holds {path} is full; free some space and start again."
    return f"{path} cannot be opened ({error}); check the disk and restore the file from a backup."
