"""The device group language: the hosted service's and what goes beyond it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.devices.query.fields import GroupFields
from holdfast.devices.query.group_query import parse_group_query, paths_of, templates_named
from holdfast.devices.query.tokens import FilterError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Scalar

PROPERTIES = {
    "owner": ("cloud.owner",),
    "target": ("reported.target",),
    "motor.limit": ("reported.motor.limit",),
    "both": ("cloud.both", "reported.both"),
}

FIELDS = GroupFields(
    organizations={"north": OrganizationPath("/north/")}.get,
    properties=lambda name: PROPERTIES.get(name, ()),
)


def where(text: str) -> Condition:
    return parse_group_query(f"SELECT * FROM devices WHERE {text}", FIELDS)


def equal(path: str, value: Scalar) -> Compare:
    return Compare(path, Operator.EQUAL, value)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ('$template = "dtmi:a:b;1"', equal("template", "dtmi:a:b;1")),
        ("$provisioned = true", equal("provisioned", True)),
        ("$Provisioned <> FALSE", Compare("provisioned", Operator.NOT_EQUAL, False)),
        ("target >= -1.5e2", Compare("reported.target", Operator.GREATER_OR_EQUAL, -150.0)),
        ("motor.limit < 3", Compare("reported.motor.limit", Operator.LESS, 3.0)),
        ('owner = "say \\"hi\\""', equal("cloud.owner", 'say "hi"')),
        ("owner = 'it''s'", equal("cloud.owner", "it's")),
        ('CONTAINS($displayName, "a")', Compare("displayName", Operator.CONTAINS, "a")),
        ('STARTS_WITH(owner, "a")', Compare("cloud.owner", Operator.STARTS_WITH, "a")),
        ('EndsWith($id, "a")', Compare("@id", Operator.ENDS_WITH, "a")),
        ('$organizations = "north"', equal("@organization", "/north/")),
        ('$id IN ("a", "b")', In("@id", ("a", "b"))),
        ('$id IN ["a", "b"]', In("@id", ("a", "b"))),
        ('$id NOT IN ("a")', Not(In("@id", ("a",)))),
        ("owner IS NULL", equal("cloud.owner", None)),
        ("owner IS NOT NULL", Compare("cloud.owner", Operator.NOT_EQUAL, None)),
        ("NOT NOT owner = null", equal("cloud.owner", None)),
        (
            "$simulated = true or target > 1 and NOT (target < 2 or owner = 'x')",
            AnyOf(
                (
                    equal("simulated", True),
                    All(
                        (
                            Compare("reported.target", Operator.GREATER, 1.0),
                            Not(
                                AnyOf(
                                    (
                                        Compare("reported.target", Operator.LESS, 2.0),
                                        equal("cloud.owner", "x"),
                                    )
                                )
                            ),
                        )
                    ),
                )
            ),
        ),
    ],
)
def test_a_query_is_one_condition(text: str, condition: Condition) -> None:
    assert where(text) == condition


def test_a_query_without_where_finds_every_device() -> None:
    assert parse_group_query("select * from devices", FIELDS) == All(())


def test_a_name_that_is_cloud_and_reported_means_either() -> None:
    assert where("both = 1") == AnyOf((equal("cloud.both", 1.0), equal("reported.both", 1.0)))
    assert isinstance(where("both != 1"), All)
    assert isinstance(where("both IS NULL"), All)
    assert isinstance(where("both IS NOT NULL"), AnyOf)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "SELECT"),
        ("SELECT id FROM devices", "must"),
        ("SELECT * FROM users", "devices"),
        ("SELECT * FROM devices owner = 1", "WHERE"),
        ("SELECT * FROM devices WHERE", "a field"),
        ("SELECT * FROM devices WHERE owner", "one of ="),
        ("SELECT * FROM devices WHERE owner = ", "a text in quotes"),
        ("SELECT * FROM devices WHERE owner = x", "a text in quotes"),
        ("SELECT * FROM devices WHERE owner ~ 1", "no meaning"),
        ('SELECT * FROM devices WHERE owner = "x', "closing quote"),
        ("SELECT * FROM devices WHERE (owner = 1", "closing parenthesis"),
        ("SELECT * FROM devices WHERE owner = 1)", "AND, OR or the end"),
        ("SELECT * FROM devices WHERE owner NOT = 1", "IN"),
        ("SELECT * FROM devices WHERE nobody = 1", "No device template has a property nobody"),
        ("SELECT * FROM devices WHERE $colour = 1", "no field $colour"),
        ('SELECT * FROM devices WHERE $organizations = "south"', "no organization south"),
        ("SELECT * FROM devices WHERE UPPER(owner) = 1", "one of contains"),
        ("SELECT * FROM devices WHERE CONTAINS(owner, 1)", "a text in quotes"),
        ("SELECT * FROM devices WHERE " + "(" * 60 + "owner = 1" + ")" * 60, "nested"),
        ("SELECT * FROM devices WHERE " + " or ".join(["owner = 1"] * 101), "comparisons"),
        ("SELECT * FROM devices WHERE owner IN (" + ",".join(["1"] * 401) + ")", "values"),
        ("SELECT * FROM devices WHERE owner IN [1)", "end of the list"),
        ("SELECT * FROM devices WHERE owner = '" + "a" * 20_000 + "'", "characters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_group_query(text, FIELDS)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "templates"),
    [
        ('$template = "a"', {"a"}),
        ('$TEMPLATE = "a" AND owner = 1', {"a"}),
        ('$template IN ("a", "b") AND (owner = 1 OR target = 2)', {"a", "b"}),
        ('($template = "a" AND owner = 1) OR $template = "b"', {"a", "b"}),
        ('$template = "a" OR owner = 1', set()),
        ('$template != "a"', set()),
        ('NOT $template = "a"', set()),
    ],
)
def test_the_templates_of_a_group_are_known_where_the_query_says_so(text: str, templates: set[str]) -> None:
    assert templates_named(f"SELECT * FROM devices WHERE {text}") == templates


def test_all_paths_of_a_condition_are_found() -> None:
    assert set(paths_of(where("NOT (owner = 1 OR target IN (1,2)) AND $simulated = true"))) == {
        "cloud.owner",
        "reported.target",
        "simulated",
    }


words = st.sampled_from(
    ["select", "*", "from", "devices", "where", "and", "or", "not", "in", "(", ")", ",", "=", "<>", "owner",
     "$id", "1", "'x'", '"y"', "null", "is", "contains", "target", "$template", "true"]
)  # fmt: skip


@given(st.lists(words, max_size=14).map(" ".join) | st.text(max_size=30))
def test_any_text_is_a_condition_or_one_error(text: str) -> None:
    for attempt in (text, f"SELECT * FROM devices WHERE {text}"):
        try:
            condition = parse_group_query(attempt, FIELDS)
        except FilterError:
            continue
        known = {path for paths in PROPERTIES.values() for path in paths}
        assert set(paths_of(condition)) <= known | {"@id", "template"}
