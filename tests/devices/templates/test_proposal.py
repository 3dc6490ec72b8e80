"""Templates proposed from observed data."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.devices.templates.judging import Fit, judge_reported, judge_telemetry
from holdfast.devices.templates.proposal import propose
from holdfast.devices.templates.template import parse_template
from holdfast.kernel.json import JsonObject, JsonValue

ID = "dtmi:plant:proposed;1"

MESSAGES: list[tuple[str, JsonValue]] = [
    ("", {"temp": 21, "on": True, "name": "a", "at": "2026-11-22T03:24:00Z", "big": 2**40}),
    ("", {"temp": 21.5, "where": {"lat": 1, "lon": 2.5}, "inner": {"a": 1, "b": "x"}, "list": [1, 2.5]}),
    ("motor", {"speed": 7}),
    ("", {"_bad": 1, "nothing": None, "mixed": 1}),
    ("", {"mixed": "now text"}),
    ("", "no object"),
]
REPORTED: JsonObject = {
    "serial": "A",
    "target": {"value": 3, "ac": 200, "av": 1},
    "motor": {"__t": "c", "limit": 3},
}


def test_schemas_are_the_narrowest_that_hold_everything_seen() -> None:
    template = parse_template(ID, propose(ID, "Found", MESSAGES, REPORTED, {"target": 3}))
    schemas = {path.path: template.model[path.schema].kind for path in template.capabilities.values()}
    assert schemas == {
        "temp": "Double",
        "on": "Boolean",
        "name": "String",
        "at": "DateTime",
        "big": "Long",
        "where": "Object",
        "inner": "Object",
        "list": "Array",
        "mixed": "String",
        "serial": "String",
        "target": "Integer",
        "motor.speed": "Integer",
        "motor.limit": "Integer",
    }
    target = template.by_path("target")
    assert target is not None
    assert target.writable


def test_what_was_seen_is_valid_under_the_proposal() -> None:
    template = parse_template(ID, propose(ID, "Found", MESSAGES[:3], REPORTED, {}))
    judged = [one for component, body in MESSAGES[:3] for one in judge_telemetry(template, body, component)]
    judged += judge_reported(template, REPORTED)
    assert {one.fit for one in judged} == {Fit.VALID}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=8) | st.sampled_from("abc"), values, max_size=5), max_size=4)
)
def test_any_data_makes_a_template_that_can_be_published(bodies: list[dict[str, JsonValue]]) -> None:
    reported = bodies[0] if bodies else {}
    parse_template(ID, propose(ID, "Found", [("", body) for body in bodies], reported, reported))
