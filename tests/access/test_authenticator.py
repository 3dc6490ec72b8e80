"""At every request: revocation bites at the next one, conditions are evaluated each time."""

from collections.abc import Callable

import pytest

from holdfast.access.elevation.requests import KIND as ELEVATION
from holdfast.access.errors import ConditionsError, SignInRefusedError
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.users import KIND as USER
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR, ORGANIZATION_OPERATOR
from holdfast.access.sessions.kind import KIND as SESSION
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import UnauthenticatedError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, PrincipalKind
from holdfast.resources.model import Action
from tests.access.world import AccessWorld


def test_nothing_presented_is_nobody(here: AccessWorld) -> None:
    principal = here.who()
    assert (principal.kind, principal.address, principal.grants) == (
        PrincipalKind.ANONYMOUS,
        "192.0.2.1",
        (),
    )


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic YTpi",
        "Bearer ",
        "SharedAccessSignature sr=a&sig=b&skn=c&se=1",
        "SharedAccessSignature",
        "x" * 20_000,
        "Bearer " + "x" * 20_000,
    ],
)
def test_what_is_presented_and_not_good_is_refused_and_never_nobody(
    here: AccessWorld, authorization: str
) -> None:
    with pytest.raises(UnauthenticatedError):
        here.who(authorization=authorization)


@pytest.mark.parametrize("cookie", ["x", "a.b", ".", "é.é", "a" * 200])
def test_a_cookie_that_is_none_is_refused(here: AccessWorld, cookie: str) -> None:
    with pytest.raises(UnauthenticatedError):
        here.who(cookie=cookie)


def test_the_principal_carries_where_when_and_how(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    principal = here.who(cookie=here.cookie("ada"), address="198.51.100.7")
    assert principal.address == "198.51.100.7"
    assert principal.session
    assert principal.authenticated_at == here.clock.now()


def revoke_session(here: AccessWorld) -> None:
    (session,) = here.access.sessions.of("ada")
    here.access.sessions.end(here.as_user("ada"), session.id)


def disable(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id, enabled=False)


def delete(here: AccessWorld) -> None:
    here.world.change(Action.DELETE, USER, "ada")


def switch_off(here: AccessWorld) -> None:
    here.user("root", ADMINISTRATOR.id)
    here.world.put("accessSettings", "application", {"localMethods": {"localAccounts": False}})


def administrator_ends_all(here: AccessWorld) -> None:
    here.user("root", ADMINISTRATOR.id)
    assert here.access.sessions.end_all(here.as_user("root"), "ada") == 1


@pytest.mark.parametrize("revoke", [revoke_session, disable, delete, switch_off, administrator_ends_all])
def test_a_session_ends_at_the_next_request(here: AccessWorld, revoke: Callable[[AccessWorld], None]) -> None:
    here.user("ada", OPERATOR.id)
    cookie = here.cookie("ada")
    assert here.who(cookie=cookie).id == "ada"
    revoke(here)
    with pytest.raises(UnauthenticatedError):
        here.who(cookie=cookie)


def test_a_role_that_was_taken_away_is_gone_at_the_next_request(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    cookie = here.cookie("ada")
    assert here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)
    here.user("ada")
    assert not here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)


def test_a_custom_role_that_lost_a_permission_loses_it_at_the_next_request(here: AccessWorld) -> None:
    here.world.put("role", "r", {"displayName": "R", "permissions": ["application:key:manage"]})
    here.user("ada", "r")
    cookie = here.cookie("ada")
    assert here.who(cookie=cookie).allows(Permission.KEY_MANAGE)
    here.world.put("role", "r", {"displayName": "R", "permissions": ["application:key:read"]})
    assert not here.who(cookie=cookie).allows(Permission.KEY_MANAGE)


