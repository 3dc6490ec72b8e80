"""The kinds `job`, `jobDevice` (one device's part in a job) and `scheduledJob`."""

import msgspec

from holdfast.devices.groups import DEVICE_GROUP
from holdfast.devices.jobs.model import (
    ENDED,
    DeviceStatus,
    JobStatus,
    Work,
    WorkKind,
    check_id,
    read_job,
    written,
)
from holdfast.devices.jobs.schedule import checked_schedule
from holdfast.devices.templates.capabilities import Capability, CapabilityKind
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.devices.templates.template import Template
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader

JOB = "job"
JOB_DEVICE = "jobDevice"
SCHEDULED_JOB = "scheduledJob"

_OWN = (
    *("status", "start", "end", "progress", "scheduledJobId", "rerunOf", "creator"),
    *("prepared", "batchBegan", "reason"),
)
"""Fields of a job that the engine writes."""
_GIVEN = frozenset({"displayName", "description", "group", "batch", "cancellationThreshold", "data"})

_NEEDED = {
    WorkKind.PROPERTY: Permission.DEVICE_UPDATE,
    WorkKind.CLOUD_PROPERTY: Permission.DEVICE_UPDATE,
    WorkKind.COMMAND: Permission.DEVICE_COMMAND,
    WorkKind.MIGRATION: Permission.DEVICE_UPDATE,
    WorkKind.MANIFEST_MIGRATION: Permission.DEVICE_UPDATE,
}
"""What somebody must be allowed to do by hand to have a job do it."""


def find_capability(template: Template, work: Work) -> Capability | None:
    """The capability that a piece of work is about, in one template."""
    capability = template.by_path(work.path)
    if capability is None:
        return None
    named = {template.id, template.model_id, capability.interface}
    return capability if work.target in named else None


_KINDS = {
    WorkKind.PROPERTY: CapabilityKind.PROPERTY,
    WorkKind.CLOUD_PROPERTY: CapabilityKind.CLOUD_PROPERTY,
    WorkKind.COMMAND: CapabilityKind.COMMAND,
}


def _checked_work(reader: Reader, work: Work, field: str) -> Work:
    """The work, with its value as the schema has it. InvalidError for what no device could do."""
    if work.kind is WorkKind.MIGRATION:
        if TEMPLATES.get(reader, work.target) is None:
            raise InvalidError(f"There is no device template {work.target}.", f"{field}/template")
        return work
    if work.kind is WorkKind.MANIFEST_MIGRATION:
        if reader.get("deploymentManifest", work.target) is None:
            raise InvalidError(
                f"There is no deployment manifest {work.target}.", f"{field}/deploymentManifest"
            )
        return work
    found = [
        (template, capability)
        for template in TEMPLATES.all(reader)
        if (capability := find_capability(template, work)) and capability.kind is _KINDS[work.kind]
    ]
    if not found:
        raise InvalidError(
            f"No template or interface {work.target} has a {work.kind.value} {work.path}.", f"{field}/path"
        )
    template, capability = found[0]
    if work.kind is WorkKind.PROPERTY and not capability.writable:
        raise InvalidError(f"The property {work.path} cannot be written.", f"{field}/path")
    value = _as_written(template, capability, work.value)
    if value is not None and (wrong := template.violations(capability, value)):
        raise InvalidError(f"The value does not fit {work.path}: {wrong[0]}.", f"{field}/value")
    return work._replace(value=value)


def _as_written(template: Template, capability: Capability, value: JsonValue) -> JsonValue:
    """The number or flag that a text stands for where the schema wants one: the hosted service's own examples
    of jobs write `"value": "56"` for a number."""
    if not isinstance(value, str) or not template.violations(capability, value):
        return value
    try:
        meant: JsonValue = msgspec.json.decode(value, type=float | int | bool)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return value
    return value if template.violations(capability, meant) else meant


def _checked(draft: Draft, reader: Reader) -> JsonObject:
    """What people give of a job or a scheduled job, checked; and whether they may have it done."""
    job = read_job(draft.body)
    group = reader.get(DEVICE_GROUP, job.group)
    if group is None:
        raise InvalidError(f"There is no device group {job.group}.", "/group")
    checked = [_checked_work(reader, work, f"/data/{index}") for index, work in enumerate(job.data)]
    for work in checked:
        needed = _NEEDED[work.kind]
        for permission in (Permission.JOB_EXECUTE, needed):
            if not draft.principal.allows(permission, draft.organization):
                raise ForbiddenError(f"This job takes the permission {permission.value} at its organization.")
    return written(job._replace(data=tuple(checked)))


