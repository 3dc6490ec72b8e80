"""Simulated values fit their schemas and the template's bounds, whatever the device and the moment."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.devices.simulation.values import Draw, response_of, value_of
from holdfast.devices.templates.template import Template, parse_template
from holdfast.kernel.json import JsonObject, JsonValue

CONTEXTS: list[JsonValue] = ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"]
PRIMITIVES = [
    *("boolean", "date", "dateTime", "double", "duration", "float", "integer", "long", "string", "time"),
    *("point", "lineString", "polygon", "multiPoint", "multiLineString", "multiPolygon"),
    *("geopoint", "vector"),
]
NESTED: JsonValue = {
    "@type": "Object",
    "fields": [
        {"name": "list", "schema": {"@type": "Array", "elementSchema": "integer"}},
        {
            "name": "map",
            "schema": {
                "@type": "Map",
                "mapKey": {"name": "k", "schema": "string"},
                "mapValue": {"name": "v", "schema": "double"},
            },
        },
        {
            "name": "state",
            "schema": {
                "@type": "Enum",
                "valueSchema": "string",
                "enumValues": [{"name": "on", "enumValue": "on"}, {"name": "off", "enumValue": "off"}],
            },
        },
    ],
}
MEASURED = {
    "Temperature": ("degreeCelsius", 18, 27),
    "RelativeHumidity": ("percent", 20, 80),
    "Pressure": ("kilopascal", 99, 102.5),
    "Voltage": ("volt", 220, 240),
    "Latitude": ("degreeOfArc", 47, 48),
}


def template(contents: list[JsonValue]) -> Template:
    model: JsonObject = {
        "@id": "dtmi:test:everything;1",
        "@type": "Interface",
        "displayName": "Everything",
        "contents": contents,
        "@context": CONTEXTS,
    }
    body: JsonObject = {
        "@type": ["ModelDefinition", "DeviceModel"],
        "displayName": "Everything",
        "capabilityModel": model,
        "@context": CONTEXTS,
    }
    return parse_template("dtmi:test:template;1", body)


OF_PRIMITIVES: list[JsonValue] = [
    {"@type": "Telemetry", "name": f"of_{name}", "schema": name} for name in PRIMITIVES
]
OF_QUANTITIES: list[JsonValue] = [
    {"@type": ["Telemetry", kind], "name": kind, "schema": "double", "unit": unit}
    for kind, (unit, _, _) in MEASURED.items()
]
EVERYTHING = template(
    [
        *OF_PRIMITIVES,
        *OF_QUANTITIES,
        {"@type": "Telemetry", "name": "nested", "schema": NESTED},
        {"@type": "Telemetry", "name": "low", "schema": "integer", "minValue": 200, "maxValue": 203},
        {"@type": "Telemetry", "name": "above", "schema": "double", "minValue": 1e6, "decimalPlaces": 1},
        {"@type": "Telemetry", "name": "below", "schema": "double", "maxValue": -5},
        {"@type": "Property", "name": "short", "schema": "string", "maxLength": 4, "minLength": 2},
        {
            "@type": "Command",
            "name": "ask",
            "response": {"@type": "CommandPayload", "name": "answer", "schema": NESTED},
        },
    ]
)


@given(st.text(max_size=10), st.integers(0, 10_000), st.floats(0, 4e9))
def test_every_value_fits(device: str, turn: int, now: float) -> None:
    for capability in EVERYTHING.capabilities.values():
        draw = Draw(device, capability.path, turn, now)
        value = value_of(EVERYTHING, capability, draw)
        if capability.kind == "command":
            assert isinstance(response_of(EVERYTHING, capability, draw), dict)
        else:
            assert value is not None
            assert EVERYTHING.violations(capability, value) == [], (capability.name, value)


@given(st.text(max_size=10), st.integers(0, 10_000))
def test_what_is_measured_is_where_such_a_thing_is(device: str, turn: int) -> None:
    for kind, (_, low, high) in MEASURED.items():
        capability = EVERYTHING.by_path(kind)
        assert capability is not None
        value = value_of(EVERYTHING, capability, Draw(device, kind, turn, 0))
        assert isinstance(value, float)
        assert low <= value <= high


def test_values_move_differ_by_device_and_come_again() -> None:
    capability = EVERYTHING.by_path("Temperature")
    assert capability is not None

    def wave(device: str) -> list[JsonValue]:
        return [value_of(EVERYTHING, capability, Draw(device, "t", turn, 0)) for turn in range(60)]

    assert wave("a") == wave("a")
    assert wave("a") != wave("b")
    assert len(set(map(str, wave("a")))) > 50
