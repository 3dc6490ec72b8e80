import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.alerts.model import Severity
from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.rules.detector import ALERT
from holdfast.defender.rules.file import parse_rules
from holdfast.defender.rules.matching import holds
from holdfast.defender.rules.model import Condition, Operator, RuleError, Scalar
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from tests.support.traffic import modbus
from tests.support.traffic.cases.modbus import exchange
from tests.support.traffic.wire import Wire, play


def parsed(**rule: object) -> bytes:
    return json.dumps([{"name": "r", "protocol": "modbus", "conditions": []} | rule]).encode()


def condition(field: str, operator: str, value: object) -> dict[str, object]:
    return {"field": field, "operator": operator, "value": value}


def heard(*conditions: dict[str, object], **rule: object) -> Sensor:
    rules = parse_rules(parsed(conditions=list(conditions), **rule), PROTOCOLS)
    sensor = Sensor(SensorSettings(rules=rules))
    wire = Wire()
    exchange((modbus.write(40, 700), modbus.write(40, 700)))(wire)
    return play(wire, sensor)


def raised(sensor: Sensor) -> list[str]:
    return [alert.violations[0].observed for alert in sensor.alerts if alert.type.id == ALERT]


WRITE = condition("@kind", "==", "WRITE_SINGLE_REGISTER")
ASKED = condition("@role", "==", "request")


def test_a_rule_over_fields_raises_its_alert_with_its_message() -> None:
    sensor = heard(
        WRITE,
        ASKED,
        condition("address", "in range", [30, 50]),
        message="register {address} of {@destination} set to {request_values}",
        severity="high",
    )
    assert raised(sensor) == ["r: register 40 of 10.1.0.20 set to [700]"]
    assert [alert.severity for alert in sensor.alerts if alert.type.id == ALERT] == [Severity.HIGH]
    assert sensor.rules.triggers["r"].last is not None


@pytest.mark.parametrize(
    "miss",
    [
        condition("address", "not in range", [30, 50]),
        condition("unit", "==", 2),
        condition("missing", ">", 0),
        condition("@kind", "!=", "WRITE_SINGLE_REGISTER"),
    ],
)
def test_all_conditions_must_hold(miss: dict[str, object]) -> None:
    assert raised(heard(WRITE, ASKED, miss)) == []


@pytest.mark.parametrize(
    ("extra", "count"),
    [
        ({"sources": ["10.1.0.0/24"], "destinations": ["10.1.0.20"]}, 1),
        ({"sources": ["10.2.0.0/16"]}, 0),
        ({"hours": {"start": 0, "end": 0}}, 1),
        ({"hours": {"start": 0, "end": 0, "weekdays": []}}, 0),
        ({"hours": {"start": 1, "end": 0}}, 1),
    ],
)
def test_parties_and_hours_narrow_a_rule(extra: dict[str, object], count: int) -> None:
    assert len(raised(heard(WRITE, ASKED, **extra))) == count


def test_an_event_is_only_a_line_in_the_timeline() -> None:
    sensor = heard(WRITE, ASKED, action="event")
    assert raised(sensor) == []
    assert "r: r" in {event.title for event in sensor.timeline.find()}


@pytest.mark.parametrize(
    ("operator", "actual", "value", "expected"),
    [
        (Operator.EQUAL, 6, 6, True),
        (Operator.EQUAL, "6", 6, True),
        (Operator.EQUAL, "0x1f", 31, True),
        (Operator.EQUAL, "abc", "abc", True),
        (Operator.EQUAL, True, True, True),
        (Operator.EQUAL, True, "true", True),
        (Operator.EQUAL, True, 1, False),
        (Operator.EQUAL, None, "", False),
        (Operator.NOT_EQUAL, None, 5, True),
        (Operator.GREATER, 7, 6, True),
        (Operator.GREATER, None, 6, False),
        (Operator.GREATER_OR_EQUAL, 6.0, 6, True),
        (Operator.LESS, "x", 6, False),
        (Operator.LESS_OR_EQUAL, 6, 6, True),
        (Operator.IN_RANGE, 6, (1.0, 6.0), True),
        (Operator.NOT_IN_RANGE, 6, (1.0, 6.0), False),
        (Operator.NOT_IN_RANGE, None, (1.0, 6.0), False),
        (Operator.SAME_AS_FIELD, 6, "other", True),
    ],
)
def test_operators(
    operator: Operator, actual: object, value: Scalar | tuple[float, float], expected: bool
) -> None:
    fields: dict[str, object] = {"field": actual, "other": 6}
    assert holds(Condition("field", operator, value), fields.get) is expected


def test_two_absent_fields_are_not_the_same() -> None:
    nothing: dict[str, object] = {}
    assert not holds(Condition("a", Operator.SAME_AS_FIELD, "b"), nothing.get)


def test_paths_reach_into_objects_and_lists() -> None:
    sensor = heard(WRITE, condition("records.file", "==", 1))
    assert raised(sensor) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"protocol": "telepathy", "conditions": [WRITE]}, "not dissected"),
        ({"conditions": []}, "length"),
        ({"conditions": [condition("a b", "==", 1)]}, "regex"),
        ({"conditions": [condition("a", "~", 1)]}, "Invalid enum"),
        ({"conditions": [condition("a", "in range", [5])]}, "two numbers"),
        ({"conditions": [condition("a", "in range", [5, 1])]}, "two numbers"),
        ({"conditions": [condition("a", "==", [1, 2])]}, "only ranges"),
        ({"conditions": [WRITE], "colour": "red"}, "unknown field"),
        ({"conditions": [WRITE], "sources": ["nowhere"]}, "not a subnet"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(rule: dict[str, object], message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        parse_rules(parsed(**rule), PROTOCOLS)
    assert isinstance(caught.value, RuleError) or message == "not a subnet"


@given(st.binary(max_size=200))
def test_any_bytes_are_rules_or_a_rule_error(content: bytes) -> None:
    with contextlib.suppress(RuleError):
        parse_rules(content, PROTOCOLS)
