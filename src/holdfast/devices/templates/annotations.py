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

SEMANTIC = frozenset({"State", "Event", "Location", "VelocityVector", "AccelerationVector"})
"""Semantic types of IoT Central's own: part of DTDL v2 through its context, and annotations in later
versions, whose descriptions have no such context."""

_SCHEMAS = {name: f"dtmi:iotcentral:schema:{name};2" for name in ("geopoint", "vector")}
"""Its schemas, which a later version refers to by their identifiers."""
_QUANTITIES = "dtmi:dtdl:extension:quantitativeTypes"
"""Where units and what they measure went after DTDL v2, which has them itself."""

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
    contexts = _listed(model.get("@context", context))
    early = "dtmi:dtdl:context;2" in contexts
    whole: JsonObject = {**model, "@context": _context(contexts, early=early)}
    modules: list[JsonValue] = []
    plain = _without_modules(whole, modules, 0)
    documents = [plain, *({"@context": whole["@context"], **_object(module)} for module in modules)]
    annotations: dict[str, Annotation] = {}
    taking = _Taking(COTYPES if early else COTYPES | SEMANTIC, {} if early else _SCHEMAS, annotations)
    kept = [
        taking.take(document, f"/{index}" if len(documents) > 1 else "", 0)
        for index, document in enumerate(documents)
    ]
    return Separated(kept, annotations)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _context(contexts: list[JsonValue], *, early: bool) -> JsonValue:
    """The contexts that DTDL has: for IoT Central's own, in whatever version, the one that DTDL v2 describes;
    for later versions its quantities, which IoT Central's templates use without naming them."""
    kept = [item for item in contexts if not str(item).startswith("dtmi:iotcentral:context")]
    if len(kept) == len(contexts):
        return contexts
    if early:
        return ["dtmi:iotcentral:context;2", *kept]
    named = any(str(item).startswith(_QUANTITIES) for item in kept)
    return [*kept, f"{_QUANTITIES};1"] if "dtmi:dtdl:context;3" in kept and not named else kept


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


class _Taking(NamedTuple):
    """Takes annotations out of documents of one version of the language."""

    types: frozenset[str]
    """That are annotations."""
    schemas: dict[str, str]
    """Name → identifier."""
    annotations: dict[str, Annotation]

    def take(self, value: JsonValue, pointer: str, depth: int) -> JsonValue:
        """The value without annotations."""
        if depth > MAXIMUM_DEPTH:
            return value
        if isinstance(value, list):
            return [self.take(item, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        listed = _listed(value.get("@type"))
        taken = tuple(str(item) for item in listed if isinstance(item, str) and item in self.types)
        values = (
            {name: item for name, item in value.items() if name in PROPERTIES} if "@type" in value else {}
        )
        if taken or values:
            self.annotations[pointer] = Annotation(taken, values)
        rest: JsonObject = {}
        for name, item in value.items():
            if name == "@id" and isinstance(item, str) and item.startswith(_OLD_IDENTIFIER):
                continue
            if name == "@type" and taken:
                rest[name] = [item for item in listed if item not in taken]
            elif name == "schema" and isinstance(item, str):
                rest[name] = self.schemas.get(item, item)
            elif name not in values:
                rest[name] = self.take(item, f"{pointer}/{name}", depth + 1)
        return rest
