"""Jobs: the list, and the page of one whose progress renews itself."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.pages.jobs import scheduled
from holdfast.console.pages.jobs.words import group_of, told
from holdfast.console.rendering import FORM, fragment, page, read_form, redirect
from holdfast.console.shares import Band, Share, bands
from holdfast.console.tables import Cell, Column, ResourceTable, name_column
from holdfast.devices.device import DEVICE
from holdfast.devices.jobs.kinds import JOB
from holdfast.devices.jobs.model import DeviceStatus, JobStatus
from holdfast.devices.jobs.progress import Progress, count, in_status
from holdfast.kernel.errors import ConflictError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ = Permission.JOB_READ
FAILURES = 50
MOODS = {"complete": "good", "failed": "bad", "cancelled": "bad", "running": "waiting", "pending": "waiting"}


def _state(job: Resource) -> Cell:
    status = str(job.body["status"])
    return Cell(status, "state", mood=MOODS.get(status, ""))


def _groups(request: ApiRequest, _jobs: Sequence[Resource]) -> Mapping[str, Callable[[Resource], Cell]]:
    return {"group": partial(group_of, request.services.store)}


TABLE = ResourceTable(
    id="jobs",
    title="Jobs",
    kind=JOB,
    permission=READ,
    columns=(
        name_column("jobs"),
        Column("state", "State", _state, "status"),
        Column("group", "Group", lambda j: Cell(j.body["group"])),
        Column("created", "Made", lambda j: Cell(j.created, "moment"), "@created"),
    ),
    search=("displayName",),
    empty="There is no job yet. A job changes properties, calls a command or migrates devices of a group.",
    beside=_groups,
)


def _list(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "jobs.html",
        table=TABLE.show(request),
        scheduled=scheduled.listed(request),
        may_create=bool(request.principal.reach(Permission.JOB_CREATE)),
    )


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


class Failure(NamedTuple):
    """A device with which a job failed."""

    name: str
    link: str
    reason: str


class _State(NamedTuple):
    """How far a job is."""

    state: Cell
    progress: Progress
    bands: list[Band]
    """The parts of the devices that are done, and that failed."""
    failures: list[Failure]


def _state_of(request: ApiRequest, job: Resource) -> _State:
    store = request.services.store
    progress = count(store, job.id)
    failed = in_status(store, job.id, DeviceStatus.FAILED, FAILURES)
    shares = [
        Share("completed", "good", progress.completed, ""),
        Share("failed", "bad", progress.failed, ""),
        Share("to do", "", progress.total - progress.done, ""),
    ]
    return _State(_state(job), progress, bands(shares), [_failure(request, row) for row in failed])


def _failure(request: ApiRequest, row: Resource) -> Failure:
    id, reason = str(row.body["device"]), str(row.body.get("reason", ""))
    device = request.services.store.get(DEVICE, id)
    return Failure(str(device.body["displayName"]) if device else id, page_of("devices", id), reason)


def _page(request: ApiRequest) -> Response:
    job, store = _job(request), request.services.store
    return page(
        request,
        "job.html",
        job=job,
        address=page_of("jobs", job.id),
        group=group_of(store, job),
        works=told(store, job),
        now_at=_state_of(request, job),
        may_change=request.principal.allows(Permission.JOB_UPDATE, job.organization),
    )


def _progress(request: ApiRequest) -> Response:
    return fragment("job_progress.html", now_at=_state_of(request, _job(request)))


ROUTES = [
    Route("GET", "/jobs", READ, _list, "Jobs", is_page=True),
    Route("POST", "/jobs/{job}", Permission.JOB_UPDATE, _change, "Stop", content_types=FORM, is_page=True),
    Route("GET", "/jobs/{job}", READ, _page, "Job", is_page=True),
    Route("GET", "/jobs/{job}/progress", READ, _progress, "Progress of a job", is_page=True),
]
