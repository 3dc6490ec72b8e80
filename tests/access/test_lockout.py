"""Nobody locks everybody out: every way of doing it is refused, and harmless changes are not."""

from collections.abc import Callable
from typing import Any

import pytest

from holdfast.access.errors import LastAdministratorError
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR
from holdfast.kernel.json import JsonObject
from holdfast.resources.model import Action
from tests.access.world import AccessWorld

POLICY = "conditionalAccessPolicy"
BLOCK: JsonObject = {"action": "block"}


def policy(here: AccessWorld, control: JsonObject = BLOCK, state: str = "enabled", **conditions: Any) -> None:
    body: JsonObject = {"displayName": "P", "state": state, "control": control, "conditions": conditions}
    here.world.put(POLICY, "p", body)


@pytest.fixture
def root(here: AccessWorld) -> AccessWorld:
    """One administrator who signs in with a passkey."""
    here.user("root", ADMINISTRATOR.id)
    here.sign_in_method("root")
    return here


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"networks": {"exclude": ["10.0.0.0/8"]}},
        {"times": {"include": [{"days": ["sun"]}]}},
        {"risk": "high"},
        {"principals": {"include": ["root"]}},
        {"principals": {"include": [f"role:{ADMINISTRATOR.id}"]}},
        {"clients": ["browser"]},
        {"kinds": ["user"]},
        {"control": {"acr": ["c1"]}},
    ],
    ids=str,
)
def test_a_policy_that_could_refuse_every_administrator_is_refused(
    root: AccessWorld, arguments: dict[str, Any]
) -> None:
    with pytest.raises(LastAdministratorError, match="break-glass"):
        policy(root, **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"state": "reportOnly"},
        {"state": "disabled"},
        {"principals": {"exclude": ["root"]}},
        {"principals": {"include": [f"role:{OPERATOR.id}"]}},
        {"principals": {"exclude": [f"role:{ADMINISTRATOR.id}"]}},
        {"clients": ["apiToken", "bearer"]},
        {"kinds": ["api-token"]},
        {"control": {"strength": "mfa"}},
        {"control": {"strength": "phishingResistant"}},
        {"control": {"maximumAgeMinutes": 5}},
    ],
    ids=str,
)
def test_a_policy_that_an_administrator_is_certain_to_satisfy_is_taken(
    root: AccessWorld, arguments: dict[str, Any]
) -> None:
    policy(root, **arguments)


def test_a_break_glass_account_makes_every_policy_possible_and_then_stays(root: AccessWorld) -> None:
    root.user("glass", ADMINISTRATOR.id, breakGlass=True)
    with pytest.raises(LastAdministratorError):
        policy(root)
    root.sign_in_method("glass")
    policy(root)
    for change in (
        lambda: root.user("glass", ADMINISTRATOR.id, breakGlass=False),
        lambda: root.user("glass", ADMINISTRATOR.id, breakGlass=True, enabled=False),
        lambda: root.world.change(Action.DELETE, "user", "glass"),
        lambda: root.world.change(Action.DELETE, "credential", "glass"),
    ):
        with pytest.raises(LastAdministratorError):
            change()


def test_without_anybody_who_can_sign_in_no_policy_is_enabled(here: AccessWorld) -> None:
    here.user("root", ADMINISTRATOR.id)
    with pytest.raises(LastAdministratorError):
        policy(here, {"strength": "mfa"})


def remove_passkey(here: AccessWorld) -> None:
    here.world.change(Action.DELETE, "credential", "root")


def switch_local_accounts_off(here: AccessWorld) -> None:
    here.world.put("accessSettings", "application", {"localMethods": {"localAccounts": False}})


def weaken_credential(here: AccessWorld) -> None:
    policy(here, {"strength": "mfa"})
    root = here.world.store.get("user", "root")
    assert root is not None
    here.world.put("credential", "root", {"userSince": root.created, "password": "$argon2id$x"})


@pytest.mark.parametrize("change", [remove_passkey, switch_local_accounts_off, weaken_credential])
def test_the_last_certain_way_in_is_kept(root: AccessWorld, change: Callable[[AccessWorld], None]) -> None:
    with pytest.raises(LastAdministratorError, match="lock everyone out"):
        change(root)


def provider(here: AccessWorld, **more: Any) -> None:
    body: JsonObject = {"displayName": "I", "issuer": "https://id.example.org", "clientId": "c", **more}
    here.world.put("identityProvider", "idp", body)


def pin(here: AccessWorld, user: str) -> None:
    from holdfast.access.oidc.identities import identity_id

    stored = here.world.store.get("user", user)
    assert stored is not None
    body: JsonObject = {"provider": "idp", "subject": "s", "user": user, "userSince": stored.created}
    here.world.put("federatedIdentity", identity_id("idp", "s"), body)


def test_local_accounts_can_go_once_an_administrator_came_in_through_the_provider(root: AccessWorld) -> None:
    provider(root)
    with pytest.raises(LastAdministratorError):
        switch_local_accounts_off(root)
    pin(root, "root")
    switch_local_accounts_off(root)
    with pytest.raises(LastAdministratorError):
        provider(root, enabled=False)
    with pytest.raises(LastAdministratorError):
        root.world.change(Action.DELETE, "identityProvider", "idp")


def test_somebody_who_can_take_the_role_alone_counts_as_an_administrator(root: AccessWorld) -> None:
    root.user("ada")
    root.sign_in_method("ada")
    eligible: JsonObject = {"user": "ada", "role": ADMINISTRATOR.id, "approval": False}
    root.world.put("eligibleAssignment", "e", eligible)
    root.user("root", OPERATOR.id)
    with pytest.raises(LastAdministratorError):
        root.world.change(Action.DELETE, "eligibleAssignment", "e")


def test_somebody_whose_elevation_nobody_could_approve_does_not_count(root: AccessWorld) -> None:
    root.user("ada")
    root.user("bob")
    root.sign_in_method("ada")
    body: JsonObject = {"user": "ada", "role": ADMINISTRATOR.id, "approvers": ["bob"]}
    root.world.put("eligibleAssignment", "e", body)
    with pytest.raises(LastAdministratorError):
        root.user("root", OPERATOR.id)
    root.sign_in_method("bob")
    root.user("root", OPERATOR.id)
