"""The writing end: many callers queue, one thread commits in groups and tells them when it is durable."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Concatenate, Final, NamedTuple, ParamSpec, TypeVar

import structlog

from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError, InvalidError, UnavailableError
from holdfast.log.backend import Backend, NotDurableError
from holdfast.log.port import Done, Entry
from holdfast.log.rows import ROW_RECORDS, Batch, encoded
from holdfast.log.view import StateView

WINDOW_SECONDS = 0.002
"""Commits begin this far apart: a burst shares one fsync, and a lone message does not wait. They follow each
other faster while half as much waits as the last one had: devices that wait for one commit take turns with
those that wait for the next, and the gateway reads while the disk writes."""
LONGEST_REST_SECONDS: Final = 0.004
"""After a long commit the next one waits for half as long as it took, at most this: on a slow disk what the
answers to the last one bring goes along, instead of waiting behind a commit of a few stragglers."""
CROWD: Final = 64
"""So many in a commit are a crowd, for which it is otherwise: most of them wait for the answer before they
send again, and come back together. To commit when half of them are there would pay for two commits."""
CROWD_BACK: Final = 0.85
"""How much of a crowd is waited for."""
CROWD_WINDOWS: Final = 1.5
"""For how many windows after its commit."""
GROUP_BYTES: Final = 8 << 20
"""What one commit takes at most; the rest waits for the next one."""
RECORD_OVERHEAD: Final = 160
"""Bytes of memory that a record takes beside its own while it waits: two objects, their places in lists, the
identifier that it will be acknowledged by."""
PAUSE_SECONDS = 0.1
"""The rest after a failed commit, so that a full disk is not hammered."""
TEND_SECONDS = 1.0
"""How often the thread looks after rotation and retention."""

P = ParamSpec("P")
T = TypeVar("T")

logger = structlog.get_logger(__name__)


class _Append(NamedTuple):
    records: list[tuple[int, bytes]]
    bytes: int
    """What it takes in memory."""
    done: Done

    @property
    def entries(self) -> int:
        """How many records it appends."""
        return len(self.records)


class _Operation(NamedTuple):
    run: Callable[[StateView], Callable[[], None]]
    """Runs against the state; returns what to call once the transaction is durable."""
    fail: Callable[[Exception], None]
    bytes: int = 0
    entries: int = 1


class GroupCommitWriter:
    """See `log.port.LogWriter`; also runs operations on the device state, in the order of queueing."""

    def __init__(self, backend: Backend, clock: Clock, window: float = WINDOW_SECONDS) -> None:
        self._backend = backend
        self._clock = clock
        self._window = window
        self._wake = threading.Condition()
        self._queue: list[_Append | _Operation] = []
        self._waiting = 0
        """Records and operations in the queue."""
        self._last_group = 0
        """How many the last commit had."""
        self._pending = 0
        self._trouble = ""
        self._fatal = False
        self._closed = False
        self._committer = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._committer.start()

    def append(self, entries: Sequence[Entry], done: Done) -> None:
        """See `LogWriter.append`."""
        try:
            records = [encoded(entry) for entry in entries]
        except (ValueError, TypeError) as error:
            done(InvalidError(f"The message cannot be stored: {error}"))
            return
        size = sum([len(record) for _, record in records]) + RECORD_OVERHEAD * len(records)
        self._put(_Append(records, size, done), done)

    def submit(
        self, operation: Callable[Concatenate[StateView, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """Run an operation of `log.operations` in the next commit; the future is done when it is durable."""
        future: Future[T] = Future()

        def run(view: StateView) -> Callable[[], None]:
            result = operation(view, *args, **kwargs)
            return lambda: future.set_result(result)

        self._put(_Operation(run, future.set_exception), future.set_exception)
        return future

    def pending_bytes(self) -> int:
        """See `LogWriter.pending_bytes`."""
        return self._pending

    def healthy(self) -> str:
        """See `LogWriter.healthy`."""
        return self._trouble

    @property
    def fatal(self) -> bool:
        """Whether an fsync failed: the process must be restarted, nothing is acknowledged any more."""
        return self._fatal

    def close(self) -> None:
        """See `LogWriter.close`."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._committer.join()

    def _put(self, job: _Append | _Operation, fail: Callable[[Exception], None]) -> None:
        with self._wake:
            if not self._closed and not self._fatal:
                self._pending += job.bytes
                self._queue.append(job)
                self._waiting += job.entries
                if len(self._queue) == 1 or self._is_enough():
                    self._wake.notify()
                return
        fail(UnavailableError(self._trouble or "The log is closed; try again in a moment."))

    def _run(self) -> None:
        next_commit = 0.0
        while (group := self._take(next_commit)) is not None:
            if group:
                next_commit = self._commit(group)
            self._tend()
        self._backend.close()

    def _take(self, next_commit: float) -> list[_Append | _Operation] | None:
        """The jobs of the next commit, none when only time passed; None when closed and all is done."""
        with self._wake:
            if not self._queue and not self._closed:
                self._wake.wait(TEND_SECONDS)
            if not self._queue:
                return None if self._closed else []
            rest = next_commit - self._clock.monotonic()
            if rest > 0:
                self._wake.wait_for(self._is_enough, rest)
            group = self._first_group()
            self._last_group = sum(job.entries for job in group)
            self._waiting -= self._last_group
            return group

    def _is_enough(self) -> bool:
        wanted = CROWD_BACK if self._last_group >= CROWD else 0.5
        return self._closed or self._pending >= GROUP_BYTES or self._waiting >= wanted * self._last_group

    def _first_group(self) -> list[_Append | _Operation]:
        size = 0
        for number, job in enumerate(self._queue, 1):
            size += job.bytes
            if size >= GROUP_BYTES:
                group, self._queue = self._queue[:number], self._queue[number:]
                return group
        group, self._queue = self._queue, []
        return group

    def _commit(self, group: list[_Append | _Operation]) -> float:
        """Commit and answer; when the next commit begins at the latest, if anything waits then."""
        began = self._clock.monotonic()
        answers: list[Callable[[], None]] = []
        try:
            with self._backend.transaction() as transaction:
                view = StateView(transaction)
                answers = [_perform(job, view) for job in group]
                transaction.write(_batches(view.appended), view.changes())
        except NotDurableError as error:
            self._failed(error)
            answers = [_refusal(job, error) for job in group]
        except Exception:
            logger.exception("a commit failed for a reason that nobody foresaw")
            self._failed(NotDurableError("The log cannot be written; its messages say why.", fatal=True))
            answers = [_refusal(job, UnavailableError(self._trouble)) for job in group]
        else:
            self._trouble = ""
        with self._wake:
            self._pending -= sum(job.bytes for job in group)
        for answer in answers:
            _tell(answer)
        ended = self._clock.monotonic()
        if self._last_group >= CROWD:
            return ended + CROWD_WINDOWS * self._window
        return max(began + self._window, ended + min((ended - began) / 2, LONGEST_REST_SECONDS))

    def _failed(self, error: NotDurableError) -> None:
        logger.error("the log does not acknowledge", reason=str(error), fatal=error.fatal)
        self._trouble = str(error)
        with self._wake:
            self._fatal = self._fatal or error.fatal
            abandoned, self._queue = (self._queue, []) if error.fatal else ([], self._queue)
            self._waiting -= sum(job.entries for job in abandoned)
            self._pending -= sum(job.bytes for job in abandoned)
        for job in abandoned:
            _tell(_refusal(job, error))
        if not error.fatal:
            with self._wake:
                self._wake.wait_for(lambda: self._closed, PAUSE_SECONDS)

    def _tend(self) -> None:
        if not self._fatal:
            try:
                self._backend.tend()
            except NotDurableError as error:
                self._failed(error)


def _perform(job: _Append | _Operation, view: StateView) -> Callable[[], None]:
    """Do one job against the view; returns how to answer once it is durable. What an operation raises
    undoes it alone."""
    if isinstance(job, _Append):
        view.appended += job.records
        return lambda: job.done(None)
    own = StateView(view)
    try:
        answer = job.run(own)
    except HoldfastError as error:
        return _refusal(job, error)
    except Exception:
        logger.exception("an operation on device state failed for a reason that nobody foresaw")
        return _refusal(job, HoldfastError("Device state was not changed; the messages say why."))
    view.merge(own)
    return answer


def _refusal(job: _Append | _Operation, error: Exception) -> Callable[[], None]:
    if isinstance(job, _Append):
        return lambda: job.done(error)
    return lambda: job.fail(error)


def _tell(answer: Callable[[], None]) -> None:
    try:
        answer()
    except Exception:
        logger.exception("a caller of the log failed on its answer")


def _batches(records: list[tuple[int, bytes]]) -> list[Batch]:
    return [Batch(records[start : start + ROW_RECORDS]) for start in range(0, len(records), ROW_RECORDS)]
