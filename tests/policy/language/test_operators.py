import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.operators import OPERATORS
from holdfast.policy.language.patterns import like, match, match_insensitively
from holdfast.policy.language.values import UNDEFINED

NEGATIONS = {
    "notContains": "contains",
    "notContainsKey": "containsKey",
    "notEquals": "equals",
    "notIn": "in",
    "notLike": "like",
    "notMatch": "match",
    "notMatchInsensitively": "matchInsensitively",
}
VALUES = st.sampled_from([None, True, False, 0, 1, "", "a", "A", "1", ["a", 1], [], {"a": 1}, {}, UNDEFINED])

TABLE = [
    ("equals", "Hub", "hub", True),
    ("equals", UNDEFINED, None, True),
    ("equals", UNDEFINED, "", False),
    ("equals", None, "", True),
    ("in", "EastUS", ["eastus", "westus"], True),
    ("in", "443", [80, 443], True),
    ("in", "a", "A", True),
    ("in", None, [None], False),
    ("in", UNDEFINED, [None], True),
    ("in", UNDEFINED, ["a"], False),
    ("in", "a", UNDEFINED, False),
    ("contains", "My-Prod-Hub", "prod", True),
    ("contains", ["a", "B"], "b", True),
    ("contains", {"Owner": 1}, "owner", True),
    ("contains", 443, 44, True),
    ("contains", None, "a", False),
    ("containsKey", {"Owner": 1}, "OWNER", True),
    ("containsKey", "Owner", "Owner", False),
    ("greater", 2, 1, True),
    ("greater", "8080", 1024, True),
    ("greater", "x", 1024, False),
    ("greaterOrEquals", 2, 2, True),
    ("less", "2019-01-01", "2020-01-01", True),
    ("lessOrEquals", 3, 2, False),
    ("exists", 0, True, True),
    ("exists", "", "true", True),
    ("exists", None, True, False),
    ("exists", None, "false", True),
    ("exists", UNDEFINED, False, True),
    ("exists", {}, False, False),
    ("like", "Plant-7-pump", "plant-*-PUMP", True),
    ("like", "Plant-7", "plant-?", True),
    ("like", 12, "1*", True),
    ("like", None, "*", False),
    ("match", "pump-042", "pump-###", True),
    ("match", "Pump-042", "pump-###", False),
    ("match", "ab1", "??#", True),
    ("match", "ab1", "???", False),
    ("match", "a-1", "...", True),
    ("matchInsensitively", "Pump-042", "pump-###", True),
    ("notContains", UNDEFINED, "a", True),
    ("notContains", "b", UNDEFINED, False),
    ("notContainsKey", {"a": 1}, "b", True),
    ("notEquals", None, "x", True),
    ("notIn", None, ["a"], True),
    ("notLike", None, "a*", True),
    ("notMatch", "a", "#", True),
    ("notMatchInsensitively", "A1", "a#", False),
]


@pytest.mark.parametrize(("operator", "left", "right", "result"), TABLE)
def test_operators_compare_as_documented(operator: str, left: object, right: object, result: bool) -> None:
    assert OPERATORS[operator](left, right) is result


def test_every_operator_has_a_row() -> None:
    assert {row[0] for row in TABLE} == set(OPERATORS)
    assert len(OPERATORS) == 19


@given(st.sampled_from(sorted(NEGATIONS)), VALUES, VALUES)
def test_a_negation_is_the_opposite_when_both_sides_are_there(name: str, left: object, right: object) -> None:
    if right is not UNDEFINED:
        assert OPERATORS[name](left, right) is not OPERATORS[NEGATIONS[name]](left, right)


@given(st.text("aB*?.", max_size=8), st.text("ab*?.", max_size=8))
def test_like_is_what_shell_patterns_are_without_case(text: str, pattern: str) -> None:
    assert like(text, pattern) is fnmatch.fnmatchcase(text.lower(), pattern.lower())


def test_a_pattern_of_many_stars_is_still_quick() -> None:
    assert not like("a" * 2000, "*a" * 40 + "b")


def test_a_search_that_would_take_long_is_refused() -> None:
    short = "*" + "a" * 5000 + "?b*"
    assert not like("a" * 10_000, short)
    with pytest.raises(TemplateError, match="takes too long on 100000 characters"):
        like("a" * 100_000, short)


@given(st.text("a1-?#.", max_size=5), st.text("aA1-", max_size=5))
def test_match_never_fits_texts_of_another_length(pattern: str, text: str) -> None:
    if match(text, pattern) or match_insensitively(text, pattern):
        assert len(text) == len(pattern)
