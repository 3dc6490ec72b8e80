"""Jobs that run by a schedule: when each runs next, and switching it off or deleting it."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.jobs.words import group_of, told
from holdfast.console.rendering import FORM, read_form, redirect
from holdfast.console.tables import Cell
from holdfast.devices.jobs.kinds import SCHEDULED_JOB
from holdfast.devices.jobs.schedule import read_schedule
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Order, Query

READ, UPDATE, DELETE = Permission.JOB_READ, Permission.JOB_UPDATE, Permission.JOB_DELETE
SHOWN = 200
LOOKED_AHEAD = 10_000
"""Runs: daily ones for 27 years."""


class Listed(NamedTuple):
    """A scheduled job as the page shows it."""

    id: str
    name: str
    works: list[str]
    group: Cell
    repeats: str
    following: float | None
    """When it runs next."""
    enabled: bool
    may_change: bool


def listed(request: ApiRequest) -> list[Listed]:
    """The scheduled jobs that the principal may see."""
    query = Query(SCHEDULED_JOB, request.principal.reach(READ), order=Order("displayName"), limit=SHOWN)
    return [_listed(request, stored) for stored in request.services.store.find(query).items]


def _listed(request: ApiRequest, stored: Resource) -> Listed:
    store, body = request.services.store, stored.body
    return Listed(
        stored.id,
        str(body.get("displayName") or stored.id),
        told(store, stored),
        group_of(store, stored),
        read_schedule(body["schedule"]).recurrence.value,
        following(stored, request.services.clock.now()),
        body["enabled"] is True,
        request.principal.allows(UPDATE, stored.organization),
    )


def following(stored: Resource, now: float) -> float | None:
    """When a scheduled job runs next, as Unix seconds; None for one that is off or over."""
    if stored.body["enabled"] is not True or stored.body["completed"] is True:
        return None
    schedule = read_schedule(stored.body["schedule"])
    done = int(str(stored.body.get("occurred", 0)))
    for number in range(done, done + LOOKED_AHEAD):
        moment = schedule.moment(number)
        if moment is None or moment > now:
            return moment
    return None


def _change(request: ApiRequest) -> Response:
    action = read_form(request).get("action", "")
    stored = visible(request, SCHEDULED_JOB, request.path["scheduled"], READ)
    changes = {
        "delete": Change(Action.DELETE, SCHEDULED_JOB, stored.id),
        "off": Change(Action.MERGE, SCHEDULED_JOB, stored.id, {"enabled": False}),
        "on": Change(Action.MERGE, SCHEDULED_JOB, stored.id, {"enabled": True}),
    }
    if action not in changes:
        raise InvalidError("The page does not know this action; load it again.")
    request.services.changes.apply(request.principal, changes[action])
    return redirect("/jobs#scheduled")


ROUTES = [
    Route(
        "POST",
        "/scheduled-jobs/{scheduled}",
        UPDATE,
        _change,
        "Switch a scheduled job on or off, or delete it",
        content_types=FORM,
        is_page=True,
    ),
]
