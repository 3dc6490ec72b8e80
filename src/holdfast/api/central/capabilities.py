"""What devices say and are told: properties, telemetry and commands, of devices, components and modules.

The same operations exist at four places: a device, a component of it, a module, a component of a module.
"""

from collections.abc import Callable
from typing import NamedTuple

from anyio import to_thread

from holdfast.api.central.common import MERGE, VERSIONS, listing, parameter, visible
from holdfast.api.frame import ApiRequest, Handler, Reply, Route
from holdfast.devices import calling, properties
from holdfast.devices.commands import DEVICE_COMMAND, Call, call_of, history_key, kept, queue
from holdfast.devices.device import DEVICE
from holdfast.devices.properties import Subject
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.devices.templates.template import Template
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Change, Resource
from holdfast.resources.query import Compare, Operator, Order

READ = Permission.DEVICE_READ
UPDATE = Permission.DEVICE_UPDATE
COMMAND = Permission.DEVICE_COMMAND

PLACES = (
    "/api/devices/{device}",
    "/api/devices/{device}/components/{component}",
    "/api/devices/{device}/modules/{module}",
    "/api/devices/{device}/modules/{module}/components/{component}",
)


class _Place(NamedTuple):
    """A device with what the address names of it."""

    device: Resource
    template: Template | None
    module: str
    component: str


def _place(request: ApiRequest, permission: Permission = READ) -> _Place:
    """The place of the address. NotFoundError for modules and components that the template does not have."""
    device = visible(request, DEVICE, request.path["device"], permission)
    template = TEMPLATES.get(request.services.store, str(device.body.get("template") or ""))
    module, component = request.path.get("module", ""), request.path.get("component", "")
    if template is not None:
        if module and module not in template.modules:
            raise NotFoundError(f"The device {device.id} has no module {module}.")
        names = {name for name, _ in template.of_module(module)} | set(template.components())
        if component and component not in names:
            raise NotFoundError(f"The device {device.id} has no component {component} there.")
    return _Place(device, template, module, component)


# --- properties ---


def _subject(request: ApiRequest, place: _Place) -> Subject:
    twin = request.services.state.twin(place.device.id, place.module)
    return Subject(place.device, twin, place.template, place.module)


def _unmodeled(request: ApiRequest) -> bool:
    text = parameter(request, "unmodeled").lower()
    if text not in {"", "true", "false"}:
        raise InvalidError("unmodeled is true or false.", "unmodeled")
    return text == "true"


def _get_properties(request: ApiRequest) -> Reply:
    place = _place(request)
    subject = _subject(request, place)
    unmodeled = _unmodeled(request)
    return Reply(200, properties.shown(subject, unmodeled=unmodeled, component=place.component or None))


def _write_properties(request: ApiRequest, *, replace: bool) -> Reply:
    place = _place(request)
    write = properties.plan(
        _subject(request, place),
        request.object(),
        replace=replace,
        unmodeled=_unmodeled(request),
        component=place.component or None,
    )
    changes = properties.changes_of(_subject(request, place), write)
    if changes:
        request.services.changes.apply_all(request.principal, changes)
    answer = properties.accepted(write)
    if place.component:
        section = answer.get(place.component)
        answer = section if isinstance(section, dict) else {}
    return Reply(202, answer)


def _put_properties(request: ApiRequest) -> Reply:
    return _write_properties(request, replace=True)


def _patch_properties(request: ApiRequest) -> Reply:
    return _write_properties(request, replace=False)


# --- telemetry ---


def _telemetry(request: ApiRequest) -> Reply:
    place, name = _place(request), request.path["telemetry"]
    capability = place.template.find(name, place.component, place.module) if place.template else None
    value = request.services.last_values.get(place.device.id, name, place.module, place.component)
    if value is None:
        if place.template is not None and capability is None:
            raise NotFoundError(f"The template of the device has no telemetry {name[:64]} there.")
        return Reply(200, {})
    return Reply(200, {"value": value.value, "timestamp": isoformat(value.time)})


# --- commands ---


def _prepare(request: ApiRequest) -> Call:
    place = _place(request)
    names = (place.module, place.component, request.path["command"])
    body = request.object() if request.body is not None else {}
    if not request.principal.allows(COMMAND, place.device.organization):
        # Said here and not only at the record of it: by then the device would have been asked.
        _refuse(request, place.device)
    return call_of(place.device, place.template, names, body)


