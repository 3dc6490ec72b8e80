"""Walks through a part of the log: the records of reading everything and choosing, in either direction."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.log import rows, walking
from holdfast.log.backend import Limits
from holdfast.log.port import Entry, partition_of
from holdfast.log.walking import Walk, WalkedLog, sequence_at
from tests.log.world import LogWorld, open_log

NOON = 1_800_000_000.0
DEVICES = ("pump", "fan", "valve", "pump-2")


def said(device: str, time: float, kind: str = "telemetry") -> Entry:
    return Entry(device, "", kind, time, "", f"{device} at {time:.0f}".encode())


def walk(
    log: LogWorld, devices: set[str], begins: float, ends: float, *, newest_first: bool = False
) -> list[str]:
    reader: WalkedLog = log.reader
    return [
        record.body.decode()
        for record in Walk(reader, frozenset(devices), begins, ends, newest_first=newest_first)
    ]


@pytest.fixture
def day(log: LogWorld) -> LogWorld:
    """A message of each device every minute for two hours."""
    for minute in range(120):
        log.append(*(said(device, NOON + 60 * minute) for device in DEVICES))
    return log


def test_a_range_holds_its_beginning_and_not_its_end(day: LogWorld) -> None:
    found = walk(day, {"pump"}, NOON + 3000, NOON + 3120)
    assert found == [f"pump at {NOON + 3000:.0f}", f"pump at {NOON + 3060:.0f}"]
    assert walk(day, {"pump"}, NOON + 3000, NOON + 3120, newest_first=True) == found[::-1]


def test_nothing_is_found_of_nobody_before_the_log_behind_it_or_in_no_time(day: LogWorld) -> None:
    assert walk(day, set(), NOON, NOON + 9999) == []
    assert walk(day, {"stranger"}, 0, float("inf")) == []
    for begins, ends in ((0, NOON), (NOON + 7_200, float("inf")), (NOON + 60, NOON + 60), (NOON + 60, NOON)):
        assert walk(day, {"pump"}, begins, ends) == []


def test_an_empty_log_has_no_records(log: LogWorld) -> None:
    assert walk(log, {"pump"}, 0, float("inf")) == []


@given(
    begins=st.integers(-10, 130),
    length=st.integers(0, 130),
    devices=st.sets(st.sampled_from(DEVICES), min_size=1),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
def test_any_range_is_what_everything_holds_of_it(
    day: LogWorld, begins: int, length: int, devices: set[str]
) -> None:
    first, last = NOON + 60 * begins, NOON + 60 * (begins + length)
    expected = sorted(
        (record.time, record.body.decode())
        for record in day.everything()
        if record.device in devices and first <= record.time < last
    )
    forth, back = (walk(day, devices, first, last, newest_first=way) for way in (False, True))
    assert sorted(forth) == sorted(text for _, text in expected)
    assert back == forth[::-1]


@pytest.mark.parametrize("few", [0, 16])
def test_many_devices_are_found_as_few_are(day: LogWorld, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(rows, "FEW", few)
    found = walk(day, {"pump", "fan", "stranger"}, NOON + 60, NOON + 180)
    assert sorted(found) == sorted(
        f"{name} at {NOON + at:.0f}" for name in ("pump", "fan") for at in (60, 120)
    )


def test_other_kinds_are_passed(log: LogWorld) -> None:
    log.append(said("pump", NOON), said("pump", NOON + 1, "reported"), said("pump", NOON + 2))
    assert len(walk(log, {"pump"}, NOON, NOON + 9)) == 2


def test_what_came_late_into_the_log_is_found(log: LogWorld) -> None:
    for number in range(100):
        log.append(said("fan", NOON + 10 * number))
    log.append(said("pump", NOON + 960))  # held back by another gateway for 30 seconds
    assert len(walk(log, {"pump"}, NOON + 955, NOON + 970)) == 1


def test_only_the_rows_around_the_range_are_read(day: LogWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[int, int]] = []
    block = type(day.reader).block

    def counting(
        reader: WalkedLog, start: int, end: int, partitions: frozenset[int]
    ) -> list[tuple[int, bytes]]:
        read.append((start, end))
        return block(reader, start, end, partitions)

    monkeypatch.setattr(type(day.reader), "block", counting)
    assert len(walk(day, {"pump"}, NOON + 5_000, NOON + 5_600)) == 10
    assert sum(end - start for start, end in read) < 20


def test_a_walk_that_is_too_long_says_so(day: LogWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MAXIMUM_BYTES", 2000)
    reader: WalkedLog = day.reader
    long = Walk(reader, frozenset({"pump"}), NOON, NOON + 7_200)
    assert 0 < len(list(long)) < 120
    assert not long.complete
    short = Walk(reader, frozenset({"pump"}), NOON, NOON + 120)
    assert (len(list(short)), short.complete) == (2, True)


def test_walks_cross_files_and_begin_behind_those_that_are_gone(tmp_path: Path) -> None:
    with open_log(tmp_path, "", Limits(file_bytes=1, keep_bytes=1 << 30)) as log:
        for number in range(12):
            log.append(said("pump", NOON + number))
        assert len(list(tmp_path.rglob("*.log.db"))) > 3
        assert len(walk(log, {"pump"}, NOON + 5, NOON + 11)) == 6
        back = walk(log, {"pump"}, NOON + 5, NOON + 11, newest_first=True)
        assert back[0] == f"pump at {NOON + 10:.0f}"
        oldest = min(tmp_path.rglob("*.log.db"))
        oldest.unlink()
        assert 0 < len(walk(log, {"pump"}, 0, float("inf"))) < 12


def test_walks_of_several_threads_go_on_beside_each_other_across_files(tmp_path: Path) -> None:
    with open_log(tmp_path, "", Limits(file_bytes=1, keep_bytes=1 << 30)) as log:
        for number in range(6):
            log.append(said("pump", NOON + number))

        def seen(_time: int) -> int:
            return len(walk(log, {"pump"}, 0, math.inf) + walk(log, {"pump"}, NOON, NOON + 9))

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(seen, range(48))) == {12}


def test_the_row_of_a_moment_is_found(day: LogWorld) -> None:
    reader: WalkedLog = day.reader
    rows = [sequence for sequence, _ in reader.block(0, 1 << 12, frozenset({partition_of("pump")}))]
    assert sequence_at(reader, 0.0) == rows[0]
    assert sequence_at(reader, NOON + 60 * 50) == rows[50]
    assert sequence_at(reader, NOON + 60 * 50 - 1) == rows[50]
    assert sequence_at(reader, NOON + 1e9) > rows[-1]
