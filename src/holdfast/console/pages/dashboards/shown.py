"""Dashboards: the list, and one as people look at it. Each tile asks for its own value."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.console.addresses import page_of
from holdfast.console.dashboards.tiles import Tile, layout, read_tiles
from holdfast.console.dashboards.values import VALUES, chart, sight
from holdfast.console.rendering import SECURITY_HEADERS, form_token, fragment, page
from holdfast.console.tables import Cell, Column, ResourceTable, belongs, name_column
from holdfast.devices.dashboards import DASHBOARD, of_person
from holdfast.kernel.errors import HoldfastError, NotFoundError
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource

READ, MANAGE = Permission.DASHBOARD_READ, Permission.DASHBOARD_MANAGE

TABLE = ResourceTable(
    id="dashboards",
    title="Dashboards",
    kind=DASHBOARD,
    permission=READ,
    columns=(
        name_column("dashboards"),
        Column("whose", "Whose", lambda d: Cell("yours alone" if d.body.get("owner") else "everybody's")),
        Column("tiles", "Tiles", lambda d: Cell(len(read_tiles(d.body)), "number")),
        Column("organization", "Organization", lambda d: belongs(d.organization), "@organization"),
        Column("modified", "Changed", lambda d: Cell(d.modified, "moment"), "@modified"),
    ),
    search=("displayName",),
    empty="There is no dashboard yet. Make one below, and put tiles on it.",
)


def dashboard_of(request: ApiRequest) -> Resource:
    """The dashboard of the address. NotFoundError where it is somebody else's."""
    found = visible(request, DASHBOARD, request.path["dashboard"], READ)
    if found.body.get("owner", "") not in ("", request.principal.id):
        raise NotFoundError(f"There is no dashboard {found.id}, or it is not yours.")
    return found


def may_change(request: ApiRequest, dashboard: Resource) -> bool:
    """Whether it may be changed: one's own always, those of an organization with the permission."""
    own = dashboard.body.get("owner") == request.principal.id
    return own or request.principal.allows(MANAGE, dashboard.organization)


def own_table(request: ApiRequest) -> ResourceTable:
    """The table without other people's dashboards."""
    return replace(TABLE, where=of_person(request.principal.id))


def _list(request: ApiRequest) -> Response:
    table = own_table(request)
    if request.query.get("format") == "csv":
        return table.csv(request)
    may_share = bool(request.principal.reach(MANAGE))
    return page(request, "dashboards.html", table=table.show(request), problem="", may_share=may_share)


def _page(request: ApiRequest) -> Response:
    dashboard = dashboard_of(request)
    favorites = dashboard.body.get("favorites")
    return page(
        request,
        "dashboard.html",
        dashboard=dashboard,
        address=page_of("dashboards", dashboard.id),
        tiles=read_tiles(dashboard.body),
        may_change=may_change(request, dashboard),
        favorite=isinstance(favorites, list) and request.principal.id in favorites,
    )


def _layout(request: ApiRequest) -> Response:
    rules = layout(read_tiles(dashboard_of(request).body))
    return Response(rules, 200, SECURITY_HEADERS, "text/css")


def _tile(request: ApiRequest) -> Tile:
    tiles = {str(tile.number): tile for tile in read_tiles(dashboard_of(request).body)}
    found = tiles.get(request.path["tile"])
    if found is None:
        raise NotFoundError("The tile is gone; load the dashboard again.")
    return found


def _value(request: ApiRequest) -> Response:
    """What is inside of a tile. What is wrong with one tile is said there, and the others go on."""
    tile = _tile(request)
    kind = tile.kind
    if kind is None or kind.drawn not in VALUES:
        drawn = "are drawn by the browser" if kind else "are not known here"
        return fragment("tile_unknown.html", tile=tile, problem=f"Tiles of type {tile.type} {drawn}.")
    try:
        seen = sight(request, tile)
        shown: dict[str, Any] = VALUES[kind.drawn](seen)  # Any: what the tile's own template takes
    except HoldfastError as error:
        return fragment("tile_unknown.html", tile=tile, problem=str(error))
    token = form_token(request)
    return fragment(f"tile_{kind.drawn}.html", tile=tile, devices=seen.devices, form_token=token, **shown)


def _series(request: ApiRequest) -> Reply:
    return Reply(200, chart(sight(request, _tile(request))))


_ONE = "/dashboards/{dashboard}"
ROUTES = [
    Route("GET", "/dashboards", READ, _list, "Dashboards", is_page=True),
    Route("GET", _ONE, READ, _page, "Dashboard", is_page=True),
    Route("GET", _ONE + "/layout.css", READ, _layout, "Where its tiles stand", is_page=True),
    Route("GET", _ONE + "/tiles/{tile}", READ, _value, "What a tile shows", is_page=True),
    Route("GET", _ONE + "/tiles/{tile}/series", READ, _series, "What a chart draws"),
]
