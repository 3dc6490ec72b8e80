"""The network as a drawing: who is drawn alone and who in a cluster, where each stands, which way leads on.

Pure: the same assets, connections and wishes give the same drawing. Clusters keep twelve thousand assets
usable: an asset is drawn inside the first cluster on its way (zone, layer, type) that nobody opened.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from holdfast.kernel.json import JsonObject

ALONE = 250
"""Up to so many assets nobody is clustered."""
MAXIMUM_OPEN = 400
"""Assets of one opened cluster that are drawn alone."""
SPACING, ROW, LAYER = 110, 90, 150
COLUMNS = 12


class Layout(StrEnum):
    """How the drawing is arranged."""

    PURDUE = "purdue"
    ZONE = "zone"
    CONNECTION = "connection"
    """The browser arranges by who talks to whom."""


class Layer(NamedTuple):
    """A part of the Purdue model as people draw it."""

    title: str
    least: float


LAYERS = (
    Layer("Enterprise", 4.0),
    Layer("Supervisory", 2.0),
    Layer("Process control", 0.0),
)
UNKNOWN = "Unknown"
_ORDER = {layer.title: number for number, layer in enumerate((*LAYERS, Layer(UNKNOWN, 0.0)))}


class Node(NamedTuple):
    """One asset."""

    id: int
    name: str
    address: str
    type: str
    level: float | None
    zone: str
    score: float
    """100 without any risk."""
    alarm: str
    """The worst severity of its open alerts; empty without any."""
    authorized: bool
    important: bool

    @property
    def layer(self) -> str:
        """Its part of the Purdue model."""
        level = self.level
        if level is None:
            return UNKNOWN
        return next((layer.title for layer in LAYERS if level >= layer.least), UNKNOWN)

    @property
    def way(self) -> tuple[str, ...]:
        """The clusters it can be inside of, the outermost first."""
        zone = self.zone or "no zone"
        return (zone, f"{zone} / {self.layer}", f"{zone} / {self.layer} / {self.type or 'unknown'}")


class Edge(NamedTuple):
    """Who talks to whom."""

    source: int
    target: int
    protocols: tuple[str, ...]
    octets: int
    last: float


class Spot(NamedTuple):
    """Something that is drawn: an asset or a cluster."""

    id: str
    label: str
    members: int
    """Of a cluster how many are in it; 1 for an asset."""
    layer: str
    zone: str
    node: Node | None
    score: float
    """The worst of its members."""
    alarm: str


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn connection."""

    source: str
    target: str
    protocols: tuple[str, ...]
    octets: int
    last: float
    on_path: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, and where it stands."""

    spots: tuple[Spot, ...]
    lines: tuple[Line, ...]
    places: Mapping[str, tuple[float, float]]
    """Empty where the browser arranges."""
    path: tuple[int, ...]
    """Assets on the way that was asked for, in order; empty when there is none."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see."""

    layout: Layout = Layout.PURDUE
    open: frozenset[str] = field(default_factory=frozenset)
    ends: tuple[int, int] | None = None
    """Two assets to find the way between."""
    alone: int = ALONE


def draw(nodes: Sequence[Node], edges: Sequence[Edge], wish: Wish) -> Drawing:
    """The drawing of a network."""
    path = shortest_path(edges, *wish.ends) if wish.ends else ()
    home = _homes(nodes, wish, frozenset(path))
    members: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        members[home[node.id]].append(node)
    spots = tuple(_spot(id, found) for id, found in sorted(members.items()))
    return Drawing(spots, _lines(edges, home, path), _places(spots, wish.layout), path)


def _homes(nodes: Sequence[Node], wish: Wish, shown: Collection[int]) -> dict[int, str]:
    """Where each asset is drawn: under its own number, or inside a cluster."""
    if len(nodes) <= wish.alone:
        return {node.id: str(node.id) for node in nodes}
    zones = {node.way[0] for node in nodes}
    opened = wish.open | (zones if len(zones) == 1 else frozenset())
    drawn: dict[str, int] = defaultdict(int)
    homes: dict[int, str] = {}
    for node in nodes:
        closed = next((cluster for cluster in node.way if cluster not in opened), "")
        innermost = node.way[-1]
        if node.id in shown:
            homes[node.id] = str(node.id)
        elif closed:
            homes[node.id] = closed
        elif drawn[innermost] < MAXIMUM_OPEN:
            drawn[innermost] += 1
            homes[node.id] = str(node.id)
        else:
            homes[node.id] = f"{innermost} / more"
    return homes


