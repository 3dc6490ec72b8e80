"""Policies in the shapes of Azure: `Microsoft.Authorization` and `Microsoft.PolicyInsights`."""

from functools import partial

from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.policy.azure.resources import INSIGHTS, PolicyResources, provider_of
from holdfast.policy.azure.states import MAXIMUM, filter_from, history, query_results, summary
from holdfast.policy.azure.versions import PolicyVersions
from holdfast.policy.compliance.reading import Filter, PolicyStates
from holdfast.policy.kinds.names import COLLECTIONS, REMEDIATION, VERSIONS_OF
from holdfast.policy.kinds.table import POLICY_KINDS
from holdfast.resources.model import Kind

BODY = 4 * 1024 * 1024
"""Initiatives have up to a thousand definitions; as large as Azure Resource Manager takes."""
_ORGANIZATION = "/organizations/{organization:path}"
"""The scope of an organization, before the provider; without it the whole application is meant."""
READ, REMEDIATE = Permission.POLICY_READ, Permission.POLICY_REMEDIATE


def _resources(request: ApiRequest) -> PolicyResources:
    return PolicyResources(request.services.store, request.services.changes)


def _place(request: ApiRequest) -> OrganizationPath:
    organization = request.path.get("organization", "")
    return OrganizationPath(f"/{organization.strip('/')}/") if organization else ROOT


def _list(kind: Kind, request: ApiRequest) -> Reply:
    limit = _number(request, "$top", 100)
    found, following = _resources(request).list(
        request.principal, kind.name, limit, request.query.get("$skiptoken", "")
    )
    value: list[JsonValue] = [*found]
    body: JsonObject = {"value": value}
    if following:
        base = request.url.partition("?")[0]
        body["nextLink"] = f"{base}?$top={limit}&$skiptoken={following}"
    return Reply(200, body)


def _number(request: ApiRequest, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAXIMUM):
        raise InvalidError(f"{name} must be 1 to {MAXIMUM}.", name)
    return int(text)


def _get(kind: Kind, request: ApiRequest) -> Reply:
    return Reply(200, _resources(request).get(request.principal, kind.name, request.path["name"]))


def _put(kind: Kind, request: ApiRequest) -> Reply:
    shown, is_new = _resources(request).put(
        request.principal,
        kind.name,
        request.path["name"],
        request.object(),
        _place(request),
        request.if_match,
    )
    return Reply(201 if is_new else 200, shown)


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


def _undo(request: ApiRequest) -> Reply:
    return Reply(201, _resources(request).undo(request.principal, request.path["name"]))


# States


def _states(request: ApiRequest) -> PolicyStates:
    return request.services.extension(PolicyStates)


def _wanted(request: ApiRequest) -> Filter:
    reach = Filter(request.principal.reach(READ))
    place = _place(request)
    try:
        wanted = filter_from(request.query, reach)
    except ValueError:
        raise InvalidError(
            "complianceState is one of Compliant, NonCompliant, Error, Exempt, Unknown."
        ) from None
    if place != ROOT and not wanted.resource:
        return filter_from({**request.query, "resourceId": f"/organizations{place.rstrip('/')}"}, reach)
    return wanted


def _query(request: ApiRequest) -> Reply:
    limit = _number(request, "$top", 100)
    token = request.query.get("$skiptoken", "")
    return Reply(200, query_results(_states(request), _wanted(request), limit, token))


def _summarize(request: ApiRequest) -> Reply:
    return Reply(200, summary(_states(request), _wanted(request)))


def _history(request: ApiRequest) -> Reply:
    token = request.query.get("$skiptoken", "")
    before = int(token) if token.isascii() and token.isdigit() and len(token) < 19 else None
    found = _states(request).transitions(_wanted(request), _number(request, "$top", 100), before)
    return Reply(200, history(found))


def _routes_of(kind: Kind) -> list[Route]:
    collection = f"{provider_of(kind.name)}/{COLLECTIONS[kind.name]}"
    routes = [Route("GET", collection, kind.read, partial(_list, kind), f"List {COLLECTIONS[kind.name]}")]
    for scope in ("", _ORGANIZATION):
        one = f"{scope}{collection}/{{name}}"
        routes += [
            Route("GET", one, kind.read, partial(_get, kind), f"Read one of {COLLECTIONS[kind.name]}"),
            Route(
                "PUT",
                one,
                kind.create,
                partial(_put, kind),
                f"Make or replace one of {COLLECTIONS[kind.name]}",
                maximum_body=BODY,
            ),
            Route(
                "DELETE", one, kind.delete, partial(_delete, kind), f"Delete one of {COLLECTIONS[kind.name]}"
            ),
        ]
    return routes


def _version_routes(kind: Kind) -> list[Route]:
    every = f"{provider_of(kind.name)}/{COLLECTIONS[kind.name]}/{{name}}/versions"
    what = f"of one of {COLLECTIONS[kind.name]}"
    one = f"{every}/{{version}}"
    return [
        Route("GET", every, kind.read, partial(_versions, kind), f"List the versions {what}"),
        Route("GET", one, kind.read, partial(_get_version, kind), f"Read a version {what}"),
        Route(
            "PUT",
            one,
            kind.create,
            partial(_put_version, kind),
            f"Make or replace a version {what}",
            maximum_body=BODY,
        ),
        Route("DELETE", one, kind.delete, partial(_delete_version, kind), f"Delete a version {what}"),
    ]


_TASK = f"{INSIGHTS}/{COLLECTIONS[REMEDIATION]}/{{name}}"
_LATEST = f"{INSIGHTS}/policyStates/latest"

ROUTES = [
    *(route for kind in POLICY_KINDS for route in _routes_of(kind)),
    *(route for kind in POLICY_KINDS if kind.name in VERSIONS_OF for route in _version_routes(kind)),
    Route("POST", f"{_TASK}/cancel", REMEDIATE, partial(_decide, "cancel"), "Cancel a remediation"),
    Route("POST", f"{_TASK}/undo", REMEDIATE, _undo, "Take back what a remediation changed"),
    Route("POST", f"{_TASK}/approve", REMEDIATE, partial(_decide, "approve"), "Approve a remediation"),
    *(
        route
        for scope in ("", _ORGANIZATION)
        for route in (
            Route("POST", f"{scope}{_LATEST}/queryResults", READ, _query, "Compliance, resource by resource"),
            Route("POST", f"{scope}{_LATEST}/summarize", READ, _summarize, "Compliance in numbers"),
            Route("GET", f"{scope}{INSIGHTS}/policyStates/history", READ, _history, "What changed when"),
        )
    ),
]
