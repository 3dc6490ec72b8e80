"""A new job: at once, or by a schedule."""

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.pages.devices.listing import templates
from holdfast.console.pages.devices.properties import read_value
from holdfast.console.pages.jobs.words import WORKS
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.devices.groups import DEVICE_GROUP
from holdfast.devices.jobs.kinds import JOB, SCHEDULED_JOB
from holdfast.devices.jobs.model import WorkKind
from holdfast.devices.jobs.schedule import Recurrence
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change
from holdfast.resources.query import Query

CREATE = Permission.JOB_CREATE
HERE = "/job-editor"
REPEATS = {
    "": "now, once",
    Recurrence.ONCE: "once, at",
    Recurrence.DAILY: "every day from",
    Recurrence.WEEKLY: "every week from",
    Recurrence.MONTHLY: "every month from",
}


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
        repeats=REPEATS,
    )


def _create(request: ApiRequest) -> Response:
    fields, services = read_form(request), request.services
    kind = SCHEDULED_JOB if fields.get("when") else JOB
    id = new_id(services.clock, services.randomness)
    group = services.store.get(DEVICE_GROUP, fields.get("group", ""))
    place = group.organization if group else None
    try:
        change = Change(Action.CREATE, kind, id, _body(fields), organization=place)
        services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _new(request, str(error), error.status)
    return redirect(page_of("jobs", id) if kind is JOB else "/jobs#scheduled")


def _body(fields: dict[str, str]) -> JsonObject:
    body: JsonObject = {
        "displayName": fields.get("name", ""),
        "group": fields.get("group", ""),
        "data": [_work(fields)],
    }
    for name, field in (("batch", "batch"), ("cancellationThreshold", "threshold")):
        if fields.get(field, "").isdecimal():
            body[name] = {"type": "percentage", "value": int(fields[field])}
    if when := fields.get("when"):
        recurrence: JsonObject = {} if when == Recurrence.ONCE else {"recurrence": when}
        body["schedule"] = {"start": fields.get("start", ""), **recurrence}
    return body


def _work(fields: dict[str, str]) -> JsonObject:
    kind, target = fields.get("work", ""), fields.get("template", "")
    if kind == WorkKind.MIGRATION:
        return {"type": kind, "template": target}
    path = fields.get("path", "").strip()
    if kind == WorkKind.MANIFEST_MIGRATION:
        return {"type": kind, "deploymentManifest": path}
    value: JsonValue = read_value(fields.get("value", ""))
    return {"type": kind, "target": target, "path": path, "value": value}


ROUTES = [
    Route("GET", HERE, CREATE, _new, "New job", is_page=True),
    Route("POST", HERE, CREATE, _create, "Start", content_types=FORM, is_page=True),
]
