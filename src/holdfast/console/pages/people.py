"""People, roles with their permission matrix, and API tokens."""

from starlette.responses import Response

from holdfast.access.control import AccessControl
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user, user_change
from holdfast.access.roles.custom import all_roles
from holdfast.access.tokens.kind import KIND as API_TOKEN
from holdfast.access.tokens.kind import read_token
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import people, places
from holdfast.console.pages.access.person import address_of
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.console.tables import Cell, Column, ResourceTable
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource


def _user_state(user: Resource) -> Cell:
    body = read_user(user)
    if not body.enabled:
        return Cell("disabled", "state", mood="bad")
    return Cell(
        "break-glass" if body.break_glass else "enabled",
        "state",
        mood="waiting" if body.break_glass else "good",
    )


PEOPLE = ResourceTable(
    id="people",
    title="People",
    kind=USER,
    permission=Permission.USER_READ,
    columns=(
        Column("name", "Name", lambda u: Cell(read_user(u).name, link=address_of(u.id))),
        Column("type", "Kind", lambda u: Cell(read_user(u).type)),
        Column("roles", "Roles", lambda u: Cell(len(read_user(u).roles), "number")),
        Column("state", "State", _user_state),
        Column("organization", "Organization", lambda u: Cell(u.organization), "@organization"),
        Column("created", "Since", lambda u: Cell(u.created, "moment"), "@created"),
    ),
    search=(),
    empty="Nobody is here.",
)
TOKENS = ResourceTable(
    id="api-tokens",
    title="API tokens",
    kind=API_TOKEN,
    permission=Permission.API_TOKEN_READ,
    columns=(
        Column("id", "Name", lambda t: Cell(t.id), "@id"),
        Column("roles", "Roles", lambda t: Cell(len(read_token(t).roles), "number")),
        Column("expires", "Expires", lambda t: Cell(read_token(t).expires, "moment")),
        Column("by", "Made by", lambda t: Cell(read_token(t).created_by)),
        Column("created", "Since", lambda t: Cell(t.created, "moment"), "@created"),
    ),
    search=(),
    empty="There are no API tokens. Scripts are better off with a service principal of your provider.",
)


def _people(request: ApiRequest, problem: str = "", status: int = 200, link: str = "") -> Response:
    if request.query.get("format") == "csv":
        return PEOPLE.csv(request)
    return page(
        request,
        "people.html",
        status=status,
        table=PEOPLE.show(request),
        problem=problem,
        link=link,
        roles=list(all_roles(request.services.store)),
        may_create=request.principal.allows(Permission.USER_CREATE),
    )


def _invite(request: ApiRequest) -> Response:
    """Make a person and a sign-in link for them, shown this once."""
    fields, services = read_form(request), request.services
    user = new_id(services.clock, services.randomness)
    body: JsonObject = {
        "type": "email",
        "email": fields.get("email", "").strip(),
        "displayName": fields.get("name", "").strip(),
        "roles": [{"role": fields.get("role", "")}],
    }
    try:
        change = user_change(services.store, Action.CREATE, user, body)
        services.changes.apply(request.principal, change)
        secret = services.extension(AccessControl).links.make(request.principal, user)
    except HoldfastError as error:
        return _people(request, str(error), error.status)
    origin = request.url.partition("/people")[0]
    return _people(request, link=f"{origin}/sign-in/link#{secret}")


def _roles(request: ApiRequest) -> Response:
    roles = list(all_roles(request.services.store))
    return page(request, "roles.html", roles=roles, permissions=list(Permission))


def _tokens(request: ApiRequest, problem: str = "", status: int = 200, token: str = "") -> Response:
    if request.query.get("format") == "csv":
        return TOKENS.csv(request)
    return page(
        request,
        "tokens.html",
        status=status,
        table=TOKENS.show(request),
        problem=problem,
        token=token,
        roles=list(all_roles(request.services.store)),
        may_create=request.principal.allows(Permission.API_TOKEN_CREATE),
        may_delete=request.principal.allows(Permission.API_TOKEN_DELETE),
    )


def _issue_token(request: ApiRequest) -> Response:
    fields = read_form(request)
    tokens = request.services.extension(AccessControl).tokens
    try:
        _, text = tokens.issue(request.principal, fields.get("id", ""), [Assignment(fields.get("role", ""))])
    except HoldfastError as error:
        return _tokens(request, str(error), error.status)
    return _tokens(request, token=text)


def _delete_token(request: ApiRequest) -> Response:
    fields = read_form(request)
    try:
        change = Change(Action.DELETE, API_TOKEN, fields.get("id", ""))
        request.services.changes.apply(request.principal, change)
    except HoldfastError as error:
        return _tokens(request, str(error), error.status)
    return redirect("/tokens")


ROUTES = [
    Route("GET", "/people", Permission.USER_READ, _people, "People", is_page=True),
    Route("POST", "/people", Permission.USER_CREATE, _invite, "Invite", content_types=FORM, is_page=True),
    Route("GET", "/roles", Permission.ROLE_READ, _roles, "Roles", is_page=True),
    Route("GET", "/tokens", Permission.API_TOKEN_READ, _tokens, "API tokens", is_page=True),
    Route(
        "POST", "/tokens", Permission.API_TOKEN_CREATE, _issue_token, "Make", content_types=FORM, is_page=True
    ),
    Route(
        "POST",
        "/tokens/delete",
        Permission.API_TOKEN_DELETE,
        _delete_token,
        "Delete a token",
        content_types=FORM,
        is_page=True,
    ),
]
