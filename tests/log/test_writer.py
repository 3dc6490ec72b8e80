"""The group-commit writer over a database that fails on command."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest

from holdfast.kernel.clock import SystemClock
from holdfast.kernel.errors import UnavailableError
from holdfast.log import writer as writer_module
from holdfast.log.backend import NotDurableError, StateChange
from holdfast.log.port import Done
from holdfast.log.rows import Batch
from holdfast.log.writer import CROWD, CROWD_BACK, GROUP_BYTES, GroupCommitWriter
from tests.log.world import entry

DEADLINE = 120.0


class FailingBackend:
    """Counts what is committed; fails the commits that a test asks it to, and can be held."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.commits: list[int] = []
        self.open = threading.Event()
        self.open.set()
        self.tended = 0
        self.tend_failure: Exception | None = None
        self.closed = False

    @contextmanager
    def transaction(self) -> Iterator["FailingBackend"]:
        self.open.wait(DEADLINE)
        yield self
        if self.failures:
            raise self.failures.pop(0)
        self.commits.append(self._records)

    def write(self, batches: list[Batch], changes: list[StateChange]) -> None:
        self._records = sum(batch.records for batch in batches)

    def get(self, space: str, key: str) -> bytes | None:
        return None

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        return []

    def tend(self) -> None:
        self.tended += 1
        if self.tend_failure is not None:
            raise self.tend_failure

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def backend() -> FailingBackend:
    return FailingBackend()


@pytest.fixture
def writer(backend: FailingBackend) -> Iterator[GroupCommitWriter]:
    opened = GroupCommitWriter(backend, SystemClock(), window=0.0)
    yield opened
    backend.open.set()
    opened.close()
    assert backend.closed


def append(writer: GroupCommitWriter, text: str = "x") -> "Future[Exception | None]":
    """What `done` will be called with."""
    future: Future[Exception | None] = Future()
    done: Done = future.set_result
    writer.append([entry("a", text)], done)
    return future


def test_nothing_is_acknowledged_before_the_commit(
    writer: GroupCommitWriter, backend: FailingBackend
) -> None:
    backend.open.clear()
    waiting = [append(writer) for _ in range(5)]
    assert writer.pending_bytes() > 0
    assert not any(future.done() for future in waiting)
    backend.open.set()
    assert [future.result(DEADLINE) for future in waiting] == [None] * 5
    assert writer.pending_bytes() == 0


def test_what_waits_together_is_committed_together(
    writer: GroupCommitWriter, backend: FailingBackend
) -> None:
    backend.open.clear()
    waiting = [append(writer) for _ in range(101)]
    backend.open.set()
    for future in waiting:
        future.result(DEADLINE)
    assert sum(backend.commits) == 101
    assert len(backend.commits) <= 2


def test_one_group_takes_a_bounded_number_of_bytes(
    writer: GroupCommitWriter, backend: FailingBackend
) -> None:
    backend.open.clear()
    count = 3 * GROUP_BYTES // 1_000_000
    waiting = [append(writer, "x" * 1_000_000) for _ in range(count)]
    backend.open.set()
    for future in waiting:
        assert future.result(DEADLINE) is None
    assert max(backend.commits) <= GROUP_BYTES // 1_000_000 + 1


@pytest.mark.parametrize(("last", "too_few"), [(8, 3), (CROWD, int(CROWD_BACK * CROWD))])
def test_a_commit_follows_at_once_when_half_the_last_one_waits_or_most_of_a_crowd(
    backend: FailingBackend, last: int, too_few: int
) -> None:
    """The window is longer than anybody's patience: only enough, or the end, breaks it off."""
    writer = GroupCommitWriter(backend, SystemClock(), window=10 * DEADLINE)

    def append_several(count: int) -> "Future[Exception | None]":
        future: Future[Exception | None] = Future()
        writer.append([entry("a")] * count, future.set_result)
        return future

    assert append_several(1).result(DEADLINE) is None
    assert append_several(last).result(DEADLINE) is None
    few = append_several(too_few)
    assert append_several(1).result(DEADLINE) is None
    assert few.result(0) is None
    straggler = append_several(1)
    writer.close()
    assert straggler.result(0) is None
    assert backend.commits == [1, last, too_few + 1, 1]


def test_a_failed_commit_is_told_and_the_writer_recovers(
    writer: GroupCommitWriter, backend: FailingBackend
) -> None:
    backend.failures = [NotDurableError("The disk of the log is full; free some space.", fatal=False)]
    error = append(writer).result(DEADLINE)
    assert isinstance(error, NotDurableError)
    assert "full" in writer.healthy()
    assert not writer.fatal
    assert append(writer).result(DEADLINE) is None
    assert writer.healthy() == ""
    assert backend.commits == [1]


def test_after_a_failed_fsync_nothing_is_acknowledged_again(
    writer: GroupCommitWriter, backend: FailingBackend
) -> None:
    backend.failures = [NotDurableError("The disk failed; restart.", fatal=True)]
    assert isinstance(append(writer).result(DEADLINE), NotDurableError)
    assert writer.fatal
    for _ in range(3):
        assert isinstance(append(writer).result(DEADLINE), UnavailableError)
    assert isinstance(writer.submit(lambda view: view.get("a", "b")).exception(DEADLINE), UnavailableError)
    assert "restart" in writer.healthy()
    assert backend.commits == []
    assert writer.pending_bytes() == 0


def test_what_nobody_foresaw_stops_the_writer_and_answers_everybody(
    writer: GroupCommitWriter, backend: FailingBackend
) -> None:
    backend.failures = [ZeroDivisionError()]
    assert isinstance(append(writer).result(DEADLINE), UnavailableError)
    assert writer.fatal


def test_a_caller_that_fails_on_its_answer_harms_nobody(
    writer: GroupCommitWriter, backend: FailingBackend
) -> None:
    def fail(_error: Exception | None) -> None:
        raise ZeroDivisionError

    backend.open.clear()
    writer.append([entry("a")], fail)
    other = append(writer)
    backend.open.set()
    assert other.result(DEADLINE) is None
    assert append(writer).result(DEADLINE) is None


def test_tending_goes_on_while_nothing_is_written_and_its_failure_shows(
    backend: FailingBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "TEND_SECONDS", 0.001)
    backend.tend_failure = NotDurableError("The log cannot be rotated.", fatal=False)
    writer = GroupCommitWriter(backend, SystemClock(), window=0.0)
    while not writer.healthy():
        assert not backend.closed
    assert backend.tended >= 1
    writer.close()


def test_closing_commits_what_is_queued(backend: FailingBackend) -> None:
    writer = GroupCommitWriter(backend, SystemClock(), window=0.0)
    backend.open.clear()
    waiting = [append(writer) for _ in range(10)]
    closing = threading.Thread(target=writer.close)
    closing.start()
    backend.open.set()
    closing.join()
    assert [future.result(0) for future in waiting] == [None] * 10
    assert sum(backend.commits) == 10
