"""The shelf of the platform's outbox: written by the one worker that delivers, read by every role."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from holdfast.delivery.model import Message, Urgency
from holdfast.delivery.outbox import Parcel
from holdfast.delivery.shelves.tables import dead_letters, parcels, positions
from holdfast.keys.port import KeyRing
from holdfast.storage import postgresql, sqlcipher
from holdfast.storage.database import Database
from holdfast.storage.migrate import migrate

FILE: Final = "delivery.db"
KEY_PURPOSE: Final = "delivery"
MAXIMUM_PENDING: Final = 10_000
"""Messages that wait for one destination; when full, new ones become dead letters at once."""
MAXIMUM_DEAD: Final = 1000
"""Dead letters that are kept for each destination; the oldest go."""
_ERROR: Final = 1000
"""Characters of an error that are kept."""

Entry = tuple[str, Message]
"""A destination and what goes there."""


class DeadLetter(NamedTuple):
    """A message that could not be delivered."""

    number: int
    message: Message
    attempts: int
    error: str
    time: float


class Status(NamedTuple):
    """How things stand with one destination."""

    waiting: int = 0
    oldest: float | None = None
    """When the oldest of them was handed in."""
    error: str = ""
    """What the last try of the oldest came to; empty when it was not tried."""
    dead: int = 0


def open_shelf(data: Path, ring: KeyRing, url: str = "") -> "SqlShelf":
    """The shelf of an instance; `prepare` it in the supervisor before anybody reads.

    `url` is the instance's PostgreSQL, or empty for the file in the data folder.
    """
    if url:
        return SqlShelf(postgresql.open_database(url))
    return SqlShelf(sqlcipher.open_database(data / FILE, ring.data_key(KEY_PURPOSE)))


class SqlShelf:
    """See the module and `outbox.Shelf`. Thread-safe; what a method did is durable when it returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self) -> None:
        """Bring the tables to this version."""
        migrate(self._database, "delivery")

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    # What comes in

    def position(self, source: str) -> int | None:
        """Up to where a source was taken in; None when it never was."""
        with self._database.read() as connection:
            known = select(positions.c.number).where(positions.c.source == source)
            found: int | None = connection.execute(known).scalar()
        return found

    def take_in(self, source: str, position: int, entries: Sequence[Entry], now: float) -> None:
        """Keep what a source has up to `position`, and the position: all in one transaction, so that each
        message is handed in exactly once however often the process is killed."""
        with self._database.write() as connection:
            for destination, message in entries:
                if _waits(connection, destination, message.id):
                    continue
                parcel = _add(connection, destination, message, now)
                if _pending(connection, destination) > MAXIMUM_PENDING:
                    _bury(connection, parcel, f"{MAXIMUM_PENDING} messages were waiting already.", now)
            connection.execute(delete(positions).where(positions.c.source == source))
            connection.execute(insert(positions).values(source=source, number=position))

    # What goes out

    def first(self, destination: str) -> Parcel | None:
        """See `Shelf.first`."""
        oldest = select(parcels).where(parcels.c.destination == destination).order_by(parcels.c.number)
        with self._database.read() as connection:
            row = connection.execute(oldest.limit(1)).one_or_none()
        return None if row is None else _parcel(row)

    def destinations(self) -> Iterable[str]:
        """Those for which something waits."""
        with self._database.read() as connection:
            return list(connection.execute(select(parcels.c.destination).distinct()).scalars())

    def delivered(self, parcel: Parcel) -> None:
        """See `Shelf.delivered`."""
        with self._database.write() as connection:
            connection.execute(delete(parcels).where(parcels.c.number == parcel.number))

    def failed(self, parcel: Parcel, error: str) -> None:
        """See `Shelf.failed`."""
        tried = update(parcels).where(parcels.c.number == parcel.number)
        with self._database.write() as connection:
            connection.execute(tried.values(attempts=parcel.attempts + 1, error=error[:_ERROR]))

    def bury(self, parcel: Parcel, error: str, now: float) -> None:
        """See `Shelf.bury`."""
        with self._database.write() as connection:
            _bury(connection, parcel, error, now)

    # What people ask

    def status(self, destination: str) -> Status:
        """How things stand with a destination."""
        first = self.first(destination)
        mine = dead_letters.c.destination == destination
        with self._database.read() as connection:
            waiting = _pending(connection, destination)
            dead = connection.execute(select(func.count()).select_from(dead_letters).where(mine)).scalar_one()
        if first is None:
            return Status(waiting, dead=dead)
        return Status(waiting, first.handed_in, first.error, dead)

    def dead(self, destination: str, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters of a destination."""
        mine = select(dead_letters).where(dead_letters.c.destination == destination)
        with self._database.read() as connection:
            found = connection.execute(mine.order_by(dead_letters.c.number.desc()).limit(limit)).all()
        return [DeadLetter(r.number, _decode(r.message), r.attempts, r.error, r.time) for r in found]

    def revive(self, destination: str, now: float) -> int:
        """Let the dead letters of a destination wait again; how many that is."""
        mine = dead_letters.c.destination == destination
        with self._database.write() as connection:
            found = connection.execute(select(dead_letters).where(mine).order_by(dead_letters.c.number)).all()
            connection.execute(delete(dead_letters).where(mine))
            for row in found:
                if not _waits(connection, destination, row.message_id):
                    _add(connection, destination, _decode(row.message), now)
        return len(found)

    def drop(self, destination: str) -> None:
        """Forget everything for a destination that is gone."""
        with self._database.write() as connection:
            for table in (parcels, dead_letters):
                connection.execute(delete(table).where(table.c.destination == destination))


def _decode(text: str) -> Message:
    values = msgspec.json.decode(text)
    return Message(**{**values, "urgency": Urgency(values["urgency"])})


def _waits(connection: Connection, destination: str, identity: str) -> bool:
    same = (parcels.c.destination == destination) & (parcels.c.message_id == identity)
    return connection.execute(select(parcels.c.number).where(same)).first() is not None


def _pending(connection: Connection, destination: str) -> int:
    mine = parcels.c.destination == destination
    number: int = connection.execute(select(func.count()).select_from(parcels).where(mine)).scalar_one()
    return number


def _add(connection: Connection, destination: str, message: Message, now: float) -> Parcel:
    row = {
        "destination": destination,
        "message_id": message.id,
        "message": msgspec.json.encode(message).decode(),
        "handed_in": now,
        "attempts": 0,
        "error": "",
    }
    made = connection.execute(insert(parcels).values(row)).inserted_primary_key
    assert made is not None
    return Parcel(made[0], destination, message, now)


def _bury(connection: Connection, parcel: Parcel, error: str, now: float) -> None:
    connection.execute(delete(parcels).where(parcels.c.number == parcel.number))
    row = {
        "destination": parcel.destination,
        "message_id": parcel.message.id,
        "message": msgspec.json.encode(parcel.message).decode(),
        "attempts": parcel.attempts,
        "error": error[:_ERROR],
        "time": now,
    }
    connection.execute(insert(dead_letters).values(row))
    mine = dead_letters.c.destination == parcel.destination
    newest = select(dead_letters.c.number).where(mine).order_by(dead_letters.c.number.desc())
    too_many = newest.offset(MAXIMUM_DEAD).subquery()
    connection.execute(delete(dead_letters).where(dead_letters.c.number.in_(select(too_many.c.number))))


def _parcel(row: Row[Any]) -> Parcel:  # Any: a whole row
    return Parcel(row.number, row.destination, _decode(row.message), row.handed_in, row.attempts, row.error)
