"""Users: one can grant only what one has, take over nobody, and an administrator remains."""

from typing import Any

import pytest

from holdfast.access.errors import AccessInvalidError, EscalationError, LastAdministratorError
from holdfast.access.people.users import KIND, user_change
from holdfast.access.roles.builtin import (
    ADMINISTRATOR,
    BUILDER,
    OPERATOR,
    ORGANIZATION_ADMINISTRATOR,
    ORGANIZATION_OPERATOR,
    ORGANIZATION_VIEWER,
    SECURITY_ANALYST,
)
from holdfast.kernel.errors import ConflictError, ForbiddenError, HoldfastError, InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change
from tests.access.world import AccessWorld

ORG_ADMIN = ORGANIZATION_ADMINISTRATOR.id


def test_a_user_lives_at_the_lowest_organization_above_all_of_its_roles(here: AccessWorld) -> None:
    here.organization("north")
    here.organization("plant", "north")
    here.organization("depot", "north")
    viewer, operator = ORGANIZATION_VIEWER.id, ORGANIZATION_OPERATOR.id
    assert here.user("ada", (viewer, "plant")).organization == "/north/plant/"
    assert here.user("bob", (viewer, "plant"), (operator, "depot")).organization == "/north/"
    assert here.user("cleo", (viewer, "plant"), OPERATOR.id).organization == "/"


def test_moving_a_user_by_its_roles_needs_the_right_in_both_places(here: AccessWorld) -> None:
    here.organization("north")
    here.organization("south")
    here.user("boss", (ORG_ADMIN, "north"))
    here.user("ada", (ORGANIZATION_VIEWER.id, "north"))
    moved: JsonObject = {"roles": [{"role": ORGANIZATION_VIEWER.id, "organization": "south"}]}
    with pytest.raises(ForbiddenError):
        here.world.changes.apply(
            here.as_user("boss"), user_change(here.world.store, Action.MERGE, "ada", moved)
        )


@pytest.mark.parametrize(
    ("granter", "role", "granted"),
    [
        (ADMINISTRATOR.id, ADMINISTRATOR.id, True),
        (ADMINISTRATOR.id, BUILDER.id, True),
        (BUILDER.id, OPERATOR.id, False),
        ((ORG_ADMIN, "north"), (ORG_ADMIN, "north"), True),
        ((ORG_ADMIN, "north"), (ORGANIZATION_OPERATOR.id, "plant"), True),
        ((ORG_ADMIN, "north"), (ORGANIZATION_OPERATOR.id, "south"), False),
        ((ORG_ADMIN, "north"), OPERATOR.id, False),
        ((ORG_ADMIN, "north"), (SECURITY_ANALYST.id, "north"), False),
        ((ORG_ADMIN, "plant"), (ORGANIZATION_VIEWER.id, "north"), False),
    ],
)
def test_one_can_grant_only_what_one_has(
    here: AccessWorld, granter: str | tuple[str, str], role: str | tuple[str, str], *, granted: bool
) -> None:
    here.organization("north")
    here.organization("plant", "north")
    here.organization("south")
    here.user("granter", granter)
    acting = here.as_user("granter")
    if granted:
        here.user("new", role, principal=acting)
    else:
        with pytest.raises(ForbiddenError):
            here.user("new", role, principal=acting)


def test_nobody_raises_themselves(here: AccessWorld) -> None:
    here.organization("north")
    here.user("boss", (ORG_ADMIN, "north"))
    with pytest.raises(ForbiddenError):
        here.user("boss", (ORG_ADMIN, "north"), ADMINISTRATOR.id, principal=here.as_user("boss"))


@pytest.mark.parametrize(
    "change",
    [{"email": "mallory@example.org"}, {"enabled": False}, {"roles": []}, {"breakGlass": True}],
    ids=lambda change: next(iter(change)),
)
def test_somebody_who_may_do_more_cannot_be_changed_or_taken_over(
    here: AccessWorld, change: JsonObject
) -> None:
    here.user("root", ADMINISTRATOR.id)
    here.user("other", ADMINISTRATOR.id)
    manages: list[JsonValue] = ["application:user:update", "application:user:delete"]
    here.world.put("role", "people", {"displayName": "People", "permissions": manages})
    here.user("manager", "people")
    acting = here.as_user("manager")
    assert acting.allows(Permission.USER_UPDATE)
    with pytest.raises(EscalationError, match="you lack"):
        here.world.changes.apply(acting, user_change(here.world.store, Action.MERGE, "root", change))
    with pytest.raises(EscalationError):
        here.world.changes.apply(acting, Change(Action.DELETE, KIND, "root"))


