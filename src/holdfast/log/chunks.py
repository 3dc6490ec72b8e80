"""Reading records of several partitions in one pass over the rows."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from holdfast.log.frames import end_of_row, records_of, sequence_of
from holdfast.log.port import Chunk, Position, Record


class RowSource(Protocol):
    """The rows of a log, wherever they are."""

    def rows(self, start: int, partitions: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        """(sequence, data) of the rows from `start` on that have frames of the partitions, oldest first."""
        ...

    def last(self) -> int:
        """The newest durable row, 0 when there is none."""
        ...


def chunk(source: RowSource, after: Mapping[int, Position], limit: int) -> Chunk:
    """The next records behind `after`, at most `limit`, and where each partition was read to."""
    offsets = {partition: position.offset for partition, position in after.items()}
    passed = source.last()
    records: list[Record] = []
    for sequence, data in source.rows(_start(offsets), frozenset(offsets)):
        found = list(records_of(sequence, data, offsets))
        room = limit - len(records)
        records += found[:room]
        if len(found) > room:
            passed = sequence - 1
            break
        passed = max(passed, sequence)
    for partition, offset in offsets.items():
        offsets[partition] = max(offset, end_of_row(passed))
    for record in records:
        place = record.position
        offsets[place.partition] = max(offsets[place.partition], place.offset)
    return Chunk(records, {partition: Position(partition, offset) for partition, offset in offsets.items()})


def _start(offsets: Mapping[int, int]) -> int:
    """The first row that may hold something behind the offsets."""
    return min(sequence_of(offset + 1) for offset in offsets.values())
