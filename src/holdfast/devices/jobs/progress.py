"""How far a job is: counted from its devices, so that it is right however often the engine was killed."""

from typing import NamedTuple

from holdfast.devices.jobs.kinds import JOB_DEVICE, state_of
from holdfast.devices.jobs.model import DeviceStatus, Job, JobStatus
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT
from holdfast.resources.model import Reader, Resource
from holdfast.resources.query import Compare, Operator, Query


class Progress(NamedTuple):
    """Numbers of devices."""

    pending: int
    running: int
    completed: int
    failed: int

    @property
    def done(self) -> int:
        """Devices that need nothing more."""
        return self.completed + self.failed

    @property
    def total(self) -> int:
        """All devices of the job."""
        return self.done + self.pending + self.running

    def shown(self) -> JsonObject:
        """As people see it; what is under way counts as pending."""
        return {
            "total": self.total,
            "pending": self.pending + self.running,
            "completed": self.completed,
            "failed": self.failed,
        }


def count(reader: Reader, job: str) -> Progress:
    """Count the devices of a job."""

    def of(status: DeviceStatus) -> int:
        where = Compare("state", Operator.EQUAL, state_of(job, status))
        return reader.count(JOB_DEVICE, (ROOT,), where)

    return Progress(
        of(DeviceStatus.PENDING),
        of(DeviceStatus.RUNNING),
        of(DeviceStatus.COMPLETED),
        of(DeviceStatus.FAILED),
    )


def in_status(reader: Reader, job: str, status: DeviceStatus, limit: int) -> list[Resource]:
    """The first devices of a job in one status, by id."""
    where = Compare("state", Operator.EQUAL, state_of(job, status))
    return list(reader.find(Query(JOB_DEVICE, (ROOT,), where, limit=limit)).items)


class Batch(NamedTuple):
    """Where the running batch began, as the job remembers it."""

    done: int
    failed: int

    @classmethod
    def read(cls, value: JsonValue) -> "Batch":
        """From the job's body."""
        if not isinstance(value, dict):
            return cls(0, 0)
        return cls(int(str(value.get("done", 0))), int(str(value.get("failed", 0))))

    def written(self) -> JsonObject:
        """For the job's body."""
        return {"done": self.done, "failed": self.failed}

    def size(self, job: Job, total: int) -> int:
        """How many devices a batch has."""
        return min(job.batch.of(total), total) if job.batch else total

    def left(self, job: Job, progress: Progress) -> int:
        """How many devices of the batch are still to be done."""
        return max(0, self.done + self.size(job, progress.total) - progress.done)


def is_cancelled(job: Job, progress: Progress, batch: Batch) -> bool:
    """Whether too much failed to go on."""
    if job.threshold is None or not progress.failed:
        return False
    if job.threshold.per_batch:
        size = batch.size(job, progress.total)
        return job.threshold.reached(progress.failed - batch.failed, size)
    return job.threshold.reached(progress.failed, progress.total)


def outcome(progress: Progress) -> JobStatus:
    """What a job comes to when nothing is left: failed only when no device made it."""
    if progress.failed and not progress.completed:
        return JobStatus.FAILED
    return JobStatus.COMPLETE
