"""What access control keeps that is no configuration and no audit: used one-time values, and last use.

Last use is noted in memory and written once a minute: it costs a request nothing, and after a crash it is at
most a minute old.
"""

import threading
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import Column, Table
from sqlalchemy.exc import IntegrityError

from holdfast.kernel.clock import Clock
from holdfast.storage.columns import MOMENT, TEXT
from holdfast.storage.database import Database

WRITE_SECONDS = 60.0
KEPT_SECONDS = 400 * 86_400.0
"""Last use is forgotten after that: longer than a token lives."""

_metadata = sqlalchemy.MetaData()
_used = Table(
    "access_used",
    _metadata,
    Column("name", TEXT, primary_key=True),
    Column("until", MOMENT, nullable=False),
)
_activity = Table(
    "access_activity",
    _metadata,
    Column("kind", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("last", MOMENT, nullable=False),
    Column("address", TEXT, nullable=False),
)


class LastUse(NamedTuple):
    """When and from where something was last used."""

    time: float
    address: str


class Traces:
    """The two tables, in the control database. Thread-safe."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, str], LastUse] = {}
        self._written = clock.now()

    def use(self, name: str, until: float) -> bool:
        """See `tickets.UsedOnce`. Durable, so that a restart lets nobody use something twice."""
        try:
            with self._database.write() as connection:
                connection.execute(_used.delete().where(_used.c.until < self._clock.now()))
                connection.execute(_used.insert().values(name=name, until=until))
        except IntegrityError:
            return False
        return True

    def touch(self, kind: str, identity: str, address: str) -> None:
        """Note that something was used now. Cheap; writes when the last writing is a minute ago."""
        now = self._clock.now()
        with self._lock:
            self._noted[kind, identity] = LastUse(now, address)
            due = now - self._written >= WRITE_SECONDS
        if due:
            self.flush()

    def last_use(self, kind: str, identities: Iterable[str]) -> dict[str, LastUse]:
        """The last use of each that was ever used."""
        wanted = list(identities)
        statement = sqlalchemy.select(_activity.c.id, _activity.c.last, _activity.c.address).where(
            _activity.c.kind == kind, _activity.c.id.in_(wanted)
        )
        with self._database.read() as connection:
            found = {row.id: LastUse(row.last, row.address) for row in connection.execute(statement)}
        with self._lock:
            found.update({i: self._noted[kind, i] for i in wanted if (kind, i) in self._noted})
        return found

    def flush(self) -> None:
        """Write what was noted, and forget what is too old."""
        with self._lock:
            noted, self._noted = self._noted, {}
            self._written = self._clock.now()
        with self._database.write() as connection:
            connection.execute(_activity.delete().where(_activity.c.last < self._written - KEPT_SECONDS))
            for (kind, identity), use in noted.items():
                key = (_activity.c.kind == kind) & (_activity.c.id == identity)
                connection.execute(_activity.delete().where(key))
                connection.execute(
                    _activity.insert().values(kind=kind, id=identity, last=use.time, address=use.address)
                )
