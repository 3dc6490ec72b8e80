"""Jobs: the list, and the page of one whose progress renews itself."""

from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.rendering import fragment, page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.devices.jobs.kinds import JOB
from holdfast.devices.jobs.model import DeviceStatus
from holdfast.devices.jobs.progress import Progress, count, in_status
from holdfast.kernel.json import JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource

READ = Permission.JOB_READ
FAILURES = 50
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
            lambda j: Cell(j.body.get("displayName") or j.id, link=f"/jobs/{quote(j.id, safe='')}"),
        ),
        Column("state", "State", _state),
        Column("group", "Group", lambda j: Cell(j.body["group"])),
        Column("created", "Made", lambda j: Cell(j.created, "moment"), "@created"),
    ),
    search=(),
    empty="There is no job. Make one through the API (PUT /api/jobs/…): properties, commands, templates.",
)


def _list(request: ApiRequest) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(request, "jobs.html", table=TABLE.show(request))


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
    address = f"/jobs/{quote(job.id, safe='')}"
    return page(request, "job.html", job=job, address=address, now_at=_state_of(request, job))


def _progress(request: ApiRequest) -> Response:
    return fragment("job_progress.html", now_at=_state_of(request, _job(request)))


ROUTES = [
    Route("GET", "/jobs", READ, _list, "Jobs", is_page=True),
    Route("GET", "/jobs/{job}", READ, _page, "Job", is_page=True),
    Route("GET", "/jobs/{job}/progress", READ, _progress, "Progress of a job", is_page=True),
]
