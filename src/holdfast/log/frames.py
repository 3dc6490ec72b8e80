"""How records lie in the log: frames of one partition each, the frames of a group commit side by side.

A group commit is stored as one row: a bit mask of the partitions that have a frame in it, and these bytes
(integers little-endian):

    row     frame count (u8), then for each frame: partition (u8), records (u16), bytes (u32); then the frames
    frame   records, one after another
    record  payload length (u32), CRC-32 of the payload (u32), payload
    payload MessagePack array: device, module, kind, time, properties, body

A reader of one partition skips the other frames without decoding them, and rows that have none by the mask.
"""

import struct
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from holdfast.kernel.errors import HoldfastError
from holdfast.log.port import Entry, Record, partition_of

MAXIMUM_RECORD_BYTES = 1 << 20
"""Four times the largest device-to-cloud message of the hub's protocol (256 KB)."""
ROW_RECORDS = 16_384
"""Records in one row at most; a larger group is written as several rows."""

_ROW = struct.Struct("<B")
_FRAME = struct.Struct("<BHI")
_RECORD = struct.Struct("<II")
_INDEX_BITS = 16
"""An offset is the row's sequence and the record's place in its frame, so that it grows without gaps in
between mattering."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, str, str, float, str, bytes]).decode
"""An `Entry`'s fields, of which readers make a `Record`."""


_ARRAY_OF_SIX = b"\x96"
"""What a payload begins with: an array of as many elements as an entry has, the device first."""


class DamagedRecordError(HoldfastError):
    """A stored record does not have the bytes that were written."""

    code = "LogDamaged"


class Batch:
    """Encoded records of one row, by partition, in the order of appending."""

    __slots__ = ("_frames", "records")

    def __init__(self, records: Sequence[tuple[int, bytes]] = ()) -> None:
        self._frames: dict[int, list[bytes]] = {}
        self.records = len(records)
        for partition, record in records:
            if partition in self._frames:
                self._frames[partition].append(record)
            else:
                self._frames[partition] = [record]

    def mask(self) -> int:
        """The partitions that have a frame in the row, see `mask_of`."""
        return mask_of(self._frames)

    def encode(self) -> bytes:
        """The row's bytes."""
        frames = [(partition, records, b"".join(records)) for partition, records in self._frames.items()]
        heads = [_FRAME.pack(partition, len(records), len(data)) for partition, records, data in frames]
        return b"".join((_ROW.pack(len(frames)), *heads, *(data for _, _, data in frames)))


def encoded(entry: Entry) -> tuple[int, bytes]:
    """An entry's partition and bytes. ValueError when it is too large or holds text that is not Unicode."""
    payload = _encode(entry)
    if len(payload) > MAXIMUM_RECORD_BYTES:
        raise ValueError(f"A record has {len(payload)} bytes; at most {MAXIMUM_RECORD_BYTES} are taken.")
    return partition_of(entry.device), _RECORD.pack(len(payload), zlib.crc32(payload)) + payload


def records_of(
    sequence: int,
    data: bytes,
    after: Mapping[int, int],
    kind: str = "",
    devices: Collection[str] = (),
    holding: str = "",
) -> Iterator[Record]:
    """The records of a row in the partitions that `after` names, behind the offsets that it gives; with a
    `kind` its records only, with `devices` theirs only, with `holding` those that have this text anywhere.
    What is not asked for is passed over without being decoded.

    DamagedRecordError when the bytes are not those that were written.
    """
    text = holding.encode()
    marks = [mark for mark in (_encode(kind) if kind else b"", text) if mark]
    if any(mark not in data for mark in marks):
        return  # most rows, for who looks for something rare
    starts = tuple(_ARRAY_OF_SIX + _encode(device) for device in devices)
    try:
        for frame in _directory(data):
            asked_for = all(data.find(mark, frame.start, frame.end) >= 0 for mark in marks)
            if asked_for and frame.partition in after:
                found = _frame_records(sequence, data, frame, after[frame.partition], starts, text)
                yield from (record for record in found if record.kind == kind) if kind else found
    except (struct.error, msgspec.DecodeError, IndexError):
        raise _damaged(sequence) from None


def last_offsets(sequence: int, data: bytes) -> dict[int, int]:
    """The offset of the last record of each partition that has a frame in the row."""
    return {frame.partition: offset_of(sequence, frame.records - 1) for frame in _directory(data)}


class _Frame(NamedTuple):
    """Where a partition's records lie in a row."""

    partition: int
    start: int
    end: int
    records: int


def _directory(data: bytes) -> list[_Frame]:
    (count,) = _ROW.unpack_from(data)
    start = _ROW.size + count * _FRAME.size
    frames: list[_Frame] = []
    for number in range(count):
        partition, records, length = _FRAME.unpack_from(data, _ROW.size + number * _FRAME.size)
        frames.append(_Frame(partition, start, start + length, records))
        start += length
    if start != len(data):
        raise IndexError("the frames do not fill the row")
    return frames


def _frame_records(
    sequence: int, data: bytes, frame: _Frame, after: int, starts: tuple[bytes, ...], holding: bytes
) -> Iterator[Record]:
    """Those behind `after`; with `starts` only payloads that begin with one of them, and only those that
    have `holding` in them; the others unread."""
    partition, place, end, records = frame
    for offset in range(offset_of(sequence, 0), offset_of(sequence, records)):
        length, checksum = _RECORD.unpack_from(data, place)
        place += _RECORD.size
        if offset > after and (not starts or data.startswith(starts, place)):
            payload = data[place : place + length]
            if holding in payload:
                if place + length > end or zlib.crc32(payload) != checksum:
                    raise _damaged(sequence)
                yield Record(partition, offset, *_decode(payload))
        place += length
    if place != end:
        raise _damaged(sequence)


def offset_of(sequence: int, index: int) -> int:
    """The offset of the record at `index` of its frame in the row `sequence`; rows count from 1."""
    return sequence << _INDEX_BITS | index


def end_of_row(sequence: int) -> int:
    """An offset behind every record of the row and before the next row."""
    return offset_of(sequence, (1 << _INDEX_BITS) - 1)


def sequence_of(offset: int) -> int:
    """The row that an offset lies in."""
    return offset >> _INDEX_BITS


def mask_of(partitions: Iterable[int]) -> int:
    """The partitions as bits of a signed 64-bit integer, as databases have them."""
    mask = sum(1 << partition for partition in partitions)
    return mask - (1 << 64) if mask >> 63 else mask


def _damaged(sequence: int) -> DamagedRecordError:
    return DamagedRecordError(
        f"Row {sequence} of the log is damaged: its checksum does not match. Restore the log from a backup, "
        "or let the consumers go on behind it."
    )
