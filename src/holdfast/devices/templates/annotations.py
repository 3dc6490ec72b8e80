"""What IoT Central adds to DTDL in a device template, taken apart from the DTDL.

Cloud properties, initial values and display data stand in the model as types and properties that no DTDL
context defines. They are taken out before the model is parsed and kept by place, so that a template is held
to DTDL strictly and still says everything it said.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from holdfast.kernel.json import JsonObject, JsonValue

COTYPES = frozenset(
    {
        "Cloud",
        "Initialized",
        "Override",
        "NamedInterface",
        "EdgeModule",
        "DeviceModel",
        "GatewayModel",
        "EdgeModel",
        "ModelDefinition",
        "StringValue",
        "NumberValue",
        "BooleanValue",
        "DateValue",
        "DateTimeValue",
        "DurationValue",
        "TimeValue",
        "EnumValueAnnotation",
        "GeopointValue",
        "VectorValue",
    }
)
"""Types that mark an element for the application and mean nothing to DTDL."""

PROPERTIES = frozenset(
    {
        "color",
        "decimalPlaces",
        "displayUnit",
        "durable",
        "falseName",
        "initialValue",
        "maxLength",
        "maxValue",
        "minLength",
        "minValue",
        "readOnly",
        "trimWhitespace",
        "trueName",
        "visibility",
    }
)
"""Properties that say how an element is shown, bounded, begun or delivered."""

MAXIMUM_DEPTH = 128

_OLD_IDENTIFIER = "urn:"
"""Begins identifiers from before DTDL v2. Templates made then still carry them on elements, where DTDL wants
a DTMI or nothing; nobody refers to them."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What IoT Central says of one element."""

    types: tuple[str, ...] = ()
    values: JsonObject = field(default_factory=dict)


NONE = Annotation()


class Separated(NamedTuple):
    """A capability model in two parts."""

    documents: list[JsonValue]
    """DTDL: the model first, then interfaces of modules that stood inside it."""
    annotations: dict[str, Annotation]
    """JSON pointer into `documents` → annotation."""


def separate(model: JsonObject, context: JsonValue) -> Separated:
    """Take the annotations out of a capability model. `context` applies where the model has none."""
    whole: JsonObject = {**model, "@context": _context(model.get("@context", context))}
    modules: list[JsonValue] = []
    plain = _without_modules(whole, modules, 0)
    documents = [plain, *({"@context": whole["@context"], **_object(module)} for module in modules)]
    annotations: dict[str, Annotation] = {}
    kept = [
        _take(document, f"/{index}" if len(documents) > 1 else "", annotations, 0)
        for index, document in enumerate(documents)
    ]
    return Separated(kept, annotations)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _context(context: JsonValue) -> JsonValue:
    """The contexts, with every version of IoT Central's own taken for the one that DTDL v2 defines."""
    items = context if isinstance(context, list) else [context]
    early = any(item == "dtmi:dtdl:context;2" for item in items)
    kept: list[JsonValue] = []
    for item in items:
        ours = isinstance(item, str) and item.startswith("dtmi:iotcentral:context")
        if not ours:
            kept.append(item)
        elif early and "dtmi:iotcentral:context;2" not in kept:
            kept.append("dtmi:iotcentral:context;2")
    return kept


def _without_modules(value: JsonValue, modules: list[JsonValue], depth: int) -> JsonValue:
    """Move interfaces that stand in place of a relationship's target out of the model.

    IoT Edge modules are relationships whose target is given in full; DTDL knows only its identifier.
    """
    if depth > MAXIMUM_DEPTH:
        return value
    if isinstance(value, list):
        return [_without_modules(item, modules, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    result = {name: _without_modules(item, modules, depth + 1) for name, item in value.items()}
    targets = value.get("target")
    listed = targets if isinstance(targets, list) else [targets]
    if listed and all(isinstance(target, dict) and "@id" in target for target in listed):
        modules += listed
        result["target"] = _object(listed[0])["@id"]
    return result


def _take(value: JsonValue, pointer: str, annotations: dict[str, Annotation], depth: int) -> JsonValue:
    if depth > MAXIMUM_DEPTH:
        return value
    if isinstance(value, list):
        return [_take(item, f"{pointer}/{index}", annotations, depth + 1) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    types = value.get("@type")
    listed = types if isinstance(types, list) else [types]
    taken = tuple(str(item) for item in listed if isinstance(item, str) and item in COTYPES)
    values = {name: item for name, item in value.items() if name in PROPERTIES} if "@type" in value else {}
    if taken or values:
        annotations[pointer] = Annotation(taken, values)
    rest: JsonObject = {}
    for name, item in value.items():
        if name == "@id" and isinstance(item, str) and item.startswith(_OLD_IDENTIFIER):
            continue
        if name == "@type" and taken:
            rest[name] = [item for item in listed if item not in taken]
        elif name not in values:
            rest[name] = _take(item, f"{pointer}/{name}", annotations, depth + 1)
    return rest
