"""Support access: off by default, approved by the role that the customer names, over by itself."""

from typing import Any

import pytest

from holdfast.access.errors import AccessInvalidError, EscalationError
from holdfast.access.roles.builtin import ADMINISTRATOR, BUILDER, OPERATOR, SUPPORT_ENGINEER
from holdfast.access.support.requests import KIND
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Resource
from tests.access.world import AccessWorld

APPROVERS = "lockbox"


@pytest.fixture
def customer(here: AccessWorld) -> AccessWorld:
    """A customer who switched support access on and named a role for it."""
    permissions: list[Any] = [permission.value for permission in BUILDER.permissions]
    here.world.put(
        "role",
        APPROVERS,
        {"displayName": "Lockbox", "permissions": [*permissions, "application:access:read"]},
    )
    here.user("root", ADMINISTRATOR.id)
    here.user("lock", APPROVERS)
    here.user("engineer", SUPPORT_ENGINEER.id)
    switch(here, enabled=True)
    return here


def switch(here: AccessWorld, *, enabled: bool, **more: Any) -> None:
    rules: JsonObject = {"enabled": enabled, "approverRole": APPROVERS, **more}
    here.world.put("accessSettings", "application", {"support": rules})


def ask(here: AccessWorld, by: str = "engineer", **more: Any) -> Resource:
    body = {"role": OPERATOR.id, "reason": "case 4711: jobs hang", "minutes": 120, **more}
    return here.world.put(KIND, "s", body, here.as_user(by))


def decide(here: AccessWorld, by: str, state: str = "active") -> None:
    here.world.change(Action.MERGE, KIND, "s", {"state": state}, here.as_user(by))


def may(here: AccessWorld) -> bool:
    return here.as_user("engineer").allows(Permission.DEVICE_UPDATE)


def test_it_is_off_until_somebody_switches_it_on(here: AccessWorld) -> None:
    here.user("engineer", SUPPORT_ENGINEER.id)
    with pytest.raises(ConflictError, match="switched off"):
        ask(here)


def test_switching_it_on_names_the_role_that_approves(here: AccessWorld) -> None:
    for role, said in (("", "needs the role"), ("nobody", "no role")):
        with pytest.raises(AccessInvalidError, match=said):
            here.world.put(
                "accessSettings", "application", {"support": {"enabled": True, "approverRole": role}}
            )


def test_the_engineers_account_allows_nothing_but_to_ask(customer: AccessWorld) -> None:
    engineer = customer.as_user("engineer")
    held = {permission for grant in engineer.grants for permission in grant.permissions}
    assert held == {Permission.SUPPORT_REQUEST, Permission.PROFILE_MANAGE, Permission.ELEVATION_REQUEST}


def test_approved_access_holds_for_its_time_and_is_marked_in_everything_done_with_it(
    customer: AccessWorld,
) -> None:
    ask(customer)
    assert not may(customer)
    decide(customer, "lock")
    assert may(customer)
    principal = customer.who(cookie=customer.cookie("engineer"))
    assert principal.on_behalf_of == "support:s"
    customer.clock.advance(7199)
    assert may(customer)
    customer.clock.advance(1)
    assert not may(customer)


def test_administrators_see_every_request_with_scope_reason_and_decision(customer: AccessWorld) -> None:
    ask(customer)
    decide(customer, "lock")
    (created,) = customer.events("supportRequest.created")
    (updated,) = customer.events("supportRequest.updated")
    assert created.data["reason"] == "case 4711: jobs hang"
    assert (updated.actor, updated.data["decidedBy"]) == ("lock", "lock")
    assert customer.as_user("root").allows(Permission.ACCESS_READ)


@pytest.mark.parametrize("by", ["engineer", "root"])
def test_only_the_named_role_approves(customer: AccessWorld, by: str) -> None:
    ask(customer)
    with pytest.raises(ForbiddenError, match="Only the role"):
        decide(customer, by)


def test_nobody_approves_their_own_request_even_with_the_role(customer: AccessWorld) -> None:
    customer.user("lock", APPROVERS, SUPPORT_ENGINEER.id)
    ask(customer, "lock")
    with pytest.raises(ForbiddenError, match="own request"):
        decide(customer, "lock")


def test_an_approver_gives_no_more_than_they_have(customer: AccessWorld) -> None:
    ask(customer, role=ADMINISTRATOR.id)
    with pytest.raises(EscalationError):
        decide(customer, "lock")


@pytest.mark.parametrize("by", ["engineer", "lock", "root"])
def test_it_is_ended_early_by_anybody_concerned(customer: AccessWorld, by: str) -> None:
    ask(customer)
    decide(customer, "lock")
    decide(customer, by, "ended")
    assert not may(customer)


def test_switching_it_off_ends_what_was_approved_at_the_next_request(customer: AccessWorld) -> None:
    ask(customer)
    decide(customer, "lock")
    cookie = customer.cookie("engineer")
    assert customer.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)
    switch(customer, enabled=False)
    assert not customer.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)


def test_time_and_scope_are_bounded_by_the_settings(customer: AccessWorld) -> None:
    with pytest.raises(InvalidError, match="8 hours at most"):
        ask(customer, minutes=481)
    with pytest.raises(InvalidError):
        ask(customer, role="nope")


def test_nobody_without_the_right_asks(customer: AccessWorld) -> None:
    customer.user("eve", OPERATOR.id)
    with pytest.raises(ForbiddenError):
        ask(customer, "eve")


def test_a_moment_that_was_asked_for_ends_it_before_its_minutes_do(customer: AccessWorld) -> None:
    ask(customer, until=isoformat(customer.clock.now() + 300))
    decide(customer, "lock")
    customer.clock.advance(299)
    assert may(customer)
    customer.clock.advance(1)
    assert not may(customer)
