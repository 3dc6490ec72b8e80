"""Making dashboards, and changing them: tiles one by one, their places all at once."""

import msgspec
from starlette.responses import Response

from holdfast.access.people.organizations import path_of
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.addresses import page_of
from holdfast.console.dashboards.tiles import (
    AGGREGATES,
    DURATIONS,
    TYPES,
    read_tiles,
    tile_body,
)
from holdfast.console.pages.dashboards.shown import READ, dashboard_of, may_change, own_table
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.devices.dashboards import DASHBOARD
from holdfast.devices.groups import DEVICE_GROUP
from holdfast.kernel.errors import ForbiddenError, HoldfastError, InvalidError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Query

_PLACE = ("x", "y", "width", "height")


def _create(request: ApiRequest) -> Response:
    fields, services = read_form(request), request.services
    personal = fields.get("whose") == "personal"
    body: JsonObject = {
        "displayName": fields.get("name", "").strip(),
        "owner": request.principal.id if personal else "",
    }
    id = new_id(services.clock, services.randomness)
    try:
        place = path_of(services.store, fields.get("organization", ""))
        change = Change(
            Action.CREATE, DASHBOARD, id, body, organization=place, permission=READ if personal else None
        )
        services.changes.apply(request.principal, change)
    except HoldfastError as error:
        shown = own_table(request).show(request)
        return page(
            request, "dashboards.html", status=error.status, table=shown, problem=str(error), may_share=True
        )
    return redirect(page_of("dashboards", id) + "/edit")


def _editable(request: ApiRequest) -> Resource:
    dashboard = dashboard_of(request)
    if not may_change(request, dashboard):
        raise ForbiddenError("You may look at this dashboard and not change it; make one of your own.")
    return dashboard


def _save(request: ApiRequest, dashboard: Resource, body: JsonObject) -> None:
    """A dashboard of one's own takes no permission beyond seeing dashboards."""
    own = dashboard.body.get("owner") == request.principal.id
    change = Change(
        Action.MERGE, DASHBOARD, dashboard.id, body, if_match=dashboard.etag, permission=READ if own else None
    )
    request.services.changes.apply(request.principal, change)


def _edit(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    dashboard = _editable(request)
    return page(
        request,
        "dashboard_edit.html",
        status=status,
        problem=problem,
        dashboard=dashboard,
        address=page_of("dashboards", dashboard.id),
        tiles=read_tiles(dashboard.body),
        types=TYPES,
        aggregates=AGGREGATES,
        durations=list(DURATIONS),
        groups=_groups(request),
    )


def _groups(request: ApiRequest) -> list[Resource]:
    reach = request.principal.reach(Permission.DEVICE_GROUP_READ)
    return list(request.services.store.find(Query(DEVICE_GROUP, reach, limit=500)).items)


def _change(request: ApiRequest) -> Response:
    dashboard, fields = _editable(request), read_form(request)
    given = dashboard.body.get("tiles")
    tiles = list(given) if isinstance(given, list) else []
    try:
        _save(request, dashboard, _patch(request, dashboard, tiles, fields))
    except HoldfastError as error:
        return _edit(request, str(error), error.status)
    return redirect(
        page_of("dashboards", dashboard.id) + ("" if fields.get("action") == "favorite" else "/edit")
    )


def _patch(
    request: ApiRequest, dashboard: Resource, tiles: list[JsonValue], fields: dict[str, str]
) -> JsonObject:
    match fields.get("action"):
        case "rename":
            return {"displayName": fields.get("name", "").strip()}
        case "favorite":
            return {"favorites": _favorites(request, dashboard)}
        case "arrange":
            return {"tiles": _arranged(tiles, fields.get("places", ""))}
        case "add":
            width, height = TYPES[fields["type"]].size if fields.get("type") in TYPES else (4, 3)
            below = max((tile.y + tile.height for tile in read_tiles(dashboard.body)), default=0)
            return {"tiles": [*tiles, tile_body(fields, (0, below, width, height))]}
        case "remove":
            number = fields.get("tile", "")
            return {"tiles": [tile for n, tile in enumerate(tiles) if str(n) != number]}
    raise InvalidError("The page does not know this action; load it again.")


def _favorites(request: ApiRequest, dashboard: Resource) -> list[JsonValue]:
    held = dashboard.body.get("favorites")
    favorites: list[JsonValue] = [*held] if isinstance(held, list) else []
    if request.principal.id in favorites:
        return [person for person in favorites if person != request.principal.id]
    return [*favorites, request.principal.id]


def _arranged(tiles: list[JsonValue], text: str) -> list[JsonValue]:
    """The tiles at the places that the page gives: a list of [number, x, y, width, height]."""
    try:
        places = msgspec.json.decode(text, type=list[tuple[int, int, int, int, int]])
    except msgspec.DecodeError:
        raise InvalidError("The page did not say where the tiles are; load it again.", "places") from None
    arranged: list[JsonValue] = []
    for number, *place in places:
        tile = tiles[number] if 0 <= number < len(tiles) else None
        if isinstance(tile, dict):
            arranged.append({**tile, **dict(zip(_PLACE, place, strict=True))})
    return arranged


def _delete(request: ApiRequest) -> Response:
    read_form(request)
    dashboard = _editable(request)
    own = dashboard.body.get("owner") == request.principal.id
    change = Change(Action.DELETE, DASHBOARD, dashboard.id, permission=READ if own else None)
    request.services.changes.apply(request.principal, change)
    return redirect("/dashboards")


_ONE = "/dashboards/{dashboard}"
ROUTES = [
    Route("POST", "/dashboards", READ, _create, "Make a dashboard", content_types=FORM, is_page=True),
    Route("GET", _ONE + "/edit", READ, _edit, "Change a dashboard", is_page=True),
    Route("POST", _ONE + "/edit", READ, _change, "Change a dashboard", content_types=FORM, is_page=True),
    Route("POST", _ONE + "/delete", READ, _delete, "Delete a dashboard", content_types=FORM, is_page=True),
]
