"""Places on the map: layers above one another, zones beside one another, nothing on top of anything."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.console.arrangement import TITLES, Frame, Places, by_layer, by_zone, layer_of


class Thing(NamedTuple):
    id: str
    label: str
    layer: str
    zone: str


things = st.lists(
    st.builds(
        Thing, st.uuids().map(str), st.text(), st.sampled_from(TITLES), st.sampled_from(["", "east", "west"])
    ),
    min_size=1,
    max_size=80,
    unique_by=lambda thing: thing.id,
)


@pytest.mark.parametrize(
    ("level", "layer"),
    [
        *((level, "Enterprise") for level in (5.0, 4.0)),
        *((level, "Operations") for level in (3.5, 3.0)),
        (2.0, "Supervisory"),
        *((level, "Control") for level in (1.5, 1.0)),
        (0.0, "Process"),
        (None, "Unknown"),
    ],
)
def test_levels_fall_into_layers(level: float | None, layer: str) -> None:
    assert layer_of(level) == layer


@given(things)
def test_no_two_things_stand_at_one_place(found: list[Thing]) -> None:
    for places, _ in (by_layer(found), by_zone(found)):
        assert set(places) == {thing.id for thing in found}
        assert len(set(places.values())) == len(found)


@given(things)
def test_higher_layers_stand_above_lower_ones(found: list[Thing]) -> None:
    places, _ = by_layer(found)
    for above in found:
        for below in found:
            if TITLES.index(above.layer) < TITLES.index(below.layer):
                assert places[above.id][1] < places[below.id][1]


@given(things)
def test_everything_stands_inside_of_its_frame_and_of_no_other(found: list[Thing]) -> None:
    places, bands = by_layer(found)
    for thing in found:
        assert [f.label for f in bands if f.kind == "layer" and _inside(f, places, thing)] == [thing.layer]
    places, boxes = by_zone(found)
    for thing in found:
        assert [f.label for f in boxes if _inside(f, places, thing)] == [thing.zone or "no zone"]


def _inside(frame: Frame, places: Places, thing: Thing) -> bool:
    x, y = places[thing.id]
    return frame.left <= x <= frame.left + frame.width and frame.top <= y <= frame.top + frame.height


def test_a_zone_keeps_its_columns_through_all_layers() -> None:
    found = [
        Thing(f"{zone}-{n}", str(n), TITLES[n % 3], zone) for zone in ("east", "west") for n in range(30)
    ]
    places, frames = by_layer(found)
    east, west = ([places[t.id][0] for t in found if t.zone == zone] for zone in ("east", "west"))
    assert max(east) < min(west)
    assert [frame.label for frame in frames if frame.kind == "head"] == ["east", "west"]
