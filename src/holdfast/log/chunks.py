"""Reading records of several partitions in one pass over the rows."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from holdfast.log.port import PARTITIONS, Chunk, Position, Record
from holdfast.log.rows import end_of_row, offset_of, records_of, sequence_of

CHUNK_BYTES = 8 << 20
"""Of rows after which a chunk ends: what a consumer holds is bounded however large the messages are."""


class RowSource(Protocol):
    """The rows of a log, wherever they are."""

    def rows(self, start: int, partitions: frozenset[int]) -> Iterator[tuple[int, bytes]]:
        """(sequence, data) of the rows from `start` on that have records of the partitions, oldest first."""
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
        found = _behind(offsets, sequence, records_of(sequence, data, kind, holding=holding))
        room = limit - len(records)
        records += found[:room]
        size += len(data)
        if len(found) > room or size >= CHUNK_BYTES:
            passed, complete = sequence - (len(found) > room), False
            break
        passed = max(passed, sequence)
    for partition, offset in offsets.items():
        offsets[partition] = max(offset, end_of_row(passed))
    for record in reversed(records):
        if record.offset <= end_of_row(passed):
            break  # only the last row may have been read in part
        offsets[record.partition] = max(offsets[record.partition], record.offset)
    positions = {partition: Position(partition, offset) for partition, offset in offsets.items()}
    return Chunk(records, positions, complete)


def _behind(offsets: Mapping[int, int], sequence: int, records: list[Record]) -> list[Record]:
    """Those of the partitions that are behind their offsets: all of them, in nearly every row."""
    if len(offsets) == PARTITIONS and max(offsets.values()) < offset_of(sequence, 0):
        return records
    behind = {partition: range(offset + 1, end_of_row(sequence) + 1) for partition, offset in offsets.items()}
    return [record for record in records if record.offset in behind.get(record.partition, ())]


def _start(offsets: Mapping[int, int]) -> int:
    """The first row that may hold something behind the offsets."""
    return min(sequence_of(offset + 1) for offset in offsets.values())
