"""The sealer: once a second it chains what was recorded since and signs the new head."""

import sqlalchemy
from sqlalchemy import Connection, select

from holdfast.kernel.clock import Clock
from holdfast.keys.ring import FileKeyRing
from holdfast.resources import tables
from holdfast.resources.chain import GENESIS, Head, chained, sign
from holdfast.resources.rows import LAST_SEQUENCE
from holdfast.resources.witness import HeadFile
from holdfast.storage.database import Database

PERIOD_SECONDS = 0.5
"""So that a record is chained within a second of its commit, at no more than two extra commits a second."""
SIGNING_PURPOSE = "audit"

_HEADS = select(
    tables.audit_head.c.first,
    tables.audit_head.c.last,
    tables.audit_head.c.head,
    tables.audit_head.c.time,
    tables.audit_head.c.key,
    tables.audit_head.c.signature,
)
_INSERT = sqlalchemy.insert(tables.audit_head)


class Sealer:
    """Chains the audit log. Several processes may run one: the write lock makes them take turns."""

    def __init__(self, database: Database, ring: FileKeyRing, clock: Clock, witness: HeadFile) -> None:
        self._database = database
        self._ring = ring
        self._clock = clock
        self._witness = witness
        self._witnessed = witness.last()
        self._sealed = 0
        self._next = clock.monotonic()

    def tend(self) -> None:
        """Seal when it is time. Called often; cheap when there is nothing to do."""
        if self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + PERIOD_SECONDS
            self.seal()

    def seal(self) -> None:
        """Chain every record that is not chained, and bring the file outside up to the database."""
        if self._last_record() > self._sealed:
            with self._database.write() as connection:
                self._sealed = self._seal(connection)
        if self._witnessed < self._sealed:
            heads = heads_after(self._database, self._witnessed)
            self._witness.append(heads)
            self._witnessed = heads[-1].last

    def _last_record(self) -> int:
        with self._database.read() as connection:
            return connection.execute(LAST_SEQUENCE).scalar_one()

    def _seal(self, connection: Connection) -> int:
        """Add one head for all records behind the last one; returns the last record that is chained."""
        previous = _last_head(connection) or Head(0, 0, GENESIS, 0.0, "")
        rows = connection.execute(
            select(tables.audit.c.sequence, tables.audit.c.digest)
            .where(tables.audit.c.sequence > previous.last)
            .order_by(tables.audit.c.sequence)
        ).all()
        if not rows:
            return previous.last
        key = self._ring.signing_key(SIGNING_PURPOSE)
        head = Head(
            first=rows[0].sequence,
            last=rows[-1].sequence,
            head=chained(previous.head, (row.digest for row in rows)),
            time=self._clock.now(),
            key=key.key_id,
        )
        connection.execute(_INSERT, sign(head, self._ring.instance, key)._asdict())
        return head.last


def last_head(database: Database) -> Head | None:
    """The newest head; None when nothing was chained yet."""
    with database.read() as connection:
        return _last_head(connection)


def _last_head(connection: Connection) -> Head | None:
    found = connection.execute(_HEADS.order_by(tables.audit_head.c.last.desc()).limit(1)).first()
    return Head(*found) if found else None


def heads_after(database: Database, last: int) -> list[Head]:
    """The heads in the database behind the record `last`, in order."""
    column = tables.audit_head.c.last
    with database.read() as connection:
        return [Head(*row) for row in connection.execute(_HEADS.where(column > last).order_by(column))]
