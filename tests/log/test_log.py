"""The log's promises to writers and readers, on both databases."""

import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from holdfast.kernel.errors import InvalidError, UnavailableError
from holdfast.log.chunks import CHUNK_BYTES
from holdfast.log.port import PARTITIONS, Entry, Position, partition_of
from holdfast.log.rows import MAXIMUM_RECORD_BYTES, ROW_RECORDS
from tests.log.world import BEGINNING, LogWorld, bodies, consume, entry


def test_what_was_appended_is_read_whole(log: LogWorld) -> None:
    sent = Entry("pump-1", "mod", "telemetry", 1_800_000_000.25, "a=1&%24.mid=x", b"\x00\xff binary")
    assert log.append(sent) is None
    (record,) = log.everything()
    assert astuple(record)[:-1] == astuple(sent)
    assert record.position.partition == partition_of("pump-1")
    assert log.reader.read(Position(partition_of("pump-1"), 0)) == [record]
    assert log.reader.read(record.position) == []


def test_records_of_a_device_keep_their_order(log: LogWorld) -> None:
    for number in range(30):
        assert log.append(entry("a", f"{number}"), entry("b", f"{number}"), entry("a", f"{number}+")) is None
    assert log.texts("b") == [f"{number}" for number in range(30)]
    assert log.texts("a") == [text for number in range(30) for text in (f"{number}", f"{number}+")]


def test_many_threads_append_and_each_answer_comes_once(log: LogWorld) -> None:
    answers: list[Exception | None] = []
    everybody = threading.Barrier(6)

    def run(number: int) -> None:
        everybody.wait()
        for count in range(100):
            log.writer.append([entry(f"device-{number}", f"{count}")], answers.append)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.writer.close()
    assert answers == [None] * 600
    assert log.writer.pending_bytes() == 0
    assert all(log.texts(f"device-{number}") == [f"{n}" for n in range(100)] for number in range(6))


def test_ids_are_unique_and_stable(log: LogWorld) -> None:
    log.append(*(entry(f"device-{number % 7}", f"{number}") for number in range(200)))
    first = [record.id for record in log.everything()]
    assert len(set(first)) == 200
    log.reopen()
    log.append(entry("device-1", "later"))
    assert [record.id for record in log.everything(3)][:200] == first


def test_positions_continue_where_a_consumer_stopped(log: LogWorld) -> None:
    log.append(entry("a", "1"), entry("b", "1"))
    records, positions = consume(log.reader)
    assert sorted(bodies(records)) == ["1", "1"]
    log.append(entry("b", "2"))
    records, positions = consume(log.reader, after=positions)
    assert bodies(records) == ["2"]
    assert consume(log.reader, after=positions)[0] == []


def test_idle_partitions_move_along(log: LogWorld) -> None:
    """A consumer's oldest position must not stay behind, or every poll would read the whole log."""
    for number in range(5):
        log.append(entry("busy", f"{number}"))
    _, positions = consume(log.reader)
    assert len({position.offset for position in positions.values()}) == 1
    assert set(positions) == set(range(PARTITIONS))


def test_only_the_asked_partitions_are_read(log: LogWorld) -> None:
    log.append(*(entry(f"device-{number}", f"{number}") for number in range(300)))
    some = {number: BEGINNING[number] for number in (0, 31, 63)}
    records, positions = consume(log.reader, after=some)
    assert set(positions) == {0, 31, 63}
    assert {record.position.partition for record in records} == {0, 31, 63}
    expected = [f"{n}" for n in range(300) if partition_of(f"device-{n}") in (0, 31, 63)]
    assert sorted(bodies(records)) == sorted(expected)


def test_one_kind_is_read_and_the_others_are_passed(log: LogWorld) -> None:
    reported = replace(entry("device-1", "a patch"), kind="reported")
    resembling = replace(entry("device-1", "no patch, though it says so"), body=b"\xa8reported")
    log.append(*(entry(f"device-{number}", "x") for number in range(100)), resembling, reported)
    chunk = log.reader.poll(BEGINNING, kind="reported")
    assert bodies(chunk.records) == ["a patch"]
    assert chunk.complete
    assert log.reader.poll(chunk.positions).records == [], "the positions are behind everything"


