"""`/api/users`, `/api/roles`, `/api/organizations`, `/api/apiTokens`: who may do what, and where."""

from operator import attrgetter

import msgspec

from holdfast.access.control import AccessControl
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.access.people.organizations import put_organization
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import user_change
from holdfast.access.roles.builtin import Role
from holdfast.access.roles.custom import all_roles, find_role
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.api.central.common import (
    MERGE,
    VERSIONS,
    applied,
    listing,
    next_link,
    page_size,
    parameter,
    removed,
    text_field,
    visible,
)
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.query.fields import TableFields
from holdfast.devices.query.odata import parse_order
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, merge_patch
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Resource

# Users

_PUBLISHED = {
    "email": ("type", "email", "roles"),
    "servicePrincipal": ("type", "tenantId", "objectId", "roles"),
    "adGroup": ("type", "tenantId", "objectId", "roles"),
}
_USER_FIELDS = TableFields(
    {"id": "@id", **{name: name for name in ("type", "email", "displayName", "tenantId", "objectId")}}
)
_ORGANIZATION_FIELDS = TableFields({"id": "@id", "displayName": "displayName", "parent": "parent"})
_OURS = ("displayName", "enabled", "breakGlass")
"""What only the console and the command line say about a user; a replacement over this API keeps it."""


def _user_shown(user: Resource) -> JsonObject:
    fields = _PUBLISHED[str(user.body["type"])]
    return {"id": user.id, **{name: user.body[name] for name in fields}}


def _list_users(request: ApiRequest) -> Reply:
    return listing(request, USER, Permission.USER_READ, _user_shown, _USER_FIELDS)


def _user(request: ApiRequest) -> Resource:
    return visible(request, USER, request.path["user"], Permission.USER_READ)


def _get_user(request: ApiRequest) -> Reply:
    return Reply(200, _user_shown(_user(request)))


def _user_fields(body: JsonObject) -> JsonObject:
    """The published fields. InvalidError for a type that there is not, or without any role."""
    kind = body.get("type")
    if not isinstance(kind, str) or kind not in _PUBLISHED:
        raise InvalidError(f"type must be one of {', '.join(_PUBLISHED)}.", "/type")
    if not body.get("roles"):
        raise InvalidError("roles must name at least one role.", "/roles")
    return {name: body[name] for name in _PUBLISHED[kind] if name in body}


def _put_user(request: ApiRequest) -> Reply:
    store, id = request.services.store, request.path["user"]
    fields = _user_fields(request.object())
    before = store.get(USER, id)
    kept = {name: before.body[name] for name in _OURS if name in before.body} if before else {}
    change = user_change(store, Action.PUT, id, {**kept, **fields}, if_match=request.if_match)
    return Reply(200, _user_shown(applied(request, change)))


def _patch_user(request: ApiRequest) -> Reply:
    before = _user(request)
    merged = merge_patch(_user_shown(before), request.object())
    assert isinstance(merged, dict)
    kept = {name: before.body[name] for name in _OURS if name in before.body}
    change = user_change(
        request.services.store,
        Action.PUT,
        before.id,
        {**kept, **_user_fields(merged)},
        if_match=request.if_match or before.etag,
    )
    return Reply(200, _user_shown(applied(request, change)))


def _delete_user(request: ApiRequest) -> Reply:
    return removed(request, USER, request.path["user"], Permission.USER_READ)


# Roles: built-in and custom ones are one list, and a short one.


def _role_shown(role: Role) -> JsonObject:
    return {"id": role.id, "displayName": role.name}


def _list_roles(request: ApiRequest) -> Reply:
    if parameter(request, "$filter", "filter"):
        raise InvalidError("The few roles are not filtered; read them without $filter.", "$filter")
    roles = list(all_roles(request.services.store))
    if order := parameter(request, "$orderby", "orderby"):
        asked = parse_order(order, {"displayName": "name", "id": "id"})
        roles.sort(key=attrgetter(asked.path), reverse=asked.descending)
    after, size = parameter(request, "$skiptoken"), page_size(request)
    ids = [role.id for role in roles]
    if after and after not in ids:
        raise InvalidError("The $skiptoken is not one of this list.", "$skiptoken")
    start = ids.index(after) + 1 if after else 0
    body: JsonObject = {"value": [_role_shown(role) for role in roles[start : start + size]]}
    if start + size < len(roles):
        body["nextLink"] = next_link(request, ids[start + size - 1])
    return Reply(200, body)


def _get_role(request: ApiRequest) -> Reply:
    role = find_role(request.services.store, request.path["role"])
    if role is None:
        raise NotFoundError(f"There is no role {request.path['role']}.")
    return Reply(200, _role_shown(role))


# Organizations


def _organization_shown(organization: Resource) -> JsonObject:
    shown: JsonObject = {"id": organization.id, "displayName": organization.body["displayName"]}
    if organization.body.get("parent"):
        shown["parent"] = organization.body["parent"]
    return shown


