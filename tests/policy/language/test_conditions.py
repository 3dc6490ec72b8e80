from collections.abc import Mapping

import pytest

from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.evaluation.policy import Circumstances, Compliance, Language
from tests.policy.language.build import VALVES, alias, holds, judge, policy, valve

PORTS = [
    {"name": "in", "properties": {"state": "open", "links": [{"properties": {"speed": 10}}]}},
    {
        "name": "out",
        "properties": {
            "state": "shut",
            "links": [{"properties": {"speed": 5}}, {"properties": {"speed": 7}}],
        },
    },
]


def field(name: str, **operator: object) -> dict[str, object]:
    return {"field": name, **operator}


@pytest.mark.parametrize(
    ("condition", "result"),
    [
        (field("type", equals=VALVES.upper()), True),
        (field("name", like="v?"), True),
        (field("kind", exists=False), True),
        (field("kind", equals=""), True),
        (field("kind", notEquals="a"), True),
        (field("tags.Team", equals="ops"), True),
        (field("tags['cost center']", equals="7"), True),
        (field("Tags[a.b]", equals="c"), True),
        (field("tags", containsKey="TEAM"), True),
        (field("location", equals="westeurope"), True),
        (field("location", **{"in": ["westeurope", "northeurope"]}), True),
        (field("location", notIn=["West Europe"]), False),
        (field("fullName", equals="plant/v1"), True),
        (field("identity.type", equals="SystemAssigned"), True),
        (field(alias("open"), equals="true"), True),
        (field(alias("limits.pressure"), greater=9), True),
        (field(alias("sku.tier"), equals="basic"), True),
        (field(alias("ports"), exists=True), True),
        (field("[concat('tags.', 'team')]", equals="ops"), True),
        (field("[if(equals(field('kind'), ''), 'name', 'type')]", equals="v1"), True),
        (field("properties.open", equals=True), True),
    ],
)
def test_fields_are_properties_tags_and_aliases(condition: object, result: bool) -> None:
    resource = valve(open=True, limits={"maximumPressure": 10}, ports=[])
    resource |= {
        "id": "/subscriptions/s/providers/Plant.Water/plants/plant/valves/v1",
        "tags": {"team": "ops", "Cost Center": "7", "a.b": "c"},
        "identity": {"type": "SystemAssigned"},
        "sku": {"tier": "Basic"},
    }
    assert holds(condition, resource) is result


@pytest.mark.parametrize(
    ("condition", "result"),
    [
        (field(alias("ports[*].state"), notEquals="broken"), True),
        (field(alias("ports[*].state"), equals="open"), False),
        ({"not": field(alias("ports[*].state"), notEquals="open")}, True),
        (field(alias("ports[*].name"), exists=True), True),
        (field(alias("ports[*].links[*].speed"), greaterOrEquals=5), True),
        (field(alias("ports[*].links[*].speed"), greater=5), False),
    ],
)
def test_a_field_over_an_array_holds_when_every_member_does(condition: object, result: bool) -> None:
    assert holds(condition, valve(ports=PORTS)) is result


@pytest.mark.parametrize(("ports", "result"), [([], True), (None, False), ("x", False)])
def test_an_empty_array_passes_and_a_missing_one_does_not(ports: object, result: bool) -> None:
    resource = valve() if ports is None else valve(ports=ports)
    assert holds(field(alias("ports[*].state"), equals="open"), resource) is result


def count(of: Mapping[str, object], **operator: object) -> dict[str, object]:
    return {"count": of, **operator}


