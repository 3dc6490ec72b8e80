"""The map: assets and who talks to whom, drawn by Purdue layer, by zone or by connection."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.responses import Response

from holdfast.alerts.model import Severity
from holdfast.api.defender.common import network
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.graph import Drawing, Edge, Layout, Node, Wish, document, draw
from holdfast.console.pages.network.inventory import READ, asset_page
from holdfast.console.rendering import page
from holdfast.defender.network.graph import GraphLink, GraphNode
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.organizations import name as zone_of

MAXIMUM_OPENED = 50
LISTED = 300


def _wish(request: ApiRequest) -> Wish:
    query = request.query
    layout = query.get("layout", Layout.PURDUE)
    if layout not in list(Layout):
        raise InvalidError(f"The layout is one of {', '.join(Layout)}.", "layout")
    opened = [value for key, value in parse_qsl(urlsplit(request.url).query) if key == "open"]
    ends = [int(t) for n in ("begin", "end") if (t := query.get(n, "")).isdecimal() and len(t) < 16]
    return Wish(
        Layout(layout),
        frozenset(opened[:MAXIMUM_OPENED]),
        (ends[0], ends[1]) if len(ends) == 2 else None,
    )


def _drawing(request: ApiRequest) -> Drawing:
    nodes, links = network(request).graph(request.principal.reach(READ))
    zones = {place: zone_of(OrganizationPath(place)) for place in {node.organization for node in nodes}}
    return draw([_node(node, zones) for node in nodes], list(map(_edge, links)), _wish(request))


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
    wish, drawing = _wish(request), _drawing(request)
    return page(
        request,
        "network_map.html",
        layouts=list(Layout),
        layout=wish.layout,
        begin=request.query.get("begin", ""),
        end=request.query.get("end", ""),
        asked=bool(wish.ends),
        opened=sorted(wish.open),
        data=f"/network/map/data?{request.url.partition('?')[2]}",
        spots=[
            (spot, asset_page(spot.node.id) if spot.node else "")
            for spot in sorted(drawing.spots, key=lambda s: s.score)[:LISTED]
        ],
        total=sum(spot.members for spot in drawing.spots),
        path=drawing.path,
    )


def _data(request: ApiRequest) -> Reply:
    return Reply(200, document(_drawing(request)))


ROUTES = [
    Route("GET", "/network/map", READ, _page, "Network map", is_page=True),
    Route("GET", "/network/map/data", READ, _data, "The map's drawing"),
]
