"""Queries: the same answers as a plain reading of the conditions, on both databases."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.resources import conditions
from holdfast.resources.model import Resource
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Order, Query
from tests.resources.kinds import KINDS, NORTH, SOUTH
from tests.resources.plain_reading import CONDITIONS, LONG, holds
from tests.support.world import World, open_world

BODIES: dict[str, tuple[OrganizationPath, JsonObject]] = {
    "a": (ROOT, {"name": "Pump", "size": 4, "on": True, "place": {"city": "Oslo"}}),
    "b": (NORTH, {"name": "pump", "size": -1.5, "on": False}),
    "c": (NORTH, {"name": "Ärger üb 100%_\\", "size": 4}),
    "d": (OrganizationPath("/north/plant/"), {"name": LONG + "x", "place": {"city": "Bergen"}}),
    "e": (SOUTH, {"name": LONG + "y", "size": 1e12}),
    "f": (OrganizationPath("/northern/"), {"on": True, "place": {"city": ""}}),
    "g": (SOUTH, {"name": 5 * "z", "size": 0, "place": "no object"}),
}


@pytest.fixture
def filled(world: World) -> World:
    for identity, (organization, body) in BODIES.items():
        world.put("thing", identity, body, organization=organization)
        world.clock.advance(10)
    return world


def every(world: World, query: Query) -> list[Resource]:
    """All pages of a query."""
    found: list[Resource] = []
    while True:
        page = world.store.find(query)
        found += page.items
        if not page.next:
            return found
        query = Query(query.kind, query.reach, query.where, query.order, query.limit, page.next)


def ids(world: World, where: Condition | None = None, reach: tuple[OrganizationPath, ...] = (ROOT,)) -> str:
    return "".join(resource.id for resource in every(world, Query("thing", reach, where)))


def test_a_look_up_finds_the_first_by_id_with_exactly_the_text(filled: World) -> None:
    filled.put("thing", "h", {"name": "pump"})

    def found(name: str) -> str:
        thing = filled.store.look_up("thing", "name", name)
        return thing.id if thing else ""

    assert found("pump") == "b"
    assert found("Pump") == "a"
    assert found(LONG + "y") == "e"
    assert [found(name) for name in ("PUMP", "pum", "", LONG)] == [""] * 4
    assert filled.store.look_up("thing", "place.city", "pump") is None
    with pytest.raises(InvalidError):
        filled.store.look_up("thing", "colour", "red")


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (Compare("name", Operator.EQUAL, "pump"), "b"),
        (Compare("name", Operator.NOT_EQUAL, "pump"), "acdefg"),
        (Compare("name", Operator.CONTAINS, "PUM"), "ab"),
        (Compare("name", Operator.STARTS_WITH, "pUMP"), "ab"),
        (Compare("name", Operator.STARTS_WITH, "PuMp x"), ""),
        (Compare("name", Operator.STARTS_WITH, "äRG"), "c"),
        (Compare("name", Operator.STARTS_WITH, "Är*"), ""),
        (Compare("name", Operator.CONTAINS, "RGER Ü"), "c"),
        (Compare("name", Operator.CONTAINS, "0%_\\"), "c"),
        (Compare("name", Operator.CONTAINS, "0%x"), ""),
        (Compare("name", Operator.ENDS_WITH, "Z"), "g"),
        (Compare("name", Operator.EQUAL, LONG + "x"), "d"),
        (Compare("name", Operator.EQUAL, None), "f"),
        (Compare("name", Operator.NOT_EQUAL, None), "abcdeg"),
        (Compare("size", Operator.EQUAL, 4), "ac"),
        (Compare("size", Operator.LESS, 0), "b"),
        (All((Compare("size", Operator.GREATER, -1), Compare("size", Operator.LESS, 5))), "acg"),
        (Compare("size", Operator.LESS_OR_EQUAL, 0), "bg"),
        (Compare("size", Operator.GREATER, 4), "e"),
        (Compare("size", Operator.GREATER_OR_EQUAL, 4), "ace"),
        (Compare("on", Operator.EQUAL, True), "af"),
        (Compare("on", Operator.EQUAL, False), "b"),
        (Compare("place.city", Operator.EQUAL, "Oslo"), "a"),
        (Compare("place.city", Operator.EQUAL, ""), "f"),
        (Compare("@id", Operator.GREATER, "e"), "fg"),
        (Compare("@organization", Operator.STARTS_WITH, "/north/"), "bcd"),
        (Compare("@created", Operator.GREATER_OR_EQUAL, 1_800_000_050.0), "fg"),
        (In("size", (0, -1.5, None)), "bdfg"),
        (In("size", ()), ""),
        (All(()), "abcdefg"),
        (AnyOf(()), ""),
        (All((Compare("size", Operator.EQUAL, 4), Compare("on", Operator.EQUAL, True))), "a"),
        (AnyOf((Compare("size", Operator.EQUAL, 0), Compare("on", Operator.EQUAL, True))), "afg"),
        (Not(Compare("size", Operator.GREATER, -5)), "df"),
    ],
)
def test_conditions_find_what_they_say(filled: World, where: Condition, found: str) -> None:
    assert ids(filled, where) == found
    assert filled.store.count("thing", (ROOT,), where) == len(found)


@pytest.mark.parametrize(
    ("reach", "found"),
    [
        ((), ""),
        ((ROOT,), "abcdefg"),
        ((NORTH,), "bcd"),
        ((OrganizationPath("/north/plant/"), SOUTH), "deg"),
    ],
)
def test_reach_ends_at_the_organization(
    filled: World, reach: tuple[OrganizationPath, ...], found: str
) -> None:
    assert ids(filled, None, reach) == found
    assert filled.store.count("thing", reach) == len(found)


def test_the_census_counts_kinds_at_or_below(filled: World) -> None:
    filled.put("fixed", "x", {})
    assert filled.store.census(ROOT) == {"thing": 7, "fixed": 1}
    assert filled.store.census(NORTH) == {"thing": 3}
    assert filled.store.census(OrganizationPath("/empty/")) == {}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, "abcdefg"),
        (Order("@id", descending=True), "gfedcba"),
        (Order("size"), "bgaced" + "f"),
        (Order("size", descending=True), "ecagb" + "fd"),
        (Order("name"), "adebgc" + "f"),
        (Order("@modified", descending=True), "gfedcba"),
        (Order("@organization"), "abcdfeg"),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_follow_the_order_without_gaps(
    filled: World, order: Order | None, expected: str, limit: int
) -> None:
    found = every(filled, Query("thing", (ROOT,), order=order, limit=limit))
    assert "".join(resource.id for resource in found) == expected


def test_pages_stay_in_step_while_resources_come_and_go(filled: World) -> None:
    first = filled.store.find(Query("thing", (ROOT,), limit=3))
    filled.put("thing", "aa", {})
    filled.put("thing", "dd", {})
    rest = filled.store.find(Query("thing", (ROOT,), limit=100, after=first.next))
    assert "".join(resource.id for resource in rest.items) == "dddefg"


def test_values_follow_the_resource(filled: World) -> None:
    filled.put("thing", "a", {"name": "moved"})
    assert ids(filled, Compare("name", Operator.EQUAL, "Pump")) == ""
    assert ids(filled, Compare("name", Operator.EQUAL, "moved")) == "a"
    assert ids(filled, Compare("size", Operator.EQUAL, 4)) == "c"


@pytest.mark.parametrize(
    "where",
    [
        Compare("unknown", Operator.EQUAL, "x"),
        Compare("size", Operator.EQUAL, "four"),
        Compare("size", Operator.CONTAINS, "4"),
        Compare("name", Operator.EQUAL, 7),
        Compare("name", Operator.CONTAINS, 7),
        Compare("on", Operator.EQUAL, 1),
        In("name", ("x", 1)),
        In("size", tuple(range(1000))),
        Not(All((AnyOf((Compare("nope", Operator.EQUAL, None),)),))),
    ],
)
def test_what_cannot_be_searched_is_refused(filled: World, where: Condition) -> None:
    with pytest.raises(InvalidError):
        filled.store.find(Query("thing", (ROOT,), where))


def test_deep_conditions_are_refused(filled: World) -> None:
    where: Condition = Compare("on", Operator.EQUAL, True)
    for _ in range(40):
        where = Not(where)
    with pytest.raises(InvalidError, match="nested"):
        filled.store.find(Query("thing", (ROOT,), where))


@pytest.mark.parametrize("token", ["x", "%%%", "WzFd", "WyJhIiwgdHJ1ZSwgbnVsbCwgMV0", "ä"])
def test_tokens_of_others_are_refused(filled: World, token: str) -> None:
    with pytest.raises(InvalidError, match="token"):
        filled.store.find(Query("thing", (ROOT,), after=token))


def test_a_token_belongs_to_its_search(filled: World) -> None:
    token = filled.store.find(Query("thing", (ROOT,), limit=2)).next
    with pytest.raises(InvalidError, match="token"):
        filled.store.find(Query("thing", (ROOT,), order=Order("size"), limit=2, after=token))


@pytest.fixture(scope="module")
def model_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("model"), KINDS) as opened:
        for identity, (organization, body) in BODIES.items():
            opened.put("thing", identity, body, organization=organization)
        yield opened


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    where=CONDITIONS,
    reach=st.lists(st.sampled_from([ROOT, NORTH, SOUTH]), max_size=2).map(tuple),
    many=st.sampled_from([1, 2, 20_000]),
)
def test_any_condition_finds_what_a_plain_reading_finds(
    model_world: World, where: Condition, reach: tuple[OrganizationPath, ...], many: int
) -> None:
    """However many rows count as many: that decides how it is searched, and nothing else."""
    expected = [
        identity
        for identity, (organization, body) in BODIES.items()
        if any(contains(node, organization) for node in reach) and holds(where, body)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditions, "MANY", many)
        assert ids(model_world, where, reach) == "".join(expected)
        assert model_world.store.count("thing", reach, where) == len(expected)
