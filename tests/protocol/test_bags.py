"""Property bags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.bags import (
    MAXIMUM_LENGTH,
    MAXIMUM_PROPERTIES,
    RETAIN,
    BagError,
    add_to_bag,
    check_bag,
    decode_bag,
    encode_bag,
)

plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
bags = st.dictionaries(plain.filter(bool), plain | st.none(), max_size=10)


@given(bags)
def test_a_bag_reads_as_it_was_written(bag: dict[str, str | None]) -> None:
    assert decode_bag(encode_bag(bag)) == bag


@pytest.mark.parametrize(
    ("text", "bag"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a", {"a": None}),
        ("a=", {"a": ""}),
        ("a=1=2", {"a": "1=2"}),
        ("a=x%20y", {"a": "x y"}),
        ("a=x+y", {"a": "x+y"}),
        ("a=1&a=2", {"a": "2"}),
        ("a=1/", {"a": "1"}),
        ("&&a=1&&", {"a": "1"}),
        ("=1", {}),
        ("%24.ct=application%2Fjson&$.ce=utf-8", {"$.ct": "application/json", "$.ce": "utf-8"}),
        ("a=100%&b=%zz", {"a": "100%", "b": "%zz"}),
        ("a=%ff", {"a": "\ufffd"}),
    ],
)
def test_a_bag_is_read_as_the_sdks_mean_it(text: str, bag: dict[str, str | None]) -> None:
    assert decode_bag(text) == bag


def test_what_the_sdks_encode_is_encoded() -> None:
    assert encode_bag({"$.mid": "a b", "k": None, "e": ""}) == "%24.mid=a%20b&k&e="


@given(bags)
def test_a_property_is_added_without_touching_the_others(bag: dict[str, str | None]) -> None:
    text = add_to_bag(encode_bag(bag), RETAIN, "true")
    assert decode_bag(text) == {**bag, RETAIN: "true"}


def test_a_bag_is_bounded_in_number_and_length() -> None:
    check_bag("&".join("a" for _ in range(MAXIMUM_PROPERTIES)))
    check_bag("a" * MAXIMUM_LENGTH)
    for text in ("&".join("a" for _ in range(MAXIMUM_PROPERTIES + 1)), "a" * (MAXIMUM_LENGTH + 1)):
        with pytest.raises(BagError):
            decode_bag(text)


@given(plain)
def test_any_text_is_a_bag(text: str) -> None:
    assert all(name for name in decode_bag(text))
