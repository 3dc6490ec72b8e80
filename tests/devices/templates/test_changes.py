"""What a new version of a published template may change, and what it may not."""

import pytest

from holdfast.devices.templates.changes import breaking_changes
from holdfast.devices.templates.template import parse_template
from holdfast.kernel.json import JsonObject, JsonValue
from tests.devices.templates.samples import PUMP_TEMPLATE, TEMPLATE_ID, changed


def breaks(new: JsonObject, old: JsonObject = PUMP_TEMPLATE) -> list[str]:
    return breaking_changes(parse_template(TEMPLATE_ID, old), parse_template(TEMPLATE_ID, new))


NEW: JsonValue = {"@type": "Telemetry", "name": "flow", "schema": "double"}
WIDER: JsonValue = [{"name": n, "enumValue": n.upper()} for n in ("off", "on", "idle")]

HARMLESS = [
    PUMP_TEMPLATE,
    changed(10, to=NEW),
    changed("pressure", "unit", to="kilopascal"),
    changed("pressure", "displayName", to="Druck"),
    changed("pressure", "maxValue", to=60),
    changed(5, to=None),
    changed("serial", "writable", to=True),
    changed("mode", "schema", "enumValues", to=WIDER),
    changed("sample", "schema", "fields", 2, to={"name": "c", "schema": "double"}),
]


@pytest.mark.parametrize("new", HARMLESS)
def test_additions_and_display_data_break_nothing(new: JsonObject) -> None:
    assert breaks(new) == []


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (changed(0, to=None), "telemetry pressure is gone"),
        (changed("serial", "schema", to="integer"), "schema changes from String to Integer"),
        (changed("target", "writable", to=None), "is no longer writable"),
        (changed("serial", "@type", to="Telemetry"), "becomes telemetry"),
        (changed("mode", "schema", "enumValues", 1, to=None), "loses the value on"),
        (changed("mode", "schema", "enumValues", 1, "enumValue", to="AN"), "changes what on stands for"),
        (changed("sample", "schema", "fields", 1, to=None), "loses the field b"),
        (changed("sample", "schema", "fields", "a", "schema", to="double"), "schema.a changes"),
        (changed("flush", "request", to=None), "schema is gone"),
        (changed("flush", "response", "schema", to="integer"), "response changes from Double to Integer"),
        (changed("motor", "schema", "contents", 2, to=None), "command motor.stop is gone"),
        (changed(9, to=None), "the module filter is gone"),
    ],
)
def test_what_devices_rely_on_stays(new: JsonObject, said: str) -> None:
    assert any(said in change for change in breaks(new))


def test_the_model_keeps_its_identifier() -> None:
    model = PUMP_TEMPLATE["capabilityModel"]
    assert isinstance(model, dict)
    other = PUMP_TEMPLATE | {"capabilityModel": model | {"@id": "dtmi:plant:Pump;2"}}
    assert "is replaced by dtmi:plant:Pump;2" in breaks(other)[0]
