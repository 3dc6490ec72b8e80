"""Just-in-time elevation: asked for with a reason, decided by somebody else, over by itself."""

from typing import Any

import pytest

from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.requests import KIND
from holdfast.access.errors import EscalationError
from holdfast.access.roles.builtin import (
    ADMINISTRATOR,
    BUILDER,
    OPERATOR,
    ORGANIZATION_ADMINISTRATOR,
    ORGANIZATION_OPERATOR,
)
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import ConflictError, ForbiddenError, HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal
from holdfast.resources.model import Action, Resource
from tests.access.world import AccessWorld


def eligible(here: AccessWorld, **more: Any) -> None:
    here.user("ada")
    here.user("boss", ADMINISTRATOR.id)
    here.world.put(ELIGIBLE, "e", {"user": "ada", "role": OPERATOR.id, **more})


def ask(here: AccessWorld, by: str = "ada", id: str = "x", **more: Any) -> Resource:
    body = {"eligible": "e", "reason": "pump 7 is down", "minutes": 60, **more}
    return here.world.put(KIND, id, body, here.as_user(by))


def decide(here: AccessWorld, by: str | Principal, state: str, id: str = "x") -> None:
    principal = here.as_user(by) if isinstance(by, str) else by
    here.world.change(Action.MERGE, KIND, id, {"state": state, "decision": "seen"}, principal)


def may(here: AccessWorld, who: str = "ada") -> bool:
    return here.as_user(who).allows(Permission.DEVICE_UPDATE)


def test_an_approved_elevation_holds_for_its_time_and_says_who_approved_it(here: AccessWorld) -> None:
    eligible(here)
    assert ask(here).body["state"] == "pending"
    assert not may(here)
    here.clock.advance(600)
    decide(here, "boss", "active")
    assert may(here)
    stored = here.world.store.get(KIND, "x")
    assert stored is not None
    assert (stored.body["decidedBy"], stored.body["ends"]) == ("boss", here.clock.now() + 3600)
    here.clock.advance(3599)
    assert may(here)
    here.clock.advance(1)
    assert not may(here)


def test_nobody_approves_their_own_request(here: AccessWorld) -> None:
    eligible(here)
    here.user("ada", BUILDER.id)
    here.user("second", ADMINISTRATOR.id)
    here.user("boss", OPERATOR.id)
    here.world.put(ELIGIBLE, "e", {"user": "boss", "role": ADMINISTRATOR.id})
    ask(here, "boss")
    with pytest.raises(ForbiddenError, match="own request"):
        decide(here, "boss", "active")


@pytest.mark.parametrize("state", ["active", "denied"])
def test_only_approvers_decide(here: AccessWorld, state: str) -> None:
    eligible(here)
    here.user("eve", BUILDER.id)
    ask(here)
    with pytest.raises(ForbiddenError):
        decide(here, "eve", state)
    with pytest.raises(ForbiddenError):
        decide(here, "ada", state)


def test_named_approvers_replace_everybody_else(here: AccessWorld) -> None:
    here.user("colleague")
    eligible(here)
    here.world.put(ELIGIBLE, "e", {"user": "ada", "role": OPERATOR.id, "approvers": ["colleague"]})
    ask(here)
    with pytest.raises(ForbiddenError):
        decide(here, "boss", "active")
    decide(here, "colleague", "active")
    assert may(here)


def test_an_organizations_approver_decides_there_and_not_beside_it(here: AccessWorld) -> None:
    here.organization("north")
    here.organization("south")
    here.user("north-boss", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    here.user("south-boss", (ORGANIZATION_ADMINISTRATOR.id, "south"))
    here.user("ada")
    body: JsonObject = {"user": "ada", "role": ORGANIZATION_OPERATOR.id, "organization": "north"}
    here.world.put(ELIGIBLE, "e", body, organization="/north/")
    asked: JsonObject = {"eligible": "e", "reason": "night shift"}
    here.world.put(KIND, "x", asked, here.as_user("ada"), organization="/north/")
    with pytest.raises(HoldfastError):
        decide(here, "south-boss", "active")
    decide(here, "north-boss", "active")
    assert here.as_user("ada").reach(Permission.DEVICE_UPDATE) == ("/north/",)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"reason": ""}, "reason"),
        ({"minutes": 481}, "480 minutes"),
        ({"minutes": 1}, "minutes"),
        ({"eligible": "nothing"}, "no such"),
    ],
)
def test_a_request_says_why_and_for_how_long(here: AccessWorld, more: dict[str, Any], said: str) -> None:
    eligible(here)
    with pytest.raises(HoldfastError, match=said):
        ask(here, **more)


def test_what_the_product_fills_in_cannot_be_asked_for(here: AccessWorld) -> None:
    eligible(here)
    forged: dict[str, Any] = {
        "state": "active",
        "role": ADMINISTRATOR.id,
        "ends": 9e9,
        "starts": 1,
        "decidedBy": "boss",
    }
    body = ask(here, **forged).body
    assert (body["state"], body["role"], body["ends"], body["decidedBy"]) == ("pending", OPERATOR.id, 0.0, "")
    decide(here, "boss", "active")
    changed = here.world.change(
        Action.MERGE, KIND, "x", {"state": "ended", "ends": 9e9, "minutes": 480}, here.as_user("ada")
    )
    assert changed.resource is not None
    assert changed.resource.body["ends"] == here.clock.now()


