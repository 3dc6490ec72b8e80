"""The writer's database on SQLCipher: the newest log file, and the state file that follows it.

Several processes may write: a transaction holds the folder's lock, which the kernel frees when one dies. The
next one applies to the state what the dead one had made durable in the log only.
"""

import contextlib
import errno
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import StartupError
from holdfast.keys.files import make_private_folder
from holdfast.log.backend import DEFAULT_LIMITS, Limits, NotDurableError, StateChange
from holdfast.log.rows import Batch
from holdfast.log.sqlite import segments
from holdfast.log.sqlite.segments import Segment
from holdfast.log.sqlite.statefile import STATE_FILE, StateFile
from holdfast.log.sqlite.turns import Turns
from holdfast.storage.sqlcipher import DatabaseError, is_io_error, opening

_PAGE_BYTES = 4096 + 24
"""A page with its head in the write-ahead log."""
_ROW_PAGES = 4
"""What a commit writes beside the pages of its data: the table's inner pages and what is not filled."""
LOOK_SECONDS = 60.0
"""How often files are checked for their age."""

_encode_changes = msgspec.msgpack.Encoder().encode
_decode_changes = msgspec.msgpack.Decoder(list[StateChange]).decode

logger = structlog.get_logger(__name__)


class SqliteTransaction:
    """See `backend.Transaction`."""

    def __init__(self, state: StateFile, log: sqlite3.Connection, sequence: int) -> None:
        self.get = state.get
        self.scan = state.scan
        self._log = log
        self.sequence = sequence
        """Of the last row, in the end."""
        self.pages = _ROW_PAGES
        """About how many pages the commit writes."""
        self.changes: list[StateChange] = []

    def write(self, batches: list[Batch], changes: list[StateChange]) -> None:
        """See `Transaction.write`. The changes go into the log's row too: that is what makes them durable."""
        self.changes = changes
        state = _encode_changes(changes) if changes else None
        if changes and not batches:
            batches = [Batch()]
        for batch in batches:
            self.sequence += 1
            data = batch.encode() if batch.records else None
            row = (self.sequence, batch.mask(), data, state)
            self._log.execute("INSERT INTO batch VALUES (?, ?, ?, ?)", row)
            self.pages += (len(data or b"") + len(state or b"")) // _PAGE_BYTES + 1
            state = None


