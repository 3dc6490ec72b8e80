"""The overview: how the fleet is, what is new, what needs a decision; the guide on a new instance."""

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.console.rendering import page
from holdfast.devices.device import DEVICE
from holdfast.kernel.permissions import Permission
from holdfast.resources.query import All, Compare, Operator


def _count(request: ApiRequest, *conditions: Compare) -> int:
    reach = request.principal.reach(Permission.DEVICE_READ)
    return request.services.store.count(DEVICE, reach, All(conditions) if conditions else None)


def _overview(request: ApiRequest) -> Response:
    blocked = Compare("enabled", Operator.EQUAL, False)
    provisioned = Compare("provisioned", Operator.EQUAL, True)
    waiting = Compare("provisioned", Operator.EQUAL, False)
    services = request.services
    connected = services.wait(services.cluster.sessions.count())
    cards = [
        ("Devices", _count(request), "/devices"),
        ("Connected now", connected, "/devices?filter="),
        ("Provisioned", _count(request, provisioned), "/devices"),
        ("Waiting for approval", _count(request, blocked, waiting), "/devices"),
        ("Blocked", _count(request, blocked, provisioned), "/devices"),
    ]
    may_read = request.principal.allows(Permission.AUDIT_READ)
    recent = services.events.search(limit=10) if may_read else []
    return page(
        request, "overview.html", cards=cards, recent=recent, host=services.host, scope=services.id_scope
    )


ROUTES = [Route("GET", "/", Permission.DEVICE_READ, _overview, "Overview", is_page=True)]
