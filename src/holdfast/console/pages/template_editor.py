"""The editor of device templates: a form and the JSON side by side, judged by the server as one types."""

from typing import NamedTuple

import msgspec
from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Handler, Route
from holdfast.console.addresses import page_of
from holdfast.console.filters import pretty
from holdfast.console.rendering import FORM, fragment, page, read_form, redirect
from holdfast.devices.device import DEVICE
from holdfast.devices.dtdl import dtmi
from holdfast.devices.templates.capabilities import Capability
from holdfast.devices.templates.changes import breaking_changes
from holdfast.devices.templates.kind import DEVICE_TEMPLATE
from holdfast.devices.templates.proposal import propose
from holdfast.devices.templates.template import Template, parse_template
from holdfast.kernel.errors import ConflictError, HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Compare, Operator
from holdfast.telemetry.history import raw_messages

READ, MANAGE = Permission.TEMPLATE_READ, Permission.TEMPLATE_MANAGE
MAXIMUM_BODY = 4 * 1024 * 1024
_CONTEXT = ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"]
_WEEK = 7 * 86_400.0
MESSAGES = 500


class Verdict(NamedTuple):
    """What the server thinks of a template as it stands in the editor."""

    problem: str
    field: str
    """Where the problem is, as a JSON pointer."""
    breaks: list[str]
    """What devices of the published version would lose."""
    devices: int
    """Devices that have the published version."""
    capabilities: list[Capability]


def _new(request: ApiRequest) -> Response:
    """An empty template, or one that is proposed from what a device says."""
    device = request.query.get("device", "")
    id, body = _proposed(request, device) if device else ("dtmi:example:pump;1", _empty())
    return _editor(request, id, body, None)


def _empty() -> JsonObject:
    return {
        "@type": ["ModelDefinition", "DeviceModel"],
        "@context": [*_CONTEXT],
        "displayName": "Pump",
        "capabilityModel": {
            "@id": "dtmi:example:pump:model;1",
            "@type": "Interface",
            "displayName": "Pump",
            "contents": [
                {
                    "@type": "Telemetry",
                    "name": "temperature",
                    "displayName": "Temperature",
                    "schema": "double",
                }
            ],
        },
    }


def _proposed(request: ApiRequest, id: str) -> tuple[str, JsonObject]:
    device, services = visible(request, DEVICE, id, Permission.DEVICE_RAW_DATA), request.services
    now, twin = services.clock.now(), services.state.twin(device.id)
    heard = raw_messages(services.log, [device.id], now - _WEEK, now + 60, MESSAGES)
    name = "".join(c if c.isalnum() and c.isascii() else "_" for c in device.id).strip("_") or "device"
    template = f"dtmi:proposed:d{name}:template;1"
    telemetry = ((message.component, dict(message.values)) for message in heard.found)
    return template, propose(
        template, str(device.body["displayName"]), telemetry, twin.reported, twin.desired
    )


def _edit(request: ApiRequest) -> Response:
    template = visible(request, DEVICE_TEMPLATE, request.path["template"], READ)
    return _editor(request, template.id, dict(template.body), template)


def _editor(
    request: ApiRequest,
    id: str,
    body: JsonObject,
    stored: Resource | None,
    *,
    text: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    text = text or pretty(body)
    return page(
        request,
        "template_editor.html",
        status=status,
        problem=problem,
        id=id,
        text=text,
        stored=stored,
        verdict=_judge(request, id, text),
    )


def _check(request: ApiRequest) -> Response:
    fields = read_form(request)
    return fragment(
        "template_verdict.html", verdict=_judge(request, fields.get("id", ""), fields.get("text", ""))
    )


def _read(text: str) -> JsonObject:
    try:
        value = msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except msgspec.DecodeError as error:
        raise InvalidError(f"This is not JSON yet: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidError("A template is a JSON object.")
    return {name: item for name, item in value.items() if name not in ("@id", "etag")}


def _judge(request: ApiRequest, id: str, text: str) -> Verdict:
    try:
        if not dtmi.is_valid(id, 2):
            raise InvalidError("The id is a DTMI, such as dtmi:plant:pump;1.", "/@id")
        template = parse_template(id, _read(text))
    except InvalidError as error:
        return Verdict(str(error), error.field, [], 0, [])
    breaks = _breaks(request, template)
    held = Compare("template", Operator.EQUAL, id)
    devices = request.services.store.count(DEVICE, request.principal.reach(Permission.DEVICE_READ), held)
    return Verdict("", "", breaks, devices, list(template.capabilities.values()))


def _breaks(request: ApiRequest, template: Template) -> list[str]:
    stored = request.services.store.get(DEVICE_TEMPLATE, template.id)
    return breaking_changes(parse_template(stored.id, stored.body), template) if stored else []


def _publish(request: ApiRequest) -> Response:
    fields, services = read_form(request), request.services
    id, text = fields.get("id", "").strip(), fields.get("text", "")
    stored = services.store.get(DEVICE_TEMPLATE, id)
    try:
        body = _read(text)
        if fields.get("action") == "version":
            id, body = _next_version(id, body)
            stored = None
        if stored is not None and stored.etag != fields.get("etag"):
            raise ConflictError("Somebody else published this template meanwhile; load it again.")
        action = Action.CREATE if stored is None else Action.PUT
        services.changes.apply(request.principal, Change(action, DEVICE_TEMPLATE, id, body))
    except HoldfastError as error:
        return _editor(request, id, {}, stored, text=text, problem=str(error), status=error.status)
    return redirect(page_of("templates", id))


def _next_version(id: str, body: JsonObject) -> tuple[str, JsonObject]:
    """The same template as a new one: its own id and its model's get the next version."""
    model = body.get("capabilityModel")
    if not isinstance(model, dict):
        raise InvalidError("A device template has a capabilityModel.", "/capabilityModel")
    return _raised(id), {**body, "capabilityModel": {**model, "@id": _raised(str(model.get("@id", "")))}}


def _raised(identifier: str) -> str:
    name, _, version = identifier.partition(";")
    if not version.isdecimal():
        raise InvalidError(f"{identifier[:80]} has no version that could be raised, such as ;1.", "/@id")
    return f"{name};{int(version) + 1}"


def _delete(request: ApiRequest) -> Response:
    read_form(request)
    template = visible(request, DEVICE_TEMPLATE, request.path["template"], READ)
    request.services.changes.apply(request.principal, Change(Action.DELETE, DEVICE_TEMPLATE, template.id))
    return redirect("/templates")


def _form_route(path: str, handler: Handler, summary: str) -> Route:
    return Route(
        "POST", path, MANAGE, handler, summary, content_types=FORM, is_page=True, maximum_body=MAXIMUM_BODY
    )


ROUTES = [
    Route("GET", "/template-editor", MANAGE, _new, "New device template", is_page=True),
    _form_route("/template-editor", _publish, "Publish a template"),
    _form_route("/template-check", _check, "Judge a template"),
    Route("GET", "/templates/{template}/edit", MANAGE, _edit, "Edit a device template", is_page=True),
    _form_route("/templates/{template}/delete", _delete, "Delete a template"),
]
