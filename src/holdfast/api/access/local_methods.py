"""The switches of local methods: what still uses one is listed first, then it goes off."""

from holdfast.access.local_usage import DeviceSource, InUse, in_use
from holdfast.access.settings import APPLICATION, LocalMethod
from holdfast.access.settings import KIND as SETTINGS
from holdfast.api.access.common import access, place, text
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

SHOWN = 1000
"""Of what uses a method; the count is of all."""


class LocalDevices:
    """The devices that use symmetric keys; the runtime registers the source as an extension."""

    def __init__(self, source: DeviceSource) -> None:
        self.source = source


def find_method(name: str) -> LocalMethod:
    """The method of this name. NotFoundError when there is none."""
    try:
        return LocalMethod(name)
    except ValueError:
        raise NotFoundError(f"Local methods are {', '.join(LocalMethod)}.") from None


def usage(request: ApiRequest, method: LocalMethod, organization: str) -> list[InUse]:
    """What uses the method at or below an organization, most recently used first.

    ForbiddenError for whoever may not read there how access is controlled.
    """
    services, control = request.services, access(request)
    node = place(request, organization)
    if not request.principal.allows(Permission.ACCESS_READ, node):
        raise ForbiddenError(f"What uses local methods at {node} takes {Permission.ACCESS_READ} there.")
    devices = services.extensions.get(LocalDevices)
    return in_use(
        services.store,
        control.directory.current(),
        control.traces,
        method,
        node,
        services.clock.now(),
        devices.source if isinstance(devices, LocalDevices) else lambda _node: (),
    )


def switch(request: ApiRequest, method: LocalMethod, organization: str, *, on: bool) -> Resource:
    """Allow a method at an organization (the application's id is empty), or allow it no more."""
    services, identity = request.services, organization or APPLICATION
    action = Action.PUT if services.store.get(SETTINGS, identity) is None else Action.MERGE
    body: JsonObject = {"localMethods": {method.value: on}}
    change = Change(action, SETTINGS, identity, body, organization=place(request, organization))
    changed = services.changes.apply(request.principal, change).resource
    assert changed is not None  # neither action deletes
    return changed


def _usage(request: ApiRequest) -> Reply:
    method = find_method(request.path["method"])
    return Reply(200, _shown(usage(request, method, request.query.get("organization", ""))))


def _shown(found: list[InUse]) -> JsonObject:
    return {
        "count": len(found),
        "value": [
            {
                "kind": used.kind,
                "id": used.id,
                "name": used.name,
                "organizationPath": used.organization,
                "lastUsed": isoformat(used.last_used) if used.last_used else None,
            }
            for used in found[:SHOWN]
        ],
    }


def _switch(request: ApiRequest) -> Reply:
    """Off takes `confirm`, the count that was listed: what came since has to be looked at too."""
    method, body = find_method(request.path["method"]), request.object()
    organization, on, confirmed = text(body, "organization", ""), body.get("on"), body.get("confirm", 0)
    if not isinstance(on, bool) or isinstance(confirmed, bool) or not isinstance(confirmed, int):
        raise InvalidError("on must be true or false, and confirm a number.", "/on")
    found = [] if on else usage(request, method, organization)
    if len(found) > confirmed:
        refusal = MethodInUseError(
            f"{len(found)} still use it; look at them, then send their number as confirm."
        )
        error: JsonObject = {"code": refusal.code, "message": str(refusal)}
        return Reply(refusal.status, {"error": error, **_shown(found)}, {"x-ms-error-code": refusal.code})
    switch(request, method, organization, on=on)
    return Reply(200, {"on": on, **_shown(found)})


class MethodInUseError(ConflictError):
    """A local method is to be switched off that something still uses."""

    code = "MethodInUse"


_METHOD = "/api/access/localMethods/{method}"

ROUTES = [
    Route("GET", f"{_METHOD}/usage", Permission.ACCESS_READ, _usage, "What still uses a local method"),
    Route(
        "POST",
        f"{_METHOD}/switch",
        Permission.ACCESS_MANAGE,
        _switch,
        "Switch a local method on, or off once what uses it was looked at",
    ),
]
