"""The organization switcher: the tree as far as somebody may see it, and the choice."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.access.sessions.cookies import set_cookie
from holdfast.api.frame import SIGNED_IN, ApiRequest, Route
from holdfast.console.organization import COOKIE, LIFE_SECONDS, chosen, within_reach
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.organizations import ROOT, OrganizationPath


class Node(NamedTuple):
    """One organization to choose."""

    path: OrganizationPath
    title: str
    depth: int


def _nodes(request: ApiRequest) -> list[Node]:
    found = [
        Node(o.organization, str(o.body["displayName"]), o.organization.count("/") - 1)
        for o in within_reach(request)
    ]
    return [Node(ROOT, "All organizations", 0), *found]


def _page(request: ApiRequest) -> Response:
    return page(request, "organization.html", nodes=_nodes(request), chosen=chosen(request))


def _choose(request: ApiRequest) -> Response:
    asked = read_form(request).get("path", ROOT)
    node = next((node for node in _nodes(request) if node.path == asked), None)
    if node is None:
        raise NotFoundError("There is no such organization, or you may not see it.")
    response = redirect("/")
    lasting = LIFE_SECONDS if node.path != ROOT else 0
    response.headers.append("set-cookie", set_cookie(COOKIE, node.path, lasting))
    return response


_WHY = "shows what each may see"
ROUTES = [
    Route("GET", "/organization", SIGNED_IN, _page, f"Organizations: {_WHY}", is_page=True),
    Route("POST", "/organization", SIGNED_IN, _choose, f"Choose: {_WHY}", content_types=FORM, is_page=True),
]
