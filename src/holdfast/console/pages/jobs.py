"""Jobs: the list, and the page of one whose progress renews itself."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.pages.devices.listing import templates
from holdfast.console.pages.devices.properties import read_value
from holdfast.console.rendering import FORM, fragment, page, read_form, redirect
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.devices.groups import DEVICE_GROUP
from holdfast.devices.jobs.kinds import JOB
from holdfast.devices.jobs.model import DeviceStatus, JobStatus, WorkKind
from holdfast.devices.jobs.progress import Progress, count, in_status
from holdfast.kernel.errors import ConflictError, HoldfastError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Query

READ = Permission.JOB_READ
FAILURES = 50
WORKS = {
    WorkKind.PROPERTY: "Set a property",
    WorkKind.CLOUD_PROPERTY: "Set a cloud property",
    WorkKind.COMMAND: "Call a command",
    WorkKind.MIGRATION: "Migrate to a template",
}
MOODS = {"complete": "good", "failed": "bad", "cancelled": "bad", "running": "waiting", "pending": "waiting"}


def _state(job: Resource) -> Cell:
    status = str(job.body["status"])
    return Cell(status, "state", mood=MOODS.get(status, ""))


TABLE = ResourceTable(
    id="jobs",
    title="Jobs",
    kind=JOB,
    permission=READ,
    columns=(
        Column(
            "name",
            "Name",
            lambda j: Cell(j.body.get("displayName") or j.id, link=page_of("jobs", j.id)),
            "displayName",
        ),
        Column("state", "State", _state, "status"),
        Column("group", "Group", lambda j: Cell(j.body["group"])),
        Column("created", "Made", lambda j: Cell(j.created, "moment"), "@created"),
    ),
    search=("displayName",),
    empty="There is no job yet. A job changes properties, calls a command or migrates devices of a group.",
)


def _list(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    may_create = bool(request.principal.reach(Permission.JOB_CREATE))
    return page(request, "jobs.html", table=TABLE.show(request), may_create=may_create)


def _new(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    reach = request.principal.reach(Permission.DEVICE_GROUP_READ)
    groups = request.services.store.find(Query(DEVICE_GROUP, reach, limit=500)).items
    return page(
        request,
        "job_new.html",
        status=status,
        problem=problem,
        groups=groups,
        templates=templates(request),
        works=WORKS,
    )


def _create(request: ApiRequest) -> Response:
    fields, services = read_form(request), request.services
    id = new_id(services.clock, services.randomness)
    body: JsonObject = {
        "displayName": fields.get("name", ""),
        "group": fields.get("group", ""),
        "data": [_work(fields)],
    }
    for name, field in (("batch", "batch"), ("cancellationThreshold", "threshold")):
        if fields.get(field, "").isdecimal():
            body[name] = {"type": "percentage", "value": int(fields[field])}
    group = services.store.get(DEVICE_GROUP, fields.get("group", ""))
    try:
        place = group.organization if group else None
        services.changes.apply(request.principal, Change(Action.CREATE, JOB, id, body, organization=place))
    except HoldfastError as error:
        return _new(request, str(error), error.status)
    return redirect(page_of("jobs", id))


def _work(fields: dict[str, str]) -> JsonObject:
    kind, target = fields.get("work", ""), fields.get("template", "")
    if kind == WorkKind.MIGRATION:
        return {"type": kind, "template": target}
    value = read_value(fields.get("value", ""))
    return {"type": kind, "target": target, "path": fields.get("path", "").strip(), "value": value}


def _change(request: ApiRequest) -> Response:
    """Stop a job, or let it go on."""
    job, wanted = _job(request), {"stop": JobStatus.STOPPED, "resume": JobStatus.PENDING}
    status = wanted.get(read_form(request).get("action", ""))
    allowed = {
        JobStatus.STOPPED: {JobStatus.PENDING, JobStatus.RUNNING},
        JobStatus.PENDING: {JobStatus.STOPPED, JobStatus.CANCELLED},
    }
    if status is None or job.body["status"] not in allowed[status]:
        raise ConflictError(f"The job is {job.body['status']} by now; load the page again.")
    patch: JsonObject = {"status": status.value, "end": None}
    request.services.changes.apply(request.principal, Change(Action.MERGE, JOB, job.id, patch))
    return redirect(page_of("jobs", job.id))


def _job(request: ApiRequest) -> Resource:
    return visible(request, JOB, request.path["job"], READ)


class _State(NamedTuple):
    """How far a job is."""

    state: Cell
    progress: Progress
    failures: list[tuple[JsonValue, JsonValue]]


def _state_of(request: ApiRequest, job: Resource) -> _State:
    store = request.services.store
    failed = in_status(store, job.id, DeviceStatus.FAILED, FAILURES)
    failures = [(row.body["device"], row.body.get("reason", "")) for row in failed]
    return _State(_state(job), count(store, job.id), failures)


def _page(request: ApiRequest) -> Response:
    job = _job(request)
    address = page_of("jobs", job.id)
    may_change = request.principal.allows(Permission.JOB_UPDATE, job.organization)
    return page(
        request, "job.html", job=job, address=address, now_at=_state_of(request, job), may_change=may_change
    )


def _progress(request: ApiRequest) -> Response:
    return fragment("job_progress.html", now_at=_state_of(request, _job(request)))


ROUTES = [
    Route("GET", "/jobs", READ, _list, "Jobs", is_page=True),
    Route("GET", "/job-editor", Permission.JOB_CREATE, _new, "New job", is_page=True),
    Route("POST", "/job-editor", Permission.JOB_CREATE, _create, "Start", content_types=FORM, is_page=True),
    Route("POST", "/jobs/{job}", Permission.JOB_UPDATE, _change, "Stop", content_types=FORM, is_page=True),
    Route("GET", "/jobs/{job}", READ, _page, "Job", is_page=True),
    Route("GET", "/jobs/{job}/progress", READ, _progress, "Progress of a job", is_page=True),
]
