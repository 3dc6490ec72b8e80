"""PostgreSQL as the database of an instance; 14 or newer, Debian's package is what the tests run."""

import psycopg
import sqlalchemy
import structlog
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from holdfast.kernel.errors import StartupError
from holdfast.storage.database import Database

OLDEST_VERSION = 140_000
"""The oldest release that its project supports."""
_CHECKED = ("server_version_num", "server_encoding", "fsync", "synchronous_commit")
CONNECTIONS = 8
"""Readers of one process; PostgreSQL's default of 100 connections serves ten processes."""

logger = structlog.get_logger(__name__)


class TextDumper(StrDumperUnknown):
    """Text on its way to the server, which takes no NUL: an id that has one names nothing, instead of failing
    inside the driver. (U+FFFD, so that it does not become another's id either.)"""

    def dump(self, obj: str) -> bytes:
        """The text in UTF-8."""
        return obj.replace("\0", "\ufffd").encode()


def parse(url: str) -> URL:
    """The URL with the driver that we use. StartupError when it is none of PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StartupError("The database setting is no URL; write postgresql://user@host/name.") from None
    if parsed.get_backend_name() != "postgresql":
        raise StartupError(
            f"The database setting names {parsed.get_backend_name()}; only postgresql://… is supported, "
            "or leave it empty for the encrypted file in the data folder."
        )
    return parsed.set(drivername="postgresql+psycopg")


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """A plain connection of the driver, for the paths where every microsecond counts."""
    connection = psycopg.connect(
        parse(url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    _prepare(connection)
    return connection


def open_database(url: str) -> Database:
    """Open the database. StartupError when it cannot be reached, may not be used, or is too old."""
    parsed = parse(url)
    writer = sqlalchemy.create_engine(parsed, pool_size=1, max_overflow=1, pool_pre_ping=True)
    reader = sqlalchemy.create_engine(
        parsed, pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True
    ).execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
    for engine in (writer, reader):
        sqlalchemy.event.listen(engine, "connect", _prepare)
    database = Database(writer, reader, parsed.set(drivername="postgresql").render_as_string())
    try:
        _check(writer, database.name)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(connection: "psycopg.Connection[tuple[object, ...]]", _record: object = None) -> None:
    connection.adapters.register_dumper(str, TextDumper)


def _check(engine: sqlalchemy.Engine, name: str) -> None:
    try:
        with engine.connect() as connection:
            version, encoding, fsync, commit = (
                connection.exec_driver_sql(f"SHOW {setting}").scalar_one() for setting in _CHECKED
            )
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise StartupError(f"{name} cannot be used ({reason}); check the server and the setting.") from None
    if int(version) < OLDEST_VERSION:
        raise StartupError(f"{name} is too old; PostgreSQL {OLDEST_VERSION // 10_000} or newer is needed.")
    if encoding != "UTF8":
        raise StartupError(f"{name} has the encoding {encoding}; make a database with the encoding UTF8.")
    if commit == "off":
        raise StartupError(
            f"{name} has synchronous_commit switched off, so acknowledged changes could be lost; "
            "switch it on with ALTER DATABASE … SET synchronous_commit = on."
        )
    if fsync == "off":
        logger.warning("the server runs with fsync off: a crash of its machine loses data", database=name)
