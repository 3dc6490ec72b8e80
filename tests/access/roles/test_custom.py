"""Custom roles: complete, never more than their maker has, and kept while in use."""

import pytest

from holdfast.access.errors import EscalationError
from holdfast.access.people.assignments import Assignment
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR
from holdfast.access.roles.custom import KIND, all_roles, find_role
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action
from tests.access.world import AccessWorld

BODY: JsonObject = {"displayName": "Fitter", "permissions": ["organization:device:command"]}


def test_a_custom_role_has_what_its_permissions_bring(here: AccessWorld) -> None:
    here.world.put(KIND, "fitter", BODY)
    role = find_role(here.world.store, "fitter")
    assert role is not None
    assert {Permission.DEVICE_COMMAND, Permission.DEVICE_READ, Permission.TEMPLATE_READ} <= role.permissions
    assert [role.name for role in all_roles(here.world.store)][-1] == "Fitter"


def test_there_is_no_limit_of_fifty_roles(here: AccessWorld) -> None:
    for number in range(60):
        here.world.put(KIND, f"r{number}", {**BODY, "displayName": f"Fitter {number}"})
    assert len(list(all_roles(here.world.store))) > 60


def test_nobody_adds_a_permission_that_they_lack(here: AccessWorld) -> None:
    here.world.put(KIND, "fitter", BODY)
    manages: JsonObject = {"displayName": "Roles", "permissions": ["application:role:manage"]}
    here.world.put(KIND, "roles", manages)
    here.user("ada", "roles", OPERATOR.id)
    ada = here.as_user("ada")
    here.world.put(KIND, "fitter", {**BODY, "displayName": "Installer"}, ada)
    with pytest.raises(EscalationError, match="key:manage"):
        here.world.put(KIND, "fitter", {**BODY, "permissions": ["application:key:manage"]}, ada)
    with pytest.raises(EscalationError):
        here.world.put(KIND, "mine", {"displayName": "M", "permissions": ["application:access:manage"]}, ada)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"permissions": []}, "allows nothing"),
        ({"scope": "organization", "permissions": ["application:key:manage"]}, "allows nothing"),
        ({"permissions": ["application:everything:do"]}, "/permissions/0"),
        ({"displayName": "Оperator"}, "deceive"),
        ({"scope": "galaxy"}, "/scope"),
    ],
)
def test_a_role_that_makes_no_sense_is_refused(here: AccessWorld, change: JsonObject, said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        here.world.put(KIND, "x", {**BODY, **change})


@pytest.mark.parametrize("name", ["Administrator", "operator", "АUDITOR", "FITTER"])
def test_a_name_that_looks_like_another_roles_is_refused(here: AccessWorld, name: str) -> None:
    here.world.put(KIND, "fitter", BODY)
    with pytest.raises((ConflictError, InvalidError)):
        here.world.put(KIND, "x", {**BODY, "displayName": name})


def test_what_is_about_the_whole_application_is_not_held_at_an_organization(here: AccessWorld) -> None:
    permissions: JsonObject = {"permissions": [permission.value for permission in Permission]}
    here.organization("north")
    for scope in ("organization", "anywhere"):
        here.world.put(KIND, scope, {"displayName": scope, "scope": scope, **permissions})
        here.user(scope, (scope, "north"))
        held = here.as_user(scope)
        assert held.allows(Permission.DEVICE_READ, OrganizationPath("/north/"))
        assert not held.reach(Permission.KEY_READ)
        assert not held.reach(Permission.EVIDENCE_READ)


def test_the_scope_is_fixed_and_built_in_roles_are_not_replaced(here: AccessWorld) -> None:
    here.world.put(KIND, "fitter", BODY)
    with pytest.raises(ConflictError, match="scope is fixed"):
        here.world.put(KIND, "fitter", {**BODY, "scope": "organization"})
    with pytest.raises(ConflictError, match="built in"):
        here.world.put(KIND, ADMINISTRATOR.id, BODY)


def test_a_role_in_use_stays(here: AccessWorld) -> None:
    here.world.put(KIND, "fitter", BODY)
    here.user("ada")
    eligible: JsonObject = {"user": "ada", "role": "fitter"}
    here.world.put("eligibleAssignment", "e", eligible)
    with pytest.raises(ConflictError, match="eligibleAssignment “e”"):
        here.world.change(Action.DELETE, KIND, "fitter")
    here.world.change(Action.DELETE, "eligibleAssignment", "e")
    here.access.tokens.issue(SYSTEM, "t", [Assignment("fitter")])
    with pytest.raises(ConflictError, match="apiToken “t”"):
        here.world.change(Action.DELETE, KIND, "fitter")
    here.world.change(Action.DELETE, "apiToken", "t")
    here.world.change(Action.DELETE, KIND, "fitter")
