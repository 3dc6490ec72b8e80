"""What an auditor has to find: changes, refusals, sign-ins, elevations; who, for whom, from where."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.requests import KIND as ELEVATION
from holdfast.access.errors import ConditionsError, SignInRefusedError
from holdfast.access.people.assignments import Assignment
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR, SUPPORT_ENGINEER
from holdfast.access.support.requests import KIND as SUPPORT
from holdfast.kernel.errors import ForbiddenError
from holdfast.kernel.json import JsonObject
from holdfast.resources.model import Action
from tests.access.world import HOME, AccessWorld

BLOCK: JsonObject = {
    "displayName": "Block ada",
    "state": "enabled",
    "conditions": {"principals": {"include": ["ada"]}},
    "control": {"action": "block"},
}


class Deed(NamedTuple):
    """Something that happens, and the record of it."""

    event: str
    who: str
    do: Callable[[AccessWorld], object]
    resource: str = ""
    outcome: str = "ok"
    changes: bool = False
    """Whether a resource is another one afterwards: then its digests are there."""


def refused(kind: type[Exception], do: Callable[[], object]) -> None:
    with pytest.raises(kind):
        do()


def as_root(
    kind: str, id: str, body: JsonObject, action: Action = Action.PUT
) -> Callable[[AccessWorld], Any]:
    return lambda here: here.world.change(action, kind, id, body, here.as_user("root"))


def elevate(here: AccessWorld) -> None:
    here.world.put(ELIGIBLE, "e", {"user": "ada", "role": ADMINISTRATOR.id})
    here.world.put(ELEVATION, "x", {"eligible": "e", "reason": "night shift"}, here.as_user("ada"))


def approve(here: AccessWorld) -> None:
    elevate(here)
    here.world.change(Action.MERGE, ELEVATION, "x", {"state": "active"}, here.as_user("root"))


def ask_for_support(here: AccessWorld) -> None:
    here.user("engineer", SUPPORT_ENGINEER.id)
    rules: JsonObject = {"enabled": True, "approverRole": ADMINISTRATOR.id}
    here.world.put("accessSettings", "application", {"support": rules})
    here.world.put(SUPPORT, "s", {"role": OPERATOR.id, "reason": "case 7"}, here.as_user("engineer"))


def blocked_request(here: AccessWorld) -> None:
    cookie = here.cookie("ada")
    here.world.put("conditionalAccessPolicy", "p", BLOCK)
    refused(ConditionsError, lambda: here.who(cookie=cookie))


def blocked_sign_in(here: AccessWorld) -> None:
    here.world.put("conditionalAccessPolicy", "p", BLOCK)
    refused(ConditionsError, lambda: here.cookie("ada"))


def wrong_password(here: AccessWorld) -> None:
    sign_in = here.access.local.with_password
    refused(SignInRefusedError, lambda: sign_in("ada@example.org", "guess", "000000", HOME))


def end_session(here: AccessWorld) -> None:
    here.cookie("ada")
    here.access.sessions.end_all(here.as_user("root"), "ada")


def grant_too_much(here: AccessWorld) -> None:
    boss: JsonObject = {"type": "email", "email": "eve@example.org", "roles": [{"role": ADMINISTRATOR.id}]}
    change = here.world.change
    refused(ForbiddenError, lambda: change(Action.CREATE, "user", "eve", boss, here.as_user("ada")))


def break_the_glass(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id, breakGlass=True)
    here.cookie("ada")


def lose_the_token(here: AccessWorld) -> None:
    _, token = here.access.tokens.issue(here.as_user("root"), "t", [Assignment(OPERATOR.id)])
    here.world.change(Action.DELETE, "apiToken", "t", {}, here.as_user("root"))
    refused(SignInRefusedError, lambda: here.who(authorization=token))


USER: JsonObject = {"displayName": "Ada"}
DEEDS = (
    Deed("user.updated", "root", as_root("user", "ada", USER, Action.MERGE), "ada", changes=True),
    Deed("user.deleted", "root", as_root("user", "ada", {}, Action.DELETE), "ada", changes=True),
    Deed("user.refused", "ada", grant_too_much, "eve", "refused"),
    Deed(
        "conditionalAccessPolicy.created",
        "root",
        as_root("conditionalAccessPolicy", "p", BLOCK),
        "p",
        changes=True,
    ),
    Deed("session.created", "ada", lambda here: here.cookie("ada"), changes=True),
    Deed("session.deleted", "root", end_session, changes=True),
    Deed("signIn.refused", "anonymous", wrong_password, "ada@example.org", "refused"),
    Deed("signIn.break-glass", "ada", break_the_glass, "ada"),
    Deed("request.unauthenticated", "anonymous", lose_the_token, outcome="refused"),
    Deed("conditionalAccess.refused", "ada", blocked_request, "ada", "refused"),
    Deed("conditionalAccess.refused", "ada", blocked_sign_in, "ada", "refused"),
    Deed("elevation.created", "ada", elevate, "x", changes=True),
    Deed("elevation.updated", "root", approve, "x", changes=True),
    Deed("supportRequest.created", "engineer", ask_for_support, "s", changes=True),
)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.do.__name__ + " " + deed.event)
def test_it_is_recorded_with_who_and_from_where(here: AccessWorld, deed: Deed) -> None:
    here.user("root", ADMINISTRATOR.id)
    here.sign_in_method("root")
    here.user("ada", OPERATOR.id)
    deed.do(here)
    here.clock.advance(2)
    here.world.changes.close()
    found = here.events(deed.event)
    assert found, f"no {deed.event}"
    event = found[-1]
    assert deed.who in (event.actor, event.on_behalf_of)
    assert event.address == HOME.address
    assert event.outcome == deed.outcome
    if deed.resource:
        assert event.resource == deed.resource
    assert bool(event.before_digest or event.after_digest) is deed.changes
    assert event.before_digest != event.after_digest or not deed.changes
