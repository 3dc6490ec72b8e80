"""`/api/defender`: assets, connections, the map, the timeline, findings and risk."""

from holdfast.api.defender.common import filter_of, listed, network, page, reach
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.defender.network.filters import AssetFilter, ConnectionFilter, EventFilter
from holdfast.defender.network.kinds import ASSET
from holdfast.defender.network.risk import findings, zones
from holdfast.kernel.errors import ForbiddenError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change

_READ, _MANAGE = Permission.ASSET_READ, Permission.ASSET_MANAGE


def _number(request: ApiRequest) -> int:
    text = request.path["asset"]
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise NotFoundError(f"There is no asset {text}.")
    return int(text)


def _list(request: ApiRequest) -> Reply:
    wanted, order = filter_of(AssetFilter, request.query), request.query.get("sort") or "name"
    return listed(network(request).assets(reach(request, _READ), wanted, *page(request), order))


def _show(request: ApiRequest) -> Reply:
    return Reply(200, network(request).asset(reach(request, _READ), _number(request)))


def _edit(request: ApiRequest) -> Reply:
    """What a person says wins over what is seen; null takes a word back."""
    number = _number(request)
    asset = network(request).asset(reach(request, _READ), number)
    organization = OrganizationPath(str(asset["organization"]))
    asked = request.object()
    known = request.services.store.get(ASSET, str(number)) is not None
    action = Action.MERGE if known else Action.CREATE
    body: JsonObject = asked if known else {name: value for name, value in asked.items() if value is not None}
    change = Change(action, ASSET, str(number), body, organization, if_match=request.if_match)
    stored = request.services.changes.apply(request.principal, change).resource
    return Reply(200, {**asset, **(stored.body if stored is not None else {})})


def _remove(request: ApiRequest) -> Reply:
    """Forget it; if it is still there, it is found again, as a new one."""
    number = _number(request)
    asset = network(request).asset(reach(request, _READ), number)
    if not request.principal.allows(_MANAGE, OrganizationPath(str(asset["organization"]))):
        raise ForbiddenError(f"{request.principal.name} may not remove assets of {asset['organization']}.")
    if request.services.store.get(ASSET, str(number)) is not None:
        request.services.changes.apply(request.principal, Change(Action.DELETE, ASSET, str(number)))
    data: JsonObject = {member: asset[member] for member in ("name", "address", "organization")}
    request.services.changes.record(request.principal, f"{ASSET}.removed", resource=str(number), data=data)
    return Reply(204)


def _connections(request: ApiRequest) -> Reply:
    wanted = filter_of(ConnectionFilter, request.query)
    return listed(network(request).connections(reach(request, _READ), wanted, *page(request)))


def _map(request: ApiRequest) -> Reply:
    drawn = network(request).map(reach(request, _READ), filter_of(ConnectionFilter, request.query))
    return Reply(200, drawn)


def _events(request: ApiRequest) -> Reply:
    wanted = filter_of(EventFilter, request.query)
    return listed(network(request).events(reach(request, _READ), wanted, *page(request)))


def _risk(request: ApiRequest) -> Reply:
    return Reply(200, zones(network(request).zone_sums(reach(request, _READ))))


def _findings(request: ApiRequest) -> Reply:
    return Reply(200, {"value": list[JsonValue](findings(network(request).weak(reach(request, _READ))))})


def _overview(request: ApiRequest) -> Reply:
    nodes = reach(request, _READ)
    return Reply(200, network(request).counts(nodes))


_ONE = "/api/defender/assets/{asset}"
ROUTES = [
    Route("GET", "/api/defender/overview", _READ, _overview, "How much there is"),
    Route("GET", "/api/defender/assets", _READ, _list, "Assets"),
    Route("GET", _ONE, _READ, _show, "An asset with the origin of what is known of it"),
    Route("PATCH", _ONE, _MANAGE, _edit, "Say what an asset is, authorize it, link it to its device"),
    Route("DELETE", _ONE, _MANAGE, _remove, "Forget an asset"),
    Route("GET", "/api/defender/connections", _READ, _connections, "Who talks to whom"),
    Route("GET", "/api/defender/map", _READ, _map, "Assets and connections as a graph"),
    Route("GET", "/api/defender/events", _READ, _events, "The timeline"),
    Route("GET", "/api/defender/risk", _READ, _risk, "Scores of zones and sites"),
    Route("GET", "/api/defender/findings", _READ, _findings, "Weak points and who has them"),
]
