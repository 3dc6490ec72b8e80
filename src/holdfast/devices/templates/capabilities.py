"""What a device of a template can say and be told: its capabilities, by component and name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from holdfast.devices.dtdl.model import Element, Model
from holdfast.devices.templates.annotations import NONE, Annotation
from holdfast.kernel.json import JsonValue


class CapabilityKind(StrEnum):
    """What a capability is for."""

    TELEMETRY = "telemetry"
    PROPERTY = "property"
    CLOUD_PROPERTY = "cloudProperty"
    """Kept by the application alone, never sent to the device."""
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Capability:
    """One telemetry, property, cloud property or command."""

    kind: CapabilityKind
    name: str
    component: str
    """The component it belongs to, empty for the device itself."""
    interface: str
    """The Interface that defines it."""
    element: str
    """Its element in the model."""
    schema: str
    """The schema of its values; of a command that of the request, empty when it has none."""
    response: str = ""
    """The schema of a command's response, empty when it has none."""
    writable: bool = False
    queued: bool = False
    """A command that waits for a device that is offline."""
    types: tuple[str, ...] = ()
    """Semantic types, by identifier."""
    annotation: Annotation = NONE
    display_name: str = ""

    @property
    def path(self) -> str:
        """`component.name`, or the name alone."""
        return f"{self.component}.{self.name}" if self.component else self.name

    @property
    def initial(self) -> JsonValue:
        """The value that new devices begin with; None when there is none."""
        return self.annotation.values.get("initialValue") if "Initialized" in self.annotation.types else None


Capabilities = Mapping[tuple[str, str], Capability]
"""(component, name) → capability."""


def capabilities_of(
    interface: Element, model: Model, annotations: Mapping[str, Annotation]
) -> dict[tuple[str, str], Capability]:
    """Everything that an Interface and its components offer."""
    found: dict[tuple[str, str], Capability] = {}
    for capability in _of(interface, "", model, annotations):
        found.setdefault((capability.component, capability.name), capability)
    return found


def components_of(interface: Element, model: Model) -> dict[str, Element]:
    """Component name → its content element."""
    contents = model.contents(interface)
    return {name: content for name, content in contents.items() if content.kind == "Component"}


def modules_of(interface: Element, model: Model, annotations: Mapping[str, Annotation]) -> dict[str, Element]:
    """IoT Edge module name → its content element."""
    return {
        name: content
        for name, content in model.contents(interface).items()
        if content.kind == "Relationship" and "EdgeModule" in annotations.get(content.pointer, NONE).types
    }


def text_of(value: JsonValue) -> str:
    """A text for people in the default language, or in whatever there is."""
    if isinstance(value, dict) and value:
        return str(value.get("en") or next(iter(value.values())))
    return ""


def _of(
    interface: Element, component: str, model: Model, annotations: Mapping[str, Annotation]
) -> Iterator[Capability]:
    for name, content in model.contents(interface).items():
        if content.kind == "Component" and not component:
            inner = model.get(content.reference("schema"))
            if inner is not None:
                yield from _of(inner, name, model, annotations)
        elif content.kind in _KINDS:
            annotation = annotations.get(content.pointer, NONE)
            yield _capability(content, component, interface, model, annotation)


_KINDS = {
    "Telemetry": CapabilityKind.TELEMETRY,
    "Property": CapabilityKind.PROPERTY,
    "Command": CapabilityKind.COMMAND,
}


def _capability(
    content: Element, component: str, interface: Element, model: Model, annotation: Annotation
) -> Capability:
    kind = _KINDS[content.kind]
    if kind is CapabilityKind.PROPERTY and "Cloud" in annotation.types:
        kind = CapabilityKind.CLOUD_PROPERTY
    schema, response = content.reference("schema"), ""
    if kind is CapabilityKind.COMMAND:
        schema = _payload(content.reference("request"), model)
        response = _payload(content.reference("response"), model)
    return Capability(
        kind=kind,
        name=content.name,
        component=component,
        interface=content.parent or interface.id,
        element=content.id,
        schema=schema,
        response=response,
        writable=content.values.get("writable") is True,
        queued=annotation.values.get("durable") is True,
        types=tuple(content.cotypes),
        annotation=annotation,
        display_name=text_of(content.values.get("displayName")) or content.name,
    )


def _payload(identifier: str, model: Model) -> str:
    payload = model.get(identifier) if identifier else None
    return payload.reference("schema") if payload else ""
