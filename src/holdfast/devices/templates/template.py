"""A device template as the application uses it: a checked capability model and what it offers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from holdfast.devices.dtdl.instances import violations
from holdfast.devices.dtdl.model import Model
from holdfast.devices.dtdl.parser import Options, examine
from holdfast.devices.dtdl.problems import DtdlError
from holdfast.devices.templates.annotations import Annotation, separate
from holdfast.devices.templates.capabilities import (
    Capabilities,
    Capability,
    CapabilityKind,
    capabilities_of,
    components_of,
    modules_of,
    text_of,
)
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

MAXIMUM_CAPABILITIES = 300
"""As in the hosted service: capabilities of one template, components included."""

_CONTEXTS: list[JsonValue] = ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"]
"""Of a template that names none."""

IGNORED_TELEMETRY = frozenset(
    {
        "EventEnqueuedUtcTime",
        "EventProcessedUtcTime",
        "PartitionId",
        "EventHub",
        "User",
        "$metadata",
        "$version",
    }
)
"""Telemetry names that the hosted service drops; a template must not use them."""


@dataclass(frozen=True)
class Template:
    """A device template, parsed. Immutable; shared between threads."""

    id: str
    model_id: str
    """The capability model's own identifier: what a device announces."""
    display_name: str
    model: Model = field(repr=False)
    annotations: Mapping[str, Annotation] = field(repr=False)
    capabilities: Capabilities = field(repr=False)
    modules: Mapping[str, Capabilities] = field(repr=False)
    """IoT Edge module → what it offers."""

    def of_module(self, module: str) -> Capabilities:
        """What the device itself (empty name) or one of its modules offers; nothing for an unknown one."""
        return self.capabilities if not module else self.modules.get(module, {})

    def find(self, name: str, component: str = "", module: str = "") -> Capability | None:
        """A capability by its place."""
        return self.of_module(module).get((component, name))

    def by_path(self, path: str) -> Capability | None:
        """A capability by `name` or `component.name`."""
        component, _, name = path.rpartition(".")
        return self.capabilities.get((component, name))

    def of_kind(self, kind: CapabilityKind) -> Iterator[Capability]:
        """The device's capabilities of one kind."""
        return (one for one in self.capabilities.values() if one.kind is kind)

    def components(self) -> dict[str, str]:
        """Component name → display name."""
        found = components_of(self.model[self.model_id], self.model)
        return {name: text_of(content.values.get("displayName")) or name for name, content in found.items()}

    def violations(self, capability: Capability, value: JsonValue) -> list[str]:
        """Why a value does not fit a capability: its schema, then the bounds that the template gives."""
        if not capability.schema:
            return []
        return violations(value, capability.schema, self.model) or list(_out_of_bounds(capability, value))


def _out_of_bounds(capability: Capability, value: JsonValue) -> Iterator[str]:
    bounds = capability.annotation.values
    size = len(value) if isinstance(value, str) else value
    names = ("minLength", "maxLength") if isinstance(value, str) else ("minValue", "maxValue")
    low, high = (bounds.get(name) for name in names)
    if isinstance(size, bool) or not isinstance(size, int | float):
        return
    if isinstance(low, int | float) and size < low:
        yield f"below the least of {low}"
    if isinstance(high, int | float) and size > high:
        yield f"above the most of {high}"


def parse_template(identifier: str, body: JsonObject) -> Template:
    """The template of a stored or offered body.

    InvalidError naming the field: `/capabilityModel/contents/3/schema`.
    """
    given = body.get("capabilityModel")
    if not isinstance(given, dict):
        raise InvalidError("A device template has a capabilityModel, a DTDL Interface.", "/capabilityModel")
    separated = separate(given, body.get("@context", _CONTEXTS))
    verdict = examine(separated.documents, Options(allow_undefined_extensions=False))
    if not verdict.valid:
        raise _located(DtdlError(verdict.problems, verdict.unresolved), len(separated.documents))
    model = verdict.model
    model_id = str(given.get("@id"))
    interface = model[model_id]
    modules = {
        name: capabilities_of(model[target], model, separated.annotations)
        for name, content in modules_of(interface, model, separated.annotations).items()
        if (target := str(content.values.get("target"))) in model
    }
    template = Template(
        id=identifier,
        model_id=model_id,
        display_name=_display_name(body, text_of(interface.values.get("displayName")) or identifier),
        model=model,
        annotations=separated.annotations,
        capabilities=capabilities_of(interface, model, separated.annotations),
        modules=modules,
    )
    _check_capabilities(template)
    return template


def _located(error: DtdlError, documents: int) -> InvalidError:
    """The error with its place in the template; of several documents the first is the model."""
    place = error.field.removeprefix("/0") if documents > 1 else error.field
    return InvalidError(f"The capability model is not valid: {error}", f"/capabilityModel{place}")


def _display_name(body: JsonObject, default: str) -> str:
    name = body.get("displayName")
    if isinstance(name, dict):
        return text_of(name) or default
    return name if isinstance(name, str) and name else default


def _check_capabilities(template: Template) -> None:
    every = [template.capabilities, *template.modules.values()]
    count = sum(len(capabilities) for capabilities in every)
    if count > MAXIMUM_CAPABILITIES:
        message = f"The template has {count} capabilities; at most {MAXIMUM_CAPABILITIES} are allowed."
        raise InvalidError(message, "/capabilityModel/contents")
    for capability in (one for capabilities in every for one in capabilities.values()):
        if capability.kind is CapabilityKind.TELEMETRY and capability.name in IGNORED_TELEMETRY:
            message = f"Telemetry cannot be named {capability.name}: the name belongs to the platform."
            raise InvalidError(message, "/capabilityModel/contents")
        if capability.initial is not None and (wrong := template.violations(capability, capability.initial)):
            message = f"The initial value of {capability.path} does not fit its schema: {wrong[0]}."
            raise InvalidError(message, "/capabilityModel/contents")