@pytest.mark.parametrize(
    ("of", "number"),
    [
        ({"field": alias("ports[*]")}, 2),
        ({"field": alias("owners[*]")}, 0),
        ({"field": alias("ports[*]"), "where": field(alias("ports[*].state"), equals="open")}, 1),
        ({"field": alias("ports[*].links[*]")}, 3),
        ({"field": alias("ports[*].links[*]"), "where": field(alias("ports[*].links[*].speed"), less=8)}, 2),
        (
            {
                "field": alias("ports[*].links[*]"),
                "where": {
                    "allOf": [
                        field(alias("ports[*].name"), equals="out"),
                        field(alias("ports[*].links[*].speed"), equals=7),
                    ]
                },
            },
            1,
        ),
        (
            {
                "field": alias("ports[*]"),
                "where": count({"field": alias("ports[*].links[*]")}, equals=2),
            },
            1,
        ),
        ({"field": alias("ports[*]"), "where": field(alias("ports[*].links[*].speed"), less=8)}, 1),
        ({"field": alias("ports[*]"), "where": count({"field": alias("ports[*]")}, equals=2)}, 2),
        ({"value": ["a", "b", "a"], "where": {"value": "[current()]", "equals": "a"}}, 2),
        (
            {"value": [{"n": 1}, {"n": 2}], "name": "p", "where": {"value": "[current('p.n')]", "equals": 2}},
            1,
        ),
        (
            {"value": "[createArray(1, 2)]", "name": "p", "where": {"value": "[current('P')]", "greater": 1}},
            1,
        ),
        ({"value": "[parameters('none')]"}, 0),
        ({"value": "text"}, 0),
        (
            {
                "value": ["in", "spare"],
                "name": "wanted",
                "where": count(
                    {
                        "field": alias("ports[*]"),
                        "where": field(alias("ports[*].name"), equals="[current('wanted')]"),
                    },
                    equals=0,
                ),
            },
            1,
        ),
        (
            {
                "field": alias("ports[*]"),
                "where": {"value": f"[current('{alias('ports[*].state')}')]", "equals": "shut"},
            },
            1,
        ),
        (
            {
                "field": alias("ports[*]"),
                "where": {"value": f"[first(field('{alias('ports[*].name')}'))]", "equals": "in"},
            },
            1,
        ),
    ],
)
def test_counts_judge_each_member_as_if_it_were_alone(of: dict[str, object], number: int) -> None:
    resource = valve(ports=PORTS)
    assert holds(count(of, equals=number), resource)
    assert not holds(count(of, notEquals=number), resource)


def test_the_function_field_collects_what_members_have() -> None:
    speeds = f"field('{alias('ports[*].links[*].speed')}')"
    assert holds({"value": f"[length({speeds})]", "equals": 3}, valve(ports=PORTS))
    assert holds({"value": f"[max({speeds})]", "equals": 10}, valve(ports=PORTS))
    assert holds({"value": f"[empty({speeds})]", "equals": True}, valve())


@pytest.mark.parametrize(
    "expression",
    ["current()", "current('x')", f"current('{alias('ports[*]')}')", "current(parameters('p'))"],
)
def test_current_outside_of_its_count_is_refused(expression: str) -> None:
    with pytest.raises(DefinitionError, match="current"):
        policy({"value": f"[{expression}]", "equals": 1})


def test_context_functions_read_what_the_caller_knows() -> None:
    context = {
        "utcNow": "2026-05-01T00:00:00Z",
        "resourceGroup": {"tags": {"Env": "prod"}},
        "subscription": {"subscriptionId": "s"},
        "requestContext": {"apiVersion": "2022-07-31"},
        "policy": {"assignmentId": "/a"},
        "claims": {"upn": "me"},
    }
    about = Circumstances(context=context)
    for expression, value in (
        ("resourceGroup().tags.env", "prod"),
        ("subscription().subscriptionId", "s"),
        ("requestContext().apiVersion", "2022-07-31"),
        ("policy().assignmentId", "/a"),
        ("claims()['upn']", "me"),
        ("utcNow()", "2026-05-01T00:00:00Z"),
        ("utcNow('yyyy')", "2026"),
    ):
        assert holds({"value": f"[{expression}]", "equals": value}, valve(), about), expression


def test_a_value_that_cannot_be_computed_fulfils_no_condition_and_is_a_fault() -> None:
    outcome = judge({"value": "[int('five')]", "notEquals": 5}, valve())
    assert not outcome.triggered
    assert outcome.faults == ("int() cannot work with a string",)


@pytest.mark.parametrize(
    "left", [{"field": "name"}, {"value": "[field('name')]"}, {"field": alias("ports[*].name")}]
)
def test_values_of_different_types_have_no_order_which_is_a_fault(left: dict[str, str]) -> None:
    outcome = judge({**left, "less": 5}, valve(ports=PORTS))
    assert not outcome.triggered
    assert outcome.faults == ("'less' cannot compare a string with an integer",)


def test_what_is_missing_has_no_order_and_is_no_fault() -> None:
    outcome = judge({"field": "kind", "greater": 5}, valve())
    assert (outcome.triggered, outcome.faults) == (False, ())


