"""Messages that wait for the platform: on disk, in order, bounded.

What is in the spool survives a loss of the connection and of the process. When it is full, the oldest
packets go first, then the oldest of everything: alerts say what happened without their packets too.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from holdfast.defender.uplink.state import SensorState

MAXIMUM_OCTETS: Final = 512 * 2**20
_LOST = "spool-lost"


class Waiting(NamedTuple):
    """One message."""

    number: int
    data: bytes


class Spool:
    """See the module. Thread-safe."""

    def __init__(self, state: SensorState, maximum: int = MAXIMUM_OCTETS) -> None:
        self._state = state
        self._maximum = maximum
        with state.lock:
            rows = state.connection.execute("SELECT coalesce(sum(octets), 0) FROM spool").fetchone()
        self.octets = int(rows[0])
        """Bytes that wait."""
        self.lost = int(state.get(_LOST) or b"0")
        """Messages that were given up, ever."""

    @property
    def id(self) -> str:
        """Tells the spool from others; numbers are the spool's own."""
        return self._state.instance

    def append(self, messages: Iterable[bytes], *, expendable: bool = False) -> None:
        """Keep messages, all of them or none; `expendable` ones go first when there is no room."""
        connection = self._state.connection
        added = [(int(expendable), len(data), data) for data in messages]
        if not added:
            return
        with self._state.lock:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany("INSERT INTO spool (expendable, octets, data) VALUES (?, ?, ?)", added)
                octets = self.octets + sum(length for _, length, _ in added)
                removed, octets = self._make_room(octets)
                lost = b"%d" % (self.lost + removed)
                if removed:
                    connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (_LOST, lost))
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            self.octets, self.lost = octets, self.lost + removed

    def after(self, number: int, limit: int = 20) -> list[Waiting]:
        """The next messages behind `number`, oldest first."""
        with self._state.lock:
            rows = self._state.connection.execute(
                "SELECT number, data FROM spool WHERE number > ? ORDER BY number LIMIT ?", (number, limit)
            ).fetchall()
        return [Waiting(int(row[0]), bytes(row[1])) for row in rows]

    def arrived(self, number: int) -> None:
        """The platform has every message up to this one."""
        connection = self._state.connection
        with self._state.lock:
            gone = connection.execute(
                "SELECT coalesce(sum(octets), 0) FROM spool WHERE number <= ?", (number,)
            ).fetchone()
            connection.execute("DELETE FROM spool WHERE number <= ?", (number,))
            self.octets -= int(gone[0])

    def _make_room(self, octets: int) -> tuple[int, int]:
        """How many messages went, and the bytes that are left."""
        removed = 0
        connection = self._state.connection
        while octets > self._maximum:
            row = connection.execute(
                "SELECT number, octets FROM spool ORDER BY expendable DESC, number LIMIT 1"
            ).fetchone()
            if row is None:
                break
            connection.execute("DELETE FROM spool WHERE number = ?", (row[0],))
            octets -= int(row[1])
            removed += 1
        return removed, octets
