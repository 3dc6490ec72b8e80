"""The bytes of the log: what is written is read, and nothing that was damaged is."""

import struct
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from holdfast.log.port import Entry
from holdfast.log.rows import (
    Batch,
    DamagedRecordError,
    encoded,
    end_of_row,
    last_offsets,
    mask_of,
    offset_of,
    received_at,
    records_of,
    sequence_of,
)
from tests.fuzz.fuzz_log import target
from tests.log.world import entry

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ENTRIES = st.builds(
    Entry,
    device=TEXTS,
    module=TEXTS,
    kind=st.sampled_from(["telemetry", "reported"]),
    time=st.floats(allow_nan=False),
    properties=TEXTS,
    body=st.binary(max_size=40),
)


def batch_of(entries: list[Entry]) -> Batch:
    return Batch([encoded(one) for one in entries])


@given(entries=st.lists(ENTRIES, max_size=30))
def test_a_row_gives_back_its_entries_in_order(entries: list[Entry]) -> None:
    batch = batch_of(entries)
    records = records_of(7, batch.encode())
    assert [astuple(record) for record in records] == [
        (*astuple(one), offset_of(7, place)) for place, one in enumerate(entries)
    ]
    assert len(records) == batch.records
    assert batch.mask() == mask_of({record.partition for record in records})


@given(entries=st.lists(ENTRIES, min_size=1, max_size=30))
def test_a_row_says_when_its_first_record_was_received(entries: list[Entry]) -> None:
    assert received_at(7, batch_of(entries).encode()) == entries[0].time
    assert received_at(7, framed_row([entries])) == entries[0].time


@given(entries=st.lists(ENTRIES, min_size=1, max_size=8), data=st.data())
def test_no_damaged_byte_goes_unnoticed(entries: list[Entry], data: st.DataObject) -> None:
    row = bytearray(batch_of(entries).encode())
    place = data.draw(st.integers(0, len(row) - 1))
    row[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DamagedRecordError, match="Row 7"):
        records_of(7, bytes(row))


@given(entries=st.lists(ENTRIES, min_size=1, max_size=5), data=st.data())
def test_a_row_that_was_cut_is_refused(entries: list[Entry], data: st.DataObject) -> None:
    row = batch_of(entries).encode()
    cut = data.draw(st.integers(0, len(row) - 1))
    with pytest.raises(DamagedRecordError, match="Row 7"):
        records_of(7, row[:cut])


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    target(data)


@given(entries=st.lists(ENTRIES, max_size=20), wanted=st.sampled_from(["telemetry", "reported"]))
def test_a_reader_gets_what_it_asks_for_alone(entries: list[Entry], wanted: str) -> None:
    row = batch_of(entries).encode()
    everything = records_of(7, row)
    assert records_of(7, row, wanted) == [r for r in everything if r.kind == wanted]
    for one in everything:
        assert records_of(7, row, devices=[one.device]) == [r for r in everything if r.device == one.device]
        text = one.properties[:3]
        assert records_of(7, row, holding=text) == [r for r in everything if text in r.properties]


def test_the_last_offset_of_each_partition_is_found() -> None:
    entries = [entry("a", "1"), entry("a", "2"), entry("b", "3"), entry("a", "4")]
    (partition, _), (other, _) = encoded(entries[0]), encoded(entries[2])
    assert partition != other
    row = batch_of(entries).encode()
    assert last_offsets(7, row) == {partition: offset_of(7, 3), other: offset_of(7, 2)}


def framed_row(frames: list[list[Entry]]) -> bytes:
    """A row as it was written first, see `framed`."""
    heads, bodies = [], []
    for number, frame in enumerate(frames):
        payloads = [msgspec.msgpack.encode(one) for one in frame]
        body = b"".join(struct.pack("<II", len(one), zlib.crc32(one)) + one for one in payloads)
        heads.append(struct.pack("<BHI", number, len(frame), len(body)))
        bodies.append(body)
    return bytes([len(frames)]) + b"".join(heads) + b"".join(bodies)


@given(frames=st.lists(st.lists(ENTRIES, min_size=1, max_size=5), min_size=1, max_size=6))
def test_a_row_of_an_older_log_is_read_with_the_offsets_that_it_had(frames: list[list[Entry]]) -> None:
    records = records_of(7, framed_row(frames))
    expected = [(*astuple(one), offset_of(7, place)) for frame in frames for place, one in enumerate(frame)]
    assert [astuple(record) for record in records] == expected


@given(frames=st.lists(st.lists(ENTRIES, min_size=1, max_size=3), min_size=1, max_size=3), data=st.data())
def test_a_row_of_an_older_log_that_was_cut_is_refused(
    frames: list[list[Entry]], data: st.DataObject
) -> None:
    row = framed_row(frames)
    with pytest.raises(DamagedRecordError, match="Row 7"):
        records_of(7, row[: data.draw(st.integers(0, len(row) - 1))])


def test_offsets_order_rows_and_records() -> None:
    places = [offset_of(1, 0), offset_of(1, 65_534), end_of_row(1), offset_of(2, 0)]
    assert places == sorted(set(places))
    assert [sequence_of(place) for place in places] == [1, 1, 1, 2]
    assert sequence_of(end_of_row(1) + 1) == 2


def test_a_mask_is_a_signed_integer_of_64_bits() -> None:
    assert mask_of([0, 2]) == 5
    assert mask_of([63]) == -(1 << 63)
    assert mask_of(range(64)) == -1
