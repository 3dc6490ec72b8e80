"""DTDL: any text and any document is a model or one DtdlError, and a model answers for its contents."""

import json
from collections.abc import Iterator

from holdfast.devices.dtdl.parser import Options, parse_text
from holdfast.devices.dtdl.problems import DtdlError
from holdfast.kernel.json import JsonObject, JsonValue

_KEYS = [
    "@id",
    "@type",
    "@context",
    "@value",
    "@language",
    "@graph",
    "name",
    "schema",
    "contents",
    "extends",
    "fields",
    "enumValues",
    "enumValue",
    "valueSchema",
    "mapKey",
    "mapValue",
    "elementSchema",
    "unit",
    "writable",
    "request",
    "response",
    "target",
    "displayName",
    "comment",
    "x",
]
_WORDS: tuple[JsonValue, ...] = (
    *[
        "Interface",
        "Telemetry",
        "Property",
        "Component",
        "Command",
        "Object",
        "Map",
        "Enum",
        "Array",
        "Pressure",
        "bar",
        "double",
        "point",
    ],
    *("dtmi:dtdl:context;2", "dtmi:dtdl:context;3", "dtmi:dtdl:context;4", "dtmi:iotcentral:context;2"),
    *("dtmi:dtdl:extension:quantitativeTypes;1", "dtmi:dtdl:extension:annotation;2", "dtmi:a;1", "dtmi:b;1"),
    *("Cloud", "string", "integer", "a", "b", True, None, 0, 1, 1.5, [], {}),
)


def target(data: bytes) -> None:
    """The bytes are tried as text, and as instructions to build the contents of an Interface."""
    options = Options(tolerate_old_mistakes=data[:1] < b"a")
    choices = iter(data)
    document: JsonObject = {"@context": f"dtmi:dtdl:context;{2 + len(data) % 3}", "@id": "dtmi:a;1"}
    document |= {"@type": "Interface", "contents": [_value(choices, 0), _value(choices, 0)]}
    _check(json.dumps(document).encode(), options)
    _check(data, options)


def _check(text: bytes, options: Options) -> None:
    try:
        model = parse_text(text, options)
    except DtdlError:
        return
    for interface in model.interfaces():
        assert all(name == content.name for name, content in model.contents(interface).items())


def _value(choices: Iterator[int], depth: int) -> JsonValue:
    choice = next(choices, 0)
    if choice >= 192 and depth < 12:
        return [_value(choices, depth + 1) for _ in range(choice % 4)]
    if choice >= 96 and depth < 12:
        pairs = ((next(choices, 0), _value(choices, depth + 1)) for _ in range(choice % 6))
        return {_KEYS[key % len(_KEYS)]: value for key, value in pairs}
    return _WORDS[choice % len(_WORDS)]
