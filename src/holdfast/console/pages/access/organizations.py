"""The organization tree: where devices and people belong."""

from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.people.organizations import KIND, put_organization
from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, places, submitted
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Choice
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change
from holdfast.resources.query import Order, Query

READ, MANAGE = Permission.ORGANIZATION_READ, Permission.ORGANIZATION_MANAGE
HERE = "/access/organizations"
SHOWN = 1000


class Node(NamedTuple):
    """One organization as the tree shows it."""

    id: str
    name: str
    depth: int
    address: str
    may_manage: bool


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    services, principal = request.services, request.principal
    reach = principal.reach(READ)
    found = services.store.find(Query(KIND, reach, order=Order("@organization"), limit=SHOWN)).items
    nodes = [
        Node(
            o.id,
            str(o.body["displayName"]),
            o.organization.count("/") - 2,
            f"{HERE}/{quote(o.id)}",
            principal.allows(MANAGE, o.organization),
        )
        for o in found
    ]
    return page(
        request,
        "access/organizations.html",
        status=status,
        problem=problem,
        nodes=nodes,
        total=services.store.count(KIND, reach),
        parents=places(request),
        movable=[Choice(node.id, node.name) for node in nodes if node.may_manage],
        may_create=bool(principal.reach(MANAGE)),
    )


def _create(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        body: JsonObject = {"displayName": fields.get("name", "").strip()}
        if fields.get("parent"):
            body["parent"] = fields["parent"]
        change = put_organization(request.services.store, fields.get("id", "").strip(), body, None)
        request.services.changes.apply(request.principal, replace(change, action=Action.CREATE))
        return HERE

    return submitted(request, _page, work)


def _change(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        node = visible(request, KIND, request.path["organization"], READ)
        if fields.get("action") == "remove":
            change = Change(Action.DELETE, KIND, node.id)
        else:
            change = Change(Action.MERGE, KIND, node.id, {"displayName": fields.get("name", "").strip()})
        request.services.changes.apply(request.principal, change)
        return HERE

    return submitted(request, _page, work)


def _move(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        node = visible(request, KIND, fields.get("organization", ""), READ)
        body: JsonObject = {"displayName": node.body["displayName"]}
        if fields.get("parent"):
            body["parent"] = fields["parent"]
        change = put_organization(request.services.store, node.id, body, node.etag)
        request.services.changes.apply(request.principal, change)
        return HERE

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, READ, _page, "Organizations", is_page=True),
    Route("POST", HERE, MANAGE, _create, "Make one", content_types=FORM, is_page=True),
    Route("POST", f"{HERE}/-/move", MANAGE, _move, "Move one", content_types=FORM, is_page=True),
    Route(
        "POST",
        f"{HERE}/{{organization}}",
        MANAGE,
        _change,
        "Rename or remove one",
        content_types=FORM,
        is_page=True,
    ),
]
