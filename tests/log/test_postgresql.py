"""What the log does on PostgreSQL alone: parts of its table, several nodes, and a server that goes away."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from holdfast.kernel.errors import UnavailableError
from holdfast.log import operations
from holdfast.log.backend import Limits
from holdfast.log.open import open_writer
from holdfast.log.port import partition_of
from holdfast.log.postgresql import parts
from holdfast.log.postgresql.backend import LOOK_SECONDS
from tests.log.world import LogWorld, consume, entry, open_log
from tests.support.postgresql import Server, running_server

ROWS = 4


@pytest.fixture
def url(postgresql_server: Server) -> str:
    return postgresql_server.database()


@pytest.fixture
def log(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[LogWorld]:
    """A log whose parts have four rows each."""
    monkeypatch.setattr(parts, "ROWS", ROWS)
    with open_log(tmp_path, url, Limits(keep_seconds=3600)) as world:
        yield world


def part_names(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
            "WHERE inhparent = 'log_batch'::regclass ORDER BY relname"
        ).fetchall()
    return [str(name) for (name,) in rows]


def test_parts_are_made_ahead_of_need(log: LogWorld) -> None:
    for number in range(3 * ROWS):
        assert log.append(entry("a", f"{number}")) is None
    assert log.texts("a") == [f"{number}" for number in range(3 * ROWS)]
    assert len(part_names(log.url)) >= 4


def test_old_parts_go_and_their_ends_are_remembered(log: LogWorld) -> None:
    assert log.append(entry("old", "1")) is None
    for number in range(3 * ROWS):
        assert log.append(entry("a", f"{number}")) is None
    end = log.reader.ends()[partition_of("old")]
    log.clock.advance(3601)
    for _ in range(4):
        log.clock.advance(LOOK_SECONDS + 1)
        assert log.append(entry("b", "tick")) is None
        log.settle()
    assert "log_batch_0" not in part_names(log.url)
    assert log.texts("old") == []
    assert log.reader.ends()[partition_of("old")] == end


def test_the_oldest_parts_go_when_all_are_too_large(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "ROWS", ROWS)
    with open_log(tmp_path, url, Limits(keep_bytes=1)) as log:
        for number in range(4 * ROWS):
            assert log.append(entry("a", f"{number}")) is None
        log.clock.advance(LOOK_SECONDS + 1)
        assert log.append(entry("a", "last")) is None
        log.settle()
        assert log.texts("a")[-1] == "last"
        assert len(log.texts("a")) <= 2 * ROWS


def test_a_poller_beside_several_writers_misses_nothing(tmp_path: Path, url: str) -> None:
    """Writers of several nodes commit at the same time; what a reader has passed never fills up later."""
    with open_log(tmp_path, url) as log:
        others = [open_writer(log.folder, log.ring, log.clock, url=url) for _ in range(3)]
        count = 150

        def write(number: int) -> None:
            writer = [log.writer, *others][number]
            answered = threading.Semaphore(0)
            for text in range(count):
                writer.append([entry(f"device-{number}", f"{text}")], lambda _error: answered.release())
                answered.acquire()

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        records, positions = consume(log.reader, 7)
        while any(thread.is_alive() for thread in threads):
            more, positions = consume(log.reader, 7, positions)
            records += more
        more, _ = consume(log.reader, 7, positions)
        records += more
        for other in others:
            other.close()
        for number in range(4):
            texts = [r.body.decode() for r in records if r.device == f"device-{number}"]
            assert texts == [f"{text}" for text in range(count)]


def test_writers_of_several_nodes_take_turns_on_a_twin(tmp_path: Path, url: str) -> None:
    with open_log(tmp_path, url) as log:
        other = open_writer(log.folder, log.ring, log.clock, url=url)
        futures = [
            writer.submit(operations.patch_reported, "a", "", {"n": number}, 1.0)
            for number in range(30)
            for writer in (log.writer, other)
        ]
        assert sorted(future.result(60).reported_version for future in futures) == list(range(2, 62))
        other.close()


def test_a_server_that_goes_away_is_said_and_comes_back(tmp_path: Path) -> None:
    with running_server(durable=True) as server, open_log(tmp_path, server.database()) as log:
        assert log.append(entry("a", "1")) is None
        server.stop()
        error = log.append(entry("a", "2"))
        assert isinstance(error, UnavailableError)
        assert "does not answer" in log.writer.healthy()
        assert not log.writer.fatal
        with pytest.raises(UnavailableError):
            log.everything()
        server.start()
        while log.append(entry("a", "3")) is not None:
            assert log.writer.healthy()
        assert log.writer.healthy() == ""
        assert log.texts("a") == ["1", "3"]