def _list_organizations(request: ApiRequest) -> Reply:
    return listing(
        request, ORGANIZATION, Permission.ORGANIZATION_READ, _organization_shown, _ORGANIZATION_FIELDS
    )


def _organization(request: ApiRequest) -> Resource:
    return visible(request, ORGANIZATION, request.path["organization"], Permission.ORGANIZATION_READ)


def _get_organization(request: ApiRequest) -> Reply:
    return Reply(200, _organization_shown(_organization(request)))


def _put_fields(request: ApiRequest, given: JsonObject) -> Reply:
    id = request.path["organization"]
    body: JsonObject = {
        "displayName": text_field(given, "displayName", id),
        "parent": text_field(given, "parent"),
    }
    change = put_organization(request.services.store, id, body, request.if_match)
    return Reply(200, _organization_shown(applied(request, change)))


def _put_organization(request: ApiRequest) -> Reply:
    return _put_fields(request, request.object())


def _patch_organization(request: ApiRequest) -> Reply:
    merged = merge_patch(_organization_shown(_organization(request)), request.object())
    assert isinstance(merged, dict)
    return _put_fields(request, merged)


def _delete_organization(request: ApiRequest) -> Reply:
    return removed(request, ORGANIZATION, request.path["organization"], Permission.ORGANIZATION_READ)


# API tokens


def _token_shown(token: Resource) -> JsonObject:
    return {"id": token.id, "roles": token.body["roles"], "expiry": token.body["expiry"]}


def _list_tokens(request: ApiRequest) -> Reply:
    return listing(request, API_TOKEN, Permission.API_TOKEN_READ, _token_shown)


def _get_token(request: ApiRequest) -> Reply:
    token = visible(request, API_TOKEN, request.path["token"], Permission.API_TOKEN_READ)
    return Reply(200, _token_shown(token))


def _put_token(request: ApiRequest) -> Reply:
    given = request.object()
    try:
        roles = msgspec.convert(given.get("roles"), list[Assignment])
    except msgspec.ValidationError as error:
        raise InvalidError(f"roles must be a list of role assignments: {error}.", "/roles") from None
    tokens = request.services.extension(AccessControl).tokens
    made, text = tokens.issue(request.principal, request.path["token"], roles, text_field(given, "expiry"))
    return Reply(200, {**_token_shown(made), "token": text})


def _delete_token(request: ApiRequest) -> Reply:
    return removed(request, API_TOKEN, request.path["token"], Permission.API_TOKEN_READ)


_USERS, _A_USER = "/api/users", "/api/users/{user}"
_ORGANIZATIONS, _AN_ORGANIZATION = "/api/organizations", "/api/organizations/{organization}"
_TOKENS, _A_TOKEN = "/api/apiTokens", "/api/apiTokens/{token}"
_USER_UPDATE, _TOKEN_READ = Permission.USER_UPDATE, Permission.API_TOKEN_READ
_ORG_READ, _ORG_MANAGE = Permission.ORGANIZATION_READ, Permission.ORGANIZATION_MANAGE

ROUTES = [
    Route("GET", _USERS, Permission.USER_READ, _list_users, "List users", VERSIONS),
    Route("GET", _A_USER, Permission.USER_READ, _get_user, "Read a user", VERSIONS),
    Route("PUT", _A_USER, Permission.USER_CREATE, _put_user, "Create or replace a user", VERSIONS),
    Route("PATCH", _A_USER, _USER_UPDATE, _patch_user, "Change a user", VERSIONS, MERGE),
    Route("DELETE", _A_USER, Permission.USER_DELETE, _delete_user, "Delete a user", VERSIONS),
    Route("GET", "/api/roles", Permission.ROLE_READ, _list_roles, "List roles", VERSIONS),
    Route("GET", "/api/roles/{role}", Permission.ROLE_READ, _get_role, "Read a role", VERSIONS),
    Route("GET", _ORGANIZATIONS, _ORG_READ, _list_organizations, "List organizations", VERSIONS),
    Route("GET", _AN_ORGANIZATION, _ORG_READ, _get_organization, "Read an organization", VERSIONS),
    Route("PUT", _AN_ORGANIZATION, _ORG_MANAGE, _put_organization, "Create, rename or move one", VERSIONS),
    Route("PATCH", _AN_ORGANIZATION, _ORG_MANAGE, _patch_organization, "Rename or move one", VERSIONS, MERGE),
    Route("DELETE", _AN_ORGANIZATION, _ORG_MANAGE, _delete_organization, "Delete an empty one", VERSIONS),
    Route("GET", _TOKENS, _TOKEN_READ, _list_tokens, "List API tokens", VERSIONS),
    Route("GET", _A_TOKEN, _TOKEN_READ, _get_token, "Read an API token, without its text", VERSIONS),
    Route("PUT", _A_TOKEN, Permission.API_TOKEN_CREATE, _put_token, "Make an API token", VERSIONS),
    Route("DELETE", _A_TOKEN, Permission.API_TOKEN_DELETE, _delete_token, "Revoke an API token", VERSIONS),
]
