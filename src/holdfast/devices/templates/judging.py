"""What devices send, held against the template: unmodelled data is marked and kept, so is invalid data."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from holdfast.devices.templates.capabilities import Capability, CapabilityKind
from holdfast.devices.templates.template import Template
from holdfast.kernel.json import JsonObject, JsonValue


class Fit(StrEnum):
    """How a value stands to the template."""

    VALID = "valid"
    INVALID = "invalid"
    """The template has the capability, and the value does not fit its schema."""
    UNMODELED = "unmodeled"
    """The template has no such capability."""


class Judged(NamedTuple):
    """One value with its mark. Nothing is dropped."""

    component: str
    name: str
    value: JsonValue
    fit: Fit
    reasons: tuple[str, ...] = ()
    capability: Capability | None = None


_PROPERTIES = frozenset({CapabilityKind.PROPERTY})
_TELEMETRY = frozenset({CapabilityKind.TELEMETRY})


def judge_telemetry(
    template: Template | None, body: JsonValue, component: str = "", module: str = ""
) -> list[Judged]:
    """Every value of a telemetry message. A body that is no object is one unmodelled value without name."""
    if not isinstance(body, dict):
        return [Judged(component, "", body, Fit.UNMODELED)]
    return [_judge(template, _TELEMETRY, component, module, name, value) for name, value in body.items()]


def judge_reported(template: Template | None, reported: JsonObject, module: str = "") -> list[Judged]:
    """Every value of reported properties; components are objects marked with `__t`."""
    return [
        _judge(template, _PROPERTIES, component, module, name, value)
        for component, name, value in flattened(reported)
    ]


def flattened(properties: JsonObject) -> Iterator[tuple[str, str, JsonValue]]:
    """(component, name, value) of a twin's section; writable properties' answers give their value.

    IoT Plug and Play: a component is an object with `"__t": "c"`; a device acknowledges a writable property
    with `{"value", "ac", "av", "ad"}`.
    """
    for name, value in properties.items():
        if name.startswith("$"):
            continue
        if isinstance(value, dict) and value.get("__t") == "c":
            for inner, item in value.items():
                if inner != "__t":
                    yield name, inner, acknowledged(item)
        else:
            yield "", name, acknowledged(value)


def acknowledged(value: JsonValue) -> JsonValue:
    """The value inside a device's acknowledgement of a writable property, any other value as it is."""
    if isinstance(value, dict) and "value" in value and "ac" in value:
        return value["value"]
    return value


def _judge(
    template: Template | None,
    kinds: frozenset[CapabilityKind],
    component: str,
    module: str,
    name: str,
    value: JsonValue,
) -> Judged:
    capability = template.find(name, component, module) if template else None
    if template is None or capability is None or capability.kind not in kinds:
        return Judged(component, name, value, Fit.UNMODELED)
    reasons = tuple(template.violations(capability, value))
    fit = Fit.INVALID if reasons else Fit.VALID
    return Judged(component, name, value, fit, reasons, capability)
