"""Drawings made on the server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.console.dashboards.drawing import (
    MAXIMUM_SLICES,
    Place,
    bands,
    graticule,
    heat,
    pie,
    window,
)


@given(st.dictionaries(st.text(max_size=5), st.floats(0.01, 1e6), min_size=1, max_size=30))
def test_the_slices_are_the_whole_pie(values: dict[str, float]) -> None:
    slices = pie(values)
    assert sum(each.percent for each in slices) == pytest.approx(100)
    assert len(slices) <= MAXIMUM_SLICES
    assert sum(each.value for each in slices) == pytest.approx(sum(values.values()))


def test_nothing_makes_no_pie() -> None:
    assert pie({"a": 0.0}) == []


def test_a_state_holds_until_the_next_is_said() -> None:
    found = bands([(0.0, "on"), (10.0, "on"), (50.0, "off")], 0.0, 100.0)
    assert [(band.label, band.x, band.width) for band in found] == [("on", 0.0, 50.0), ("off", 50.0, 50.0)]
    assert found[0].colour != found[1].colour


def test_warmth_goes_from_the_least_to_the_most() -> None:
    cells = {(cell.row, cell.column): cell.warmth for cell in heat([[1.0, None, 3.0], [2.0, 3.0, 1.0]])}
    assert cells[0, 0] == cells[1, 2] == 0.12
    assert cells[0, 2] == cells[1, 1] == 1.0
    assert (0, 1) not in cells
    assert heat([[None]]) == []


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=20))
def test_a_map_has_every_place_and_some_lines(points: list[tuple[float, float]]) -> None:
    view = window([Place("p", *point) for point in points])
    for latitude, longitude in points:
        assert view.x <= longitude <= view.x + view.width
        assert view.y <= -latitude <= view.y + view.height
    meridians, parallels = graticule(view)
    assert 1 <= len(meridians) <= 10
    assert len(parallels) <= 10
