"""Laws that hold for every rule and every resource: logic, counting, explaining, and ending in order."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.language.evaluation.policy import Circumstances, Compliance
from holdfast.policy.language.operators import OPERATORS
from tests.policy.language.build import alias, holds, judge, valve

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([0.5, 2.0]),
    st.sampled_from(["", "a", "A", "ab", "5", "true", "a*", "10.0.0.1", "2024-01-01"]),
)
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.sampled_from(["a", "B"]), SCALARS, max_size=2)
)
PORTS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"name": SCALARS, "properties": st.fixed_dictionaries({"state": SCALARS})}
    ),
    max_size=4,
)
RESOURCES = st.builds(
    lambda properties: valve(**properties),
    st.fixed_dictionaries(
        {},
        optional={
            "open": VALUES,
            "owners": st.one_of(VALUES, st.lists(SCALARS, max_size=4)),
            "limits": st.fixed_dictionaries({}, optional={"maximumPressure": SCALARS}),
            "ports": st.one_of(PORTS, st.none()),
        },
    ),
)
PLURAL = [alias("owners[*]"), alias("ports[*].state"), alias("ports[*].name")]
FIELDS = st.sampled_from(["name", "location", alias("open"), alias("limits.pressure"), *PLURAL])
NAMES = sorted(OPERATORS)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, object]:
    """A condition with any operator and any operand that suits it."""
    operator = draw(st.sampled_from(NAMES))
    right: object = draw(VALUES)
    if operator == "exists":
        right = draw(st.booleans())
    elif operator in ("in", "notIn"):
        right = draw(st.lists(SCALARS, max_size=3))
    elif operator.lower().endswith(("like", "match", "matchinsensitively", "containskey")):
        right = draw(st.sampled_from(["a*", "#", "?", "a", "B"]))
    return {"field": draw(FIELDS), operator: right}


RULES = st.recursive(
    conditions(),
    lambda inner: st.one_of(
        st.builds(lambda each: {"not": each}, inner),
        st.builds(lambda each: {"allOf": each}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=5,
)


@given(RULES, RESOURCES)
def test_every_rule_ends_in_order_and_explaining_changes_nothing(rule: object, resource: object) -> None:
    plain = judge(rule, resource)
    explained = judge(rule, resource, about=Circumstances(explain=True))
    assert plain.compliance in Compliance
    assert (plain.compliance, plain.triggered, plain.error) == (
        explained.compliance,
        explained.triggered,
        explained.error,
    )
    if explained.reason is not None and not explained.error:
        assert explained.reason.result is explained.triggered


@given(RULES, RULES, RESOURCES)
def test_not_and_or_are_logic(one: object, other: object, resource: object) -> None:
    first, second = holds(one, resource), holds(other, resource)
    assert holds({"not": one}, resource) is not first
    assert holds({"not": {"not": one}}, resource) is first
    assert holds({"allOf": [one, other]}, resource) is (first and second)
    assert holds({"anyOf": [one, other]}, resource) is (first or second)
    both = holds({"not": {"anyOf": [{"not": one}, {"not": other}]}}, resource)
    assert both is (first and second)


@given(RESOURCES, conditions())
def test_counts_of_what_fulfils_a_condition_and_what_does_not_add_up(
    resource: dict[str, object], condition: dict[str, object]
) -> None:
    array = alias("ports[*]")
    where = {**condition, "field": alias("ports[*].state")}

    def number(inside: object) -> int:
        counted: dict[str, object] = {"field": array}
        if inside is not None:
            counted["where"] = inside
        return next(n for n in range(6) if holds({"count": counted, "equals": n}, resource))

    properties = resource["properties"]
    assert isinstance(properties, dict)
    ports = properties.get("ports")
    assert number(None) == (len(ports) if isinstance(ports, list) else 0)
    assert number(where) + number({"not": where}) == number(None)


@given(RESOURCES, conditions())
def test_a_field_over_an_array_holds_when_no_member_fails(
    resource: dict[str, object], condition: dict[str, object]
) -> None:
    """The published rule: `[*]` outside of a count stands for all members; an array that is missing fails."""
    where = {**condition, "field": alias("ports[*].state")}
    properties = resource["properties"]
    assert isinstance(properties, dict)
    failing = {"count": {"field": alias("ports[*]"), "where": {"not": where}}, "equals": 0}
    is_array = isinstance(properties.get("ports"), list)
    assert holds(where, resource) is (is_array and holds(failing, resource))


@given(
    st.sampled_from([name for name in NAMES if f"not{name[0].upper()}{name[1:]}" in OPERATORS]),
    RESOURCES,
    VALUES,
)
def test_an_operator_and_its_opposite_disagree_about_single_fields(
    name: str, resource: object, right: object
) -> None:
    if name in ("like", "match", "matchInsensitively", "containsKey"):
        right = "a"
    if name == "in" and not isinstance(right, list):
        right = [right]
    opposite = f"not{name[0].upper()}{name[1:]}"
    for field in (alias("open"), "name"):
        assert holds({"field": field, name: right}, resource) is not holds(
            {"field": field, opposite: right}, resource
        )
