"""Data is marked by the template and never dropped."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.devices.templates.judging import Fit, flattened, judge_reported, judge_telemetry
from holdfast.devices.templates.template import parse_template
from holdfast.kernel.json import JsonValue
from tests.devices.templates.samples import PUMP_TEMPLATE, TEMPLATE_ID

PUMP = parse_template(TEMPLATE_ID, PUMP_TEMPLATE)


def test_telemetry_is_marked_value_by_value() -> None:
    judged = judge_telemetry(PUMP, {"pressure": 3, "mode": "??", "colour": "red", "serial": "x"})
    assert {one.name: one.fit for one in judged} == {
        "pressure": Fit.VALID,
        "mode": Fit.INVALID,
        "colour": Fit.UNMODELED,
        "serial": Fit.UNMODELED,
    }
    assert judged[1].reasons == ("not one of OFF, ON",)


def test_components_and_modules_are_places_of_their_own() -> None:
    assert judge_telemetry(PUMP, {"speed": 3}, component="motor")[0].fit is Fit.VALID
    assert judge_telemetry(PUMP, {"speed": 3})[0].fit is Fit.UNMODELED
    assert judge_telemetry(PUMP, {"dropped": 3}, module="filter")[0].fit is Fit.VALID


def test_reported_properties_are_judged_by_their_value() -> None:
    reported: dict[str, JsonValue] = {
        "$version": 3,
        "serial": "A1",
        "target": {"value": "much", "ac": 200, "av": 1},
        "motor": {"__t": "c", "limit": {"value": 5, "ac": 200, "av": 1}, "colour": 1},
    }
    judged = {(one.component, one.name): (one.value, one.fit) for one in judge_reported(PUMP, reported)}
    assert judged == {
        ("", "serial"): ("A1", Fit.VALID),
        ("", "target"): ("much", Fit.INVALID),
        ("motor", "limit"): (5, Fit.VALID),
        ("motor", "colour"): (1, Fit.UNMODELED),
    }


def test_without_a_template_everything_is_unmodelled() -> None:
    assert [one.fit for one in judge_telemetry(None, {"a": 1})] == [Fit.UNMODELED]
    assert judge_telemetry(PUMP, [1, 2])[0].value == [1, 2]


json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["pressure", "mode", "sample", "place"]) | st.text(), json))
def test_nothing_is_dropped(body: dict[str, JsonValue]) -> None:
    assert {one.name: one.value for one in judge_telemetry(PUMP, body)} == body
    names = [(component, name) for component, name, _ in flattened(body)]
    assert len(set(names)) == len(names)
