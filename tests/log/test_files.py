"""The log's files: rotation, retention, recovery after a crash, and what is refused at start."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from holdfast.kernel.clock import SystemClock, SystemRandomness
from holdfast.kernel.errors import StartupError
from holdfast.keys.file import open_key_ring
from holdfast.log import operations
from holdfast.log.backend import Limits, StateChange
from holdfast.log.open import open_reader, open_writer
from holdfast.log.port import EMPTY_TWIN, Position, partition_of
from holdfast.log.rows import DamagedRecordError
from holdfast.log.sqlite import segments
from holdfast.log.sqlite.backend import LOOK_SECONDS, SqliteBackend
from holdfast.log.sqlite.statefile import STATE_FILE
from holdfast.log.sqlite.turns import Turns
from holdfast.storage.sqlcipher import connect
from tests.log.world import LogWorld, bodies, entry, open_log

SMALL = Limits(file_bytes=1, file_seconds=3600, keep_seconds=7200, keep_bytes=1 << 40)
"""Every commit fills a file."""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogWorld]:
    with open_log(tmp_path, limits=SMALL) as world:
        yield world


def key(log: LogWorld) -> bytes:
    return log.ring.data_key("log")


def files(log: LogWorld) -> list[int]:
    """The first sequences of the log's files."""
    return [segment.first for segment in segments.segments(log.folder / "log")]


def fill(log: LogWorld, count: int, name: str = "a") -> None:
    """Append in `count` commits and let the writer tend after each."""
    for number in range(count):
        assert log.append(entry(name, f"{number}")) is None
        log.settle()


def test_a_full_file_is_followed_by_another_and_reading_goes_on(log: LogWorld) -> None:
    fill(log, 6)
    log.writer.close()
    assert files(log) == [1, 2, 3, 4, 5, 6, 7]
    assert log.texts("a") == [f"{number}" for number in range(6)]
    assert log.reader.ends()[partition_of("a")] == log.everything()[-1].position


def test_full_files_are_folded_and_carry_no_write_ahead_log(log: LogWorld) -> None:
    fill(log, 3)
    log.writer.close()
    log.reader.close()
    left = {path.name.split(".log.db")[1] for path in (log.folder / "log").glob("0*")}
    assert left == {""}


def test_a_file_rotates_by_age_once_it_has_rows(tmp_path: Path) -> None:
    with open_log(tmp_path, limits=Limits(file_seconds=60)) as log:

        def age() -> None:
            log.clock.advance(61)
            log.settle()

        fill(log, 2)
        assert len(files(log)) == 1
        age()
        assert len(files(log)) == 2
        age()
        assert len(files(log)) == 2, "a file without rows is not followed by another"
        fill(log, 2)
        log.reopen()
        assert len(files(log)) == 2
        age()
        assert len(files(log)) == 3
        assert log.texts("a") == ["0", "1", "0", "1"]


def test_a_reader_waits_for_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    clock = SystemClock()
    ring = open_key_ring(tmp_path, clock, SystemRandomness())
    with closing(open_reader(tmp_path, ring, clock)) as reader:
        reader.wait(0.0)
        assert not reader.wait(0.01), "nothing came"
        assert reader.read(Position(0, 0)) == []
        with open_log(tmp_path) as log:
            fill(log, 1)
            assert reader.wait(60.0)
            assert reader.ends()


def test_old_files_go_and_their_ends_are_remembered(log: LogWorld) -> None:
    fill(log, 3, "old")
    log.clock.advance(SMALL.keep_seconds + 1)
    fill(log, 2, "new")
    for _ in range(10):
        log.clock.advance(LOOK_SECONDS)
        fill(log, 1, "tick")
    log.writer.close()
    assert log.texts("old") == []
    assert log.texts("new") == ["0", "1"]
    assert partition_of("old") in log.reader.ends()


def test_a_clock_that_jumps_costs_one_file_a_minute(log: LogWorld) -> None:
    fill(log, 5)
    log.clock.current += 10 * 365 * 86_400
    fill(log, 3)
    log.writer.close()
    assert len(log.texts("a")) >= 6


def test_the_oldest_files_go_when_all_are_too_large(tmp_path: Path) -> None:
    with open_log(tmp_path, limits=Limits(file_bytes=1, keep_bytes=200_000)) as log:
        fill(log, 30)
        log.clock.advance(LOOK_SECONDS + 1)
        fill(log, 1, "tick")
        log.writer.close()
        log.reader.close()
        total = sum(path.stat().st_size for path in (tmp_path / "log").glob("0*"))
        assert total < 300_000
        remaining = log.texts("a")
        assert remaining == [f"{number}" for number in range(30 - len(remaining), 30)]


def test_a_consumer_that_was_away_too_long_goes_on_at_the_oldest(log: LogWorld) -> None:
    fill(log, 5)
    for segment in segments.segments(log.folder / "log")[:3]:
        segments.remove_file(segment.path)
    assert bodies(log.reader.read(Position(partition_of("a"), 0))) == ["3", "4"]


def test_a_sequence_never_comes_twice_after_everything_expired(tmp_path: Path) -> None:
    with open_log(tmp_path, limits=Limits(file_bytes=1, keep_bytes=1)) as log:
        fill(log, 3)
        log.clock.advance(LOOK_SECONDS + 1)
        fill(log, 1)
        log.reopen()
        fill(log, 1, "later")
        assert min(files(log)) > 4