def test_only_the_chosen_branch_is_computed() -> None:
    outcome = judge(
        {"value": "[if(empty(field('kind')), 'none', int(field('kind')))]", "equals": "none"}, valve()
    )
    assert outcome.triggered
    assert not outcome.faults


@pytest.mark.parametrize(
    ("condition", "compliance"),
    [
        (field(alias("open"), equals=True), Compliance.COMPLIANT),
        ({"allOf": [field("type", equals=VALVES), field(alias("open"), equals=True)]}, Compliance.COMPLIANT),
        (
            {"allOf": [field("type", equals="Other/type"), field(alias("open"), exists=False)]},
            Compliance.NOT_APPLICABLE,
        ),
        (
            {"anyOf": [field("type", equals="Other/type"), field("name", equals="x")]},
            Compliance.NOT_APPLICABLE,
        ),
        (
            {"anyOf": [field("type", equals="Other/type"), field(alias("open"), equals=True)]},
            Compliance.COMPLIANT,
        ),
        ({"not": field("type", equals=VALVES)}, Compliance.NOT_APPLICABLE),
        ({"not": field("location", equals="westeurope")}, Compliance.COMPLIANT),
        (
            {"allOf": [field("kind", equals="gate"), field(alias("open"), equals=True)]},
            Compliance.NOT_APPLICABLE,
        ),
    ],
)
def test_type_kind_and_name_alone_decide_whether_a_policy_applies(
    condition: object, compliance: Compliance
) -> None:
    assert judge(condition, valve()).compliance is compliance


def test_too_much_work_is_an_error_not_a_hang() -> None:
    members: dict[str, object] = {"value": list(range(50)), "where": field("name", equals="x")}
    for _ in range(5):
        members = {"value": list(range(50)), "where": count(members, greater=100)}
    outcome = judge(count(members, greater=1), valve())
    assert outcome.compliance is Compliance.ERROR
    assert "more steps" in outcome.error


def test_an_evaluation_is_bounded_in_time_where_there_is_a_clock() -> None:
    ticks = iter(range(10_000))
    about = Circumstances(monotonic=lambda: float(next(ticks)))
    of = {"value": list(range(2_000)), "where": field("name", equals="x")}
    assert "longer" in judge(count(of, greater=1), valve(), about=about).error


def test_without_a_catalog_names_are_paths() -> None:
    language = Language()
    compiled = policy(field("Properties.Rules[1].Name", equals="b"), known=Catalog())
    plain = language.compile(compiled.definition)
    document = language.document({"properties": {"rules": [{"name": "a"}, {"name": "b"}]}})
    assert plain.evaluate(document).triggered


def test_aliases_of_unknown_types_are_read_by_convention() -> None:
    known = Language(Catalog())
    condition = field("Vendor.Iot/hubs/connections[*].status", equals="Approved")
    document = known.document(
        {"type": "Vendor.Iot/hubs", "properties": {"connections": [{"properties": {"status": "approved"}}]}}
    )
    assert known.compile(policy(condition).definition).evaluate(document).triggered


@pytest.mark.parametrize(
    ("value", "listed", "is_member"),
    [
        ("Open", ["shut", "OPEN"], True),
        ("straße", ["STRASSE"], True),
        (5, ["5"], True),
        (True, ["true", "x"], True),
        ("5", [5], True),
        (None, ["", "x"], False),
        ("open", [], False),
        (["open"], ["open"], False),
    ],
)
def test_membership_in_what_is_known_and_in_what_is_computed_are_the_same(
    value: object, listed: list[object], is_member: bool
) -> None:
    computed = f"[createArray({', '.join(map(_written, listed))})]"
    for operator, wanted in (("in", is_member), ("notIn", not is_member)):
        for right in (listed, computed):
            condition = {"field": alias("open"), operator: right}
            assert holds(condition, valve(open=value)) is wanted, (operator, right)


def _written(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def test_comparing_many_with_many_is_bounded() -> None:
    owners = [f"owner-{number}" for number in range(1000)]
    guests = [f"guest-{number}" for number in range(10_000)]
    condition = {"field": alias("owners[*]"), "notIn": guests}
    assert "more steps" in judge(condition, valve(owners=owners)).error
    assert judge(condition, valve(owners=owners[:10])).triggered
