"""The commands of a device: calling one, and what came of earlier calls."""

from dataclasses import dataclass
from typing import NamedTuple

from anyio import to_thread
from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.pages.devices.frame import DEVICE_PATH, READ, device_of, device_page, subject_of
from holdfast.console.pages.devices.properties import read_value
from holdfast.console.rendering import FORM, read_form, redirect
from holdfast.devices import calling
from holdfast.devices.commands import DEVICE_COMMAND, Call, call_of, kept, queue
from holdfast.devices.templates.capabilities import CapabilityKind
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Change, Resource
from holdfast.resources.query import Compare, Operator, Order, Query

COMMAND = Permission.DEVICE_COMMAND
SHOWN = 50


class Offered(NamedTuple):
    """One command that can be called."""

    path: str
    title: str
    takes: bool
    """Whether it has a request."""
    queued: bool


@dataclass(frozen=True, slots=True)
class Called:
    """One earlier call."""

    name: str
    time: float
    request: JsonValue
    response: JsonValue
    code: JsonValue
    mood: str


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    device = device_of(request)
    return device_page(
        request,
        "device_commands.html",
        device,
        status=status,
        problem=problem,
        commands=_offered(request, device),
        history=_history(request, device),
        may_command=request.principal.allows(COMMAND, device.organization),
        has_template=bool(device.body["template"]),
    )


def _offered(request: ApiRequest, device: Resource) -> list[Offered]:
    template = subject_of(request, device).template
    commands = template.of_kind(CapabilityKind.COMMAND) if template else ()
    return [Offered(c.path, c.display_name, bool(c.schema), c.queued) for c in commands]


def _history(request: ApiRequest, device: Resource) -> list[Called]:
    where = Compare("device", Operator.EQUAL, device.id)
    newest = Order("@id", descending=True)
    query = Query(DEVICE_COMMAND, request.principal.reach(READ), where, newest, SHOWN)
    return [_called(kept) for kept in request.services.store.find(query).items]


def _called(kept: Resource) -> Called:
    _device, _module, component, name = str(kept.body["key"]).split("/", 3)
    code = kept.body.get("responseCode")
    good = isinstance(code, int) and 200 <= code < 300
    return Called(
        name=f"{component}.{name}" if component else name,
        time=kept.created,
        request=kept.body.get("request"),
        response=kept.body.get("response"),
        code="queued" if code is None else code,
        mood="waiting" if code is None else "good" if good else "bad",
    )


async def _call(request: ApiRequest) -> Response:
    """Call a command; its answer is kept and shown in the history."""
    try:
        device, asked = await to_thread.run_sync(_prepare, request)
        services = request.services
        identifier = new_id(services.clock, services.randomness)
        if asked.queued:
            changes = [queue(asked, services.clock, services.randomness), kept(asked, identifier, None, None)]
        else:
            answer = await calling.call(services.cluster.router, asked)
            changes = [kept(asked, identifier, answer.status, answer.payload)]
        await to_thread.run_sync(_keep, request, changes)
    except HoldfastError as error:
        return await to_thread.run_sync(_page, request, str(error), error.status)
    return redirect(page_of("devices", device.id) + "/commands")


def _prepare(request: ApiRequest) -> tuple[Resource, Call]:
    device, fields = device_of(request, COMMAND), read_form(request)
    component, _, name = fields.get("command", "").strip().rpartition(".")
    text = fields.get("request", "")
    body: JsonObject = {"request": read_value(text)} if text.strip() else {}
    return device, call_of(device, subject_of(request, device).template, ("", component, name), body)


def _keep(request: ApiRequest, changes: list[Change]) -> None:
    request.services.changes.apply_all(request.principal, changes)


_AT = DEVICE_PATH + "/commands"
ROUTES = [
    Route("GET", _AT, READ, _page, "Commands of a device", is_page=True),
    Route("POST", _AT, COMMAND, _call, "Call a command", content_types=FORM, is_page=True),
]
