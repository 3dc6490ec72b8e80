"""The network as a drawing: who is drawn alone and who in a cluster, where each stands, which way leads on.

Pure: the same assets, connections and wishes give the same drawing. Clusters keep twelve thousand assets
usable: an asset is drawn inside the first cluster on its way (zone, layer, type) that nobody opened.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from holdfast.console.arrangement import UNKNOWN, Frame, Places, by_layer, by_zone, layer_of
from holdfast.defender.inventory.model import AssetType
from holdfast.kernel.json import JsonObject

ALONE = 250
"""Up to so many assets nobody is clustered."""
FEW = 25
"""So many assets are drawn alone as soon as what they are inside of is opened."""
MAXIMUM_OPEN = 400
"""Assets of one opened cluster that are drawn alone."""


class Layout(StrEnum):
    """How the drawing is arranged."""

    PURDUE = "purdue"
    ZONE = "zone"
    CONNECTION = "connection"
    """The browser arranges by who talks to whom."""


FORMS: dict[str, tuple[AssetType, ...]] = {
    "controller": (AssetType.PLC, AssetType.RTU, AssetType.IED, AssetType.DCS_CONTROLLER, AssetType.ROBOT),
    "field": (AssetType.IO_ADAPTER, AssetType.DRIVE, AssetType.METER, AssetType.HVAC, AssetType.UPS),
    "station": (AssetType.HMI, AssetType.ENGINEERING_STATION, AssetType.WORKSTATION),
    "server": (
        AssetType.HISTORIAN,
        AssetType.DATABASE,
        AssetType.DOMAIN_CONTROLLER,
        AssetType.NTP_SERVER,
        AssetType.SERVER,
        AssetType.STORAGE,
    ),
    "network": (
        AssetType.SWITCH,
        AssetType.ROUTER,
        AssetType.FIREWALL,
        AssetType.ACCESS_POINT,
        AssetType.PROTOCOL_CONVERTER,
    ),
}
"""What is drawn in one form; the script has the form for each. Every other type is a circle."""
_FORM_OF = {type.value: form for form, types in FORMS.items() for type in types}


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
        return layer_of(self.level)

    def way(self, layout: Layout) -> tuple[str, ...]:
        """The clusters it can be inside of, the outermost first. Layers are told apart from the beginning."""
        return _way(layout, self.zone or "no zone", self.layer, self.type or "unknown")


@lru_cache(4096)
def _way(layout: Layout, zone: str, layer: str, type: str) -> tuple[str, ...]:
    inner = (f"{zone} / {layer}", f"{zone} / {layer} / {type}")
    return inner if layout is Layout.PURDUE else (zone, *inner)


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
    places: Places
    """Empty where the browser arranges."""
    frames: Sequence[Frame]
    path: tuple[int, ...]
    """Assets on the way that was asked for, in order; empty when there is none."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see."""

    layout: Layout = Layout.PURDUE
    open: frozenset[str] = field(default_factory=frozenset)
    ends: tuple[int, int] | None = None
    """Two assets to find the way between."""
    shown: frozenset[int] = frozenset()
    """Assets that are drawn alone, whatever they are inside of."""
    alone: int = ALONE


def draw(nodes: Sequence[Node], edges: Sequence[Edge], wish: Wish) -> Drawing:
    """The drawing of a network."""
    path = shortest_path(edges, *wish.ends) if wish.ends else ()
    home = _homes(nodes, wish, wish.shown.union(path))
    members: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        members[home[node.id]].append(node)
    spots = tuple(_spot(id, found) for id, found in sorted(members.items()))
    places, frames = _arranged(spots, wish.layout)
    return Drawing(spots, _lines(edges, home, path), places, frames, path)


def _homes(nodes: Sequence[Node], wish: Wish, shown: Collection[int]) -> dict[int, str]:
    """Where each asset is drawn: under its own number, or inside a cluster."""
    if len(nodes) <= wish.alone:
        return {node.id: str(node.id) for node in nodes}
    ways = {node.id: node.way(wish.layout) for node in nodes}
    outermost = {way[0] for way in ways.values()}
    sizes = Counter(cluster for way in ways.values() for cluster in way[1:])
    opened = wish.open.union(cluster for cluster, size in sizes.items() if size <= FEW)
    if len(outermost) == 1:
        opened |= outermost
    drawn: dict[str, int] = defaultdict(int)
    homes: dict[int, str] = {}
    for node in nodes:
        closed = next((cluster for cluster in ways[node.id] if cluster not in opened), "")
        innermost = ways[node.id][-1]
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
        label=(first.name or first.address)
        if alone
        else f"{id.rpartition(' / ')[2]} ({len(members):,})".replace(",", "\u202f"),
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


def _arranged(spots: Sequence[Spot], layout: Layout) -> tuple[Places, list[Frame]]:
    match layout:
        case Layout.PURDUE:
            return by_layer(spots)
        case Layout.ZONE:
            return by_zone(spots)
        case Layout.CONNECTION:
            return {}, []


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
        "frames": [frame._asdict() for frame in drawing.frames],
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
        "form": _FORM_OF.get(node.type, "") if node else "",
        "address": node.address if node else "",
        "authorized": node.authorized if node else True,
        "important": node.important if node else False,
        "x": place[0] if place else None,
        "y": place[1] if place else None,
    }