def _spot(id: str, members: Sequence[Node]) -> Spot:
    first = members[0]
    alone = len(members) == 1 and id == str(first.id)
    alarms = {node.alarm for node in members}
    return Spot(
        id=id,
        label=(first.name or first.address) if alone else f"{id.rpartition(' / ')[2]} ({len(members)})",
        members=len(members),
        layer=first.layer if alone or len({n.layer for n in members}) == 1 else UNKNOWN,
        zone=first.zone,
        node=first if alone else None,
        score=min(node.score for node in members),
        alarm=next((a for a in ("high", "medium", "low") if a in alarms), ""),
    )


def _lines(edges: Iterable[Edge], home: Mapping[int, str], path: Sequence[int]) -> tuple[Line, ...]:
    steps = {frozenset(step) for step in pairwise(path)}
    drawn: dict[tuple[str, str], Line] = {}
    for edge in edges:
        source, target = home.get(edge.source), home.get(edge.target)
        if source is None or target is None or source == target:
            continue
        known = drawn.get((source, target))
        drawn[source, target] = Line(
            source,
            target,
            tuple(sorted({*(known.protocols if known else ()), *edge.protocols})),
            edge.octets + (known.octets if known else 0),
            max(edge.last, known.last if known else 0.0),
            frozenset((edge.source, edge.target)) in steps or (known is not None and known.on_path),
        )
    return tuple(drawn.values())


def shortest_path(edges: Iterable[Edge], begin: int, end: int) -> tuple[int, ...]:
    """The fewest hops from one asset to another, whoever began the talking; empty when there is no way."""
    neighbours: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        neighbours[edge.source].append(edge.target)
        neighbours[edge.target].append(edge.source)
    came_from: dict[int, int] = {begin: begin}
    waiting = deque([begin])
    while waiting and end not in came_from:
        here = waiting.popleft()
        for neighbour in neighbours[here]:
            if neighbour not in came_from:
                came_from[neighbour] = here
                waiting.append(neighbour)
    if end not in came_from:
        return ()
    way = [end]
    while way[-1] != begin:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))


def _places(spots: Sequence[Spot], layout: Layout) -> dict[str, tuple[float, float]]:
    if layout is Layout.CONNECTION:
        return {}
    if layout is Layout.ZONE:
        return _in_columns(spots)
    return _in_layers(spots)


def _in_layers(spots: Sequence[Spot]) -> dict[str, tuple[float, float]]:
    """Enterprise above, process control below, neighbours in a zone side by side."""
    places: dict[str, tuple[float, float]] = {}
    top = 0.0
    columns = max(COLUMNS, int((len(spots) * 2) ** 0.5))
    for layer in sorted(_ORDER, key=_ORDER.__getitem__):
        row = sorted((s for s in spots if s.layer == layer), key=lambda s: (s.zone, s.label.lower()))
        for number, spot in enumerate(row):
            width = min(columns, len(row))
            offset = (number % columns - (width - 1) / 2) * SPACING
            places[spot.id] = (offset, top + number // columns * ROW)
        top += (-(-len(row) // columns) * ROW + LAYER - ROW) if row else 0
    return places


def _in_columns(spots: Sequence[Spot]) -> dict[str, tuple[float, float]]:
    """A block a zone, side by side; within it by layer."""
    places: dict[str, tuple[float, float]] = {}
    left = 0.0
    for zone in sorted({spot.zone for spot in spots}):
        block = sorted((s for s in spots if s.zone == zone), key=lambda s: (_ORDER[s.layer], s.label.lower()))
        columns = max(1, int(len(block) ** 0.5))
        for number, spot in enumerate(block):
            places[spot.id] = (left + number % columns * SPACING, number // columns * ROW)
        left += columns * SPACING + LAYER
    return places


def document(drawing: Drawing) -> JsonObject:
    """The drawing as the page's script reads it."""
    return {
        "spots": [_spot_document(spot, drawing.places) for spot in drawing.spots],
        "lines": [
            {
                "source": line.source,
                "target": line.target,
                "label": ", ".join(line.protocols[:3]) + ("…" if len(line.protocols) > 3 else ""),
                "octets": line.octets,
                "last": line.last,
                "path": line.on_path,
            }
            for line in drawing.lines
        ],
        "path": [str(id) for id in drawing.path],
    }


def _spot_document(spot: Spot, places: Mapping[str, tuple[float, float]]) -> JsonObject:
    node = spot.node
    place = places.get(spot.id)
    return {
        "id": spot.id,
        "label": spot.label,
        "members": spot.members,
        "layer": spot.layer,
        "zone": spot.zone,
        "score": round(spot.score),
        "alarm": spot.alarm,
        "asset": node.id if node else None,
        "type": node.type if node else "",
        "address": node.address if node else "",
        "authorized": node.authorized if node else True,
        "important": node.important if node else False,
        "x": place[0] if place else None,
        "y": place[1] if place else None,
    }
