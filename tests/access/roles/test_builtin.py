"""The built-in roles say who gets which permission, and leave none out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.roles.builtin import (
    ADMINISTRATOR,
    AUDITOR,
    BUILDER,
    BUILT_IN,
    OPERATOR,
    ORGANIZATION_ADMINISTRATOR,
    ORGANIZATION_OPERATOR,
    ORGANIZATION_VIEWER,
    SECURITY_ANALYST,
    SENSOR_ADMINISTRATOR,
    SENSOR_READER,
    SUPPORT_ENGINEER,
    Role,
    Scope,
)
from holdfast.access.roles.bundles import ALL, BRINGS, complete
from holdfast.kernel.organizations import ROOT, child
from holdfast.kernel.permissions import Permission

PLANT = child(ROOT, "plant")


def test_only_the_administrator_has_everything() -> None:
    assert [role.id for role in BUILT_IN.values() if role.permissions == ALL] == [ADMINISTRATOR.id]


def test_the_ids_are_those_that_scripts_for_iot_central_name() -> None:
    assert {role.name: role.id[:8] for role in list(BUILT_IN.values())[:6]} == {
        "Administrator": "ca310b8d",
        "Builder": "344138e9",
        "Operator": "ae2c9854",
        "Org Administrator": "c495eb57",
        "Org Operator": "b4935647",
        "Org Viewer": "84cc62c1",
    }


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        (OPERATOR, BUILDER),
        (ORGANIZATION_VIEWER, ORGANIZATION_OPERATOR),
        (ORGANIZATION_OPERATOR, ORGANIZATION_ADMINISTRATOR),
        (SENSOR_READER, SECURITY_ANALYST),
        (SECURITY_ANALYST, SENSOR_ADMINISTRATOR),
    ],
    ids=lambda role: role.name,
)
def test_each_step_up_keeps_what_the_step_below_may_do(smaller: Role, larger: Role) -> None:
    assert smaller.permissions < larger.permissions


@pytest.mark.parametrize("role", [BUILDER, OPERATOR, AUDITOR, SUPPORT_ENGINEER, SENSOR_ADMINISTRATOR])
def test_no_lesser_role_of_the_application_touches_people_keys_or_access(role: Role) -> None:
    sensitive = {
        Permission.USER_CREATE,
        Permission.USER_UPDATE,
        Permission.CREDENTIAL_RESET,
        Permission.API_TOKEN_CREATE,
        Permission.ROLE_MANAGE,
        Permission.ACCESS_MANAGE,
        Permission.KEY_MANAGE,
        Permission.SUPPORT_APPROVE,
    }
    assert not role.permissions & sensitive


def test_the_auditor_reads_everything_but_content_and_changes_nothing() -> None:
    changing = {p for p in AUDITOR.permissions if not p.endswith(":read")}
    assert changing == {Permission.ASSESSMENT_RUN}
    unread = {p for p in Permission if p.endswith(":read")} - AUDITOR.permissions
    assert unread == {Permission.DEVICE_FILES_READ, Permission.PACKETS_READ}


def test_support_may_ask_and_nothing_else() -> None:
    assert SUPPORT_ENGINEER.permissions == {Permission.SUPPORT_REQUEST}


def test_what_is_only_of_use_with_another_permission_brings_it() -> None:
    brought = complete({Permission.DEVICE_COMMAND})
    assert brought >= {Permission.DEVICE_UPDATE, Permission.DEVICE_READ, Permission.TEMPLATE_READ}
    for permission in Permission:
        reading = permission.rpartition(":")[0] + ":read"
        if permission != reading and reading in set(Permission):
            assert Permission(reading) in complete({permission}), permission


@given(st.frozensets(st.sampled_from(Permission)))
def test_completing_is_stable_and_only_adds(permissions: frozenset[Permission]) -> None:
    completed = complete(permissions)
    assert permissions <= completed
    assert complete(completed) == completed
    assert all(BRINGS.get(permission, frozenset()) <= completed for permission in completed)


def test_a_scope_says_at_which_nodes_a_role_may_be_assigned() -> None:
    where = {scope: (scope.admits(ROOT), scope.admits(PLANT)) for scope in Scope}
    assert where == {
        Scope.APPLICATION: (True, False),
        Scope.ORGANIZATION: (False, True),
        Scope.ANYWHERE: (True, True),
    }
