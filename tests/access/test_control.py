"""What access control looks after by itself, and the first start."""

import pytest

from holdfast.access.errors import AccessInvalidError, SignInRefusedError
from holdfast.access.first_start import ADMINISTRATOR_ID, first_start
from holdfast.access.issuer.keys import stored_keys
from holdfast.access.people.assignments import Assignment
from holdfast.access.roles.builtin import OPERATOR, ORGANIZATION_ADMINISTRATOR
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM
from tests.access.world import HOME, AccessWorld


def test_tending_removes_what_is_over_and_keeps_what_is_not(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    here.cookie("ada")
    here.access.links.make(SYSTEM, "ada")
    until = here.clock.now() + 60
    here.world.put("riskSignal", "principal:ada", {"level": "low", "reason": "r", "until": until})
    here.access.tend()
    kept = ("session", "signInLink", "riskSignal")
    assert [here.world.store.count(kind, (ROOT,)) for kind in kept] == [1, 1, 1]
    assert len(stored_keys(here.world.store)) == 1
    here.clock.advance(13 * 3600)
    here.access.tend()
    assert [here.world.store.count(kind, (ROOT,)) for kind in kept] == [0, 0, 0]


def test_the_first_start_makes_one_administrator_with_a_link_and_a_token(here: AccessWorld) -> None:
    shown = first_start(here.access.ports, here.access.tokens)
    assert shown is not None
    assert here.who(authorization=shown.token).allows(Permission.ACCESS_MANAGE)
    ticket, name = here.access.enrolment.open_link(shown.link, HOME)
    assert (name, bool(ticket)) == ("administrator@localhost", True)
    assert here.world.store.get("credential", ADMINISTRATOR_ID) is None, "nobody has a password yet"
    here.clock.advance(31 * 86_400)
    with pytest.raises(SignInRefusedError):
        here.who(authorization=shown.token)


def test_a_second_start_shows_nothing(here: AccessWorld) -> None:
    assert first_start(here.access.ports, here.access.tokens) is not None
    assert first_start(here.access.ports, here.access.tokens) is None


def test_a_script_with_the_right_role_ends_sessions_below_it_and_no_others(here: AccessWorld) -> None:
    here.organization("north")
    here.user("nina", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    here.user("ada", OPERATOR.id)
    here.cookie("nina")
    here.cookie("ada")
    _, text = here.access.tokens.issue(SYSTEM, "t", [Assignment(ORGANIZATION_ADMINISTRATOR.id, "north")])
    script = here.who(authorization=text)
    assert here.access.sessions.end_all(script, "nina") == 1
    with pytest.raises(NotFoundError):
        here.access.sessions.end(script, here.access.sessions.of("ada")[0].id)


def test_the_audit_log_forgets_what_is_older_than_the_setting(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    here.access.tend()
    first = here.events("user.created")
    here.clock.advance(1)  # after the next change the sealer is due, and the change after that waits for it
    here.world.put("accessSettings", "application", {"audit": {"retentionDays": 90}})
    here.clock.advance(89 * 86_400)
    here.access.tend()
    assert here.events("user.created") == first
    here.clock.advance(2 * 86_400)
    here.user("bob", OPERATOR.id)
    here.access.tend()
    assert [event.resource for event in here.events("user.created")] == ["bob"]
    assert here.events("audit.forgotten")


@pytest.mark.parametrize("days", [-1, 1, 89])
def test_a_retention_that_forgets_too_soon_is_refused(here: AccessWorld, days: int) -> None:
    with pytest.raises(AccessInvalidError, match="retentionDays"):
        here.world.put("accessSettings", "application", {"audit": {"retentionDays": days}})
