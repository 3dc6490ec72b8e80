"""Support access: whether it is allowed here, who asked, who approved, and when it ends."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.access.people.organizations import path_of
from holdfast.access.settings import APPLICATION, SupportRules, application_settings
from holdfast.access.settings import KIND as SETTINGS
from holdfast.access.support.requests import KIND, holds_role, read_request
from holdfast.access.timeboxed import State
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.elevation import DECISIONS
from holdfast.console.pages.access.forms import Fields, Names, places, roles, submitted, whole
from holdfast.console.rendering import FORM, page
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Compare, Operator, Order, Query

READ, MANAGE, ASK = Permission.ACCESS_READ, Permission.ACCESS_MANAGE, Permission.SUPPORT_REQUEST
HERE, MINE = "/access/support", "/access/support/mine"
SHOWN = 100


class Asked(NamedTuple):
    """One request as the page shows it."""

    id: str
    engineer: str
    role: str
    place: str
    reason: str
    state: str
    requested: float
    ends: float
    decided_by: str
    may_decide: bool


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    order = Order("@created", descending=True)
    query = Query(KIND, request.principal.reach(READ), order=order, limit=SHOWN)
    return _shown(request, list(request.services.store.find(query).items), problem, status)


def _mine(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    own = Compare("engineer", Operator.EQUAL, request.principal.id)
    query = Query(KIND, (ROOT,), own, Order("@created", descending=True), limit=SHOWN)
    return _shown(request, list(request.services.store.find(query).items), problem, status)


def _shown(request: ApiRequest, found: list[Resource], problem: str, status: int) -> Response:
    rules, known = application_settings(request.services.store).support, Names(request)
    return page(
        request,
        "access/support.html",
        status=status,
        problem=problem,
        rules=rules,
        approver=known.role(rules.approver_role),
        asked=[_asked(request, known, stored, rules) for stored in found],
        may_manage=request.principal.allows(MANAGE),
        may_ask=bool(request.principal.reach(ASK)) and rules.enabled,
        roles=roles(request),
        places=places(request) or [("", "the application")],
    )


def _asked(request: ApiRequest, known: Names, stored: Resource, rules: SupportRules) -> Asked:
    body = read_request(stored)
    over = body.state is State.ACTIVE and body.ends <= request.services.clock.now()
    approves = holds_role(request.principal, rules.approver_role, stored.organization)
    return Asked(
        stored.id,
        known.person(body.engineer),
        known.role(body.role),
        stored.organization,
        body.reason,
        "over" if over else body.state.value,
        body.requested,
        body.ends,
        known.person(body.decided_by),
        approves and body.engineer != request.principal.id,
    )


def _settle(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        rules: JsonObject = {
            "enabled": "enabled" in fields,
            "approverRole": fields.get("role", ""),
            "maximumHours": whole(fields, "hours", 8),
        }
        exists = request.services.store.get(SETTINGS, APPLICATION) is not None
        action = Action.MERGE if exists else Action.PUT
        request.services.changes.apply(
            request.principal, Change(action, SETTINGS, APPLICATION, {"support": rules}, organization=ROOT)
        )
        return HERE

    return submitted(request, _page, work)


def _ask(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        services, organization = request.services, fields.get("organization", "")
        body: JsonObject = {
            "role": fields.get("role", ""),
            "organization": organization,
            "reason": fields.get("reason", "").strip(),
            "minutes": whole(fields, "minutes", 60),
        }
        id_ = new_id(services.clock, services.randomness)
        place = path_of(services.store, organization)
        services.changes.apply(request.principal, Change(Action.CREATE, KIND, id_, body, organization=place))
        return MINE

    return submitted(request, _mine, work)


def _decide(request: ApiRequest) -> Response:
    sees_all = bool(request.principal.reach(READ))

    def work(fields: Fields) -> str:
        state = DECISIONS.get(fields.get("decision", ""))
        if state is None:
            raise InvalidError("Approve, deny or end it.", "decision")
        patch: JsonObject = {"state": state.value, "decision": fields.get("remark", "").strip()}
        change = Change(Action.MERGE, KIND, request.path["request"], patch)
        request.services.changes.apply(request.principal, change)
        return HERE if sees_all else MINE

    return submitted(request, _page if sees_all else _mine, work)


ROUTES = [
    Route("GET", HERE, READ, _page, "Support access", is_page=True),
    Route("POST", HERE, MANAGE, _settle, "Allow it or not", content_types=FORM, is_page=True),
    Route("GET", MINE, ASK, _mine, "One's own requests", is_page=True),
    Route("POST", MINE, ASK, _ask, "Ask for support access", content_types=FORM, is_page=True),
    Route(
        "POST",
        f"{HERE}/{{request}}/decide",
        Permission.PROFILE_MANAGE,
        _decide,
        "Decide: the settings name who may",
        content_types=FORM,
        is_page=True,
    ),
]
