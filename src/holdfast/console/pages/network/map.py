"""The map: assets and who talks to whom, drawn by Purdue layer, by zone or by connection."""

from urllib.parse import parse_qsl, urlsplit

from starlette.responses import Response

from holdfast.alerts.model import Severity
from holdfast.api.defender.assets import all_assets
from holdfast.api.defender.common import network, open_alerts
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.graph import Drawing, Edge, Layout, Node, Wish, document, draw
from holdfast.console.moments import seconds_of
from holdfast.console.pages.network.inventory import READ, asset_page
from holdfast.console.rendering import page
from holdfast.defender.network.risk import Parties, asset_risk
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue

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
    alerts = open_alerts(request)
    nodes = [_node(asset, alerts) for asset in all_assets(request)]
    edges = network(request).map(request.principal.reach(READ))["edges"]
    assert isinstance(edges, list)
    return draw(nodes, [_edge(edge) for edge in edges if isinstance(edge, dict)], _wish(request))


def _node(asset: JsonObject, alerts: Parties) -> Node:
    level = asset.get("purdue_level")
    addresses = [*_list(asset["ip_addresses"]), *_list(asset["mac_addresses"])]
    own = [alert for a in addresses for alert in alerts.get((str(asset["organization"]), str(a)), ())]
    worst: Severity | None = max((alert.severity for alert in own), key=lambda s: s.rank, default=None)
    return Node(
        id=int(str(asset["id"])),
        name=str(asset["name"] or ""),
        address=str(asset["address"]),
        type=str(asset["type"] or ""),
        level=float(level) if isinstance(level, int | float) else None,
        zone=str(asset["zone"] or ""),
        score=asset_risk(asset, alerts).score,
        alarm=worst.value if worst else "",
        authorized=asset["authorized"] is True,
        important=asset["important"] is True,
    )


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _edge(edge: JsonObject) -> Edge:
    return Edge(
        int(str(edge["source"])),
        int(str(edge["target"])),
        tuple(str(name) for name in _list(edge["protocols"])),
        int(str(edge["octets"])),
        seconds_of(edge["last_seen"]) or 0.0,
    )


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
