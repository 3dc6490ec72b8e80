"""Runs jobs: one engine in the cluster, which can be killed anywhere and goes on where it stopped.

The devices of a job are rows. What is changed of a device and the row that says so are one transaction, so
each device is changed once. A command cannot be part of a transaction: its row says "running" before it is
sent, and an engine that finds such a row after a crash marks it failed instead of sending again. Every number
is counted from the rows; nothing is kept in memory between two steps.
"""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import structlog

from holdfast.access.reading import everything
from holdfast.cluster.port import Router
from holdfast.devices import calling
from holdfast.devices.commands import Call, kept
from holdfast.devices.device import DEVICE
from holdfast.devices.groups import DEVICE_GROUP, members
from holdfast.devices.jobs.actions import actions_for
from holdfast.devices.jobs.kinds import JOB, JOB_DEVICE, job_device_body, job_device_id, state_of
from holdfast.devices.jobs.model import DeviceStatus, JobStatus, read_job
from holdfast.devices.jobs.progress import Batch, count, in_status, is_cancelled, outcome
from holdfast.devices.jobs.retention import forget_old
from holdfast.devices.jobs.scheduling import start_due_jobs
from holdfast.kernel.clock import Clock, Randomness, isoformat
from holdfast.kernel.errors import HoldfastError, NotFoundError, PreconditionFailedError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from holdfast.log.port import DeviceState
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.port import ChangePath, ResourceStore
from holdfast.resources.query import Compare, In, Operator

T = TypeVar("T")

MAXIMUM_RUNNING = 5
"""Jobs at once; as in the hosted service."""
CHUNK = 100
"""Devices between two looks at whether the job was stopped."""
AT_ONCE = 8
"""Devices in work at the same time: enough that the change path commits them in groups."""
ROWS = 200
"""Rows of devices made in one transaction."""
PAUSE = 1.0
"""Seconds between two looks for work when there is none."""
CLEAN_SECONDS = 3600.0
"""How often what is old is looked for."""

_MAY = frozenset(
    {
        Permission.DEVICE_READ,
        Permission.DEVICE_UPDATE,
        Permission.DEVICE_COMMAND,
        Permission.JOB_READ,
        Permission.JOB_EXECUTE,
    }
)

logger = structlog.get_logger(__name__)


