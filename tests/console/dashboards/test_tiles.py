"""Tiles: what forms make of them, how they are read, where they stand."""

import pytest

from holdfast.console.dashboards.tiles import TYPES, columns_of, layout, read_tiles, tile_body
from holdfast.console.dashboards.values import VALUES
from holdfast.console.rendering import FOLDER
from holdfast.devices.dashboards import DASHBOARD_KIND
from holdfast.kernel.errors import InvalidError

REFERENCE = [
    "barChart",
    "lineChart",
    "pieChart",
    "heatMapChart",
    "eventChart",
    "eventHistoryChart",
    "stateChart",
    "stateHistoryChart",
    "kpi",
    "lkv",
    "property",
    "deviceCount",
    "command",
    "label",
    "image",
    "markdown",
    "externalContent",
    "mapProperty",
    "mapTelemetry",
    "dataExplorer",
]


def test_every_published_type_can_be_put_on_a_dashboard() -> None:
    assert sorted(TYPES) == sorted(REFERENCE)


@pytest.mark.parametrize("type", REFERENCE)
def test_every_type_has_what_draws_it(type: str) -> None:
    drawn = TYPES[type].drawn
    assert drawn == "chart" or (drawn in VALUES and (FOLDER / "templates" / f"tile_{drawn}.html").exists())


@pytest.mark.parametrize("type", REFERENCE)
def test_what_a_form_makes_is_read_back(type: str) -> None:
    form = {"type": type, "name": "T", "group": "g", "devices": "a, b", "capabilities": "x y", "text": "hi"}
    body = tile_body({**form, "address": "https://example.org/", "duration": "P1D"}, (1, 2, 3, 4))
    (tile,) = read_tiles({"tiles": [body]})
    assert (tile.title, tile.type, tile.x, tile.y, tile.width, tile.height) == ("T", type, 1, 2, 3, 4)


def test_a_chart_names_what_it_shows() -> None:
    with pytest.raises(InvalidError, match="temperature"):
        tile_body({"type": "lineChart"}, (0, 0, 1, 1))
    with pytest.raises(InvalidError, match="type"):
        tile_body({"type": "sundial"}, (0, 0, 1, 1))


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {"configuration": 3}, {"configuration": {"devices": 1}}])
def test_tiles_of_others_are_read_as_far_as_they_go(wrong: object) -> None:
    for tile in read_tiles({"tiles": [wrong]}):  # type: ignore[list-item]  # wrong on purpose
        assert tile.kind is None
        assert tile.devices == []
        assert tile.duration == "PT1H"


def test_images_and_links_lead_nowhere_but_to_https_and_pictures() -> None:
    for address in (
        "javascript:alert(1)",
        "http://example.org",
        "data:text/html,x",
        "data:image/svg+xml,<svg>",
    ):
        (tile,) = read_tiles({"tiles": [{"configuration": {"type": "image", "sourceUrl": address}}]})
        assert tile.address == ""


def test_the_grid_is_as_wide_as_others_made_it() -> None:
    tiles = read_tiles({"tiles": [{"configuration": {}, "x": 20, "y": 1, "width": 5, "height": 2}]})
    assert columns_of(tiles) == 25
    assert "#tile-0 { grid-area: 2 / 21 / span 2 / span 5; }" in layout(tiles)


def test_the_stored_kind_knows_whose_a_dashboard_is() -> None:
    assert "owner" in DASHBOARD_KIND.indexed
