"""A device template proposed from what a device without one has said, for people to look at and publish."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from holdfast.devices.dtdl.instances import INT32_RANGE, INT64_RANGE, is_instance_text
from holdfast.devices.dtdl.language.classes import NAME_PATTERN
from holdfast.devices.templates.judging import flattened
from holdfast.kernel.json import JsonObject, JsonValue

MAXIMUM_NAMES = 300
"""Names taken into one proposal; as many as a template may have capabilities."""
MAXIMUM_FIELDS = 30
MAXIMUM_DEPTH = 4

_NAME = re.compile(NAME_PATTERN)


@dataclass
class _Seen:
    """What was seen of one value."""

    schemas: set[str] = field(default_factory=set)
    fields: dict[str, "_Seen"] = field(default_factory=dict)
    elements: "_Seen | None" = None


def propose(
    identifier: str,
    display_name: str,
    telemetry: Iterable[tuple[str, JsonValue]],
    reported: JsonObject,
    desired: JsonObject,
) -> JsonObject:
    """A template's body. `identifier` is the template's; `telemetry` holds (component, body) of messages.

    Names that cannot stand in a model are left out: their data stays unmodelled.
    """
    seen_telemetry = _telemetry(telemetry)
    seen_properties = _properties(reported)
    writable = {(component, name) for component, name, _ in flattened(desired)}
    model = f"{identifier.partition(';')[0]}:model;1"
    contents: list[JsonValue] = []
    components: dict[str, list[JsonValue]] = {}
    for (component, name), seen in {**seen_properties, **seen_telemetry}.items():
        kind = "Telemetry" if (component, name) in seen_telemetry else "Property"
        content = _content(kind, name, seen, writable=(component, name) in writable)
        (components.setdefault(component, []) if component else contents).append(content)
    contents += [
        _component(component, parts, model) for component, parts in components.items() if _usable(component)
    ]
    return {
        "@type": ["ModelDefinition", "DeviceModel"],
        "@context": ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"],
        "displayName": display_name,
        "capabilityModel": {
            "@id": model,
            "@type": "Interface",
            "displayName": display_name,
            "contents": contents,
        },
    }


def _usable(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and len(name) <= 64


def _telemetry(messages: Iterable[tuple[str, JsonValue]]) -> dict[tuple[str, str], _Seen]:
    seen: dict[tuple[str, str], _Seen] = {}
    for component, body in messages:
        for name, value in body.items() if isinstance(body, dict) else ():
            _note(seen, component, name, value)
    return seen


def _properties(reported: JsonObject) -> dict[tuple[str, str], _Seen]:
    seen: dict[tuple[str, str], _Seen] = {}
    for component, name, value in flattened(reported):
        _note(seen, component, name, value)
    return seen


def _note(seen: dict[tuple[str, str], _Seen], component: str, name: str, value: JsonValue) -> None:
    known = (component, name) in seen
    if _usable(name) and value is not None and (known or len(seen) < MAXIMUM_NAMES):
        _observe(seen.setdefault((component, name), _Seen()), value, 0)


def _observe(seen: _Seen, value: JsonValue, depth: int) -> None:
    seen.schemas.add(_schema_of(value))
    if isinstance(value, dict) and depth < MAXIMUM_DEPTH:
        for name, item in value.items():
            if _usable(name) and (name in seen.fields or len(seen.fields) < MAXIMUM_FIELDS):
                _observe(seen.fields.setdefault(name, _Seen()), item, depth + 1)
    if isinstance(value, list) and depth < MAXIMUM_DEPTH:
        seen.elements = seen.elements or _Seen()
        for item in value:
            _observe(seen.elements, item, depth + 1)


def _schema_of(value: JsonValue) -> str:
    match value:
        case bool():
            return "boolean"
        case int() if value in INT32_RANGE:
            return "integer"
        case int() if value in INT64_RANGE:
            return "long"
        case int() | float():
            return "double"
        case str():
            return next(
                (name for name in ("dateTime", "date", "duration") if is_instance_text(value, name)), "string"
            )
        case dict():
            return "object"
        case list():
            return "array"
        case _:
            return "null"


def _content(kind: str, name: str, seen: _Seen, *, writable: bool) -> JsonObject:
    schema, semantic = _schema(seen, arrays=kind == "Telemetry", depth=0)
    content: JsonObject = {
        "@type": [kind, semantic] if semantic else kind,
        "name": name,
        "displayName": name,
        "schema": schema,
    }
    if kind == "Property" and writable:
        content["writable"] = True
    return content


def _schema(seen: _Seen, *, arrays: bool, depth: int) -> tuple[JsonValue, str]:
    """The narrowest schema that holds everything seen, and a semantic type or nothing."""
    kinds = seen.schemas - {"null"}
    if kinds == {"object"} and seen.fields:
        return _object_schema(seen, arrays, depth)
    if kinds == {"array"} and arrays and seen.elements and seen.elements.schemas - {"null"}:
        inner, _ = _schema(seen.elements, arrays=arrays, depth=depth + 1)
        return {"@type": "Array", "elementSchema": inner}, ""
    if len(kinds) == 1 and kinds <= _PRIMITIVES:
        return next(iter(kinds)), ""
    for wider, members in _WIDER.items():
        if kinds and kinds <= members:
            return wider, ""
    return "string", ""


_PRIMITIVES = frozenset({"boolean", "integer", "long", "double", "string", "dateTime", "date", "duration"})
_WIDER: Mapping[str, frozenset[str]] = {
    "long": frozenset({"integer", "long"}),
    "double": frozenset({"integer", "long", "double"}),
    "string": frozenset({"string", "dateTime", "date", "duration"}),
}


def _object_schema(seen: _Seen, arrays: bool, depth: int) -> tuple[JsonValue, str]:
    numeric = all(part.schemas <= {"integer", "long", "double"} for part in seen.fields.values())
    names = set(seen.fields)
    if depth == 0 and numeric and {"lat", "lon"} <= names <= {"lat", "lon", "alt"}:
        return "geopoint", "Location"
    if depth == 0 and numeric and names == {"x", "y", "z"}:
        return "vector", ""
    fields: list[JsonValue] = [
        {"name": name, "schema": _schema(part, arrays=arrays, depth=depth + 1)[0]}
        for name, part in seen.fields.items()
    ]
    return {"@type": "Object", "fields": fields}, ""


def _component(name: str, contents: list[JsonValue], model: str) -> JsonObject:
    path, _, version = model.partition(";")
    interface: JsonObject = {
        "@id": f"{path}:{name};{version}",
        "@type": "Interface",
        "displayName": name,
        "contents": contents,
    }
    return {"@type": "Component", "name": name, "displayName": name, "schema": interface}
