"""The kind `deviceTemplate`: a published capability model. Its id is a DTMI of its own, not the model's."""

import threading
from collections import OrderedDict
from collections.abc import Iterator

from holdfast.access.reading import everything
from holdfast.devices.device import DEVICE
from holdfast.devices.dtdl import dtmi
from holdfast.devices.manifests import modules_of
from holdfast.devices.templates.changes import breaking_changes
from holdfast.devices.templates.template import Template, parse_template
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.query import Compare, Operator

DEVICE_TEMPLATE = "deviceTemplate"
MANIFEST = "deploymentManifest"
"""What edge devices of the template run, until they are given another manifest."""

MAXIMUM_TEMPLATES = 1000
"""As in the hosted service."""
MAXIMUM_NAME = 256
MAXIMUM_DESCRIPTION = 1024

_FIELDS = frozenset({"@type", "@context", "displayName", "description", "capabilityModel", "unmodeled"}) | {
    MANIFEST
}


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.change.action is Action.DELETE:
        return {}
    if not _can_be_id(draft.change.id):
        raise InvalidError(
            f"{draft.change.id[:80]} cannot be a template's id: it is a DTMI, such as dtmi:plant:pump;1.",
            "/id",
        )
    body = {name: value for name, value in draft.body.items() if name not in {"@id", "etag"}}
    if unknown := sorted(set(body) - _FIELDS):
        raise InvalidError(f"A device template has no field {unknown[0]}.", f"/{unknown[0]}")
    types = body.get("@type")
    if not isinstance(types, list) or "DeviceModel" not in types:
        raise InvalidError('/@type must be a list with "ModelDefinition" and "DeviceModel".', "/@type")
    _check_text(body, "displayName", MAXIMUM_NAME)
    _check_text(body, "description", MAXIMUM_DESCRIPTION)
    if MANIFEST in body:
        modules_of(body[MANIFEST], f"/{MANIFEST}")
    template = parse_template(draft.change.id, body)
    if draft.before is None:
        _check_new(template, reader)
    elif breaks := breaking_changes(parse_template(draft.change.id, draft.before.body), template):
        more = f" (and {len(breaks) - 1} more)" if len(breaks) > 1 else ""
        raise ConflictError(
            f"The template is published, and the change would break what devices rely on: {breaks[0]}{more}. "
            "Publish a new template and migrate devices with a job."
        )
    return {"displayName": template.display_name, **body}


def _can_be_id(identifier: str) -> bool:
    """The hosted service makes ids without a version, `dtmi:modelDefinition:spzeut3n:n2lteu39u6`, and before
    there were DTMIs made `urn:modelDefinition:aqlyr1ulu:tz5rut2pvx`."""
    late = identifier.replace("urn:", "dtmi:", 1) if identifier.startswith("urn:") else identifier
    return len(identifier) <= dtmi.MAXIMUM_LENGTH and dtmi.is_valid(late, 3)


def _check_text(body: JsonObject, name: str, maximum: int) -> None:
    value = body.get(name, "")
    texts = list(value.values()) if isinstance(value, dict) else [value]
    if not all(isinstance(text, str) and len(text) <= maximum for text in texts):
        raise InvalidError(f"/{name} must be a text of at most {maximum} characters.", f"/{name}")


def _check_new(template: Template, reader: Reader) -> None:
    if reader.count(DEVICE_TEMPLATE, (ROOT,)) >= MAXIMUM_TEMPLATES:
        raise ConflictError(f"There are {MAXIMUM_TEMPLATES} device templates; delete one that is not used.")
    same = Compare("capabilityModel.@id", Operator.EQUAL, template.model_id)
    if reader.count(DEVICE_TEMPLATE, (ROOT,), same):
        raise ConflictError(
            f"Another template has the model {template.model_id}: give this model a version of its own."
        )


def _guard(draft: Draft, reader: Reader) -> None:
    """A template that devices have is not deleted."""
    if draft.change.action is not Action.DELETE:
        return
    devices = reader.count(DEVICE, (ROOT,), Compare("template", Operator.EQUAL, draft.change.id))
    if devices:
        raise ConflictError(
            f"{devices} devices have the template {draft.change.id}; migrate or delete them first."
        )


DEVICE_TEMPLATE_KIND = Kind(
    name=DEVICE_TEMPLATE,
    read=Permission.TEMPLATE_READ,
    create=Permission.TEMPLATE_MANAGE,
    update=Permission.TEMPLATE_MANAGE,
    delete=Permission.TEMPLATE_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={"displayName": IndexType.TEXT, "capabilityModel.@id": IndexType.TEXT},
    secrets=frozenset({MANIFEST}),
    policy_type="Holdfast.Devices/deviceTemplates",
)


def manifest_for(reader: Reader, template: str, device: Resource | None) -> JsonObject | None:
    """The manifest that a device gets with its template; None where it has one or the template has none."""
    if not template or (device is not None and device.body.get("manifest")):
        return None
    resource = reader.get(DEVICE_TEMPLATE, template)
    data = resource.body.get(MANIFEST) if resource else None
    return (
        {"id": template, "displayName": resource.body["displayName"], "data": data}
        if resource and data
        else None
    )


class TemplateCache:
    """Parsed templates, kept by etag. Thread-safe; one serves a whole process."""

    CAPACITY = 200
    """A parsed template takes some hundred kilobytes at most, usually a tenth of that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parsed: OrderedDict[str, tuple[str, Template]] = OrderedDict()

    def parsed(self, resource: Resource) -> Template:
        """The template of a resource that is at hand."""
        with self._lock:
            etag, template = self._parsed.get(resource.id, ("", None))
            if template is not None and etag == resource.etag:
                self._parsed.move_to_end(resource.id)
                return template
        template = parse_template(resource.id, resource.body)
        with self._lock:
            self._parsed[resource.id] = (resource.etag, template)
            while len(self._parsed) > self.CAPACITY:
                self._parsed.popitem(last=False)
        return template

    def get(self, reader: Reader, identifier: str) -> Template | None:
        """The template as it is stored now; None when there is none (an empty identifier names none)."""
        resource = reader.get(DEVICE_TEMPLATE, identifier) if identifier else None
        return None if resource is None else self.parsed(resource)

    def all(self, reader: Reader) -> Iterator[Template]:
        """Every template, by id."""
        return map(self.parsed, everything(reader, DEVICE_TEMPLATE))


TEMPLATES = TemplateCache()
"""The parsed templates of this process. A cache by etag: sharing it changes nothing but the speed."""