class SqliteBackend:
    """See `log.backend.Backend`."""

    def __init__(self, folder: Path, key: bytes, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
        self._folder = folder
        self._key = key
        self._clock = clock
        self._limits = limits
        make_private_folder(folder)
        self._turns = Turns(folder)
        self._behind = False
        self._certain = False
        """Whether the last transaction ended as it should, so that what it left is known."""
        self._sequence = 0
        with self._turns.take(), opening(folder):
            segments.remove_unfinished(folder)
            self._state = StateFile(folder / STATE_FILE, key)
            if not segments.segments(folder):
                segments.create_segment(folder, key, 1, clock.now(), {})
            self._open_newest()
            self._recover()
        self._folding: list[threading.Thread] = []
        self._next_look = clock.monotonic()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """See `Backend.transaction`."""
        with self._turns.take() as alone, self._database_errors():
            if not (alone and self._certain):
                self._catch_up()
            self._certain = False
            self._log.execute("BEGIN IMMEDIATE")
            try:
                transaction = SqliteTransaction(self._state, self._log, self._sequence)
                yield transaction
                self._commit()
            finally:
                if self._log.in_transaction:
                    self._log.execute("ROLLBACK")
            self._sequence = transaction.sequence
            self._size += transaction.pages * _PAGE_BYTES
            self._apply(transaction)
            self._certain = not self._behind

    def _commit(self) -> None:
        try:
            self._log.execute("COMMIT")
        except DatabaseError as error:
            raise _not_committed(error) from None

    def tend(self) -> None:
        """See `Backend.tend`."""
        if self._is_full() or self._clock.monotonic() >= self._next_look:
            with self._turns.take(), self._database_errors():
                self._catch_up()
                if self._has_rows() and (self._is_full() or self._is_old()):
                    self._rotate()
                if self._clock.monotonic() >= self._next_look:
                    self._next_look = self._clock.monotonic() + LOOK_SECONDS
                    self._expire()

    def close(self) -> None:
        """See `Backend.close`."""
        for thread in self._folding:
            thread.join()
        self._log.close()
        self._state.close()
        self._turns.close()

    @contextlib.contextmanager
    def _database_errors(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, OSError) as error:
            raise _not_durable(error) from None

    def _open_newest(self) -> None:
        self._folder_seen = self._folder.stat().st_mtime_ns
        self._segment = segments.segments(self._folder)[-1]
        self._log = segments.open_segment(self._segment, self._key)
        self._created = segments.created(self._log)
        self._sequence = segments.last_sequence(self._log, self._segment)
        self._size = segments.size_of(self._segment)
        """Of the file, estimated between two looks."""

    def _catch_up(self) -> None:
        """See what other writers did since: a newer file, more rows, state that one had no time to apply."""
        if self._folder.stat().st_mtime_ns != self._folder_seen:
            self._folder_seen = self._folder.stat().st_mtime_ns
            if segments.segments(self._folder)[-1] != self._segment:
                self._log.close()
                self._open_newest()
                self._recover()
        seen, self._sequence = self._sequence, segments.last_sequence(self._log, self._segment)
        if self._behind or self._state.applied() < segments.last_state(self._log, seen):
            self._recover()

    def _recover(self) -> None:
        """Apply to the state what the log has and the state has not."""
        applied = self._state.applied()
        oldest = segments.segments(self._folder)[0]
        if applied < oldest.first - 1:
            raise StartupError(
                f"{self._folder / STATE_FILE} is missing or older than the log beside it; "
                "restore the whole folder from one backup."
            )
        for sequence, changes in segments.state_changes(self._folder, self._key, applied):
            self._state.apply(sequence, _decode_changes(changes))
        self._behind = False

    def _apply(self, transaction: SqliteTransaction) -> None:
        """Bring the state up to the log. A failure loses nothing: the log has the changes, and the next
        transaction begins with applying them."""
        if transaction.changes:
            try:
                self._state.apply(transaction.sequence, transaction.changes)
            except DatabaseError as error:
                self._behind = True
                logger.warning("device state lags behind the log", reason=str(error))

    def _is_full(self) -> bool:
        if self._size >= self._limits.file_bytes:
            self._size = segments.size_of(self._segment)
        return self._size >= self._limits.file_bytes

    def _is_old(self) -> bool:
        return self._clock.now() - self._created >= self._limits.file_seconds

    def _has_rows(self) -> bool:
        return self._sequence >= self._segment.first

    def _rotate(self) -> None:
        """Go on in a new file; the old one's write-ahead log is folded in beside the traffic."""
        ends = segments.ends(self._log)
        full, connection = self._segment, self._log
        segments.create_segment(self._folder, self._key, self._sequence + 1, self._clock.now(), ends)
        self._open_newest()
        connection.close()
        thread = threading.Thread(target=segments.fold, args=(full, self._key), name="log-fold", daemon=True)
        thread.start()
        self._folding = [*(thread for thread in self._folding if thread.is_alive()), thread]

    def _expire(self) -> None:
        """Unlink the oldest files: one that is too old, so that a clock that jumps costs little, and all that
        are too much."""
        present = segments.segments(self._folder)
        too_old = len(present) > 1 and self._age_of_last_record(present[1]) > self._limits.keep_seconds
        doomed = present[: segments.excess(present, self._limits.keep_bytes) or int(too_old)]
        if doomed:
            self._state.make_durable(present[len(doomed)].first - 1)
        for segment in doomed:
            logger.info("log file expired", file=segment.path.name)
            segments.remove_file(segment.path)

    def _age_of_last_record(self, following: Segment) -> float:
        """The age of the file before `following`, whose making ended it."""
        connection = segments.open_reader(following, self._key)
        try:
            return self._clock.now() - segments.created(connection)
        finally:
            connection.close()


def _not_committed(error: sqlite3.DatabaseError) -> NotDurableError:
    """Why a commit failed; an I/O error may be a failed fsync."""
    reason = _not_durable(error)
    return NotDurableError(f"{reason} Then restart.", fatal=True) if is_io_error(error) else reason


def _not_durable(error: sqlite3.DatabaseError | OSError) -> NotDurableError:
    """Why the log cannot be written, in a sentence."""
    if isinstance(error, OSError):
        full, code = error.errno in (errno.ENOSPC, errno.EDQUOT), str(error)
    else:
        full, code = _code(error) == "SQLITE_FULL", _code(error)
    if full:
        return NotDurableError("The disk of the log is full; free some space.", fatal=False)
    failed_sync = isinstance(error, OSError)
    return NotDurableError(f"The log cannot be written ({code}); check its disk.", fatal=failed_sync)


def _code(error: sqlite3.DatabaseError) -> str:
    return getattr(error, "sqlite_errorname", "") or str(error)
