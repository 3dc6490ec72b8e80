"""The people, programs and groups that have an account here, and how somebody gets one."""

from starlette.responses import Response

from holdfast.access.people.users import KIND, read_user, user_change
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, places, roles, submitted
from holdfast.console.pages.access.person import WHAT, address_of
from holdfast.console.rendering import FORM, page
from holdfast.console.tables import Cell, Choice, Column, Facet, ResourceTable, belongs
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Resource
from holdfast.resources.query import Compare, Operator

READ, CREATE = Permission.USER_READ, Permission.USER_CREATE
KINDS = (Choice("email", "people"), Choice("servicePrincipal", "programs"), Choice("adGroup", "groups"))


def _state(user: Resource) -> Cell:
    body = read_user(user)
    if not body.enabled:
        return Cell("blocked", "state", mood="bad")
    kind, mood = ("break-glass", "waiting") if body.break_glass else ("enabled", "good")
    return Cell(kind, "state", mood=mood)


TABLE = ResourceTable(
    id="people",
    title="People",
    kind=KIND,
    permission=READ,
    columns=(
        Column("name", "Name", lambda u: Cell(read_user(u).name, link=address_of(u.id)), "email"),
        Column("type", "Kind", lambda u: Cell(WHAT.get(read_user(u).type, read_user(u).type)), "type"),
        Column("roles", "Roles", lambda u: Cell(len(read_user(u).roles), "number")),
        Column("state", "State", _state),
        Column("organization", "Organization", lambda u: belongs(u.organization), "@organization"),
        Column("created", "Since", lambda u: Cell(u.created, "moment"), "@created"),
    ),
    search=("email", "displayName", "objectId"),
    empty="Nobody is here.",
    facets=(Facet("type", "Kind", lambda _request: KINDS, lambda v: Compare("type", Operator.EQUAL, v)),),
)


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    if request.query.get("format") == "csv":
        return TABLE.csv(request)
    return page(
        request,
        "access/people.html",
        status=status,
        problem=problem,
        table=TABLE.show(request),
        roles=roles(request),
        places=places(request),
        may_create=bool(request.principal.reach(CREATE)),
    )


def _create(request: ApiRequest) -> Response:
    """A person goes on to get a sign-in link at their page; programs and groups come by their provider."""

    def work(fields: Fields) -> str:
        services = request.services
        id_ = new_id(services.clock, services.randomness)
        change = user_change(services.store, Action.CREATE, id_, _body(fields))
        services.changes.apply(request.principal, change)
        return address_of(id_)

    return submitted(request, _page, work)


def _body(fields: Fields) -> JsonObject:
    assignment: JsonObject = {"role": fields.get("role", "")}
    if fields.get("organization"):
        assignment["organization"] = fields["organization"]
    named: JsonObject = {"displayName": fields.get("name", "").strip(), "roles": [assignment]}
    if fields.get("type", "email") == "email":
        return {**named, "type": "email", "email": fields.get("email", "").strip()}
    ids: JsonObject = {n: fields.get(n, "").strip() for n in ("tenantId", "objectId")}
    return {**named, "type": fields["type"], **ids}


ROUTES = [
    Route("GET", "/people", READ, _page, "People", is_page=True),
    Route("POST", "/people", CREATE, _create, "Make an account", content_types=FORM, is_page=True),
]
