"""How records lie in the log: the records of a group commit side by side, in one row.

A row is stored with a bit mask of the partitions that have records in it, and with these bytes:

    0x82, CRC-32 of the rest (u32, little-endian), the rest: a MessagePack array of entries, each an array of
    device, module, kind, time, properties, body

An array is decoded at once, which costs less than to find and pass over the records that a reader does not
want; rows without any are passed over by the mask, or because the bytes of what is wanted are not in them.
"""

import struct
import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from holdfast.kernel.errors import HoldfastError
from holdfast.log import framed
from holdfast.log.port import Entry, Record, partition_of

MAXIMUM_RECORD_BYTES: Final = 1 << 20
"""Four times the largest device-to-cloud message of the hub's protocol (256 KB)."""
ROW_RECORDS: Final = 16_384
"""Records in one row at most; a larger group is written as several rows."""
FEW = 16
"""Devices whose names are looked for in the bytes of a row, before it is decoded."""

_MARK: Final = 0x82
"""What a row begins with; `framed` ones begin with a number up to 64."""
_HEAD: Final = struct.Struct("<BI")
_ARRAY: Final = struct.Struct(">BI")
"""MessagePack's `array 32`: its type and the number of elements."""
_ARRAY_32: Final = 0xDD
_ENTRY: Final = b"\x96"
"""What an entry begins with: an array of as many elements as it has fields, the device first."""
_INDEX_BITS: Final = 16
"""An offset is the row's sequence and the record's place in it, so that it grows; without gaps it is not."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Record]).decode
_decode_parts: Final = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_entry: Final = msgspec.msgpack.Decoder(Entry).decode


class DamagedRecordError(HoldfastError):
    """A stored row does not have the bytes that were written."""

    code = "LogDamaged"


class Batch:
    """Encoded records of one row, in the order of appending."""

    __slots__ = ("_mask", "_records", "records")

    def __init__(self, records: Sequence[tuple[int, bytes]] = ()) -> None:
        self._records = [record for _, record in records]
        self._mask = mask_of({partition for partition, _ in records})
        self.records = len(records)

    def mask(self) -> int:
        """The partitions that have records in the row, see `mask_of`."""
        return self._mask

    def encode(self) -> bytes:
        """The row's bytes."""
        array = b"".join((_ARRAY.pack(_ARRAY_32, self.records), *self._records))
        return _HEAD.pack(_MARK, zlib.crc32(array)) + array


def encoded(entry: Entry) -> tuple[int, bytes]:
    """An entry's partition and bytes. ValueError when it is too large or holds text that is not Unicode."""
    record = _encode(entry)
    if len(record) > MAXIMUM_RECORD_BYTES:
        raise ValueError(f"A record has {len(record)} bytes; at most {MAXIMUM_RECORD_BYTES} are taken.")
    return partition_of(entry.device), record


def records_of(
    sequence: int, data: bytes, kind: str = "", devices: Collection[str] = (), holding: str = ""
) -> list[Record]:
    """The records of a row in the order of appending; with a `kind` its records only, with `devices` theirs
    only, with `holding` those whose properties have this text.

    DamagedRecordError when the bytes are not those that were written.
    """
    marks = [_encode(kind)] * bool(kind) + [holding.encode()]
    if any(mark not in data for mark in marks):
        return []  # most rows, for who looks for something rare
    if 0 < len(devices) <= FEW and not any(_ENTRY + _encode(device) in data for device in devices):
        return []
    records = _all_records(sequence, data)
    if kind:
        records = [record for record in records if record.kind == kind]
    if devices:
        records = [record for record in records if record.device in devices]
    if holding:
        records = [record for record in records if holding in record.properties]
    return records


def last_offsets(sequence: int, data: bytes) -> dict[int, int]:
    """The offset of the last record of each partition that has records in the row."""
    return {record.partition: record.offset for record in _all_records(sequence, data)}


def received_at(sequence: int, data: bytes) -> float:
    """When the first record of a row was received, Unix seconds."""
    if data[:1] != bytes([_MARK]):
        return _all_records(sequence, data)[0].time
    try:
        return _decode_entry(_decode_parts(memoryview(data)[_HEAD.size :])[0]).time
    except (msgspec.DecodeError, IndexError):
        raise _damaged(sequence) from None


def _all_records(sequence: int, data: bytes) -> list[Record]:
    first = offset_of(sequence, 0)
    try:
        mark, checksum = _HEAD.unpack_from(data)
        if mark != _MARK:
            return framed.records(first, data)
        array = memoryview(data)[_HEAD.size :]
        if zlib.crc32(array) != checksum:
            raise ValueError("the checksum does not match")
        records = _decode(array)
    except (struct.error, msgspec.DecodeError, ValueError, IndexError):
        raise _damaged(sequence) from None
    for offset, record in enumerate(records, first):
        record.offset = offset
    return records


def offset_of(sequence: int, index: int) -> int:
    """The offset of the record at `index` of the row `sequence`; rows count from 1."""
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
