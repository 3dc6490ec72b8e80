"""What a definition has to do with a type, seen before anything is evaluated."""

import pytest

from holdfast.policy.language.evaluation.concern import may_concern, unknown_aliases
from tests.policy.language.build import VALVES, alias, catalog, policy

_PUMPS = "Plant.Water/pumps"
_IS_VALVE = {"field": "type", "equals": VALVES}
_IS_PUMP = {"field": "Type", "equals": _PUMPS}
_OPEN = {"field": alias("open"), "equals": True}
_COLOUR = {"field": alias("colour"), "equals": "red"}


@pytest.mark.parametrize(
    ("condition", "valves", "pumps"),
    [
        (_IS_VALVE, True, False),
        ({"not": _IS_VALVE}, False, True),
        ({"allOf": [_IS_VALVE, _OPEN]}, True, False),
        ({"allOf": [{"not": _IS_VALVE}, _OPEN]}, False, True),
        ({"anyOf": [_IS_VALVE, _IS_PUMP]}, True, True),
        ({"anyOf": [_IS_VALVE, _OPEN]}, True, True),
        ({"field": "type", "in": [_PUMPS.upper()]}, False, True),
        ({"field": "type", "like": "Plant.*"}, True, True),
        ({"field": "type", "equals": "[parameters('type')]"}, True, True),
        ({"field": "name", "equals": "v1"}, True, True),
        (_OPEN, True, True),
    ],
)
def test_the_type_decides_what_it_can(condition: object, valves: bool, pumps: bool) -> None:
    definition = policy(condition, parameters={"type": {"type": "String"}}).definition
    assert may_concern(definition, VALVES) is valves
    assert may_concern(definition, _PUMPS) is pumps


@pytest.mark.parametrize(
    ("condition", "unknown"),
    [
        (_OPEN, ()),
        (_COLOUR, (alias("colour"),)),
        ({"allOf": [_IS_VALVE, _COLOUR]}, (alias("colour"),)),
        ({"anyOf": [{"allOf": [_IS_PUMP, _COLOUR]}, {"allOf": [_IS_VALVE, _OPEN]}]}, ()),
        ({"not": {"allOf": [_IS_VALVE, _COLOUR]}}, (alias("colour"),)),
        ({"count": {"field": alias("owners[*]"), "where": _COLOUR}, "greater": 0}, (alias("colour"),)),
        ({"value": f"[field('{alias('colour')}')]", "equals": "red"}, (alias("colour"),)),
        ({"field": "tags['a/b']", "exists": True}, ()),
        ({"field": "location", "exists": True}, ()),
    ],
)
def test_fields_that_do_not_exist_are_found_where_they_decide(
    condition: object, unknown: tuple[str, ...]
) -> None:
    assert unknown_aliases(policy(condition).definition, VALVES, catalog()) == unknown


def test_fields_of_related_resources_decide_too() -> None:
    details = {
        "type": "Plant.Water/alarms",
        "existenceCondition": {"field": "Plant.Water/alarms/loud", "equals": 1},
    }
    definition = policy(_IS_VALVE, "auditIfNotExists", details).definition
    assert unknown_aliases(definition, VALVES, catalog()) == ("Plant.Water/alarms/loud",)
