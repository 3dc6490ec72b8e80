"""One person, program or group: its roles, how it signs in, and why it may do what it may."""

from urllib.parse import quote

from starlette.responses import Response

from holdfast.access.explain import Explanation, effective, sources_of, why
from holdfast.access.local.credentials import KIND as CREDENTIAL
from holdfast.access.local.credentials import credential_of
from holdfast.access.people.organizations import path_of
from holdfast.access.people.removal import remove_user
from holdfast.access.people.users import KIND, read_user, user_change
from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, Names, control, places, roles, submitted
from holdfast.console.rendering import FORM, page
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource

READ, UPDATE = Permission.USER_READ, Permission.USER_UPDATE
PERSON = "/people/{user}"
WHAT = {"email": "person", "servicePrincipal": "program", "adGroup": "group"}
"""What people call a user of each type."""


def address_of(id_: str) -> str:
    """The page of a user."""
    return f"/people/{quote(id_, safe='')}"


def _user(request: ApiRequest) -> Resource:
    return visible(request, KIND, request.path["user"], READ)


def _page(request: ApiRequest, problem: str = "", status: int = 200, link: str = "") -> Response:
    stored, services = _user(request), request.services
    principal, snapshot, now = request.principal, control(request).directory.current(), services.clock.now()
    answer = None
    try:
        answer = _explained(request, stored)
    except HoldfastError as error:
        problem, status = str(error), error.status
    known = Names(request)
    _, sources = sources_of(services.store, snapshot, stored.id, now)
    return page(
        request,
        "access/person.html",
        status=status,
        problem=problem,
        link=link,
        person=read_user(stored),
        kind=WHAT.get(read_user(stored).type, read_user(stored).type),
        stored=stored,
        address=address_of(stored.id),
        sources=[(known.role(s.assignment.role), s) for s in sources],
        held=effective(services.store, snapshot, stored.id, now),
        answer=answer,
        asked={name: request.query.get(name, "") for name in ("permission", "at")},
        permissions=list(Permission),
        credential=credential_of(services.store, stored),
        sessions=len(control(request).sessions.of(stored.id)),
        roles=roles(request),
        places=places(request),
        may_update=principal.allows(UPDATE, stored.organization),
        may_delete=principal.allows(Permission.USER_DELETE, stored.organization),
        may_reset=principal.allows(Permission.CREDENTIAL_RESET, stored.organization),
        may_end=principal.allows(Permission.SESSION_MANAGE, stored.organization),
    )


def _explained(request: ApiRequest, stored: Resource) -> Explanation | None:
    """The answer to “why may this person do that there?”, when it is asked."""
    if not request.query.get("permission"):
        return None
    try:
        permission = Permission(request.query["permission"])
    except ValueError:
        raise InvalidError("There is no such permission.", "permission") from None
    services = request.services
    node = path_of(services.store, request.query.get("at", ""))
    snapshot = control(request).directory.current()
    return why(services.store, snapshot, stored.id, permission, node, services.clock.now())


def _change(request: ApiRequest) -> Response:
    """Roles given and taken, the account blocked or open again; one of them, as the button says."""

    def work(fields: Fields) -> str:
        stored = _user(request)
        patch = _patch(stored, fields)
        change = user_change(
            request.services.store, Action.MERGE, stored.id, patch, organization=stored.organization
        )
        request.services.changes.apply(request.principal, change)
        return address_of(stored.id)

    return submitted(request, _page, work)


def _patch(stored: Resource, fields: Fields) -> JsonObject:
    held: list[JsonValue] = [
        {"role": a.role, **({"organization": a.organization} if a.organization else {})}
        for a in read_user(stored).roles
    ]
    organization = fields.get("organization", "")
    named: JsonObject = {
        "role": fields.get("role", ""),
        **({"organization": organization} if organization else {}),
    }
    match fields.get("action"):
        case "give":
            return {"roles": [*held, named]}
        case "take":
            return {"roles": [role for role in held if role != named]}
        case "block":
            return {"enabled": False}
        case "open":
            return {"enabled": True}
        case "break-glass":
            return {"breakGlass": not read_user(stored).break_glass}
    raise InvalidError("The form does not say what to do.", "action")


def _link(request: ApiRequest) -> Response:
    """A sign-in link, shown this once."""
    made: list[str] = []

    def work(_fields: Fields) -> str:
        stored = _user(request)
        made.append(control(request).links.make(request.principal, stored.id))
        return address_of(stored.id)

    led_on = submitted(request, _page, work)
    if not made:
        return led_on
    return _page(request, link=f"{request.url.partition('/people')[0]}/sign-in/link#{made[0]}")


def _reset(request: ApiRequest) -> Response:
    def work(_fields: Fields) -> str:
        stored = _user(request)
        change = Change(Action.DELETE, CREDENTIAL, stored.id, permission=Permission.CREDENTIAL_RESET)
        request.services.changes.apply(request.principal, change)
        control(request).sessions.end_all(request.principal, stored.id)
        return address_of(stored.id)

    return submitted(request, _page, work)


def _end_sessions(request: ApiRequest) -> Response:
    def work(_fields: Fields) -> str:
        stored = _user(request)
        control(request).sessions.end_all(request.principal, stored.id, but=request.principal.session)
        return address_of(stored.id)

    return submitted(request, _page, work)


def _remove(request: ApiRequest) -> Response:
    def work(_fields: Fields) -> str:
        remove_user(control(request).ports, request.principal, _user(request).id, None)
        return "/people"

    return submitted(request, _page, work)


def _form(path: str, permission: Permission, handler: object, summary: str) -> Route:
    return Route("POST", PERSON + path, permission, handler, summary, content_types=FORM, is_page=True)  # type: ignore[arg-type]  # the handlers above


ROUTES = [
    Route("GET", PERSON, READ, _page, "Person", is_page=True),
    _form("", UPDATE, _change, "Change what somebody may do"),
    _form("/link", Permission.CREDENTIAL_RESET, _link, "Make a sign-in link"),
    _form("/reset", Permission.CREDENTIAL_RESET, _reset, "Take away what somebody signs in with"),
    _form("/sessions", Permission.SESSION_MANAGE, _end_sessions, "End somebody's sessions"),
    _form("/remove", Permission.USER_DELETE, _remove, "Remove somebody and all that was theirs"),
]
