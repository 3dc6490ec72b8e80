"""What a job is: work on the devices of a group, in batches, until it is done or too much failed."""

import re
from enum import StrEnum
from typing import NamedTuple

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

MAXIMUM_DATA = 50
"""Pieces of work in one job."""
MAXIMUM_NAME = 255
MAXIMUM_DESCRIPTION = 1024

_ID = re.compile(r"[a-zA-Z0-9_-]{1,255}")


class JobStatus(StrEnum):
    """States of a job."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    """Stopped by its own threshold of failures."""


ENDED = frozenset({JobStatus.COMPLETE, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELLED})


class DeviceStatus(StrEnum):
    """States of one device within a job."""

    PENDING = "pending"
    RUNNING = "running"
    """Something was sent whose outcome is not known yet; shown to people as pending."""
    COMPLETED = "completed"
    FAILED = "failed"


class WorkKind(StrEnum):
    """What a piece of work does."""

    PROPERTY = "property"
    CLOUD_PROPERTY = "cloudProperty"
    COMMAND = "command"
    MIGRATION = "deviceTemplateMigration"
    MANIFEST_MIGRATION = "deviceManifestMigration"


class Work(NamedTuple):
    """One piece of work."""

    kind: WorkKind
    target: str
    """The template or interface that has the capability; of a migration the new template or manifest."""
    path: str = ""
    """`name` or `component.name`."""
    value: JsonValue = None


class Amount(NamedTuple):
    """A number of devices, or a part of all in percent."""

    percentage: bool
    value: float

    def of(self, total: int) -> int:
        """The number of devices, at least one."""
        return max(1, round(total * self.value / 100) if self.percentage else int(self.value))


class Threshold(NamedTuple):
    """How many failures end a job."""

    amount: Amount
    per_batch: bool

    def reached(self, failed: int, total: int) -> bool:
        """Whether so many failures of so many devices are too many."""
        return failed >= self.amount.of(total)


class Job(NamedTuple):
    """A job as it was asked for."""

    group: str
    data: tuple[Work, ...]
    batch: Amount | None
    threshold: Threshold | None
    display_name: str
    description: str


def check_id(identifier: str, what: str) -> None:
    """InvalidError unless it can be the id of a job or a scheduled job."""
    if _ID.fullmatch(identifier) is None:
        raise InvalidError(f"A {what}'s id has 1 to 255 letters, digits, - and _.", "/id")


def read_job(body: JsonObject) -> Job:
    """The job that a body describes. InvalidError naming the field."""
    group = _text(body, "group", MAXIMUM_NAME)
    if not group:
        raise InvalidError("A job works on a device group: /group is missing.", "/group")
    data = body.get("data")
    if not isinstance(data, list) or not 1 <= len(data) <= MAXIMUM_DATA:
        raise InvalidError(f"/data is a list of 1 to {MAXIMUM_DATA} pieces of work.", "/data")
    threshold = body.get("cancellationThreshold")
    amount = _amount(threshold, "/cancellationThreshold")
    per_batch = isinstance(threshold, dict) and threshold.get("batch") is True
    return Job(
        group=group,
        data=tuple(_work(item, f"/data/{index}") for index, item in enumerate(data)),
        batch=_amount(body.get("batch"), "/batch"),
        threshold=Threshold(amount, per_batch) if amount else None,
        display_name=_text(body, "displayName", MAXIMUM_NAME),
        description=_text(body, "description", MAXIMUM_DESCRIPTION),
    )


def written(job: Job) -> JsonObject:
    """The job as a body: the fields that people give."""
    body: JsonObject = {
        "displayName": job.display_name,
        "description": job.description,
        "group": job.group,
        "data": [_work_body(work) for work in job.data],
    }
    if job.batch:
        body["batch"] = _amount_body(job.batch)
    if job.threshold:
        body["cancellationThreshold"] = _amount_body(job.threshold.amount) | {
            "batch": job.threshold.per_batch
        }
    return body


def _text(body: JsonObject, name: str, longest: int) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str) or len(value) > longest:
        raise InvalidError(f"/{name} is a text of at most {longest} characters.", f"/{name}")
    return value


def _amount(value: JsonValue, field: str) -> Amount | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("type") not in {"number", "percentage"}:
        raise InvalidError(f"{field} has a type, number or percentage, and a value.", field)
    number = value.get("value")
    percentage = value["type"] == "percentage"
    if isinstance(number, bool) or not isinstance(number, int | float) or number <= 0:
        raise InvalidError(f"{field}/value is a number above 0.", f"{field}/value")
    if percentage and number > 100:
        raise InvalidError(f"{field}/value is at most 100 percent.", f"{field}/value")
    if not percentage and (number < 1 or number > 1_000_000 or number != int(number)):
        raise InvalidError(f"{field}/value is a whole number of devices.", f"{field}/value")
    return Amount(percentage, float(number))


def _amount_body(amount: Amount) -> JsonObject:
    value: JsonValue = amount.value if amount.percentage and amount.value % 1 else int(amount.value)
    return {"type": "percentage" if amount.percentage else "number", "value": value}


_SPELLINGS = {
    **{kind.value: kind for kind in WorkKind},
    "PropertyJobData": WorkKind.PROPERTY,
    "CloudPropertyJobData": WorkKind.CLOUD_PROPERTY,
    "CommandJobData": WorkKind.COMMAND,
    "DeviceTemplateMigrationJobData": WorkKind.MIGRATION,
    "DeviceManifestMigrationJobData": WorkKind.MANIFEST_MIGRATION,
}
"""Types of work in both spellings that documents and clients use."""

_MIGRATIONS = {WorkKind.MIGRATION: "template", WorkKind.MANIFEST_MIGRATION: "deploymentManifest"}


def _work(value: JsonValue, field: str) -> Work:
    kind = _SPELLINGS.get(str(value.get("type"))) if isinstance(value, dict) else None
    if not isinstance(value, dict) or kind is None:
        known = ", ".join(item.value for item in WorkKind)
        raise InvalidError(f"{field}/type is one of {known}.", f"{field}/type")
    if kind in _MIGRATIONS:
        name = _MIGRATIONS[kind]
        target = value.get(name) or value.get("manifest")
        if not isinstance(target, str) or not target:
            raise InvalidError(f"{field}/{name} is missing.", f"{field}/{name}")
        return Work(kind, target)
    for name in ("target", "path"):
        if not isinstance(value.get(name), str) or not value[name]:
            raise InvalidError(f"{field}/{name} is missing.", f"{field}/{name}")
    return Work(kind, str(value["target"]), str(value["path"]), value.get("value"))


def _work_body(work: Work) -> JsonObject:
    if work.kind in _MIGRATIONS:
        return {"type": work.kind.value, _MIGRATIONS[work.kind]: work.target}
    return {
        "type": work.kind.value,
        "target": work.target,
        "path": work.path,
        "value": work.value,
    }
