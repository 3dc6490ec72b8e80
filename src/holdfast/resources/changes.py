"""The change path: many threads ask, one thread commits in groups.

A commit costs an fsync, so changes that wait together share one: the queue takes what is there, gives each
change a savepoint of its own, and answers all of them after the commit.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import ForbiddenError, HoldfastError, UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import Principal
from holdfast.keys.port import KeyRing
from holdfast.resources.authorize import GrantAuthorizer, HiddenError
from holdfast.resources.effects import gather
from holdfast.resources.events import OK, REFUSED, event_of
from holdfast.resources.model import Applied, Change, Event, Kind
from holdfast.resources.port import Authorizer, PolicyGate
from holdfast.resources.prepare import NoPolicies, Prepared, Rules, check_place, guard, prepare, revalidated
from holdfast.resources.refusals import Refusals
from holdfast.resources.sealing import Sealer
from holdfast.resources.store import RowReader, SqlResourceStore
from holdfast.resources.writing import RelocateBeside, Transaction
from holdfast.storage.database import Database, savepoint
from holdfast.storage.sqlcipher import is_io_error

GROUP = 50
"""Changes in one commit at most: batches of 10 to 50 gave ten times the rate of single commits, and a
larger one holds the write lock too long."""
TICK_SECONDS = 0.25
"""How often the thread looks after refusals and the chain when nothing is asked of it."""

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Job:
    """What one caller waits for: changes, all or none, or one audit record."""

    principal: Principal
    changes: Sequence[Change] = ()
    prepared: Prepared | None = None
    """The judgement of a single change, made in the caller's thread."""
    event: Event | None = None
    future: "Future[tuple[Applied, ...]]" = field(default_factory=Future)