def test_a_file_that_a_crash_left_half_made_is_removed(log: LogWorld) -> None:
    fill(log, 2)
    log.writer.close()
    half = log.folder / "log" / "0000000000000009.log.db.new"
    half.write_bytes(b"half")
    log.reopen()
    assert not half.exists()
    fill(log, 1)


# The state follows the log.


def test_state_that_a_crash_lost_is_applied_again_from_the_log(log: LogWorld) -> None:
    log.state.patch_reported("a", "", {"n": 1}, 1.0)
    log.writer.close()
    state = log.folder / "log" / STATE_FILE
    saved = {path: path.read_bytes() for path in state.parent.glob(f"{STATE_FILE}*")}
    log.reopen()
    log.state.patch_reported("a", "", {"n": 2}, 1.0)
    log.state.patch_reported("b", "", {"n": 7}, 1.0)
    log.writer.close()
    for path in state.parent.glob(f"{STATE_FILE}*"):
        path.unlink()
    for path, content in saved.items():
        path.write_bytes(content)
    log.reopen()
    assert log.state.twin("a").reported == {"n": 2}
    assert log.state.twin("a").reported_version == 3
    assert log.state.twin("b").reported == {"n": 7}


def test_state_that_is_lost_with_its_log_refuses_the_start(log: LogWorld) -> None:
    for number in range(3):
        log.state.patch_reported("a", "", {"n": number}, 1.0)
    log.writer.close()
    for path in (log.folder / "log").glob(f"{STATE_FILE}*"):
        path.unlink()
    segments.remove_file(segments.segments(log.folder / "log")[0].path)
    with pytest.raises(StartupError, match="restore the whole folder"):
        log.reopen()


def test_state_is_durable_before_the_log_that_it_came_from_goes(tmp_path: Path) -> None:
    with open_log(tmp_path, limits=Limits(file_bytes=1, keep_bytes=1)) as log:
        for number in range(4):
            log.state.patch_reported("a", "", {"n": number}, 1.0)
        log.clock.advance(LOOK_SECONDS + 1)
        fill(log, 1)
        log.reopen()
        assert log.state.twin("a").reported == {"n": 3}
        assert len(files(log)) <= 2


# Several writers.


def test_a_writer_knows_whether_another_had_its_turn_meanwhile(log: LogWorld) -> None:
    folder = log.folder / "log"
    with closing(Turns(folder)) as one, closing(Turns(folder)) as other:
        seen = []
        for turns in (one, one, other, one, other, other):
            with turns.take() as alone:
                seen.append(alone)
        assert seen == [False, True, False, False, False, True]


def test_two_writers_share_the_files_and_the_state(log: LogWorld) -> None:
    other = open_writer(log.folder, log.ring, log.clock, SMALL)
    futures = [
        writer.submit(operations.patch_reported, "a", "", {"n": number}, 1.0)
        for number in range(20)
        for writer in (log.writer, other)
    ]
    versions = [future.result(60).reported_version for future in futures]
    other.close()
    assert sorted(versions) == list(range(2, 42))
    assert log.state.twin("a").reported_version == 41
    assert len(log.texts("a")) == 40


def test_a_writer_applies_what_a_dead_one_had_made_durable_only(log: LogWorld) -> None:
    """The other process dies after its commit to the log and before the one to the state."""
    log.state.patch_reported("a", "", {"n": 1}, 1.0)
    log.settle()
    newest = segments.segments(log.folder / "log")[-1]
    changes = [StateChange("twin", "a/", msgspec.msgpack.encode(EMPTY_TWIN._replace(reported={"n": 9})))]
    with (
        closing(Turns(log.folder / "log")) as turns,
        turns.take(),
        closing(segments.open_segment(newest, key(log))) as connection,
    ):
        connection.execute(
            "INSERT INTO batch SELECT coalesce(max(sequence), ?) + 1, 0, NULL, ? FROM batch",
            (newest.first - 1, msgspec.msgpack.encode(changes)),
        )
    assert log.state.patch_reported("a", "", {"m": 2}, 1.0).reported == {"n": 9, "m": 2}


# What is refused at start.


def test_another_instances_key_is_refused(log: LogWorld, tmp_path: Path) -> None:
    log.writer.close()
    with pytest.raises(StartupError, match="cannot be decrypted"):
        SqliteBackend(log.folder / "log", b"x" * 32, log.clock)


def test_a_newer_format_is_refused(log: LogWorld) -> None:
    log.writer.close()
    connection = connect(log.folder / "log" / STATE_FILE, key(log))
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StartupError, match="newer version"):
        log.reopen()


def test_a_file_of_another_program_is_refused(log: LogWorld) -> None:
    log.writer.close()
    path = log.folder / "log" / STATE_FILE
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(StartupError):
        log.reopen()


def test_a_damaged_row_is_named_and_never_read_as_something_else(log: LogWorld) -> None:
    fill(log, 1)
    log.writer.close()
    connection = connect(segments.segments(log.folder / "log")[0].path, key(log))
    connection.execute("UPDATE batch SET data = CAST(substr(data, 1, length(data) - 1) || x'00' AS BLOB)")
    connection.close()
    with pytest.raises(DamagedRecordError, match="Row 1 of the log is damaged"):
        log.everything()


def test_nothing_in_the_folder_is_readable_without_the_key(log: LogWorld) -> None:
    canary = "canary-in-the-coal-mine"
    log.append(entry("a", canary))
    log.state.patch_reported("a", "", {"x": canary}, 1.0)
    for path in (log.folder / "log").iterdir():
        content = path.read_bytes()
        assert canary.encode() not in content, path
        assert not content.startswith(b"SQLite format 3"), path
