"""The bytes of the log: what is written is read, and nothing that was damaged is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from holdfast.log.frames import (
    Batch,
    DamagedRecordError,
    encoded,
    end_of_row,
    last_offsets,
    mask_of,
    offset_of,
    records_of,
    sequence_of,
)
from holdfast.log.port import PARTITIONS, Entry
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
ALL = dict.fromkeys(range(PARTITIONS), 0)


def batch_of(entries: list[Entry]) -> Batch:
    return Batch([encoded(one) for one in entries])


@given(entries=st.lists(ENTRIES, max_size=30))
def test_a_row_gives_back_its_entries_by_partition(entries: list[Entry]) -> None:
    batch = batch_of(entries)
    records = list(records_of(7, batch.encode(), ALL))
    by_partition = [(encoded(one)[0], one) for one in entries]
    for partition in {number for number, _ in by_partition}:
        expected = [astuple(one) for number, one in by_partition if number == partition]
        assert [astuple(r)[2:] for r in records if r.position.partition == partition] == expected
    assert len(records) == len(entries) == batch.records
    assert batch.mask() == mask_of({number for number, _ in by_partition})


@given(entries=st.lists(ENTRIES, min_size=1, max_size=8), data=st.data())
def test_no_damaged_byte_goes_unnoticed(entries: list[Entry], data: st.DataObject) -> None:
    """Except in the frame's head, where it makes frames or records appear lost, never changed."""
    row = bytearray(batch_of(entries).encode())
    place = data.draw(st.integers(0, len(row) - 1))
    row[place] ^= data.draw(st.integers(1, 255))
    whole = {astuple(r)[2:] for r in records_of(7, batch_of(entries).encode(), ALL)}
    try:
        damaged = [astuple(r)[2:] for r in records_of(7, bytes(row), ALL)]
    except DamagedRecordError:
        return
    assert set(damaged) <= whole


@given(entries=st.lists(ENTRIES, min_size=1, max_size=5), data=st.data())
def test_a_row_that_was_cut_is_refused(entries: list[Entry], data: st.DataObject) -> None:
    row = batch_of(entries).encode()
    cut = data.draw(st.integers(0, len(row) - 1))
    with pytest.raises(DamagedRecordError, match="Row 7"):
        list(records_of(7, row[:cut], ALL))


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    target(data)


def test_records_behind_an_offset_and_of_other_partitions_are_skipped() -> None:
    entries = [entry("a", "1"), entry("a", "2"), entry("b", "3")]
    row = batch_of(entries).encode()
    (partition, _), (other, _) = encoded(entries[0]), encoded(entries[2])
    assert partition != other
    (second,) = records_of(7, row, {partition: offset_of(7, 0)})
    assert second.body == b"2"
    assert [r.body for r in records_of(7, row, {other: 0})] == [b"3"]
    assert last_offsets(7, row) == {partition: offset_of(7, 1), other: offset_of(7, 0)}


def test_offsets_order_rows_and_records() -> None:
    places = [offset_of(1, 0), offset_of(1, 65_534), end_of_row(1), offset_of(2, 0)]
    assert places == sorted(set(places))
    assert [sequence_of(place) for place in places] == [1, 1, 1, 2]
    assert sequence_of(end_of_row(1) + 1) == 2


def test_a_mask_is_a_signed_integer_of_64_bits() -> None:
    assert mask_of([0, 2]) == 5
    assert mask_of([63]) == -(1 << 63)
    assert mask_of(range(64)) == -1