def test_somebody_elses_eligibility_is_of_no_use(here: AccessWorld) -> None:
    eligible(here)
    here.user("eve", BUILDER.id)
    with pytest.raises(ForbiddenError):
        ask(here, "eve")


def test_one_factor_is_not_enough(here: AccessWorld) -> None:
    eligible(here)
    weak = here.as_user("ada", frozenset({"pwd"}))
    with pytest.raises(ForbiddenError, match="two factors"):
        here.world.put(KIND, "x", {"eligible": "e", "reason": "pump 7"}, weak)


def test_a_request_lapses_after_a_day(here: AccessWorld) -> None:
    eligible(here)
    ask(here)
    here.clock.advance(86_401)
    with pytest.raises(ConflictError, match="lapsed"):
        decide(here, "boss", "active")


def test_without_eligibility_nothing_holds_and_nothing_is_approved(here: AccessWorld) -> None:
    eligible(here)
    ask(here)
    decide(here, "boss", "active")
    ask(here, id="y")
    here.world.change(Action.DELETE, ELIGIBLE, "e")
    assert not may(here)
    with pytest.raises(HoldfastError):
        decide(here, "boss", "active", "y")


def test_an_eligibility_that_ended_ends_what_was_taken(here: AccessWorld) -> None:
    eligible(here, expires=isoformat(here.clock.now() + 600), approval=False)
    ask(here)
    assert may(here)
    here.clock.advance(600)
    assert not may(here)
    with pytest.raises(ConflictError, match="ended at"):
        ask(here, id="y")


@pytest.mark.parametrize("by", ["ada", "boss"])
def test_an_elevation_can_be_ended_early_and_stays_ended(here: AccessWorld, by: str) -> None:
    eligible(here, approval=False)
    ask(here)
    decide(here, by, "ended")
    assert not may(here)
    with pytest.raises(ConflictError, match="cannot become"):
        decide(here, "boss", "active")


def test_a_deleted_and_remade_user_inherits_no_eligibility_and_no_elevation(here: AccessWorld) -> None:
    eligible(here, approval=False)
    ask(here)
    here.world.change(Action.DELETE, "user", "ada")
    here.clock.advance(1)
    here.user("ada")
    assert not may(here)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"user": "nobody"}, "no person"),
        ({"role": "nope"}, "no role"),
        ({"approvers": ["ada"]}, "nobody else"),
        ({"approvers": ["nobody"]}, "nobody else"),
        ({"expires": "soon"}, "no moment"),
        ({"maximumMinutes": 2000}, "maximumMinutes"),
    ],
)
def test_an_eligible_assignment_that_makes_no_sense_is_refused(
    here: AccessWorld, body: JsonObject, said: str
) -> None:
    here.user("ada")
    with pytest.raises(InvalidError, match=said):
        here.world.put(ELIGIBLE, "e", {"user": "ada", "role": OPERATOR.id, **body})


def test_nobody_makes_somebody_eligible_for_more_than_they_have(here: AccessWorld) -> None:
    here.organization("north")
    here.user("boss", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    here.user("ada")
    with pytest.raises(ForbiddenError):
        here.world.put(ELIGIBLE, "e", {"user": "ada", "role": OPERATOR.id}, here.as_user("boss"))
    people: JsonObject = {"displayName": "People", "permissions": ["application:user:update"]}
    here.world.put("role", "people", people)
    here.user("manager", "people")
    with pytest.raises(EscalationError):
        here.world.put(ELIGIBLE, "e", {"user": "manager", "role": ADMINISTRATOR.id}, here.as_user("manager"))


def test_a_moment_that_was_asked_for_ends_it_before_its_minutes_do(here: AccessWorld) -> None:
    eligible(here)
    ask(here, until=isoformat(here.clock.now() + 300))
    here.clock.advance(100)
    decide(here, "boss", "active")
    here.clock.advance(199)
    assert may(here)
    here.clock.advance(1)
    assert not may(here)


@pytest.mark.parametrize("until", ["soon", isoformat(0)])
def test_a_moment_that_is_none_or_past_is_refused(here: AccessWorld, until: str) -> None:
    eligible(here)
    with pytest.raises(InvalidError, match="/until"):
        ask(here, until=until)


def test_what_lapsed_before_it_was_approved_begins_no_more(here: AccessWorld) -> None:
    eligible(here)
    ask(here, until=isoformat(here.clock.now() + 60))
    here.clock.advance(60)
    with pytest.raises(InvalidError, match="past already"):
        decide(here, "boss", "active")


def test_a_session_is_without_the_role_at_the_moment_when_eligibility_ends(here: AccessWorld) -> None:
    eligible(here, approval=False, expires=isoformat(here.clock.now() + 30))
    cookie = here.cookie("ada")
    ask(here)
    assert here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)
    here.clock.advance(30)
    assert not here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)


@pytest.mark.parametrize(("until", "lasts"), [(300, 300), (7200, 3600)])
def test_an_approver_may_give_less_and_never_more(here: AccessWorld, until: float, lasts: float) -> None:
    eligible(here)
    ask(here)
    patch: JsonObject = {"state": "active", "until": isoformat(here.clock.now() + until)}
    here.world.change(Action.MERGE, KIND, "x", patch, here.as_user("boss"))
    stored = here.world.store.get(KIND, "x")
    assert stored is not None
    assert stored.body["ends"] == here.clock.now() + lasts
