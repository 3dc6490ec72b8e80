"""Device templates of our own for the tests."""

import copy

from holdfast.kernel.json import JsonObject, JsonValue

TEMPLATE_ID = "dtmi:plant:pumpTemplate;1"

PUMP_TEMPLATE: JsonObject = {
    "@type": ["ModelDefinition", "DeviceModel"],
    "@context": ["dtmi:iotcentral:context;3", "dtmi:dtdl:context;2"],
    "displayName": "Pump",
    "capabilityModel": {
        "@id": "dtmi:plant:Pump;1",
        "@type": "Interface",
        "displayName": "Pump",
        "contents": [
            {
                "@type": ["Telemetry", "Pressure", "NumberValue"],
                "name": "pressure",
                "schema": "double",
                "unit": "bar",
                "decimalPlaces": 1,
                "minValue": 0,
                "maxValue": 40,
            },
            {
                "@type": "Telemetry",
                "name": "mode",
                "schema": {
                    "@type": "Enum",
                    "valueSchema": "string",
                    "enumValues": [{"name": "off", "enumValue": "OFF"}, {"name": "on", "enumValue": "ON"}],
                },
            },
            {
                "@type": "Telemetry",
                "name": "sample",
                "schema": {
                    "@type": "Object",
                    "fields": [{"name": "a", "schema": "integer"}, {"name": "b", "schema": "string"}],
                },
            },
            {"@type": "Property", "name": "serial", "schema": "string"},
            {
                "@type": ["Property", "Initialized"],
                "name": "target",
                "schema": "double",
                "writable": True,
                "initialValue": 12.5,
            },
            {
                "@type": ["Property", "Cloud", "StringValue"],
                "name": "owner",
                "schema": "string",
                "maxLength": 8,
            },
            {"@type": ["Property", "Location"], "name": "place", "schema": "geopoint"},
            {
                "@type": "Command",
                "name": "flush",
                "durable": True,
                "request": {"name": "seconds", "schema": "integer"},
                "response": {"name": "litres", "schema": "double"},
            },
            {
                "@type": ["Component", "NamedInterface"],
                "name": "motor",
                "displayName": "Motor",
                "schema": {
                    "@id": "dtmi:plant:Motor;1",
                    "@type": "Interface",
                    "contents": [
                        {"@type": "Telemetry", "name": "speed", "schema": "integer"},
                        {"@type": "Property", "name": "limit", "schema": "integer", "writable": True},
                        {"@type": "Command", "name": "stop"},
                    ],
                },
            },
            {
                "@type": ["Relationship", "EdgeModule"],
                "name": "filter",
                "target": [
                    {
                        "@id": "dtmi:plant:Filter;1",
                        "@type": "Interface",
                        "contents": [{"@type": "Telemetry", "name": "dropped", "schema": "integer"}],
                    }
                ],
            },
        ],
    },
}
"""A template as the hosted service exports it, with a bit of everything."""


def changed(*path: str | int, to: JsonValue) -> JsonObject:
    """The template with the value at a path of its contents replaced; None takes it out."""
    template = copy.deepcopy(PUMP_TEMPLATE)
    model = template["capabilityModel"]
    assert isinstance(model, dict)
    place: JsonValue = model["contents"]
    for step in path[:-1]:
        place = _step(place, step)
    last = path[-1]
    if isinstance(place, list) and isinstance(last, int):
        place[last : last + 1] = [] if to is None else [to]
    elif isinstance(place, dict) and isinstance(last, str):
        if to is None:
            del place[last]
        else:
            place[last] = to
    return template


def _step(place: JsonValue, step: str | int) -> JsonValue:
    if isinstance(place, list) and isinstance(step, int):
        return place[step]
    if isinstance(place, list):
        return next(item for item in place if isinstance(item, dict) and item.get("name") == step)
    assert isinstance(place, dict)
    return place[str(step)]
