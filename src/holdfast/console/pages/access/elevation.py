"""Elevation: roles that one may take for a while, what is asked for, and who is eligible for what."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.eligible import read_eligible
from holdfast.access.elevation.requests import KIND, is_approver, read_elevation
from holdfast.access.people.organizations import path_of
from holdfast.access.reading import everything
from holdfast.access.timeboxed import State
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, Names, lines, people, places, roles, submitted, whole
from holdfast.console.rendering import FORM, page
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import All, Compare, Condition, Operator, Order, Query

ASK = Permission.ELEVATION_REQUEST
HERE = "/access/elevation"
SHOWN = 100
DECISIONS = {"approve": State.ACTIVE, "deny": State.DENIED, "end": State.ENDED}


class Offer(NamedTuple):
    """A role that somebody may ask for."""

    id: str
    person: str
    role: str
    place: str
    minutes: int
    approval: bool
    mfa: bool
    expires: str


class Asked(NamedTuple):
    """One request."""

    id: str
    person: str
    role: str
    place: str
    reason: str
    state: str
    requested: float
    ends: float
    decided_by: str


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    me, now, known = request.principal.id, request.services.clock.now(), Names(request)
    waiting = _found(request, Compare("state", Operator.EQUAL, State.PENDING.value))
    active = All(
        (
            Compare("state", Operator.EQUAL, State.ACTIVE.value),
            Compare("ends", Operator.GREATER, now),
        )
    )
    sees_others = bool(request.principal.reach(Permission.USER_READ))
    return page(
        request,
        "access/elevation.html",
        status=status,
        problem=problem,
        offers=[_offer(known, o) for o in _eligible(request, Compare("user", Operator.EQUAL, me))],
        mine=[_asked(known, now, r) for r in _found(request, Compare("user", Operator.EQUAL, me))][:20],
        to_decide=[_asked(known, now, r) for r in waiting if _may_decide(request, r)],
        active=[_asked(known, now, r) for r in _seen(request, _found(request, active))],
        eligible=[_offer(known, o) for o in _seen(request, _eligible(request, None))],
        sees_others=sees_others,
        may_manage=bool(request.principal.reach(Permission.USER_UPDATE)),
        people=people(request),
        roles=roles(request),
        places=places(request),
    )


def _found(request: ApiRequest, where: Condition) -> list[Resource]:
    """The newest requests, of whomever they are: what is shown of them is chosen afterwards."""
    order = Order("@created", descending=True)
    query = Query(KIND, (path_of(request.services.store, ""),), where, order, limit=SHOWN)
    return list(request.services.store.find(query).items)


def _eligible(request: ApiRequest, where: Condition | None) -> list[Resource]:
    return list(everything(request.services.store, ELIGIBLE, where))[:SHOWN]


def _seen(request: ApiRequest, found: list[Resource]) -> list[Resource]:
    return [item for item in found if request.principal.allows(Permission.USER_READ, item.organization)]


def _may_decide(request: ApiRequest, stored: Resource) -> bool:
    eligible = request.services.store.get(ELIGIBLE, read_elevation(stored).eligible)
    return eligible is not None and is_approver(request.principal, eligible, request.services.store)


def _offer(known: Names, stored: Resource) -> Offer:
    body = read_eligible(stored)
    return Offer(
        stored.id,
        known.person(body.user),
        known.role(body.role),
        stored.organization,
        body.maximum_minutes,
        body.approval,
        body.mfa,
        body.expires,
    )


def _asked(known: Names, now: float, stored: Resource) -> Asked:
    body = read_elevation(stored)
    over = body.state is State.ACTIVE and body.ends <= now
    return Asked(
        stored.id,
        known.person(body.user),
        known.role(body.role),
        stored.organization,
        body.reason,
        "over" if over else body.state.value,
        body.requested,
        body.ends,
        known.person(body.decided_by),
    )


def _ask(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        services = request.services
        eligible = services.store.get(ELIGIBLE, fields.get("eligible", ""))
        if eligible is None:
            raise InvalidError("There is no such eligible assignment (any more).", "eligible")
        body: JsonObject = {
            "eligible": eligible.id,
            "reason": fields.get("reason", "").strip(),
            "minutes": whole(fields, "minutes", 60),
        }
        id_ = new_id(services.clock, services.randomness)
        change = Change(Action.CREATE, KIND, id_, body, organization=eligible.organization)
        services.changes.apply(request.principal, change)
        return HERE

    return submitted(request, _page, work)


def _decide(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        state = DECISIONS.get(fields.get("decision", ""))
        if state is None:
            raise InvalidError("Approve, deny or end it.", "decision")
        patch: JsonObject = {"state": state.value, "decision": fields.get("remark", "").strip()}
        change = Change(Action.MERGE, KIND, request.path["request"], patch)
        request.services.changes.apply(request.principal, change)
        return HERE

    return submitted(request, _page, work)


def _make_eligible(request: ApiRequest) -> Response:
    def work(fields: Fields) -> str:
        services, organization = request.services, fields.get("organization", "")
        body: JsonObject = {
            "user": fields.get("user", ""),
            "role": fields.get("role", ""),
            "organization": organization,
            "approval": "approval" in fields,
            "mfa": "mfa" in fields,
            "approvers": [*lines(fields.get("approvers", ""))],
            "maximumMinutes": whole(fields, "minutes", 480),
            "expires": fields.get("expires", "").strip(),
        }
        id_ = new_id(services.clock, services.randomness)
        place = path_of(services.store, organization)
        services.changes.apply(
            request.principal, Change(Action.CREATE, ELIGIBLE, id_, body, organization=place)
        )
        return HERE

    return submitted(request, _page, work)


def _remove_eligible(request: ApiRequest) -> Response:
    def work(_fields: Fields) -> str:
        request.services.changes.apply(
            request.principal, Change(Action.DELETE, ELIGIBLE, request.path["eligible"])
        )
        return HERE

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, ASK, _page, "Elevation", is_page=True),
    Route("POST", HERE, ASK, _ask, "Ask for a role", content_types=FORM, is_page=True),
    Route("POST", f"{HERE}/{{request}}/decide", ASK, _decide, "Decide", content_types=FORM, is_page=True),
    Route(
        "POST",
        f"{HERE}/eligible",
        Permission.USER_UPDATE,
        _make_eligible,
        "Make somebody eligible",
        content_types=FORM,
        is_page=True,
    ),
    Route(
        "POST",
        f"{HERE}/eligible/{{eligible}}/remove",
        Permission.USER_UPDATE,
        _remove_eligible,
        "Make somebody eligible no more",
        content_types=FORM,
        is_page=True,
    ),
]
