"""The organization switcher: which part of the tree somebody looks at. It narrows pages, it grants nothing.

The choice is a cookie of the browser. Permissions of the application as a whole are left as they are; those
of organizations count at and below the chosen node alone.
"""

import inspect
import re
from collections.abc import Awaitable
from dataclasses import replace

from starlette.responses import Response

from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.api.frame import ApiRequest, Handler, Reply, Route
from holdfast.console.cookies import cookie
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal
from holdfast.resources.model import Resource
from holdfast.resources.query import Query

COOKIE = "__Host-holdfast-organization"
LIFE_SECONDS = 90 * 86_400.0
MAXIMUM_LISTED = 500
_PATH = re.compile(r"/(?:[a-z0-9-]{1,48}/){0,20}")
_NARROWED = frozenset(p for p in Permission if p.value.startswith(("organization:", "sensor:")))


def chosen(request: ApiRequest) -> OrganizationPath:
    """The node that the browser looks at; the root when nothing (or nothing sensible) was chosen."""
    text = cookie(request, COOKIE)
    return OrganizationPath(text) if _PATH.fullmatch(text) else ROOT


def narrow(principal: Principal, node: OrganizationPath) -> Principal:
    """The principal as it is at and below `node` alone."""
    if node == ROOT:
        return principal
    grants: list[Grant] = []
    for grant in principal.grants:
        grants.append(replace(grant, permissions=grant.permissions - _NARROWED))
        if contains(grant.organization, node) or contains(node, grant.organization):
            place = max(grant.organization, node, key=len)
            grants.append(replace(grant, organization=place, permissions=grant.permissions & _NARROWED))
    return replace(principal, grants=tuple(grants))


def narrowed(route: Route) -> Route:
    """The route whose handler sees only the chosen part of the tree; changes are made with all rights."""
    if route.method != "GET":
        return route
    handler = route.handler

    def see(request: ApiRequest) -> Reply | Response | Awaitable[Reply | Response]:
        return handler(replace(request, principal=narrow(request.principal, chosen(request))))

    async def see_later(request: ApiRequest) -> Reply | Response:
        result = see(request)
        assert not isinstance(result, Reply | Response)
        return await result

    wrapped: Handler = see_later if inspect.iscoroutinefunction(handler) else see  # type: ignore[assignment]  # a plain handler never waits
    return replace(route, handler=wrapped)


def within_reach(request: ApiRequest) -> tuple[Resource, ...]:
    """The organizations that somebody may look at, from the root downwards."""
    query = Query(ORGANIZATION, request.principal.reach(Permission.DEVICE_READ), limit=MAXIMUM_LISTED)
    found = request.services.store.find(query).items
    return tuple(sorted(found, key=lambda item: item.organization))