def _refuse(request: ApiRequest, device: Resource) -> None:
    raise NotFoundError(f"There is no device {device.id} that you may send commands to.")


async def _call(request: ApiRequest) -> Reply:
    call = await to_thread.run_sync(_prepare, request)
    services = request.services
    identifier = new_id(services.clock, services.randomness)
    if call.queued:
        changes = [queue(call, services.clock, services.randomness), kept(call, identifier, None, None)]
        await to_thread.run_sync(services.changes.apply_all, request.principal, changes)
        return Reply(201, _command_shown(identifier, changes[1].body))
    answer = await calling.call(services.cluster.router, call)
    record = kept(call, identifier, answer.status, answer.payload)
    await to_thread.run_sync(_keep, request, record)
    return Reply(201, _command_shown(identifier, record.body))


def _keep(request: ApiRequest, record: Change) -> None:
    request.services.changes.apply(request.principal, record)


def _command_shown(identifier: str, body: JsonObject) -> JsonObject:
    shown: JsonObject = {
        name: body[name] for name in ("connectionTimeout", "responseTimeout", "responseCode") if name in body
    }
    optional = {name: body[name] for name in ("request", "response") if body.get(name) is not None}
    return {"id": identifier, **shown, **optional}


def _history(request: ApiRequest) -> Reply:
    place = _place(request)
    key = history_key(place.device.id, place.module, place.component, request.path["command"])
    return listing(
        request,
        DEVICE_COMMAND,
        READ,
        lambda kept: _command_shown(kept.id, kept.body),
        where=Compare("key", Operator.EQUAL, key),
        order=Order("@id", descending=True),
    )


# --- what there is ---


def _components(request: ApiRequest) -> Reply:
    place = _place(request)
    template = place.template
    found: list[JsonValue] = []
    if template is not None and not place.module:
        found = [
            {"@type": "Component", "name": name, "displayName": display_name}
            for name, display_name in template.components().items()
        ]
    elif template is not None:
        names = dict.fromkeys(component for component, _ in template.of_module(place.module) if component)
        found = [{"@type": "Component", "name": name, "displayName": name} for name in names]
    return Reply(200, {"value": found})


def _modules(request: ApiRequest) -> Reply:
    template = _place(request).template
    found: list[JsonValue] = [
        {"@type": ["Relationship", "EdgeModule"], "name": name, "displayName": name}
        for name in (template.modules if template else ())
    ]
    # The published command-line client looks under `modules`, the interface description says `value`.
    return Reply(200, {"value": found, "modules": found})


def _routes(place: str) -> list[Route]:
    where = "".join(
        part for part in (" of a module" * ("module" in place), " in a component" * ("comp" in place))
    )

    def route(
        method: str,
        path: str,
        permission: Permission,
        handler: Handler,
        summary: str,
        types: tuple[str, ...] = ("application/json",),
    ) -> Route:
        return Route(method, place + path, permission, handler, summary + where, VERSIONS, types)

    return [
        route("GET", "/properties", READ, _get_properties, "Read properties"),
        route("PUT", "/properties", UPDATE, _put_properties, "Replace properties"),
        route("PATCH", "/properties", UPDATE, _patch_properties, "Change properties", MERGE),
        route("GET", "/telemetry/{telemetry}", READ, _telemetry, "Read the last value of a telemetry"),
        route("GET", "/commands/{command}", READ, _history, "List calls of a command"),
        route("POST", "/commands/{command}", COMMAND, _call, "Call a command"),
    ]


def _lists() -> list[Route]:
    listed: list[tuple[str, Callable[[ApiRequest], Reply], str]] = [
        ("/api/devices/{device}/components", _components, "List a device's components"),
        ("/api/devices/{device}/modules", _modules, "List a device's modules"),
        ("/api/devices/{device}/modules/{module}/components", _components, "List a module's components"),
    ]
    return [Route("GET", path, READ, handler, summary, VERSIONS) for path, handler, summary in listed]


ROUTES = [*_lists(), *(route for place in PLACES for route in _routes(place))]
