"""Roles: what each allows, in one matrix, and roles of one's own."""

from collections import defaultdict
from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.roles.builtin import BUILT_IN, Scope
from holdfast.access.roles.custom import KIND, all_roles
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, submitted
from holdfast.console.rendering import FORM, page
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change

READ, MANAGE = Permission.ROLE_READ, Permission.ROLE_MANAGE
HERE = "/roles"
SCOPES = {
    "application": "The application",
    "organization": "Devices of an organization",
    "sensor": "Network monitoring",
    "baseline": "Security baseline and policies",
}
"""The first part of a permission → what it is about."""


def grouped() -> dict[str, list[Permission]]:
    """Every permission under what it is about."""
    groups: dict[str, list[Permission]] = defaultdict(list)
    for permission in Permission:
        groups[SCOPES[permission.value.partition(":")[0]]].append(permission)
    return groups


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    found = list(all_roles(request.services.store))
    return page(
        request,
        "access/roles.html",
        status=status,
        problem=problem,
        roles=found,
        own=[(role, f"{HERE}/{quote(role.id, safe='')}") for role in found if role.id not in BUILT_IN],
        groups=grouped(),
        scopes=list(Scope),
        may_manage=request.principal.allows(MANAGE),
    )


def _create(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        body: JsonObject = {
            "displayName": fields.get("name", "").strip(),
            "description": fields.get("description", "").strip(),
            "scope": fields.get("scope", ""),
            "permissions": [p.value for p in Permission if p.value in fields],
        }
        change = Change(Action.CREATE, KIND, fields.get("id", "").strip(), body)
        request.services.changes.apply(request.principal, change)
        return HERE

    return submitted(request, _page, work)


def _delete(request: ApiRequest) -> Response:
    def work(_fields: Fields) -> str:
        request.services.changes.apply(request.principal, Change(Action.DELETE, KIND, request.path["role"]))
        return HERE

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, READ, _page, "Roles", is_page=True),
    Route("POST", HERE, MANAGE, _create, "Make a role", content_types=FORM, is_page=True),
    Route(
        "POST", f"{HERE}/{{role}}/delete", MANAGE, _delete, "Delete a role", content_types=FORM, is_page=True
    ),
]