def test_only_an_administrator_makes_a_break_glass_account(here: AccessWorld) -> None:
    here.organization("north")
    here.user("boss", (ORG_ADMIN, "north"))
    with pytest.raises(EscalationError):
        here.user("friend", (ORG_ADMIN, "north"), principal=here.as_user("boss"), breakGlass=True)


@pytest.mark.parametrize(
    "change", [None, {"enabled": False}, {"roles": [{"role": BUILDER.id}]}, {"roles": []}], ids=str
)
def test_the_last_administrator_stays(here: AccessWorld, change: JsonObject | None) -> None:
    here.user("first", ADMINISTRATOR.id)
    here.user("second", ADMINISTRATOR.id)
    here.user("builder", BUILDER.id)

    def step_down(user: str) -> None:
        wanted = (
            Change(Action.DELETE, KIND, user)
            if change is None
            else user_change(here.world.store, Action.MERGE, user, change)
        )
        here.world.changes.apply(here.as_user("first"), wanted)

    step_down("second")
    with pytest.raises(LastAdministratorError):
        step_down("first")


def test_two_administrators_cannot_remove_each_other_in_one_transaction(here: AccessWorld) -> None:
    here.user("first", ADMINISTRATOR.id)
    here.user("second", ADMINISTRATOR.id)
    deletions = [Change(Action.DELETE, KIND, user) for user in ("first", "second")]
    with pytest.raises(LastAdministratorError):
        here.world.changes.apply_all(here.as_user("first"), deletions)
    assert here.world.store.get(KIND, "first") is not None


def test_service_principals_and_groups_are_known_by_tenant_and_object(here: AccessWorld) -> None:
    here.user("robot", OPERATOR.id, type="servicePrincipal", tenantId="t", objectId="o")
    here.user("team", OPERATOR.id, type="adGroup", tenantId="t", objectId="o")
    with pytest.raises(ConflictError, match="is the user “robot” already"):
        here.user("robot2", OPERATOR.id, type="servicePrincipal", tenantId="t", objectId="o")


def test_an_address_belongs_to_one_user_however_it_is_written(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id, email="Ada@Example.org")
    with pytest.raises(ConflictError):
        here.user("eve", OPERATOR.id, email="ADA@example.ORG")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"email": "аdmin@example.org"}, "ASCII"),
        ({"displayName": "Аdmin"}, "Cyrillic and Latin"),
        ({"type": "robot"}, "/type"),
        ({"type": "adGroup", "tenantId": "", "objectId": "x"}, "/tenantId"),
        ({"roles": [{"role": "nope"}]}, "no role"),
        ({"roles": [{"role": OPERATOR.id, "organization": "nowhere"}]}, "no organization"),
        ({"roles": [{"role": ORG_ADMIN}]}, "assigned at an organization"),
        ({"roles": [{"role": OPERATOR.id}, {"role": OPERATOR.id}]}, "twice"),
        ({"roles": [{"role": OPERATOR.id}] * 1001}, "at most 1000"),
        ({"password": "x"}, "unknown field"),
    ],
)
def test_what_makes_no_sense_is_refused_naming_the_part(
    here: AccessWorld, body: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidError, match=said):
        here.user("ada", **body)


@pytest.mark.parametrize("id", ["a b", "ä", "", "x" * 49, "a/b"])
def test_ids_are_those_of_the_published_api(here: AccessWorld, id: str) -> None:
    with pytest.raises(InvalidError):
        here.user(id, OPERATOR.id, email="ada@example.org")


def test_an_application_role_has_no_place_in_an_organization(here: AccessWorld) -> None:
    here.organization("north")
    with pytest.raises(AccessInvalidError, match="without an organization"):
        here.user("ada", (OPERATOR.id, "north"))


def test_a_user_of_a_sibling_is_not_there_for_an_organization_administrator(here: AccessWorld) -> None:
    here.organization("north")
    here.organization("south")
    here.user("boss", (ORG_ADMIN, "north"))
    here.user("ada", (ORGANIZATION_VIEWER.id, "south"))
    with pytest.raises(NotFoundError):
        here.world.changes.apply(here.as_user("boss"), Change(Action.DELETE, KIND, "ada"))


def test_every_change_of_a_user_is_on_the_audit_log_with_who_made_it(here: AccessWorld) -> None:
    here.user("root", ADMINISTRATOR.id)
    here.user("ada", OPERATOR.id, principal=here.as_user("root"))
    created = [event for event in here.events("user.created") if event.resource == "ada"]
    assert [(event.actor, event.address) for event in created] == [("root", "192.0.2.1")]


def test_a_refused_change_changes_nothing(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    before = here.world.store.get(KIND, "ada")
    with pytest.raises(HoldfastError):
        here.user("ada", OPERATOR.id, ADMINISTRATOR.id, principal=here.as_user("ada"))
    assert here.world.store.get(KIND, "ada") == before
