"""Policies in the shapes of Azure: `Microsoft.Authorization` and `Microsoft.PolicyInsights`."""

import re
from functools import partial
from urllib.parse import urlencode

from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.policy.azure.resources import (
    BUILT_IN,
    CUSTOM,
    INSIGHTS,
    PATCHED,
    PolicyResources,
    deployments,
    provider_of,
)
from holdfast.policy.azure.states import MAXIMUM
from holdfast.policy.azure.versions import PolicyVersions
from holdfast.policy.kinds.names import COLLECTIONS, REMEDIATION, VERSIONS_OF
from holdfast.policy.kinds.table import POLICY_KINDS
from holdfast.policy.remediation.kind import REMEDIATION_KIND
from holdfast.resources.model import Kind

BODY = 4 * 1024 * 1024
"""Initiatives have up to a thousand definitions; as large as Azure Resource Manager takes."""
SCOPES = (
    "",
    "/subscriptions/{subscription}",
    "/subscriptions/{subscription}/resourceGroups/{group}",
    "/providers/Microsoft.Management/managementGroups/{management_group}",
    "/organizations/{organization:path}",
)
"""What may stand before the provider. Subscription, resource group and management group are names that the
caller chooses, as for `iot_apps`: they mean the whole application, as nothing does."""
READ, REMEDIATE = Permission.POLICY_READ, Permission.POLICY_REMEDIATE


def _resources(request: ApiRequest) -> PolicyResources:
    return PolicyResources(request.services.store, request.services.changes)


def place(request: ApiRequest) -> OrganizationPath:
    """The organization that stands before the provider, or all of them."""
    organization = request.path.get("organization", "")
    return OrganizationPath(f"/{organization.strip('/')}/") if organization else ROOT


def _list(kind: Kind, request: ApiRequest) -> Reply:
    limit = number(request, "$top", 100)
    found, following = _resources(request).list(
        request.principal, kind.name, limit, request.query.get("$skiptoken", ""), _origin(kind, request)
    )
    value: list[JsonValue] = [*found]
    body: JsonObject = {"value": value}
    if following:
        query = urlencode({**request.query, "$skiptoken": following})
        body["nextLink"] = f"{request.url.partition('?')[0]}?{query}"
    return Reply(200, body)


def number(request: ApiRequest, name: str, default: int) -> int:
    """A parameter that bounds a list. InvalidError."""
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAXIMUM):
        raise InvalidError(f"{name} must be 1 to {MAXIMUM}.", name)
    return int(text)


def _origin(kind: Kind, request: ApiRequest) -> str:
    """Whether what is built in is wanted alone, or what is not; `atScope()` changes nothing: all lists are
    of the one application. InvalidError for any other filter."""
    text = request.query.get("$filter", "").strip()
    if not text or (kind.name not in VERSIONS_OF and text.lower() in _EVERYTHING):
        return ""
    found = _POLICY_TYPE.fullmatch(text) if kind.name in VERSIONS_OF else None
    if found is None:
        wanted = "policyType eq 'Custom'" if kind.name in VERSIONS_OF else " or ".join(_EVERYTHING)
        raise InvalidError(f"The $filter of this list can be {wanted}.", "$filter")
    return CUSTOM if found[1].lower() == CUSTOM else BUILT_IN


_EVERYTHING = ("atscope()", "atexactscope()")
_POLICY_TYPE = re.compile(r"policyType\s+eq\s+'(Custom|BuiltIn|Static)'", re.IGNORECASE)


def _get(kind: Kind, request: ApiRequest) -> Reply:
    return Reply(200, _resources(request).get(request.principal, kind.name, request.path["name"]))


def _put(kind: Kind, request: ApiRequest) -> Reply:
    shown, is_new = _resources(request).put(
        request.principal,
        kind.name,
        request.path["name"],
        request.object(),
        place(request),
        request.if_match,
    )
    return Reply(201 if is_new else 200, shown)


def _patch(kind: Kind, request: ApiRequest) -> Reply:
    name, document = request.path["name"], request.object()
    return Reply(
        200, _resources(request).patch(request.principal, kind.name, name, document, request.if_match)
    )


def _delete(kind: Kind, request: ApiRequest) -> Reply:
    _resources(request).delete(request.principal, kind.name, request.path["name"], request.if_match)
    return Reply(204)