def test_records_that_hold_a_text_are_read_and_the_others_are_passed(log: LogWorld) -> None:
    marked = replace(entry("device-1", "marked"), properties="mark=1")
    log.append(
        *(entry(f"device-{number}", "x") for number in range(100)), marked, entry("device-1", "mark=1")
    )
    chunk = log.reader.poll(BEGINNING, 2, holding="mark=1")
    assert bodies(chunk.records) == ["marked"], "where a body has the text it is no mark"
    assert chunk.complete
    assert log.reader.poll(chunk.positions).records == [], "the positions are behind everything"


def test_large_records_end_a_chunk_early(log: LogWorld) -> None:
    text = "x" * (MAXIMUM_RECORD_BYTES - 1000)
    for number in range(10):
        assert log.append(entry(f"device-{number}", text), entry(f"device-{number}", f"{number}")) is None
    chunk = log.reader.poll(BEGINNING)
    assert not chunk.complete
    assert sum(len(record.body) for record in chunk.records) <= CHUNK_BYTES + MAXIMUM_RECORD_BYTES
    rest, _ = consume(log.reader, after=chunk.positions)
    assert sorted(bodies(chunk.records + rest)) == sorted([text] * 10 + [f"{number}" for number in range(10)])


def test_ends_are_the_last_records(log: LogWorld) -> None:
    assert log.reader.ends() == {}
    log.append(*(entry(f"device-{number}", f"{number}") for number in range(20)))
    log.append(entry("device-3", "last"))
    last = {record.position.partition: record.position for record in log.everything()}
    assert log.reader.ends() == last


def test_a_group_larger_than_a_row_is_split(log: LogWorld) -> None:
    count = ROW_RECORDS + 10
    assert log.append(*(entry("a", f"{number}") for number in range(count))) is None
    assert log.texts("a") == [f"{number}" for number in range(count)]


@pytest.mark.parametrize(
    "bad",
    [entry("a", "x" * (MAXIMUM_RECORD_BYTES + 1)), entry("half\ud800")],
    ids=["too large", "surrogate"],
)
def test_what_cannot_be_stored_is_refused_alone(log: LogWorld, bad: Entry) -> None:
    assert isinstance(log.append(entry("a", "1"), bad), InvalidError)
    assert log.append(entry("a", "2")) is None
    assert log.texts("a") == ["2"]
    assert log.writer.pending_bytes() == 0


def test_waiting_ends_when_something_comes(log: LogWorld) -> None:
    log.reader.wait(0)
    assert not log.reader.wait(0)
    timer = threading.Thread(target=log.append, args=(entry("a", "1"),))
    timer.start()
    while not log.reader.wait(0):
        time.sleep(0.001)
    timer.join()
    assert log.texts("a") == ["1"]


def test_a_closed_log_says_so(log: LogWorld) -> None:
    log.writer.close()
    assert isinstance(log.append(entry("a")), UnavailableError)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    groups=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=12), max_size=5),
    limit=st.integers(1, 9),
    wanted=st.sets(st.integers(0, 9), min_size=1),
)
def test_any_reading_gives_every_record_once_and_in_order(
    log: LogWorld, groups: list[list[int]], limit: int, wanted: set[int]
) -> None:
    start = consume(log.reader)[1]
    for number, group in enumerate(groups):
        log.append(*(entry(f"device-{device}", f"{number}.{place}") for place, device in enumerate(group)))
    partitions = {partition_of(f"device-{device}") for device in wanted}
    records, _ = consume(log.reader, limit, {number: start[number] for number in partitions})
    for device in range(10):
        expected = [
            f"{number}.{place}"
            for number, group in enumerate(groups)
            for place, other in enumerate(group)
            if other == device and partition_of(f"device-{device}") in partitions
        ]
        assert bodies([r for r in records if r.device == f"device-{device}"]) == expected
