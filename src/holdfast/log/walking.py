"""Records of some devices in a time range, oldest or newest first, without reading all of the log.

Rows lie in the order of receiving, so the row of a moment is found by halving, and a range is read in blocks
of rows from either end. Of a row only the records of the devices are decoded.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from holdfast.log.port import PARTITIONS, LogReader, Record, partition_of
from holdfast.log.rows import received_at, records_of

EVERYTHING = frozenset(range(PARTITIONS))
SLACK_SECONDS = 60.0
"""By how much a record may stand behind one that was received later: what gateways held back, and the
difference of their clocks."""
BLOCK_BYTES = 4 << 20
"""What one block is about to hold in memory."""
MAXIMUM_BLOCK = 4096
"""Rows of a block, where rows are small."""
MAXIMUM_BYTES = 1 << 30
"""Of rows that one walk reads: a bound on its time, some seconds."""


class Rows(Protocol):
    """The rows of a log, by sequence."""

    def block(self, start: int, end: int, partitions: frozenset[int]) -> list[tuple[int, bytes]]:
        """(sequence, data) of the rows from `start` to before `end` that have records of the partitions."""
        ...

    def first_from(self, start: int) -> tuple[int, bytes] | None:
        """The first row from `start` on that has records; None when there is none."""
        ...

    def last(self) -> int:
        """The newest durable row, 0 when there is none."""
        ...


class WalkedLog(LogReader, Rows, Protocol):
    """A reading end that can be walked."""


@dataclass(slots=True)
class Walk:
    """The records of `devices` that were received in [begins, ends), one after another."""

    rows: Rows
    devices: frozenset[str]
    begins: float
    ends: float
    kind: str = "telemetry"
    newest_first: bool = False
    stopped_at: float | None = None
    """Where the walk reached its bound: the moment in Unix seconds at which another may go on. None while it
    did not, so at the end of a whole range."""

    @property
    def complete(self) -> bool:
        """Whether the walk did not reach its bound."""
        return self.stopped_at is None

    def __iter__(self) -> Iterator[Record]:
        """Read the range once, in blocks."""
        partitions = frozenset(map(partition_of, self.devices))
        if not partitions:
            return
        for block in self._blocks(partitions):
            for sequence, data in reversed(block) if self.newest_first else block:
                found = [
                    record
                    for record in records_of(sequence, data, self.kind, self.devices)
                    if self.begins <= record.time < self.ends
                ]
                yield from reversed(found) if self.newest_first else found

    def _blocks(self, partitions: frozenset[int]) -> Iterator[list[tuple[int, bytes]]]:
        start = sequence_at(self.rows, self.begins - SLACK_SECONDS)
        end = sequence_at(self.rows, self.ends + SLACK_SECONDS)
        rows, walked = 16, 0
        while start < end:
            if walked > MAXIMUM_BYTES:
                self.stopped_at = self._received_at(end if self.newest_first else start)
                return
            if self.newest_first:
                lower, upper = max(start, end - rows), end
                end = lower
            else:
                lower, upper = start, min(start + rows, end)
                start = upper
            block = self.rows.block(lower, upper, partitions)
            yield block
            size = sum(len(data) for _, data in block)
            walked += size
            rows = min(MAXIMUM_BLOCK, 2 * rows, max(1, BLOCK_BYTES * rows // max(1, size)))

    def _received_at(self, sequence: int) -> float:
        row = self.rows.first_from(sequence)
        return self.begins if row is None else received_at(*row)


def sequence_at(rows: Rows, moment: float) -> int:
    """The first row whose first record was received at `moment` or later; behind the last if none was."""
    low, high = 1, rows.last() + 1
    if moment == math.inf:
        return high
    while low < high:
        middle = (low + high) // 2
        row = rows.first_from(middle)
        if row is None or row[0] >= high or received_at(*row) >= moment:
            high = middle
        else:
            low = row[0] + 1
    return low
