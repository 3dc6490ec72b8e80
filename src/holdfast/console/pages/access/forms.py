"""What the forms of access control share."""

from collections.abc import Callable, Mapping
from typing import Protocol

from starlette.responses import Response

from holdfast.access.control import AccessControl
from holdfast.access.issuer.identities import KIND as MANAGED_IDENTITY
from holdfast.access.issuer.identities import SYSTEM_ASSIGNED, read_identity
from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.access.roles.custom import all_roles
from holdfast.api.frame import ApiRequest
from holdfast.console.rendering import read_form, redirect
from holdfast.console.tables import Choice
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import Order, Query

MAXIMUM_CHOICES = 500
"""Options of one select; beyond it the command line is the better tool."""

Fields = Mapping[str, str]


class Page(Protocol):
    """Shows a page, with what went wrong if something did."""

    def __call__(self, request: ApiRequest, problem: str = "", status: int = 200) -> Response:
        """The page."""
        ...


def submitted(request: ApiRequest, show: Page, work: Callable[[Fields], str]) -> Response:
    """Do what a form asks and lead on to the address that `work` gives; its page again when it is refused."""
    fields = read_form(request)
    try:
        address = work(fields)
    except HoldfastError as error:
        return show(request, str(error), error.status)
    return redirect(address)


def store_or_delete(request: ApiRequest, stored: Resource, body: JsonObject | None) -> None:
    """Store what a form says of a resource as it was shown; None deletes it."""
    change = Change(Action.DELETE, stored.kind, stored.id)
    if body is not None:
        change = Change(Action.PUT, stored.kind, stored.id, body, if_match=stored.etag)
    request.services.changes.apply(request.principal, change)


def control(request: ApiRequest) -> AccessControl:
    """The services of access control."""
    return request.services.extension(AccessControl)


def lines(text: str) -> list[str]:
    """The lines of a text area that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def whole(fields: Fields, name: str, default: int) -> int:
    """A whole number of a form. InvalidError when it is none."""
    text = fields.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidError(f"{name} must be a whole number.", name)
    return int(text)


def roles(request: ApiRequest) -> list[Choice]:
    """Every role to choose from."""
    return [Choice(role.id, role.name) for role in all_roles(request.services.store)]


def people(request: ApiRequest) -> list[Choice]:
    """The people to choose from that the principal may see."""
    reach = request.principal.reach(Permission.USER_READ)
    found = request.services.store.find(Query(USER, reach, limit=MAXIMUM_CHOICES)).items
    named = ((user.id, read_user(user)) for user in found)
    return sorted(
        (Choice(id_, user.name) for id_, user in named if user.type == "email"), key=lambda c: c.title
    )


def places(request: ApiRequest) -> list[Choice]:
    """The application and the organizations to choose from that the principal may see."""
    reach = request.principal.reach(Permission.ORGANIZATION_READ)
    query = Query(ORGANIZATION, reach, order=Order("@organization"), limit=MAXIMUM_CHOICES)
    found = [Choice(o.id, o.organization) for o in request.services.store.find(query).items]
    return [Choice("", "the application"), *found] if ROOT in reach else found


def identities(request: ApiRequest) -> list[Choice]:
    """What a caller may call as: its own identity, and the user-assigned ones that the principal may see."""
    reach = request.principal.reach(Permission.ACCESS_READ)
    found = request.services.store.find(Query(MANAGED_IDENTITY, reach, limit=MAXIMUM_CHOICES)).items
    named = [Choice(stored.id, read_identity(stored).display_name) for stored in found]
    return [Choice(SYSTEM_ASSIGNED, "its own (system-assigned)"), *named]


class Names:
    """What ids are called on one page. Only for ids of what the principal may see anyway."""

    def __init__(self, request: ApiRequest) -> None:
        self._store = request.services.store
        self._roles = control(request).directory.current().roles
        self._people: dict[str, str] = {}

    def person(self, id_: str) -> str:
        """A person's name; the id of somebody who is gone."""
        if id_ not in self._people:
            user = self._store.get(USER, id_) if id_ else None
            self._people[id_] = read_user(user).name if user is not None else id_
        return self._people[id_]

    def role(self, id_: str) -> str:
        """A role's name; the id of one that is gone."""
        role = self._roles.get(id_)
        return role.name if role is not None else id_
