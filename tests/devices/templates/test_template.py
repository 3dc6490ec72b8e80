"""Templates as IoT Central writes them, what they offer, and what they refuse."""

import pytest

from holdfast.devices.templates.capabilities import CapabilityKind
from holdfast.devices.templates.template import Template, parse_template
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from tests.devices.templates.samples import PUMP_TEMPLATE, TEMPLATE_ID, changed


@pytest.fixture(scope="module")
def pump() -> Template:
    return parse_template(TEMPLATE_ID, PUMP_TEMPLATE)


def test_capabilities_are_found_by_component_and_name(pump: Template) -> None:
    kinds = {capability.path: capability.kind.value for capability in pump.capabilities.values()}
    assert kinds == {
        "pressure": "telemetry",
        "mode": "telemetry",
        "sample": "telemetry",
        "serial": "property",
        "target": "property",
        "owner": "cloudProperty",
        "place": "property",
        "flush": "command",
        "motor.speed": "telemetry",
        "motor.limit": "property",
        "motor.stop": "command",
    }
    assert pump.components() == {"motor": "Motor"}
    assert pump.model_id == "dtmi:plant:Pump;1"


def test_modules_have_capabilities_of_their_own(pump: Template) -> None:
    assert pump.find("dropped", module="filter") is not None
    assert pump.find("dropped") is None
    assert pump.find("pressure", module="filter") is None


def test_annotations_keep_their_meaning(pump: Template) -> None:
    target, flush = pump.by_path("target"), pump.by_path("flush")
    assert target is not None
    assert (target.initial, target.writable) == (12.5, True)
    assert flush is not None
    assert (flush.queued, flush.schema, flush.response) == (
        True,
        "dtmi:dtdl:instance:Schema:integer;2",
        "dtmi:dtdl:instance:Schema:double;2",
    )
    stop = pump.by_path("motor.stop")
    assert stop is not None
    assert (stop.queued, stop.interface) == (False, "dtmi:plant:Motor;1")


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        ("pressure", 3, ""),
        ("pressure", "3", "not a number"),
        ("pressure", True, "not a number"),
        ("pressure", 41, "above the most of 40"),
        ("pressure", -1.5, "below the least of 0"),
        ("mode", "ON", ""),
        ("mode", "on", "not one of OFF, ON"),
        ("sample", {"a": 1, "b": "x"}, ""),
        ("sample", {"a": 1}, ""),
        ("sample", {"a": 1.5}, "a: not a whole number"),
        ("sample", {"c": 1}, "c: not a field of the schema"),
        ("sample", [1], "not an object"),
        ("owner", "somebody", ""),
        ("owner", "too long a name", "above the most of 8"),
        ("place", {"lat": 1.5, "lon": 2}, ""),
        ("place", {"lat": "north"}, "lat: not a number"),
        ("motor.speed", 2**31, "not between -2147483648 and 2147483647"),
        ("motor.speed", 3.0, ""),
        ("motor.stop", {"any": "thing"}, ""),
    ],
)
def test_values_are_held_to_schema_and_bounds(
    pump: Template, path: str, value: JsonValue, wrong: str
) -> None:
    capability = pump.by_path(path)
    assert capability is not None
    assert "".join(pump.violations(capability, value)) == wrong


@pytest.mark.parametrize(
    ("template", "field"),
    [
        ({}, "/capabilityModel"),
        ({"capabilityModel": []}, "/capabilityModel"),
        (changed("pressure", "schema", to="doubel"), "/capabilityModel/contents/0/schema"),
        (changed("pressure", "unit", to="metre"), "/capabilityModel/contents/0/unit"),
        (changed("target", "initialValue", to="much"), "/capabilityModel/contents"),
        (changed("pressure", "name", to="PartitionId"), "/capabilityModel/contents"),
        (changed("place", "schema", to="string"), "/capabilityModel/contents/6/schema"),
    ],
)
def test_a_bad_template_is_refused_with_the_place(template: JsonObject, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_template(TEMPLATE_ID, template)
    assert caught.value.field == field


def test_too_many_capabilities_are_refused() -> None:
    contents: list[JsonValue] = [{"@type": "Command", "name": f"c{number}"} for number in range(301)]
    model: JsonObject = {"@id": "dtmi:a;1", "@type": "Interface", "contents": contents}
    with pytest.raises(InvalidError, match="at most 300"):
        parse_template(TEMPLATE_ID, {"@context": "dtmi:dtdl:context;3", "capabilityModel": model})


def test_each_kind_can_be_asked_for(pump: Template) -> None:
    commands = [capability.path for capability in pump.of_kind(CapabilityKind.COMMAND)]
    assert commands == ["flush", "motor.stop"]


LATE: JsonObject = {
    "@type": ["ModelDefinition", "DeviceModel"],
    "@context": ["dtmi:iotcentral:context;3", "dtmi:dtdl:context;3"],
    "displayName": "Truck",
    "capabilityModel": {
        "@id": "dtmi:fleet:Truck;1",
        "@type": "Interface",
        "contents": [
            {
                "@type": ["Telemetry", "Temperature"],
                "name": "inside",
                "schema": "double",
                "unit": "degreeCelsius",
            },
            {"@type": ["Telemetry", "Location"], "name": "place", "schema": "geopoint"},
            {"@type": ["Telemetry", "AccelerationVector"], "name": "shock", "schema": "vector"},
            {"@type": ["Telemetry", "Event"], "name": "door", "schema": "string"},
            {"@type": ["Property", "Cloud", "StringValue"], "name": "customer", "schema": "string"},
            {"@type": ["Property", "Initialized"], "name": "limit", "schema": "double", "initialValue": 4.5},
        ],
    },
}


def test_a_later_version_of_dtdl_keeps_the_extensions() -> None:
    truck = parse_template("dtmi:modelDefinition:a1b2c3", LATE)
    place, shock, door = (truck.by_path(path) for path in ("place", "shock", "door"))
    assert place is not None
    assert shock is not None
    assert door is not None
    assert (place.annotation.types, door.annotation.types) == (("Location",), ("Event",))
    assert truck.violations(place, {"lat": 59.9, "lon": 10.7}) == []
    assert truck.violations(place, {"lat": "north"}) != []
    assert truck.violations(shock, {"x": 1, "y": 0.5, "z": 9.8}) == []
    inside = truck.by_path("inside")
    assert inside is not None
    assert inside.types == ("dtmi:dtdl:extension:quantitativeTypes:v1:class:Temperature",)


def test_a_context_that_names_its_quantities_keeps_them() -> None:
    contexts: list[JsonValue] = [
        "dtmi:dtdl:context;3",
        "dtmi:dtdl:extension:quantitativeTypes;1",
        "dtmi:iotcentral:context;3",
    ]
    assert parse_template("dtmi:a:b;1", {**LATE, "@context": contexts}).by_path("inside") is not None