class JobEngine:
    """See the module. `step` does what is due now; `run` repeats it."""

    def __init__(
        self,
        store: ResourceStore,
        changes: ChangePath,
        state: DeviceState,
        router: Router,
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._store = store
        self._changes = changes
        self._state = state
        self._router = router
        self._clock = clock
        self._randomness = randomness
        self._clean_at = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop. Only one engine runs at a time: the caller holds the lease."""
        await self.recover()
        while not stopping.is_set():
            if not await self.step():
                await _pause(stopping)

    async def recover(self) -> None:
        """Close what an engine before this one left open."""
        await asyncio.to_thread(self._recover)

    async def step(self) -> bool:
        """Start what is due and take every running job one chunk further; whether anything was done."""
        jobs = await asyncio.to_thread(self._due)
        worked = await asyncio.gather(*map(self._guarded, jobs))
        return any(worked)

    # --- which jobs ---

    def _due(self) -> list[Resource]:
        now = self._clock.now()
        start_due_jobs(self._store, self._changes, now)
        if now >= self._clean_at:
            forget_old(self._store, self._changes, now)
            self._clean_at = now + CLEAN_SECONDS
        running = list(everything(self._store, JOB, Compare("status", Operator.EQUAL, JobStatus.RUNNING)))
        waiting = everything(self._store, JOB, Compare("status", Operator.EQUAL, JobStatus.PENDING))
        for job in islice(waiting, max(0, MAXIMUM_RUNNING - len(running))):
            started = self._transition(job, JobStatus.RUNNING, {"start": isoformat(self._clock.now())})
            if started is not None:
                running.append(started)
        return running

    def _transition(self, job: Resource, status: JobStatus, more: JsonObject) -> Resource | None:
        """Change a job's status, unless somebody changed the job in between."""
        change = Change(Action.MERGE, JOB, job.id, {"status": status.value, **more}, if_match=job.etag)
        try:
            return self._changes.apply(_principal(job), change).resource
        except (PreconditionFailedError, NotFoundError):
            return None

    def _recover(self) -> None:
        begun = In("status", (JobStatus.RUNNING, JobStatus.STOPPED, JobStatus.CANCELLED))
        for job in everything(self._store, JOB, begun):
            state = Compare("state", Operator.EQUAL, state_of(job.id, DeviceStatus.RUNNING))
            for row in everything(self._store, JOB_DEVICE, state):
                self._close(job, row, "Interrupted: the command may or may not have reached the device.")

    # --- one job ---

    async def _guarded(self, job: Resource) -> bool:
        try:
            return await self._advance(job)
        except PreconditionFailedError:
            return True  # somebody changed the job: look again
        except HoldfastError as error:
            ended: JsonObject = {"reason": str(error)[:500], "end": isoformat(self._clock.now())}
            await asyncio.to_thread(self._transition, job, JobStatus.FAILED, ended)
            return True

    async def _advance(self, job: Resource) -> bool:
        """One chunk of a running job."""
        if job.body.get("prepared") is not True:
            await asyncio.to_thread(self._prepare, job)
            return True
        rows = await asyncio.to_thread(self._next_rows, job)
        if rows:
            slots = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._within(slots, job, row) for row in rows))
        await asyncio.to_thread(self._settle, job.id)
        return True

    def _prepare(self, job: Resource) -> None:
        """Make a row for each device: who is in the group now, or who failed in the job that is run again."""
        known = {
            row.id for row in everything(self._store, JOB_DEVICE, Compare("job", Operator.EQUAL, job.id))
        }
        devices = (name for name in self._devices(job) if job_device_id(job.id, name) not in known)
        for names in _groups(devices, ROWS):
            self._changes.apply_all(
                _principal(job),
                [
                    Change(
                        Action.PUT,
                        JOB_DEVICE,
                        job_device_id(job.id, name),
                        job_device_body(job.id, name, DeviceStatus.PENDING),
                        organization=job.organization,
                    )
                    for name in names
                ],
            )
        progress = count(self._store, job.id)
        body: JsonObject = {"prepared": True, "progress": progress.shown()}
        self._changes.apply(_principal(job), Change(Action.MERGE, JOB, job.id, body))

    def _devices(self, job: Resource) -> Iterator[str]:
        earlier = job.body.get("rerunOf")
        if earlier:
            failed = Compare("state", Operator.EQUAL, state_of(str(earlier), DeviceStatus.FAILED))
            for row in everything(self._store, JOB_DEVICE, failed):
                yield str(row.body["device"])
            return
        group = self._store.get(DEVICE_GROUP, str(job.body["group"]))
        if group is None:
            raise NotFoundError(f"The device group {job.body['group']} is gone.")
        for device in members(self._store, group, (job.organization,)):
            yield device.id

    def _next_rows(self, job: Resource) -> list[Resource]:
        progress = count(self._store, job.id)
        batch = Batch.read(job.body.get("batchBegan"))
        left = batch.left(read_job(job.body), progress)
        return in_status(self._store, job.id, DeviceStatus.PENDING, min(left, CHUNK)) if left else []

    def _settle(self, identifier: str) -> None:
        """Write the progress down; begin the next batch, or end the job."""
        job = self._store.get(JOB, identifier)
        if job is None or job.body.get("status") != JobStatus.RUNNING:
            return
        asked, progress = read_job(job.body), count(self._store, job.id)
        batch = Batch.read(job.body.get("batchBegan"))
        body: JsonObject = {"progress": progress.shown()}
        status = None
        if progress.done == progress.total:
            status = outcome(progress)
        elif is_cancelled(asked, progress, batch):
            status = JobStatus.CANCELLED
        elif not batch.left(asked, progress):
            body["batchBegan"] = Batch(progress.done, progress.failed).written()
        if status is not None:
            body |= {"status": status.value, "end": isoformat(self._clock.now())}
        change = Change(Action.MERGE, JOB, job.id, body, if_match=job.etag)
        self._changes.apply(_principal(job), change)

    # --- one device ---

    async def _within(self, slots: asyncio.Semaphore, job: Resource, row: Resource) -> None:
        async with slots:
            try:
                calls = await asyncio.to_thread(self._change, job, row)
                for call in calls:
                    await self._call(job, call)
            except HoldfastError as error:
                await asyncio.to_thread(self._close, job, row, str(error))
                return
            if calls:
                await asyncio.to_thread(self._close, job, row, "")

    def _change(self, job: Resource, row: Resource) -> list[Call]:
        """Make a device's changes and say so in one transaction; the commands that are still to be called."""
        device = self._store.get(DEVICE, str(row.body["device"]))
        if device is None:
            raise NotFoundError("The device is gone.")
        works = read_job(job.body).data
        actions = actions_for(device, works, self._store, self._state, self._clock, self._randomness)
        status = DeviceStatus.RUNNING if actions.calls else DeviceStatus.COMPLETED
        self._changes.apply_all(_principal(job), [_marked(row, status), *actions.changes])
        return actions.calls

    async def _call(self, job: Resource, call: Call) -> None:
        answer = await calling.call(self._router, call)
        record = kept(call, new_id(self._clock, self._randomness), answer.status, answer.payload)
        await asyncio.to_thread(self._changes.apply, _principal(job), record)
        if not 200 <= answer.status < 300:
            raise calling.CommandFailedError(
                f"The device answered {call.method} with status {answer.status}."
            )

    def _close(self, job: Resource, row: Resource, failure: str) -> None:
        """Mark a device as done; with what went wrong, if anything did."""
        status = DeviceStatus.FAILED if failure else DeviceStatus.COMPLETED
        self._changes.apply(_principal(job), _marked(row, status, failure, unconditional=True))


def _marked(row: Resource, status: DeviceStatus, reason: str = "", *, unconditional: bool = False) -> Change:
    body = job_device_body(str(row.body["job"]), str(row.body["device"]), status, reason[:500])
    condition = None if unconditional else row.etag
    return Change(Action.MERGE, JOB_DEVICE, row.id, body, if_match=condition)


def _principal(job: Resource) -> Principal:
    """Who a job acts as: itself, on behalf of whoever made it, and nowhere beside its organization."""
    creator = job.body.get("creator")
    behind = str(creator.get("id", "")) if isinstance(creator, dict) else ""
    return Principal(
        id=f"job:{job.id}",
        kind=PrincipalKind.SYSTEM,
        name=f"job {job.id}",
        grants=(Grant(job.organization, _MAY, "job"),),
        on_behalf_of=behind,
    )


def _groups(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items."""
    while some := list(islice(items, size)):
        yield some


async def _pause(stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(PAUSE):
            await stopping.wait()
    except TimeoutError:
        return
