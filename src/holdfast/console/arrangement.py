"""Where things stand on the map: by layer of the Purdue model and zone, or a block a zone.

Pure. A zone keeps its columns through all layers: its lines run up and down and rarely across another.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from math import ceil, sqrt
from typing import NamedTuple, Protocol, TypeVar

SPACING, ROW = 108.0, 92.0
ZONE_GAP, LAYER_GAP = 60.0, 56.0
MARGIN = 60.0
"""Between the outermost things and the frame around them."""


class Layer(NamedTuple):
    """A part of the Purdue model."""

    title: str
    least: float
    """The lowest level that belongs to it."""


LAYERS = (
    Layer("Enterprise", 4.0),
    Layer("Operations", 3.0),
    Layer("Supervisory", 2.0),
    Layer("Control", 1.0),
    Layer("Process", 0.0),
)
UNKNOWN = "Unknown"
TITLES = (*(layer.title for layer in LAYERS), UNKNOWN)
"""Top to bottom."""


@lru_cache(256)
def layer_of(level: float | None) -> str:
    """The layer of a Purdue level (ISA-95, IEC 62264-1); levels between two belong to the lower one."""
    if level is None:
        return UNKNOWN
    return next((layer.title for layer in LAYERS if level >= layer.least), UNKNOWN)


class Placed(Protocol):
    """Something that gets a place."""

    @property
    def id(self) -> str:
        """What it is called."""

    @property
    def label(self) -> str:
        """What stands beside it."""

    @property
    def layer(self) -> str:
        """One of `TITLES`."""

    @property
    def zone(self) -> str:
        """Where it is."""


S = TypeVar("S", bound=Placed)
Places = Mapping[str, tuple[float, float]]


class Frame(NamedTuple):
    """A box behind the things."""

    label: str
    kind: str
    """`layer` or `zone`; `head` for a zone's title above its columns."""
    left: float
    top: float
    width: float
    height: float


def by_layer(spots: Sequence[S]) -> tuple[Places, list[Frame]]:
    """Enterprise above, the process below; each zone in columns of its own."""
    cells = _grouped(spots, lambda spot: (spot.layer, spot.zone))
    zones = sorted({spot.zone for spot in spots})
    layers = [title for title in TITLES if any(title == layer for layer, _ in cells)]
    columns = {zone: _columns(max(len(cells.get((layer, zone), ())) for layer in layers)) for zone in zones}
    rows = {
        layer: max(ceil(len(cells.get((layer, zone), ())) / columns[zone]) for zone in zones)
        for layer in layers
    }
    lefts = dict(zip(zones, _offsets(columns[zone] * SPACING + ZONE_GAP for zone in zones), strict=False))
    tops = dict(zip(layers, _offsets(rows[layer] * ROW + LAYER_GAP for layer in layers), strict=False))
    places: dict[str, tuple[float, float]] = {}
    for (layer, zone), members in cells.items():
        places.update(_block(members, columns[zone], lefts[zone], tops[layer]))
    width = sum(columns.values()) * SPACING + ZONE_GAP * (len(zones) - 1)
    bands = [
        Frame(
            layer, "layer", -MARGIN, tops[layer] - MARGIN, width + MARGIN, rows[layer] * ROW + LAYER_GAP - 8
        )
        for layer in layers
    ]
    heads = [
        Frame(zone, "head", lefts[zone] - SPACING / 2, -MARGIN - ROW / 2, columns[zone] * SPACING, ROW / 2)
        for zone in zones
        if zone and len(zones) > 1
    ]
    return places, bands + heads


def by_zone(spots: Sequence[S]) -> tuple[Places, list[Frame]]:
    """A block a zone, in rows of blocks; within it the higher layers above."""
    blocks = sorted(_grouped(spots, lambda spot: spot.zone).items())
    across = ceil(sqrt(len(blocks)))
    places: dict[str, tuple[float, float]] = {}
    frames: list[Frame] = []
    left = top = lowest = 0.0
    for number, (zone, members) in enumerate(blocks):
        if number % across == 0:
            left, top = 0.0, lowest
        columns = _columns(len(members))
        members.sort(key=lambda spot: TITLES.index(spot.layer))
        places.update(_block(members, columns, left, top))
        width, height = columns * SPACING, ceil(len(members) / columns) * ROW
        frames.append(
            Frame(zone or "no zone", "zone", left - MARGIN, top - MARGIN, width, height + LAYER_GAP / 2)
        )
        left += width + ZONE_GAP
        lowest = max(lowest, top + height + 2 * LAYER_GAP)
    return places, frames


K = TypeVar("K")


def _grouped(spots: Iterable[S], key: Callable[[S], K]) -> dict[K, list[S]]:
    """By key, in the order of the labels."""
    groups: dict[K, list[S]] = defaultdict(list)
    for spot in sorted(spots, key=lambda spot: spot.label.lower()):
        groups[key(spot)].append(spot)
    return groups


def _columns(number: int) -> int:
    """About twice as wide as high."""
    return max(1, ceil(sqrt(number * 2)))


def _offsets(sizes: Iterable[float]) -> Iterable[float]:
    return accumulate(sizes, initial=0.0)


def _block(
    members: Sequence[S], columns: int, left: float, top: float
) -> Iterable[tuple[str, tuple[float, float]]]:
    """Row by row; a row that is not full stands in the middle."""
    for number, spot in enumerate(members):
        row, column = divmod(number, columns)
        in_row = min(columns, len(members) - row * columns)
        yield spot.id, (left + (column + (columns - in_row) / 2) * SPACING, top + row * ROW)
