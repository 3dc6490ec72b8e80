"""Reading records of several partitions in one pass over the rows."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Protocol

from holdfast.log.frames import end_of_row, records_of, sequence_of
from holdfast.log.port import Chunk, Position, Record

CHUNK_BYTES = 8 << 20
"""Of rows after which a chunk ends: what a consumer holds is bounded however large the messages are."""


class RowSource(Protocol):
    """The rows of a log, wherever they are."""

    def rows(self, start: int, partitions: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        """(sequence, data) of the rows from `start` on that have frames of the partitions, oldest first."""
        ...

    def last(self) -> int:
        """The newest durable row, 0 when there is none."""
        ...


def chunk(source: RowSource, after: Mapping[int, Position], limit: int, kind: str, holding: str) -> Chunk:
    """See `LogReader.poll`: the next records behind `after`, and where each partition was read to."""
    offsets = {partition: position.offset for partition, position in after.items()}
    passed = source.last()
    records: list[Record] = []
    size, complete = 0, True
    for sequence, data in source.rows(_start(offsets), frozenset(offsets)):
        room = limit - len(records)
        found = list(islice(records_of(sequence, data, offsets, kind, holding=holding), room + 1))
        records += found[:room]
        size += len(data)
        if len(found) > room or size >= CHUNK_BYTES:
            passed, complete = sequence - (len(found) > room), False
            break
        passed = max(passed, sequence)
    for partition, offset in offsets.items():
        offsets[partition] = max(offset, end_of_row(passed))
    for record in records:
        offsets[record.partition] = max(offsets[record.partition], record.offset)
    positions = {partition: Position(partition, offset) for partition, offset in offsets.items()}
    return Chunk(records, positions, complete)


def _start(offsets: Mapping[int, int]) -> int:
    """The first row that may hold something behind the offsets."""
    return min(sequence_of(offset + 1) for offset in offsets.values())
