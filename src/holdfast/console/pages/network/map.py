"""The map: assets and who talks to whom, drawn by Purdue layer, by zone or by connection."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from starlette.responses import Response

from holdfast.alerts.model import Severity
from holdfast.api.defender.common import network
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.graph import Drawing, Edge, Layout, Node, Spot, Wish, document, draw
from holdfast.console.pages.network.inventory import READ, asset_page
from holdfast.console.rendering import fragment, page
from holdfast.defender.network.graph import GraphLink, GraphNode
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.organizations import name as zone_of

MAXIMUM_OPENED = 50
LISTED = 300


class _Asked(NamedTuple):
    """The drawing that the address asks for."""

    drawing: Drawing
    told: str
    """What came of looking for a way or an asset, as a sentence; empty when none was asked for."""
    focus: str
    """The drawn asset that the address asks to tell of."""


def _layout(request: ApiRequest) -> Layout:
    layout = request.query.get("layout", Layout.PURDUE)
    if layout not in list(Layout):
        raise InvalidError(f"The layout is one of {', '.join(Layout)}.", "layout")
    return Layout(layout)


def _opened(request: ApiRequest) -> list[str]:
    asked = [value for key, value in parse_qsl(urlsplit(request.url).query) if key == "open"]
    return asked[:MAXIMUM_OPENED]


def _drawn(request: ApiRequest) -> _Asked:
    seen, links = network(request).graph(request.principal.reach(READ))
    zones = {place: zone_of(OrganizationPath(place)) for place in {node.organization for node in seen}}
    nodes = [_node(node, zones) for node in seen]
    names = [name for end in ("begin", "end") if (name := request.query.get(end, "").strip())]
    found = [_named(nodes, name) for name in names]
    ends = (found[0].id, found[1].id) if len(found) == 2 and found[0] and found[1] else None
    sought = request.query.get("focus", "").strip()
    focus = _named(nodes, sought) if sought else None
    wish = Wish(_layout(request), frozenset(_opened(request)), ends, frozenset({focus.id} if focus else ()))
    drawing = draw(nodes, list(map(_edge, links)), wish)
    if sought and focus is None:
        return _Asked(drawing, _unknown(sought), "")
    told = _told(names, found, drawing.path) if len(names) == 2 else ""
    return _Asked(drawing, told, str(focus.id) if focus else "")


def _named(nodes: Sequence[Node], name: str) -> Node | None:
    """The asset with this number, address or name."""
    text = name.casefold()
    return next((n for n in nodes if text in (str(n.id), n.address.casefold(), n.name.casefold())), None)


def _unknown(name: str) -> str:
    return f"There is no asset “{name[:80]}”; write its name or address as the inventory has it."


def _told(names: Sequence[str], found: Sequence[Node | None], path: Sequence[int]) -> str:
    for name, node in zip(names, found, strict=True):
        if node is None:
            return _unknown(name)
    if not path:
        return "There is no way between the two, as far as was seen."
    steps = len(path) - 1
    return f"The shortest way has {steps} step{'' if steps == 1 else 's'}; it is drawn thick."


def _node(node: GraphNode, zones: Mapping[str, str]) -> Node:
    return Node(
        node.number,
        node.name,
        node.address,
        node.type,
        node.level,
        zones[node.organization],
        100.0 if node.score is None else node.score,
        _ALARMS[node.alarm],
        node.authorized,
        node.important,
    )


_ALARMS = {0: "", **{severity.rank: severity.value for severity in Severity}}


def _edge(link: GraphLink) -> Edge:
    return Edge(link.source, link.target, _texts(link.protocols), link.octets, link.last)


_texts = msgspec.json.Decoder(tuple[str, ...]).decode


def _page(request: ApiRequest) -> Response:
    """The page without the drawing: its script asks for that, so that something is seen at once."""
    query = request.url.partition("?")[2]
    return page(
        request,
        "network_map.html",
        layouts=list(Layout),
        layout=_layout(request),
        begin=request.query.get("begin", ""),
        end=request.query.get("end", ""),
        focus=request.query.get("focus", ""),
        opened=_opened(request),
        data=f"/network/map/data?{query}",
        listed=f"/network/map/list?{query}",
        total=network(request).counts(request.principal.reach(READ))["assets"],
    )


def _data(request: ApiRequest) -> Reply:
    drawing, told, focus = _drawn(request)
    return Reply(200, {**document(drawing), "told": told, "focus": focus})


def _list(request: ApiRequest) -> Response:
    """The same without a canvas: as a part of the map's page, or as a page of its own."""
    drawing, told, _focus = _drawn(request)
    query = request.url.partition("?")[2]
    worst = sorted(drawing.spots, key=lambda spot: spot.score)
    spots = [(spot, _link(spot, query)) for spot in worst[:LISTED]]
    left_out = len(worst[LISTED:])
    if request.headers.get("hx-request") == "true":
        return fragment("network_map_table.html", spots=spots, left_out=left_out)
    back = f"/network/map?{query}"
    return page(request, "network_map_list.html", spots=spots, left_out=left_out, back=back, told=told)


def _link(spot: Spot, query: str) -> str:
    """Where a thing on the map leads: an asset to its page, a cluster to the map with it opened."""
    if spot.node:
        return asset_page(spot.node.id)
    return f"/network/map?{query}&{urlencode({'open': spot.id})}"


ROUTES = [
    Route("GET", "/network/map", READ, _page, "Network map", is_page=True),
    Route("GET", "/network/map/data", READ, _data, "The map's drawing"),
    Route("GET", "/network/map/list", READ, _list, "The map as a list", is_page=True),
]
