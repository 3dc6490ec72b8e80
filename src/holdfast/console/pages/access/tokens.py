"""API tokens: who made which, what they may do, when they were used last and when they end."""

from typing import NamedTuple
from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.people.assignments import Assignment
from holdfast.access.tokens.kind import KIND, read_token
from holdfast.access.traces import LastUse
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, Names, control, places, roles, submitted, whole
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.kernel.clock import isoformat
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Order, Query

READ, CREATE, DELETE = Permission.API_TOKEN_READ, Permission.API_TOKEN_CREATE, Permission.API_TOKEN_DELETE
HERE = "/tokens"
SHOWN = 200
DAY = 86_400

EXPORT = ResourceTable(
    id="api-tokens",
    title="API tokens",
    kind=KIND,
    permission=READ,
    columns=(
        Column("id", "Name", lambda t: Cell(t.id), "@id"),
        Column("roles", "Roles", lambda t: Cell(", ".join(a.role for a in read_token(t).roles))),
        Column("expires", "Expires", lambda t: Cell(isoformat(read_token(t).expires))),
        Column("by", "Made by", lambda t: Cell(read_token(t).created_by)),
    ),
    search=("@id",),
    empty="",
)


class Shown(NamedTuple):
    """One token as the page shows it."""

    id: str
    address: str
    roles: str
    made_by: str
    since: float
    expires: float
    is_over: bool
    used: LastUse | None
    may_delete: bool


def _page(request: ApiRequest, problem: str = "", status: int = 200, token: str = "") -> Response:
    if request.query.get("format") == "csv":
        return EXPORT.csv(request)
    services, reach = request.services, request.principal.reach(READ)
    found = services.store.find(Query(KIND, reach, order=Order("@id"), limit=SHOWN)).items
    uses, known = control(request).traces.last_use(KIND, [t.id for t in found]), Names(request)
    return page(
        request,
        "access/tokens.html",
        status=status,
        problem=problem,
        token=token,
        tokens=[_shown(request, stored, known, uses.get(stored.id)) for stored in found],
        total=services.store.count(KIND, reach),
        roles=roles(request),
        places=places(request),
        may_create=bool(request.principal.reach(CREATE)),
    )


def _shown(request: ApiRequest, stored: Resource, known: Names, used: LastUse | None) -> Shown:
    body = read_token(stored)
    named = ", ".join(f"{known.role(a.role)} at {a.organization or 'the application'}" for a in body.roles)
    return Shown(
        stored.id,
        f"{HERE}/{quote(stored.id, safe='')}",
        named,
        known.person(body.created_by),
        stored.created,
        body.expires,
        body.expires <= request.services.clock.now(),
        used,
        request.principal.allows(DELETE, stored.organization),
    )


def _issue(request: ApiRequest) -> Response:
    """Make a token, and show it this once."""
    made: list[str] = []

    def work(fields: Fields) -> str:
        clock = request.services.clock
        days = whole(fields, "days", 365)
        assignment = Assignment(fields.get("role", ""), fields.get("organization", ""))
        expiry = isoformat(clock.now() + days * DAY)
        id_ = fields.get("id", "").strip()
        made.append(control(request).tokens.issue(request.principal, id_, [assignment], expiry)[1])
        return HERE

    led_on = submitted(request, _page, work)
    return _page(request, token=made[0]) if made else led_on


def _delete(request: ApiRequest) -> Response:
    def work(_fields: Fields) -> str:
        request.services.changes.apply(request.principal, Change(Action.DELETE, KIND, request.path["token"]))
        return HERE

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, READ, _page, "API tokens", is_page=True),
    Route("POST", HERE, CREATE, _issue, "Make a token", content_types=FORM, is_page=True),
    Route(
        "POST",
        f"{HERE}/{{token}}/delete",
        DELETE,
        _delete,
        "Delete a token",
        content_types=FORM,
        is_page=True,
    ),
]
