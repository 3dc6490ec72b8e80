"""The normal form of a condition means the same, and can be planned with."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.kernel.json import JsonObject
from holdfast.resources.normal_form import EVERYTHING, NOTHING, normal_form
from holdfast.resources.query import All, AnyOf, Compare, Condition, In, Not, Operator, Scalar
from tests.resources.kinds import THING
from tests.resources.plain_reading import CONDITIONS, PATHS, holds

FILLED = replace(THING, filled=frozenset({"name", "size", "on"}))
"""The same kind where three paths always have a value."""


def bodies(*, filled: bool) -> st.SearchStrategy[JsonObject]:
    """Bodies with some values of the paths, or with all of those that are filled."""
    values: dict[str, Any] = {path: st.sampled_from(PATHS[path]) for path in ("name", "size", "on")}  # JSON
    cities: dict[str, Any] = {"city": st.sampled_from(PATHS["place.city"])}  # JSON
    place: dict[str, Any] = {"place": st.fixed_dictionaries({}, optional=cities)}
    return st.fixed_dictionaries(values | place if filled else place, optional={} if filled else values)


@given(CONDITIONS, bodies(filled=False))
def test_it_means_the_same(where: Condition, body: JsonObject) -> None:
    assert holds(normal_form(where, THING), body) == holds(where, body)


@given(CONDITIONS, bodies(filled=True))
def test_it_means_the_same_where_values_are_always_there(where: Condition, body: JsonObject) -> None:
    assert holds(normal_form(where, FILLED), body) == holds(where, body)


@given(CONDITIONS)
def test_negations_stand_before_comparisons_alone_and_nothing_is_within_its_own_sort(
    where: Condition,
) -> None:
    def check(condition: Condition) -> None:
        match condition:
            case Not(inner):
                assert isinstance(inner, Compare)
                assert inner.operator not in {Operator.EQUAL, Operator.NOT_EQUAL}
            case All(conditions) | AnyOf(conditions):
                assert len(conditions) != 1
                assert not any(isinstance(one, type(condition)) for one in conditions)
                for one in conditions:
                    check(one)
            case _:
                pass

    check(normal_form(where, THING))


def equal(path: str, value: Scalar) -> Compare:
    return Compare(path, Operator.EQUAL, value)


BESIDE_A = AnyOf((Compare("name", Operator.LESS, "a"), Compare("name", Operator.GREATER, "a")))


@pytest.mark.parametrize(
    ("where", "normal"),
    [
        (Not(equal("on", True)), equal("on", False)),
        (
            Not(equal("name", "a")),
            AnyOf((Compare("name", Operator.LESS, "a"), Compare("name", Operator.GREATER, "a"))),
        ),
        (Not(Compare("size", Operator.LESS, 4)), Compare("size", Operator.GREATER_OR_EQUAL, 4)),
        (equal("name", None), NOTHING),
        (Not(equal("name", None)), EVERYTHING),
        (Not(equal("place.city", "a")), Compare("place.city", Operator.NOT_EQUAL, "a")),
        (AnyOf((equal("size", 4), equal("size", 5))), In("size", (4, 5))),
        (AnyOf((equal("on", True), In("on", (True,)))), equal("on", True)),
        (In("place.city", (1, True)), In("place.city", (1, True))),
    ],
)
def test_what_an_index_can_list_is_a_comparison(where: Condition, normal: Condition) -> None:
    assert normal_form(where, FILLED) == normal
