"""Forgetting old audit records, so that the rest can still be verified.

Records go up to a signed head of the chain, whole. Before, a record says so, which is chained itself: a log
that begins later than its first record is in order exactly when it tells where it was cut, and the head
there is signed (`verification`). Heads stay, they are small and hold nothing of anybody.
"""

from typing import Final

import sqlalchemy
from sqlalchemy import func, select

from holdfast.kernel.clock import Clock
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM
from holdfast.resources import tables
from holdfast.resources.port import ChangePath
from holdfast.storage.database import Database

FORGOTTEN: Final = "audit.forgotten"
"""The event that says up to where: `through` is a sequence, `head` what the chain came to there."""
AT_ONCE = 20_000
"""Records that go in one transaction, so that no other write waits for long."""


class Retention:
    """Forgets. Blocking; one thread at a time."""

    def __init__(self, database: Database, changes: ChangePath, clock: Clock) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock

    def forget(self, seconds: float) -> int:
        """Remove records that are older than `seconds`, as far as a head covers them; how many."""
        cut = self._cut(self._clock.now() - seconds)
        if cut is None:
            return 0
        through, head = cut
        data: JsonObject = {"through": through, "head": head}
        self._changes.record(SYSTEM, FORGOTTEN, data=data, detail=f"records up to {through}")
        with self._database.write() as connection:
            gone = connection.execute(tables.audit.delete().where(tables.audit.c.sequence <= through))
        return gone.rowcount

    def _cut(self, before: float) -> tuple[int, str] | None:
        """The last head of which every record is old enough, within what goes at once; None for none."""
        records, heads = tables.audit.c, tables.audit_head.c
        with self._database.read() as connection:
            first = connection.execute(select(func.min(records.sequence))).scalar()
            if first is None:
                return None
            young = connection.execute(
                select(func.min(records.sequence)).where(records.time >= before)
            ).scalar()
            end = min(first + AT_ONCE, young if young is not None else first + AT_ONCE)
            statement = select(heads.last, heads.head).where(heads.last >= first, heads.last < end)
            row = connection.execute(statement.order_by(sqlalchemy.desc(heads.last)).limit(1)).first()
        return None if row is None else (row.last, row.head)
