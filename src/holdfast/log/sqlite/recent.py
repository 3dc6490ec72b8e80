"""The newest rows that readers of a process fetched, for its other readers."""

import threading
from bisect import bisect_left

RECENT_BYTES = 16 << 20
"""What is kept: rows of a second or two under load."""
_ROW_OVERHEAD = 160
"""Bytes of memory that a row takes beside its data."""

Row = tuple[int, bytes]
"""Sequence and data."""


class RecentRows:
    """A run of the log without gaps. Thread-safe.

    The consumers of a worker follow the log side by side: what one of them fetched and decrypted, the others
    ask for within a second. A row never changes, so nothing has to be kept up to date.
    """

    def __init__(self, maximum: int = RECENT_BYTES) -> None:
        self._maximum = maximum
        self._lock = threading.Lock()
        self._rows: list[Row] = []
        self._after = 0
        """Every row behind this sequence, up to the last one here, is here."""
        self._bytes = 0

    def behind(self, after: int, limit: int) -> list[Row]:
        """Up to `limit` rows behind a sequence, in order; none when the next one is not here."""
        with self._lock:
            if after < self._after:
                return []
            first = bisect_left(self._rows, (after + 1, b""))
            return self._rows[first : first + limit]

    def add(self, after: int, rows: list[Row]) -> None:
        """Take rows that were fetched: all that the log has behind `after`, up to the last of them."""
        with self._lock:
            last = self._rows[-1][0] if self._rows else self._after
            if after < self._after:
                return  # of a reader that is far behind; the others are ahead of it
            if after > last:
                self._rows, self._bytes = [], 0
                self._after = last = after
            new = [row for row in rows if row[0] > last]
            self._rows += new
            self._bytes += sum(len(data) + _ROW_OVERHEAD for _, data in new)
            self._forget()

    def _forget(self) -> None:
        gone = 0
        while self._bytes > self._maximum:
            self._after, data = self._rows[gone]
            self._bytes -= len(data) + _ROW_OVERHEAD
            gone += 1
        del self._rows[:gone]