# Versions


def _kept(request: ApiRequest) -> PolicyVersions:
    return PolicyVersions(_resources(request))


def _versions(kind: Kind, request: ApiRequest) -> Reply:
    found = _kept(request).every(request.principal, kind.name, request.path["name"])
    return Reply(200, {"value": [*found]})


def _get_version(kind: Kind, request: ApiRequest) -> Reply:
    name, version = request.path["name"], request.path["version"]
    return Reply(200, _kept(request).get(request.principal, kind.name, name, version))


def _put_version(kind: Kind, request: ApiRequest) -> Reply:
    name, version = request.path["name"], request.path["version"]
    shown, is_new = _kept(request).put(request.principal, kind.name, name, version, request.object())
    return Reply(201 if is_new else 200, shown)


def _delete_version(kind: Kind, request: ApiRequest) -> Reply:
    name, version = request.path["name"], request.path["version"]
    _kept(request).delete(request.principal, kind.name, name, version)
    return Reply(204)


def _decide(decision: str, request: ApiRequest) -> Reply:
    return Reply(200, _resources(request).decide(request.principal, request.path["name"], decision))


def _deployments(request: ApiRequest) -> Reply:
    task = _resources(request).visible(request.principal, REMEDIATION_KIND, request.path["name"])
    return Reply(200, {"value": [*deployments(task)]})


def _undo(request: ApiRequest) -> Reply:
    return Reply(201, _resources(request).undo(request.principal, request.path["name"]))


def _routes_of(kind: Kind) -> list[Route]:
    collection = f"{provider_of(kind.name)}/{COLLECTIONS[kind.name]}"
    one, what = f"{collection}/{{name}}", f"one of {COLLECTIONS[kind.name]}"
    list_all, get, put = partial(_list, kind), partial(_get, kind), partial(_put, kind)
    routes = []
    for scope in SCOPES:
        routes += [
            Route("GET", f"{scope}{collection}", kind.read, list_all, f"List {COLLECTIONS[kind.name]}"),
            Route("GET", f"{scope}{one}", kind.read, get, f"Read {what}"),
            Route("PUT", f"{scope}{one}", kind.create, put, f"Make or replace {what}", maximum_body=BODY),
            Route("DELETE", f"{scope}{one}", kind.delete, partial(_delete, kind), f"Delete {what}"),
        ]
        if kind.name in PATCHED:
            routes.append(
                Route("PATCH", f"{scope}{one}", kind.update, partial(_patch, kind), f"Change {what}")
            )
    return routes


def _version_routes(kind: Kind, scope: str) -> list[Route]:
    every = f"{scope}{provider_of(kind.name)}/{COLLECTIONS[kind.name]}/{{name}}/versions"
    one, what = f"{every}/{{version}}", f"of one of {COLLECTIONS[kind.name]}"
    put = partial(_put_version, kind)
    return [
        Route("GET", every, kind.read, partial(_versions, kind), f"List the versions {what}"),
        Route("GET", one, kind.read, partial(_get_version, kind), f"Read a version {what}"),
        Route("PUT", one, kind.create, put, f"Make or replace a version {what}", maximum_body=BODY),
        Route("DELETE", one, kind.delete, partial(_delete_version, kind), f"Delete a version {what}"),
    ]


def _task_routes(scope: str) -> list[Route]:
    task = f"{scope}{INSIGHTS}/{COLLECTIONS[REMEDIATION]}/{{name}}"
    cancel, approve = partial(_decide, "cancel"), partial(_decide, "approve")
    return [
        Route("POST", f"{task}/cancel", REMEDIATE, cancel, "Cancel a remediation"),
        Route("POST", f"{task}/undo", REMEDIATE, _undo, "Take back what a remediation changed"),
        Route("POST", f"{task}/approve", REMEDIATE, approve, "Approve a remediation"),
        Route("POST", f"{task}/listDeployments", READ, _deployments, "What became of each resource"),
    ]


_VERSIONED = [kind for kind in POLICY_KINDS if kind.name in VERSIONS_OF]
ROUTES = [
    *(route for kind in POLICY_KINDS for route in _routes_of(kind)),
    *(route for kind in _VERSIONED for scope in SCOPES for route in _version_routes(kind, scope)),
    *(route for scope in SCOPES for route in _task_routes(scope)),
]
