"""Models of our own for the tests."""

from collections.abc import Sequence

from holdfast.kernel.json import JsonObject, JsonValue


def interface(
    *contents: JsonValue,
    version: int = 3,
    identifier: JsonValue = "dtmi:plant:Pump;1",
    extensions: Sequence[str] = (),
    **more: JsonValue,
) -> JsonObject:
    """An Interface with these contents; `extensions` adds contexts."""
    return {
        "@context": [f"dtmi:dtdl:context;{version}", *extensions],
        "@id": identifier,
        "@type": "Interface",
        "contents": list(contents),
        **more,
    }


def telemetry(name: str = "pressure", schema: JsonValue = "double", **more: JsonValue) -> JsonObject:
    return {"@type": "Telemetry", "name": name, "schema": schema, **more}


def property_(name: str = "target", schema: JsonValue = "double", **more: JsonValue) -> JsonObject:
    return {"@type": "Property", "name": name, "schema": schema, **more}


def nested_objects(levels: int) -> JsonValue:
    """A schema of `levels` objects inside each other around a double."""
    schema: JsonValue = "double"
    for level in range(levels):
        schema = {"@type": "Object", "fields": [{"name": f"level{level}", "schema": schema}]}
    return schema


PUMP: JsonObject = {
    "@context": ["dtmi:dtdl:context;2", "dtmi:iotcentral:context;2"],
    "@id": "dtmi:plant:Pump;2",
    "@type": "Interface",
    "displayName": {"en": "Pump", "fr": "Pompe"},
    "contents": [
        {"@type": ["Telemetry", "Pressure"], "name": "pressure", "schema": "double", "unit": "bar"},
        {
            "@type": ["Telemetry", "State"],
            "name": "mode",
            "schema": {
                "@type": "Enum",
                "valueSchema": "integer",
                "enumValues": [{"name": "off", "enumValue": 0}, {"name": "on", "enumValue": 1}],
            },
        },
        {"@type": ["Property", "Location"], "name": "place", "schema": "geopoint"},
        {"@type": "Property", "name": "target", "schema": "double", "writable": True},
        {"@type": ["Property", "Cloud", "StringValue"], "name": "owner", "schema": "string", "shown": 1},
        {
            "@type": "Command",
            "name": "flush",
            "request": {"name": "seconds", "schema": "integer"},
            "response": {"name": "litres", "schema": "double"},
        },
        {
            "@type": "Component",
            "name": "motor",
            "schema": {
                "@id": "dtmi:plant:Motor;1",
                "@type": "Interface",
                "contents": [{"@type": "Telemetry", "name": "speed", "schema": "integer"}],
            },
        },
    ],
    "extends": {
        "@id": "dtmi:plant:Thing;1",
        "@type": "Interface",
        "contents": [{"@type": "Property", "name": "serial", "schema": "string"}],
    },
}
"""A model in the style of IoT Central: component, inheritance, cloud property, semantic types."""
