"""Sessions: one's own, and those of others for whoever may end them."""

from typing import NamedTuple

from starlette.responses import Response

from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.access.sessions.kind import KIND, read_session
from holdfast.api.frame import ApiRequest, Route
from holdfast.console.pages.access.forms import Fields, control, submitted
from holdfast.console.rendering import FORM, page
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Resource
from holdfast.resources.query import All, Compare, Operator, Order, Query

HERE = "/access/sessions"
SHOWN = 200


METHODS = {"pwd": "password", "otp": "one-time code", "hwk": "passkey", "mfa": "two factors"}
"""What people call ways to sign in (RFC 8176); the others of a passkey say no more."""
BROWSERS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
"""What stands in a browser's name for itself, the more telling first."""


class Shown(NamedTuple):
    """One session as the page shows it."""

    id: str
    person: str
    by: str
    methods: str
    since: float
    last: float
    expires: float
    address: str
    agent: str
    browser: str
    is_this: bool


def _page(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    reach = request.principal.reach(Permission.SESSION_READ)
    live = Compare("expires", Operator.GREATER, request.services.clock.now())
    order = Order("@created", descending=True)
    others = request.services.store.find(Query(KIND, reach, live, order, limit=SHOWN)).items if reach else []
    return page(
        request,
        "access/sessions.html",
        status=status,
        problem=problem,
        own=_shown(request, control(request).sessions.of(request.principal.id)),
        others=_shown(request, [s for s in others if s.body["user"] != request.principal.id]),
        total=request.services.store.count(KIND, reach, All((live,))) if reach else 0,
        sees_others=bool(reach),
        may_end=bool(request.principal.reach(Permission.SESSION_MANAGE)),
    )


def _shown(request: ApiRequest, found: list[Resource]) -> list[Shown]:
    uses = control(request).traces.last_use(KIND, [session.id for session in found])
    users = {id_: request.services.store.get(USER, id_) for id_ in {str(s.body["user"]) for s in found}}
    names = {id_: read_user(user).name for id_, user in users.items() if user is not None}
    shown = []
    for stored in found:
        body, use = read_session(stored), uses.get(stored.id)
        shown.append(
            Shown(
                id=stored.id,
                person=names.get(body.user, body.user),
                by=body.provider or "a local account",
                methods=", ".join(METHODS[each] for each in METHODS if each in body.methods),
                since=stored.created,
                last=use.time if use else stored.created,
                expires=body.expires,
                address=use.address if use else body.address,
                agent=body.agent,
                browser=browser_of(body.agent),
                is_this=stored.id == request.principal.session,
            )
        )
    return shown


def browser_of(agent: str) -> str:
    """The browser and the system that a User-Agent names; the whole text where it names none."""
    browser = next((title for mark, title in BROWSERS.items() if mark in agent), "")
    system = next((title for mark, title in SYSTEMS.items() if mark in agent), "")
    return f"{browser} on {system}" if browser and system else agent


def _end(request: ApiRequest) -> Response:
    def work(_fields: Fields) -> str:
        control(request).sessions.end(request.principal, request.path["session"])
        return HERE

    return submitted(request, _page, work)


ROUTES = [
    Route("GET", HERE, Permission.PROFILE_MANAGE, _page, "Sessions", is_page=True),
    Route(
        "POST",
        f"{HERE}/{{session}}/end",
        Permission.PROFILE_MANAGE,
        _end,
        "End a session",
        content_types=FORM,
        is_page=True,
    ),
]