class QueuedChangePath:
    """See `resources.port.ChangePath`. `start` it in the role that writes, `close` it before the database."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, Kind],
        ring: KeyRing,
        clock: Clock,
        randomness: Randomness,
        *,
        gate: PolicyGate | None = None,
        authorizer: Authorizer | None = None,
        sealer: Sealer | None = None,
        beside: Sequence[RelocateBeside] = (),
    ) -> None:
        """`beside` move what lies at places in the same database when an organization moves."""
        self._database = database
        self._ring = ring
        self._clock = clock
        self._randomness = randomness
        self._rules = Rules(kinds, authorizer or GrantAuthorizer(), gate or NoPolicies())
        self._store = SqlResourceStore(database, kinds, ring)
        self._store.indexes.synchronize(database)
        self._refusals = Refusals(clock)
        self._sealer = sealer
        self._beside = beside
        self._observers: list[Callable[[str, str], None]] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._trouble = ""
        self._fatal = False
        self._thread = threading.Thread(target=self._run, name="change-path", daemon=True)
        self._thread.start()

    def apply(self, principal: Principal, change: Change) -> Applied:
        """See `ChangePath.apply`."""
        try:
            prepared = prepare(self._rules, principal, change, self._store, self._clock.now())
            return self._enqueue(_Job(principal, (change,), prepared))[0]
        except (ForbiddenError, HiddenError) as error:
            self._refused(principal, change, error)
            raise

    def apply_all(self, principal: Principal, changes: Sequence[Change]) -> tuple[Applied, ...]:
        """See `ChangePath.apply_all`."""
        try:
            return self._enqueue(_Job(principal, tuple(changes)))
        except (ForbiddenError, HiddenError) as error:
            self._refused(principal, changes[0], error)
            raise

    def record(
        self,
        principal: Principal,
        name: str,
        *,
        resource: str = "",
        outcome: str = OK,
        detail: str = "",
        data: JsonObject | None = None,
    ) -> None:
        """See `ChangePath.record`. Returns after the record is durable, except for refusals."""
        kind = name.partition(".")[0]
        event = event_of(
            principal, name=name, kind=kind, resource=resource, outcome=outcome, detail=detail, data=data
        )
        if outcome == OK:
            self._enqueue(_Job(principal, event=event))
        else:
            self._refusals.add(event)

    def observe(self, observer: Callable[[str, str], None]) -> None:
        """Call `observer` with the kind and id of every change from now on: after its commit, before its
        caller is answered, so that no cache of this process is older than an answer. Must not block."""
        self._observers.append(observer)

    def healthy(self) -> str:
        """Empty when changes are stored, else why the last group was not, in a sentence."""
        if not self._trouble:
            return ""
        advice = "check its disk, then restart" if self._fatal else "check its disk"
        return f"The control database cannot be written ({self._trouble}); {advice}."

    @property
    def fatal(self) -> bool:
        """Whether a commit met an I/O error: after a failed fsync only a restart makes it trustworthy."""
        return self._fatal

    def close(self) -> None:
        """Commit what is queued, and stop."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _enqueue(self, job: _Job) -> tuple[Applied, ...]:
        if self._fatal:
            raise UnavailableError(self.healthy())
        if self._closed:
            raise UnavailableError("The change path is closing; try again in a moment.")
        self._jobs.put(job)
        done = job.future.result()
        for applied in done:
            gather(applied.policy_effects)
        return done

    def _refused(self, principal: Principal, change: Change, error: HoldfastError) -> None:
        self._refusals.add(
            event_of(
                principal,
                name=f"{change.kind}.refused",
                kind=change.kind,
                resource=change.id,
                organization=change.organization or ROOT,
                outcome=REFUSED,
                detail=f"{change.verb or change.action.value}: {error}",
                data={"code": error.code},
            )
        )

    def _run(self) -> None:
        open_for_jobs = True
        while open_for_jobs:
            group, open_for_jobs = self._gather()
            if group or self._refusals.due() or not open_for_jobs:
                self._commit(group, self._refusals.take())
            self._seal(now=not open_for_jobs)

    def _seal(self, *, now: bool) -> None:
        """Chain what was recorded, when it is time or at the end."""
        if self._sealer is None:
            return
        try:
            if now:
                self._sealer.seal()
            else:
                self._sealer.tend()
        except (SQLAlchemyError, OSError):
            logger.exception("the audit log was not sealed; it is tried again")

    def _gather(self) -> tuple[list[_Job], bool]:
        """The jobs that wait, up to a group; and whether more may come."""
        group: list[_Job] = []
        try:
            job = self._jobs.get(timeout=TICK_SECONDS)
            while job is not None:
                group.append(job)
                if len(group) >= GROUP:
                    return group, True
                job = self._jobs.get_nowait()
        except queue.Empty:
            return group, True
        return group, False

    def _commit(self, group: list[_Job], refusals: list[Event]) -> None:
        answers = self._stored(group, refusals)
        for job, answer in zip(group, answers, strict=True):
            if isinstance(answer, HoldfastError):
                job.future.set_exception(answer)
            else:
                self._tell(job.changes)
                job.future.set_result(answer)

    def _stored(self, group: list[_Job], refusals: list[Event]) -> "list[_Answer]":
        """Do the jobs in one transaction; their answers once it is durable."""
        if self._fatal:
            return [UnavailableError(self.healthy())] * len(group)
        try:
            with self._database.write() as connection:
                transaction = self._transaction(connection)
                answers = [self._attempt(connection, transaction, job) for job in group]
                for event in refusals:
                    transaction.audit(event)
        except SQLAlchemyError as error:
            logger.error("a group of changes was not committed", changes=len(group), reason=_reason(error))
            self._trouble = _reason(error)
            self._fatal = is_io_error(error)
            for event in refusals:
                self._refusals.add(event)
            return [_not_stored(error)] * len(group)
        self._trouble = ""
        return answers

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            for observer in self._observers:
                try:
                    observer(change.kind, change.id)
                except Exception:
                    logger.exception("an observer of changes failed", kind=change.kind, id=change.id)

    def _transaction(self, connection: Connection) -> Transaction:
        kinds, indexes = self._rules.kinds, self._store.indexes
        return Transaction(
            connection, kinds, indexes, self._ring, self._clock, self._randomness, self._beside
        )

    def _attempt(self, connection: Connection, transaction: Transaction, job: _Job) -> "_Answer":
        """Do one job in a savepoint: what it raises undoes it alone."""
        sequence = transaction.sequence
        try:
            with savepoint(connection):
                return self._do(transaction, self._store.inside(connection), job)
        except SQLAlchemyError:
            raise
        except HoldfastError as error:
            answer: _Answer = error
        except Exception:
            what = [f"{change.action} {change.kind}/{change.id}" for change in job.changes]
            logger.exception("a change failed for a reason that nobody foresaw", changes=what)
            answer = HoldfastError("The change failed for a reason that nobody foresaw; the log has details.")
        transaction.sequence = sequence
        return answer

    def _do(self, transaction: Transaction, reader: RowReader, job: _Job) -> tuple[Applied, ...]:
        if job.event is not None:
            transaction.audit(job.event)
        return tuple(self._change(transaction, reader, job, change) for change in job.changes)

    def _change(self, transaction: Transaction, reader: RowReader, job: _Job, change: Change) -> Applied:
        prepared = self._judged(reader, job.principal, change, job.prepared)
        check_place(self._rules, prepared, reader)
        guard(prepared, reader)
        return transaction.write(prepared)

    def _judged(
        self, reader: RowReader, principal: Principal, change: Change, prepared: Prepared | None
    ) -> Prepared:
        """The judgement made before the transaction, if rows and policies are still those it was made on."""
        if prepared is not None:
            current = reader.get(change.kind, change.id)
            if prepared.still_holds(current, self._rules.gate.epoch):
                return revalidated(prepared, reader)
        return prepare(self._rules, principal, change, reader, self._clock.now())


_Answer = tuple[Applied, ...] | HoldfastError


def _reason(error: SQLAlchemyError) -> str:
    return " ".join(str(getattr(error, "orig", error)).split())


def _not_stored(error: SQLAlchemyError) -> UnavailableError:
    return UnavailableError(f"The change could not be stored ({_reason(error)}); try again.")
