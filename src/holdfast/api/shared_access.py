"""`/api/sharedAccessPolicies`: keys that sign for every device, see `devices.shared_access`."""

from holdfast.api.central.common import applied, etag, listing, removed, visible, without
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY, completed, rotated
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, MANAGE = Permission.ENROLLMENT_READ, Permission.ENROLLMENT_MANAGE
_KEYS = ("primaryKey", "secondaryKey")


def _listed(policy: Resource) -> JsonObject:
    return {"id": policy.id, "enabled": policy.body["enabled"], "etag": etag(policy)}


def _shown(policy: Resource) -> JsonObject:
    return {**_listed(policy), **{name: policy.body[name] for name in _KEYS}}


def _list(request: ApiRequest) -> Reply:
    return listing(request, SHARED_ACCESS_POLICY, READ, _listed)


def _policy(request: ApiRequest) -> Resource:
    return visible(request, SHARED_ACCESS_POLICY, request.path["policy"], READ)


def _get(request: ApiRequest) -> Reply:
    policy = _policy(request)
    request.services.changes.record(
        request.principal, f"{SHARED_ACCESS_POLICY}.keys-read", resource=policy.id
    )
    return Reply(200, _shown(policy))


def _put(request: ApiRequest) -> Reply:
    policy, services = request.path["policy"], request.services
    present = services.store.get(SHARED_ACCESS_POLICY, policy)
    given = without(request.object(), "id", "etag")
    body = completed(given, present.body if present is not None else None, services.randomness)
    change = Change(Action.PUT, SHARED_ACCESS_POLICY, policy, body, if_match=request.if_match)
    return Reply(200, _shown(applied(request, change)))


def _rotate(request: ApiRequest) -> Reply:
    policy = _policy(request)
    body = rotated(policy.body, request.services.randomness)
    change = Change(Action.PUT, SHARED_ACCESS_POLICY, policy.id, body, if_match=policy.etag)
    return Reply(200, _shown(applied(request, change)))


def _delete(request: ApiRequest) -> Reply:
    return removed(request, SHARED_ACCESS_POLICY, request.path["policy"], READ)


_ALL, _ONE = "/api/sharedAccessPolicies", "/api/sharedAccessPolicies/{policy}"

ROUTES = [
    Route("GET", _ALL, READ, _list, "List shared access policies, without their keys"),
    Route("GET", _ONE, READ, _get, "Read a shared access policy with its keys"),
    Route(
        "PUT", _ONE, MANAGE, _put, "Create or change a shared access policy; keys that it has not are made"
    ),
    Route("POST", f"{_ONE}/rotate", MANAGE, _rotate, "A new primary key; the former becomes the secondary"),
    Route("DELETE", _ONE, MANAGE, _delete, "Delete a shared access policy"),
]