def _creator(draft: Draft) -> JsonObject:
    principal = draft.principal
    return {"id": principal.id, "name": principal.name, "kind": principal.kind.value}


def _validate_job(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    check_id(draft.change.id, "job")
    if unknown := sorted(set(draft.body) - _GIVEN - set(_OWN)):
        raise InvalidError(f"A job has no field {unknown[0]}.", f"/{unknown[0]}")
    before = draft.before
    if before is None:
        own = {name: draft.body[name] for name in _OWN if name in draft.body}
        creator = own.get("creator") or _creator(draft)
        return {**_checked(draft, reader), "status": JobStatus.PENDING.value, **own, "creator": creator}
    if any(draft.body.get(name) != before.body.get(name) for name in _GIVEN):
        raise ConflictError(
            f"The job {draft.change.id} exists; what it does cannot be changed. Make another."
        )
    return draft.body


def _guard_job(draft: Draft, _reader: Reader) -> None:
    if draft.change.action is not Action.DELETE or draft.before is None:
        return
    if draft.before.body.get("status") not in ENDED:
        raise ConflictError("The job is not done; stop it first.")


def _validate_scheduled(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    check_id(draft.change.id, "scheduled job")
    known = _GIVEN | {"schedule", "enabled", "completed", "occurred", "creator"}
    if unknown := sorted(set(draft.body) - known):
        raise InvalidError(f"A scheduled job has no field {unknown[0]}.", f"/{unknown[0]}")
    enabled = draft.body.get("enabled", True)
    if not isinstance(enabled, bool):
        raise InvalidError("/enabled is true or false.", "/enabled")
    before = draft.before.body if draft.before else {}
    same = bool(before) and all(draft.body.get(name) == before.get(name) for name in _GIVEN)
    work = {name: before[name] for name in _GIVEN if name in before} if same else _checked(draft, reader)
    return {
        **work,
        "schedule": checked_schedule(draft.body.get("schedule")),
        "enabled": enabled,
        "completed": draft.body.get("completed") is True,
        "occurred": draft.body.get("occurred", 0),
        "creator": draft.body.get("creator") or _creator(draft),
    }


JOB_KIND = Kind(
    name=JOB,
    read=Permission.JOB_READ,
    create=Permission.JOB_CREATE,
    update=Permission.JOB_EXECUTE,
    delete=Permission.JOB_DELETE,
    validate=_validate_job,
    guard=_guard_job,
    indexed={
        "displayName": IndexType.TEXT,
        "status": IndexType.TEXT,
        "scheduledJobId": IndexType.TEXT,
    },
    policy_type="Holdfast.Devices/jobs",
)

JOB_DEVICE_KIND = Kind(
    name=JOB_DEVICE,
    read=Permission.JOB_READ,
    create=Permission.JOB_EXECUTE,
    update=Permission.JOB_EXECUTE,
    delete=Permission.JOB_DELETE,
    indexed={"job": IndexType.TEXT, "state": IndexType.TEXT},
)
"""The id is the job's and the device's with a slash between; `state` is the job's id and the status."""

SCHEDULED_JOB_KIND = Kind(
    name=SCHEDULED_JOB,
    read=Permission.JOB_READ,
    create=Permission.JOB_CREATE,
    update=Permission.JOB_UPDATE,
    delete=Permission.JOB_DELETE,
    validate=_validate_scheduled,
    indexed={"displayName": IndexType.TEXT, "enabled": IndexType.BOOLEAN, "completed": IndexType.BOOLEAN},
    policy_type="Holdfast.Devices/scheduledJobs",
)


def job_device_id(job: str, device: str) -> str:
    """The id of one device's part in a job."""
    return f"{job}/{device}"


def job_device_body(job: str, device: str, status: DeviceStatus, reason: str = "") -> JsonObject:
    """One device's part in a job."""
    return {
        "job": job,
        "device": device,
        "status": status.value,
        "state": state_of(job, status),
        "reason": reason,
    }


def state_of(job: str, status: DeviceStatus) -> str:
    """What the devices of a job in one status are found by: one indexed value instead of two conditions."""
    return f"{job}/{status.value}"
