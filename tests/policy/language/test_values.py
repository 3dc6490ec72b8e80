import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.language.values import (
    UNDEFINED,
    compare,
    equal,
    fold,
    identity,
    number_from,
    same,
    text_of,
)

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text("aAß1 ", max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
)


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        ("Hub", "hUB", True),
        ("STRASSE", "straße", True),
        ("5", 5, True),
        (" 5.0 ", 5, True),
        ("five", 5, False),
        ("True", True, True),
        ("yes", True, False),
        (1, True, False),
        (0, False, False),
        (1, 1.0, True),
        (None, "", True),
        (None, "x", False),
        (None, None, True),
        (None, False, False),
        ([1, "a"], [1, "a"], True),
        ([1], [True], False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": 1}, {"A": 1}, False),
        (UNDEFINED, None, False),
        (UNDEFINED, UNDEFINED, False),
    ],
)
def test_equality_ignores_case_and_reads_numbers_and_booleans_from_text(
    left: object, right: object, result: bool
) -> None:
    assert equal(left, right) is result
    assert equal(right, left) is result


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        (1, 2, -1),
        (2.5, 2, 1),
        ("10", 9, 1),
        (9, "10", -1),
        ("b", "A", 1),
        ("2020-01-01", "2019-12-31", 1),
        (False, True, -1),
        ("x", 1, None),
        (None, 1, None),
        (True, 1, None),
        ([1], [2], None),
        (UNDEFINED, 1, None),
    ],
)
def test_ordering_needs_two_values_that_have_one(left: object, right: object, order: int | None) -> None:
    assert compare(left, right) == order


@given(VALUES, VALUES)
def test_two_values_share_an_identity_exactly_when_they_are_the_same(left: object, right: object) -> None:
    assert (identity(left) == identity(right)) == same(left, right)


@given(VALUES)
def test_every_value_is_the_same_as_itself_and_has_a_text(value: object) -> None:
    assert same(value, value)
    assert isinstance(text_of(value), str)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "text", ["", " ", "1_000", "nan", "inf", "-infinity", "0x10", "1e999", "9" * 5000, "１x"]
)
def test_what_is_no_json_number_is_none(text: str) -> None:
    assert number_from(text) is None


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (3.5, "3.5"), (True, "true"), (None, "null"), ([1, "a"], '[1,"a"]')]
)
def test_values_are_written_as_json_writes_them(value: object, text: str) -> None:
    assert text_of(value) == text
