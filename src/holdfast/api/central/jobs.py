"""`/api/jobs` and `/api/scheduledJobs`: work on the devices of a group."""

from holdfast.api.central.common import (
    MERGE,
    VERSIONS,
    applied,
    etag,
    listing,
    organization_from,
    organizations_of,
    removed,
    visible,
    without,
    written,
)
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.jobs.kinds import JOB, JOB_DEVICE, SCHEDULED_JOB
from holdfast.devices.jobs.model import DeviceStatus, JobStatus
from holdfast.devices.query.fields import NAMED_FILTER_FIELDS, TableFields
from holdfast.kernel.errors import ConflictError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Compare, Operator

READ = Permission.JOB_READ

_GIVEN = ("displayName", "description", "group", "batch", "cancellationThreshold", "data")
_READ_ONLY = (
    *("id", "etag", "organizations", "start", "end", "progress", "status", "completed"),
    *("scheduledJobId", "creator", "prepared", "batchBegan", "rerunOf", "reason", "occurred"),
)


def _common(resource: Resource) -> JsonObject:
    """Fields that jobs and scheduled jobs share; empty ones are left out."""
    body = resource.body
    shown: JsonObject = {"id": resource.id}
    shown.update({name: body[name] for name in _GIVEN if body.get(name)})
    if resource.organization != ROOT:
        shown["organizations"] = organizations_of(resource.organization)
    return shown


def _shown(job: Resource) -> JsonObject:
    own = ("status", "start", "end", "progress", "scheduledJobId")
    return {**_common(job), **{name: job.body[name] for name in own if job.body.get(name)}}


def _list(request: ApiRequest) -> Reply:
    return listing(request, JOB, READ, _shown, NAMED_FILTER_FIELDS)


def _job(request: ApiRequest) -> Resource:
    return visible(request, JOB, request.path["job"], READ)


def _get(request: ApiRequest) -> Reply:
    return Reply(200, _shown(_job(request)))


def _put(request: ApiRequest) -> Reply:
    given = request.object()
    change = Change(
        Action.CREATE,
        JOB,
        request.path["job"],
        without(given, *_READ_ONLY),
        organization=organization_from(request, given),
    )
    return Reply(200, _shown(applied(request, change)))


def _devices(request: ApiRequest) -> Reply:
    where = Compare("job", Operator.EQUAL, _job(request).id)
    return listing(request, JOB_DEVICE, READ, _device_shown, TableFields(paths={"status": "state"}), where)


def _device_shown(row: Resource) -> JsonObject:
    status = row.body["status"]
    if status == DeviceStatus.RUNNING:
        status = DeviceStatus.PENDING.value
    return {"id": row.body["device"], "status": status}


def _transition(request: ApiRequest, allowed: set[JobStatus], to: JobStatus, verb: str) -> Reply:
    job = _job(request)
    if job.body["status"] not in allowed:
        raise ConflictError(f"The job {job.id} is {job.body['status']} and cannot be {verb}.")
    patch: JsonObject = {"status": to.value, "end": None}
    applied(request, Change(Action.MERGE, JOB, job.id, patch, if_match=request.if_match or job.etag))
    return Reply(204)


def _stop(request: ApiRequest) -> Reply:
    return _transition(request, {JobStatus.PENDING, JobStatus.RUNNING}, JobStatus.STOPPED, "stopped")


def _resume(request: ApiRequest) -> Reply:
    return _transition(request, {JobStatus.STOPPED, JobStatus.CANCELLED}, JobStatus.PENDING, "resumed")


def _rerun(request: ApiRequest) -> Reply:
    """A new job with the same work on the devices that failed."""
    job = _job(request)
    if job.body["status"] in {JobStatus.PENDING, JobStatus.RUNNING}:
        raise ConflictError(f"The job {job.id} is still {job.body['status']}; wait for it or stop it.")
    body: JsonObject = {name: job.body[name] for name in _GIVEN if job.body.get(name)}
    body["rerunOf"] = job.id
    change = Change(Action.CREATE, JOB, request.path["rerun"], body, organization=job.organization)
    return Reply(200, _shown(applied(request, change)))


# --- scheduled jobs ---


def _scheduled_shown(scheduled: Resource) -> JsonObject:
    own = {name: scheduled.body[name] for name in ("schedule", "enabled", "completed")}
    return {**_common(scheduled), **own, "etag": etag(scheduled)}


def _list_scheduled(request: ApiRequest) -> Reply:
    return listing(request, SCHEDULED_JOB, READ, _scheduled_shown, NAMED_FILTER_FIELDS)


def _scheduled(request: ApiRequest) -> Resource:
    return visible(request, SCHEDULED_JOB, request.path["scheduled"], READ)


def _get_scheduled(request: ApiRequest) -> Reply:
    return Reply(200, _scheduled_shown(_scheduled(request)))


def _put_scheduled(request: ApiRequest) -> Reply:
    return written(
        request, Action.PUT, SCHEDULED_JOB, request.path["scheduled"], _scheduled_shown, _READ_ONLY
    )


def _patch_scheduled(request: ApiRequest) -> Reply:
    scheduled = _scheduled(request)
    return written(request, Action.MERGE, SCHEDULED_JOB, scheduled.id, _scheduled_shown, _READ_ONLY)


def _delete_scheduled(request: ApiRequest) -> Reply:
    return removed(request, SCHEDULED_JOB, request.path["scheduled"], READ)


def _jobs_of_scheduled(request: ApiRequest) -> Reply:
    where = Compare("scheduledJobId", Operator.EQUAL, _scheduled(request).id)
    return listing(request, JOB, READ, _shown, NAMED_FILTER_FIELDS, where)


_JOB = "/api/jobs/{job}"
_SCHEDULED = "/api/scheduledJobs/{scheduled}"
_CREATE, _EXECUTE = Permission.JOB_CREATE, Permission.JOB_EXECUTE
_UPDATE = Permission.JOB_UPDATE

ROUTES = [
    Route("GET", "/api/jobs", READ, _list, "List jobs", VERSIONS),
    Route("GET", _JOB, READ, _get, "Read a job", VERSIONS),
    Route("PUT", _JOB, _CREATE, _put, "Start a job", VERSIONS),
    Route("GET", _JOB + "/devices", READ, _devices, "List the devices of a job", VERSIONS),
    Route("PUT", _JOB + "/rerun/{rerun}", _CREATE, _rerun, "Run a job on what failed", VERSIONS),
    Route("POST", _JOB + "/resume", _EXECUTE, _resume, "Resume a stopped job", VERSIONS),
    Route("POST", _JOB + "/stop", _EXECUTE, _stop, "Stop a job", VERSIONS),
    Route("GET", "/api/scheduledJobs", READ, _list_scheduled, "List scheduled jobs", VERSIONS),
    Route("GET", _SCHEDULED, READ, _get_scheduled, "Read a scheduled job", VERSIONS),
    Route("PUT", _SCHEDULED, _CREATE, _put_scheduled, "Create or replace a scheduled job", VERSIONS),
    Route("PATCH", _SCHEDULED, _UPDATE, _patch_scheduled, "Change a scheduled job", VERSIONS, MERGE),
    Route("DELETE", _SCHEDULED, Permission.JOB_DELETE, _delete_scheduled, "Delete a scheduled job", VERSIONS),
    Route(
        "GET", _SCHEDULED + "/jobs", READ, _jobs_of_scheduled, "List the jobs of a scheduled job", VERSIONS
    ),
]
