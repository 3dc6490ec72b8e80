"""Shared access policies: keys that sign for every device, and the page of one with its two keys."""

from urllib.parse import quote

from starlette.responses import Response

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, store_or_delete, submitted
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.devices.shared_access import SHARED_ACCESS_POLICY, completed, rotated
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, MANAGE = Permission.ENROLLMENT_READ, Permission.ENROLLMENT_MANAGE
HERE = "/access/shared-policies"


def _address(policy: str) -> str:
    return f"{HERE}/{quote(policy, safe='')}"


def _state(policy: Resource) -> Cell:
    if policy.body["enabled"]:
        return Cell("enabled", "state", mood="good")
    return Cell("disabled", "state")


TABLE = ResourceTable(
    id="shared-access-policies",
    title="Shared access policies",
    kind=SHARED_ACCESS_POLICY,
    permission=READ,
    columns=(
        Column("name", "Name", lambda p: Cell(p.id, link=_address(p.id)), "@id"),
        Column("enabled", "State", _state, "enabled"),
        Column("modified", "Changed", lambda p: Cell(p.modified, "moment"), "@modified"),
    ),
    search=("@id",),
    empty="There is none: every device signs with its own key or shows its own certificate.",
)


def _list(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "access/shared_access.html",
        status=status,
        problem=problem,
        table=TABLE.show(request),
        may_manage=request.principal.allows(MANAGE),
    )


def _create(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        policy = fields.get("id", "").strip()
        body = completed({}, None, request.services.randomness)
        request.services.changes.apply(
            request.principal, Change(Action.CREATE, SHARED_ACCESS_POLICY, policy, body)
        )
        return _address(policy)

    return submitted(request, _list, work)


def _policy(request: ApiRequest) -> Resource:
    return visible(request, SHARED_ACCESS_POLICY, request.path["policy"], READ)


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    """The policy with its keys, to whom the API shows them too; the audit log says who looked."""
    policy = _policy(request)
    request.services.changes.record(
        request.principal, f"{SHARED_ACCESS_POLICY}.keys-read", resource=policy.id
    )
    return page(
        request,
        "access/shared_access_policy.html",
        status=status,
        problem=problem,
        policy=policy,
        address=_address(policy.id),
        may_manage=request.principal.allows(MANAGE),
    )


def _change(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        policy = _policy(request)
        body = _body_for(request, policy, fields.get("action", ""))
        store_or_delete(request, policy, body)
        return HERE if body is None else _address(policy.id)

    return submitted(request, _page, work)


def _body_for(request: ApiRequest, policy: Resource, action: str) -> JsonObject | None:
    match action:
        case "enable" | "disable":
            return {**policy.body, "enabled": action == "enable"}
        case "rotate":
            return rotated(policy.body, request.services.randomness)
        case "delete":
            return None
    raise InvalidError("The page does not know this action; load it again.")


ROUTES = [
    Route("GET", HERE, READ, _list, "Shared access policies", is_page=True),
    Route("POST", HERE, MANAGE, _create, "Create a policy", content_types=FORM, is_page=True),
    Route("GET", f"{HERE}/{{policy}}", READ, _page, "Shared access policy with its keys", is_page=True),
    Route(
        "POST", f"{HERE}/{{policy}}", MANAGE, _change, "Change or delete it", content_types=FORM, is_page=True
    ),
]
