"""`/api/application`: the whole configuration of this application, every listener's rules included."""

from holdfast.access.application import APPLICATION
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, MANAGE = Permission.NETWORK_READ, Permission.NETWORK_MANAGE


def _shown(application: Resource) -> JsonObject:
    return {**application.body, "etag": f'"{application.etag}"'}


def _get(request: ApiRequest) -> Reply:
    application = request.services.store.get(APPLICATION, APPLICATION)
    if application is None:
        raise NotFoundError("The application's configuration is not there.")
    return Reply(200, _shown(application))


def _patch(request: ApiRequest) -> Reply:
    patch = {key: value for key, value in request.object().items() if key not in ("etag", "idScope")}
    change = Change(Action.MERGE, APPLICATION, APPLICATION, patch, if_match=request.if_match)
    stored = request.services.changes.apply(request.principal, change).resource
    assert stored is not None
    return Reply(200, _shown(stored))


_JSON = ("application/json", "application/merge-patch+json")
ROUTES = [
    Route("GET", "/api/application", READ, _get, "Read the application's configuration"),
    Route("PATCH", "/api/application", MANAGE, _patch, "Change it (JSON merge patch)", content_types=_JSON),
]