def test_an_idle_session_ends_and_a_busy_one_ends_at_its_absolute_age(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    idle, busy = here.cookie("ada"), here.cookie("ada")
    for _ in range(23):
        here.clock.advance(29 * 60)
        here.who(cookie=busy)
    with pytest.raises(SignInRefusedError, match="idle"):
        here.who(cookie=idle)
    here.clock.advance(29 * 60)
    assert here.who(cookie=busy).id == "ada"
    here.clock.advance(29 * 60)
    with pytest.raises(SignInRefusedError, match="is over"):
        here.who(cookie=busy)


def test_sessions_that_are_over_are_swept_away(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    here.cookie("ada")
    assert here.access.sessions.sweep() == 0
    here.clock.advance(12 * 3600)
    assert here.access.sessions.sweep() == 1
    assert here.world.store.count(SESSION, ("/",)) == 0  # type: ignore[arg-type]  # a literal path


def test_a_cookie_that_was_there_before_the_sign_in_never_becomes_a_session(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    first, second = here.cookie("ada"), here.cookie("ada")
    assert first.split(".")[0] != second.split(".")[0]
    planted = f"{first.split('.')[0]}.{second.split('.')[1]}"
    with pytest.raises(UnauthenticatedError):
        here.who(cookie=planted)


def test_the_secret_of_a_session_is_kept_nowhere(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    session_id, secret = here.cookie("ada").split(".")
    stored = here.world.store.get(SESSION, session_id)
    assert stored is not None
    assert secret not in str(stored.body)
    assert secret not in str(here.events("session.created"))


def test_an_api_token_acts_with_its_role_until_it_expires_or_is_deleted(here: AccessWorld) -> None:
    _, text = here.access.tokens.issue(SYSTEM, "ci", [Assignment(OPERATOR.id)])
    principal = here.who(authorization=text)
    assert (principal.id, principal.kind) == ("ci", PrincipalKind.API_TOKEN)
    assert principal.allows(Permission.DEVICE_UPDATE)
    assert here.access.traces.last_use("apiToken", ["ci"])["ci"].address == "192.0.2.1"
    here.world.change(Action.DELETE, "apiToken", "ci")
    with pytest.raises(UnauthenticatedError):
        here.who(authorization=text)
    _, short = here.access.tokens.issue(SYSTEM, "short", [Assignment(OPERATOR.id)], _in(here, 60))
    here.who(authorization=short)
    here.clock.advance(60)
    with pytest.raises(UnauthenticatedError):
        here.who(authorization=short)


def test_local_methods_switched_off_at_an_organization_end_access_there_alone(here: AccessWorld) -> None:
    here.organization("north")
    here.organization("south")
    role = ORGANIZATION_OPERATOR.id
    _, north = here.access.tokens.issue(SYSTEM, "n", [Assignment(role, "north")])
    _, both = here.access.tokens.issue(SYSTEM, "b", [Assignment(role, "north"), Assignment(role, "south")])
    off: JsonObject = {"localMethods": {"apiTokens": False}}
    here.world.put("accessSettings", "north", off, organization="/north/")
    with pytest.raises(SignInRefusedError, match="switched off"):
        here.who(authorization=north)
    assert here.who(authorization=both).reach(Permission.DEVICE_READ) == ("/south/",)


BLOCK_ELSEWHERE: JsonObject = {
    "displayName": "Only from the plant",
    "state": "enabled",
    "conditions": {
        "principals": {"include": [f"role:{OPERATOR.id}"]},
        "networks": {"exclude": ["192.0.2.0/24"]},
    },
    "control": {"action": "block"},
}


def test_conditions_are_evaluated_at_every_request_on_its_own_circumstances(here: AccessWorld) -> None:
    administrator(here)
    here.user("ada", OPERATOR.id)
    cookie = here.cookie("ada")
    here.world.put("conditionalAccessPolicy", "plant", BLOCK_ELSEWHERE)
    assert here.who(cookie=cookie).id == "ada"
    with pytest.raises(ConditionsError, match="Only from the plant"):
        here.who(cookie=cookie, address="203.0.113.1")
    assert here.who(cookie=cookie).id == "ada"


def test_a_policy_ends_live_sessions_at_the_next_request(here: AccessWorld) -> None:
    administrator(here)
    here.user("ada", OPERATOR.id)
    cookie = here.cookie("ada", frozenset({"pwd"}))
    here.who(cookie=cookie)
    mfa: JsonObject = {"displayName": "Two factors", "state": "enabled", "control": {"strength": "mfa"}}
    here.world.put("conditionalAccessPolicy", "mfa", mfa)
    with pytest.raises(ConditionsError, match="two factors") as caught:
        here.who(cookie=cookie)
    assert caught.value.can_retry_with == "mfa"


def test_a_sign_in_that_conditions_refuse_begins_no_session(here: AccessWorld) -> None:
    administrator(here)
    here.user("ada", OPERATOR.id)
    body: JsonObject = {
        **BLOCK_ELSEWHERE,
        "conditions": {"principals": {"include": ["ada"]}},
    }
    here.world.put("conditionalAccessPolicy", "p", body)
    with pytest.raises(ConditionsError):
        here.cookie("ada")
    assert here.access.sessions.of("ada") == []


def test_a_risk_signal_ends_a_live_session_until_it_lapses(here: AccessWorld) -> None:
    administrator(here)
    here.user("ada", OPERATOR.id)
    cookie = here.cookie("ada")
    body: JsonObject = {
        "displayName": "No risk",
        "state": "enabled",
        "conditions": {"risk": "high", "principals": {"exclude": ["root"]}},
        "control": {"action": "block"},
    }
    here.world.put("conditionalAccessPolicy", "risk", body)
    assert here.who(cookie=cookie).id == "ada"
    signal: JsonObject = {"level": "high", "reason": "impossible travel", "until": here.clock.now() + 60}
    here.world.put("riskSignal", "principal:ada", signal)
    with pytest.raises(ConditionsError):
        here.who(cookie=cookie)
    here.clock.advance(60)
    assert here.who(cookie=cookie).id == "ada"


def test_report_only_policies_are_told_to_the_auditor_once_an_hour(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    cookie = here.cookie("ada", frozenset({"pwd"}))
    mfa: JsonObject = {"displayName": "Two factors", "state": "reportOnly", "control": {"strength": "mfa"}}
    here.world.put("conditionalAccessPolicy", "mfa", mfa)
    for _ in range(3):
        assert here.who(cookie=cookie).id == "ada"
    here.world.changes.close()
    (event,) = here.events("conditionalAccess.reported")
    assert (event.actor, event.outcome, event.data["count"]) == ("ada", "reported", 1)


def test_an_elevation_gives_its_role_at_once_and_takes_it_back_by_itself(here: AccessWorld) -> None:
    here.user("ada")
    eligible: JsonObject = {"user": "ada", "role": OPERATOR.id, "approval": False}
    here.world.put("eligibleAssignment", "e", eligible)
    cookie = here.cookie("ada")
    assert not here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)
    asked: JsonObject = {"eligible": "e", "reason": "pump 7 is down", "minutes": 30}
    here.world.put(ELEVATION, "x", asked, here.as_user("ada"))
    assert here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)
    here.clock.advance(29 * 60)
    assert here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)
    here.clock.advance(60)
    assert not here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)


def test_what_is_remembered_is_not_trusted_when_the_news_are_silent(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    cookie = here.cookie("ada")
    here.who(cookie=cookie)
    here.world.changes._observers.clear()
    here.user("ada")
    assert here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)
    here.access.authenticator._trusts_memory = lambda: False
    assert not here.who(cookie=cookie).allows(Permission.DEVICE_UPDATE)


def administrator(here: AccessWorld) -> None:
    """Somebody who is certain to get in, so that policies may be enabled."""
    here.user("root", ADMINISTRATOR.id)
    here.sign_in_method("root")


def _in(here: AccessWorld, seconds: float) -> str:
    return isoformat(here.clock.now() + seconds)
