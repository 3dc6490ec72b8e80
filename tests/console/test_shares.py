"""The bars of the overview: parts of a whole, drawn as wide as they are many."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from holdfast.console.shares import Share, bands


def shares(*numbers: int) -> list[Share]:
    return [Share(str(n), "good", number, "/") for n, number in enumerate(numbers)]


def test_each_part_is_as_wide_as_it_is_many() -> None:
    assert [(band.x, band.width) for band in bands(shares(1, 0, 3))] == [(0.0, 25.0), (25.0, 75.0)]


def test_nothing_has_no_bar() -> None:
    assert bands(shares(0, 0)) == []


@given(st.lists(st.integers(0, 10**6), max_size=6))
def test_the_parts_fill_the_whole_without_a_gap(numbers: list[int]) -> None:
    drawn = bands(shares(*numbers))
    assert all(abs(one.x + one.width - other.x) < 0.05 for one, other in pairwise(drawn))
    assert not drawn or abs(drawn[-1].x + drawn[-1].width - 100) < 0.05
