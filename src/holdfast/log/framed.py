"""Rows as they were written first, which an older log still has: a frame of each partition.

    row     frame count (u8), then for each frame: partition (u8), records (u16), bytes (u32); then the frames
    frame   records, one after another
    record  length (u32), CRC-32 (u32), the entry as MessagePack

Integers are little-endian. An offset counts the records of its frame.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from holdfast.log.port import Record

_FRAME = struct.Struct("<BHI")
_RECORD = struct.Struct("<II")
_decode = msgspec.msgpack.Decoder(Record).decode


def records(first: int, data: bytes) -> list[Record]:
    """The records of a row whose first offset is `first`. ValueError, IndexError, struct.error or
    msgspec.DecodeError when the bytes are not those that were written."""
    heads = [_FRAME.unpack_from(data, 1 + number * _FRAME.size) for number in range(data[0])]
    place = 1 + len(heads) * _FRAME.size
    found: list[Record] = []
    for _partition, count, size in heads:
        found += _frame(first, count, data[place : place + size])
        place += size
    if place != len(data):
        raise ValueError("the frames do not fill the row")
    return found


def _frame(first: int, count: int, data: bytes) -> Iterator[Record]:
    place = 0
    for offset in range(first, first + count):
        length, checksum = _RECORD.unpack_from(data, place)
        place += _RECORD.size + length
        payload = data[place - length : place]
        if zlib.crc32(payload) != checksum:
            raise ValueError("a record's checksum does not match")
        record = _decode(payload)
        record.offset = offset
        yield record
    if place != len(data):
        raise ValueError("the records do not fill the frame")
