"""Work on many devices at once: a preview of what will happen, then the work in parts with its progress.

Nothing is kept between the parts: the page carries the devices that are left and says so itself, so a closed
browser stops the work after the part that is under way, and going back shows how far it came.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import Response

from holdfast.access.people.organizations import path_of
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.organization import chosen, narrow, within_reach
from holdfast.console.pages import groups
from holdfast.console.pages.devices.listing import TABLE, templates
from holdfast.console.pages.devices.overview import deletion
from holdfast.console.rendering import FORM, form_token, fragment, page, read_form, read_many
from holdfast.console.tables import Choice
from holdfast.devices.device import DEVICE
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import name
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

PART = 50
"""Devices in one request: a second of work, so that the progress moves."""
MAXIMUM_DEVICES = 10_000
SHOWN = 20
MAXIMUM_FAILURES = 50
MAXIMUM_GROUPED = 100
GROUP = "group"
"""Not done to each device: they become a device group."""

Plan = Callable[[ApiRequest, Resource, str], list[Change]]


class Work(NamedTuple):
    """Something that can be done to many devices."""

    title: str
    done: str
    """What is said of a device that it was done to."""
    permission: Permission
    plan: Plan
    choices: Callable[[ApiRequest], list[Choice]] | None = None
    """What to choose from, where the work needs a value."""
    dangerous: bool = False


def _merged(body: JsonObject) -> Plan:
    return lambda _request, device, _value: [Change(Action.MERGE, DEVICE, device.id, body)]


def _move(request: ApiRequest, device: Resource, value: str) -> list[Change]:
    place = path_of(request.services.store, value)
    return [Change(Action.MERGE, DEVICE, device.id, {}, organization=place)]


def _migrate(_request: ApiRequest, device: Resource, value: str) -> list[Change]:
    return [Change(Action.MERGE, DEVICE, device.id, {"template": value})]


def _organizations(request: ApiRequest) -> list[Choice]:
    found = [Choice(name(o.organization), str(o.body["displayName"])) for o in within_reach(request)]
    return [Choice("", "(the application itself)"), *found]


_UPDATE, _DELETE = Permission.DEVICE_UPDATE, Permission.DEVICE_DELETE
WORKS: dict[str, Work] = {
    "approve": Work("Approve", "approved", _UPDATE, _merged({"enabled": True})),
    "block": Work("Block", "blocked", _UPDATE, _merged({"enabled": False}), dangerous=True),
    "move": Work("Move to an organization", "moved", _UPDATE, _move, _organizations),
    "migrate": Work("Migrate to a template", "migrated", _UPDATE, _migrate, lambda r: list(templates(r))),
    "delete": Work(
        "Delete", "deleted", _DELETE, lambda request, device, _: deletion(request, device), dangerous=True
    ),
}
"""A new kind of work is one entry."""


class Progress(NamedTuple):
    """How far the work is; the page carries it."""

    work: str
    value: str
    left: tuple[str, ...]
    total: int
    failures: tuple[str, ...]
    failed: int

    @property
    def done(self) -> int:
        """Devices that need nothing more."""
        return self.total - len(self.left)


def _work(fields: dict[str, str]) -> Work:
    work = WORKS.get(fields.get("work", ""))
    if work is None:
        raise InvalidError("Choose what to do with the devices.", "work")
    return work


def _devices(request: ApiRequest, fields: dict[str, str]) -> list[str]:
    """The selected devices, or all that the list's filters find."""
    if fields.get("all") != "yes":
        return list(dict.fromkeys(read_many(request, "chosen")))[:MAXIMUM_DEVICES]
    return [device.id for device in TABLE.all(_asked_for(request, fields.get("asked", "")))]


def _asked_for(request: ApiRequest, query: str) -> ApiRequest:
    """The request of the list from which somebody came."""
    narrowed = narrow(request.principal, chosen(request))
    return replace(
        request, principal=narrowed, url=f"/devices?{query}", query=dict(parse_qsl(query, max_num_fields=50))
    )


def _preview(request: ApiRequest) -> Response:
    fields = read_form(request)
    if fields.get("work") == GROUP:
        return _as_group(request, _devices(request, fields))
    work, ids = _work(fields), _devices(request, fields)
    found = [device for id in ids if (device := _may(request, work, id)) is not None]
    return page(
        request,
        "devices_bulk.html",
        key=fields["work"],
        work=work,
        choices=work.choices(request) if work.choices else [],
        devices=found,
        shown=found[:SHOWN],
        refused=len(ids) - len(found),
    )


def _as_group(request: ApiRequest, ids: list[str]) -> Response:
    """The form of a new device group that finds just these devices."""
    if not 0 < len(ids) <= MAXIMUM_GROUPED:
        raise InvalidError(
            f"A group names up to {MAXIMUM_GROUPED} devices one by one; write a query for more.",
            "work",
        )
    named = ", ".join(msgspec.json.encode(id).decode() for id in ids)
    return groups.proposed(request, f"{groups.EVERY_DEVICE} WHERE $id IN ({named})")


def _may(request: ApiRequest, work: Work, id: str) -> Resource | None:
    device = request.services.store.get(DEVICE, id)
    if device is None or not request.principal.allows(work.permission, device.organization):
        return None
    return device


def _begin(request: ApiRequest) -> Response:
    fields = read_form(request)
    _work(fields)
    left = tuple(fields.get("devices", "").split())[:MAXIMUM_DEVICES]
    progress = Progress(fields["work"], fields.get("value", ""), left, len(left), (), 0)
    return page(request, "devices_bulk_run.html", progress=progress, work=WORKS[progress.work])


def _go_on(request: ApiRequest) -> Response:
    """Do the next part, and show the form that asks for the one after it."""
    fields = read_form(request)
    progress = _next(request, _work(fields), _carried(fields))
    work, token = WORKS[progress.work], form_token(request)
    if request.headers.get("hx-request") == "true":
        return fragment("devices_bulk_progress.html", progress=progress, work=work, form_token=token)
    return page(request, "devices_bulk_run.html", progress=progress, work=work)


def _carried(fields: dict[str, str]) -> Progress:
    left = tuple(fields.get("devices", "").split())[:MAXIMUM_DEVICES]
    total, failed = (
        int(text) if (text := fields.get(n, "0")).isdecimal() else 0 for n in ("total", "failed")
    )
    failures = tuple(line for line in fields.get("failures", "").split("\n") if line)[:MAXIMUM_FAILURES]
    return Progress(fields["work"], fields.get("value", ""), left, max(total, len(left)), failures, failed)


def _next(request: ApiRequest, work: Work, progress: Progress) -> Progress:
    failures = list(progress.failures)
    failed = progress.failed
    for id in progress.left[:PART]:
        try:
            device = _may(request, work, id)
            if device is None:
                raise InvalidError("It is gone, or you may not do this to it.")
            request.services.changes.apply_all(request.principal, work.plan(request, device, progress.value))
        except HoldfastError as error:
            failed += 1
            failures.append(f"{id}: {' '.join(str(error).split())}")
    return progress._replace(
        left=progress.left[PART:], failures=tuple(failures[:MAXIMUM_FAILURES]), failed=failed
    )


ROUTES = [
    Route("POST", "/devices/bulk", _UPDATE, _preview, "What would be done", content_types=FORM, is_page=True),
    Route("POST", "/devices/bulk/run", _UPDATE, _begin, "Begin", content_types=FORM, is_page=True),
    Route("POST", "/devices/bulk/next", _UPDATE, _go_on, "Do a part", content_types=FORM, is_page=True),
]
