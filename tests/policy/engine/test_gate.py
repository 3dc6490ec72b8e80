"""Policies on the change path: what is changed, what is refused, and who is told why."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from holdfast.kernel.errors import InvalidError, PolicyDeniedError
from holdfast.kernel.json import JsonObject
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, EXEMPTION, full_id
from holdfast.resources.model import Action, Applied
from tests.policy.engine.samples import (
    APPLICATION,
    APPLICATIONS,
    DEVICES,
    ORGANIZATIONS,
    Guarded,
    modifying,
    open_guarded,
)

_ACCESS = f"{APPLICATIONS}/publicNetworkAccess"
_NAME = f"{APPLICATIONS}/displayName"
_OPEN: JsonObject = {
    "allOf": [{"field": "type", "equals": APPLICATIONS}, {"field": _ACCESS, "notEquals": "Disabled"}]
}
_SIMULATED: JsonObject = {
    "allOf": [
        {"field": "type", "equals": DEVICES},
        {"field": f"{DEVICES}/simulated", "equals": True},
    ]
}
_APPLICATION: JsonObject = {"field": "type", "equals": APPLICATIONS}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Guarded]:
    with open_guarded(tmp_path) as opened:
        yield opened


def rename(world: Guarded, **changes: str) -> Applied:
    """Change the application."""
    return world.change(Action.MERGE, "application", "application", {"displayName": "Works", **changes})


def refused(world: Guarded, **changes: str) -> PolicyDeniedError:
    """Change the application, which is refused and left alone."""
    with pytest.raises(PolicyDeniedError) as caught:
        rename(world, **changes)
    stored = world.store.get("application", "application")
    assert stored is not None
    assert stored.body["displayName"] == "Plant"
    return caught.value


def test_deny_refuses_with_assignment_definition_values_and_message(world: Guarded) -> None:
    assignment = world.enforce(_OPEN, "deny", nonComplianceMessages=[{"message": "Ask the network team"}])
    error = refused(world)
    assert (error.status, error.code) == (403, "RequestDisallowedByPolicy")
    assert (error.assignment, error.definition) == (assignment, full_id(DEFINITION, "own"))
    for part in ("“About own”", "“Own”", "publicNetworkAccess is Enabled", "Ask the network team"):
        assert part in str(error)


def test_a_refusal_tells_programs_what_azure_tells_them(world: Guarded) -> None:
    world.enforce(_OPEN, "deny", parameters={})
    error = refused(world)
    assert error.target == "application"
    details = error.violation.pop("evaluationDetails")
    assert error.violation == {
        "policyDefinitionId": full_id(DEFINITION, "own"),
        "policyDefinitionName": "own",
        "policyDefinitionDisplayName": "About own",
        "policyDefinitionEffect": "deny",
        "policyAssignmentId": full_id(ASSIGNMENT, "own"),
        "policyAssignmentName": "own",
        "policyAssignmentDisplayName": "Own",
        "policyAssignmentScope": "/",
        "policyAssignmentParameters": {},
    }
    assert details == {
        "evaluatedExpressions": [
            {
                "result": "True",
                "expressionKind": "Field",
                "expression": "type",
                "path": "type",
                "expressionValue": APPLICATIONS,
                "targetValue": APPLICATIONS,
                "operator": "Equals",
            },
            {
                "result": "True",
                "expressionKind": "Field",
                "expression": _ACCESS,
                "path": "publicNetworkAccess",
                "expressionValue": "Enabled",
                "targetValue": "Disabled",
                "operator": "NotEquals",
            },
        ]
    }


def test_a_request_that_complies_passes(world: Guarded) -> None:
    world.enforce(_OPEN, "deny")
    assert rename(world, publicNetworkAccess="Disabled").policy_effects == ()


def test_audit_refuses_nothing(world: Guarded) -> None:
    world.enforce(_OPEN, "audit")
    assert rename(world).resource is not None


@pytest.mark.parametrize("mode", ["All", "Indexed"])
def test_the_mode_indexed_leaves_organizations_out_and_nothing_else(world: Guarded, mode: str) -> None:
    types: JsonObject = {"field": "type", "in": [APPLICATIONS, ORGANIZATIONS]}
    world.assign(world.define("own", types, "deny", mode=mode))
    with pytest.raises(PolicyDeniedError):
        rename(world)
    with nullcontext() if mode == "Indexed" else pytest.raises(PolicyDeniedError):
        world.put("organization", "north", {"displayName": "North", "parent": ""}, organization="/north/")


def test_a_policy_that_is_not_enforced_refuses_nothing(world: Guarded) -> None:
    world.enforce(_OPEN, "deny", enforcementMode="DoNotEnforce")
    assert rename(world).resource is not None


def test_what_leaves_out_a_default_does_not_pass(world: Guarded) -> None:
    world.enforce(
        {"allOf": [_APPLICATION, {"field": _ACCESS, "equals": "Enabled"}]},
        "deny",
    )
    with pytest.raises(PolicyDeniedError):
        world.put("application", "application", {"displayName": "Plant", "idScope": "0ne1"})


def test_modify_changes_the_request_and_says_so(world: Guarded) -> None:
    world.enforce(_OPEN, "modify", details=modifying(_ACCESS, "Disabled"))
    applied = rename(world)
    assert applied.resource is not None
    assert applied.resource.body["publicNetworkAccess"] == "Disabled"
    assert applied.resource.body["displayName"] == "Works"
    assert applied.policy_effects == (
        "the policy “About own” (assignment “Own”) set publicNetworkAccess to Disabled",
    )
    event = world.feed.search(kind="application")[0]
    assert "publicNetworkAccess" in str(event)


def test_deny_judges_what_modify_left(world: Guarded) -> None:
    world.enforce(_OPEN, "deny", "deny")
    world.enforce(_OPEN, "modify", "modify", modifying(_ACCESS, "Disabled"))
    assert rename(world).policy_effects


def test_two_that_insist_on_different_values_refuse(world: Guarded) -> None:
    for name in ("one", "two"):
        world.enforce(_APPLICATION, "modify", name, modifying(_NAME, name))
    assert "insists on another value" in str(refused(world))


def test_one_that_insists_goes_before_others(world: Guarded) -> None:
    world.enforce(_APPLICATION, "modify", "one", modifying(_NAME, "one", "audit"))
    world.enforce(_APPLICATION, "modify", "two", modifying(_NAME, "two", "deny"))
    applied = rename(world)
    assert applied.resource is not None
    assert applied.resource.body["displayName"] == "two"


def test_without_one_that_insists_neither_changes_anything(world: Guarded) -> None:
    for name in ("one", "two"):
        world.enforce(_APPLICATION, "modify", name, modifying(_NAME, name, "audit"))
    applied = rename(world)
    assert applied.resource is not None
    assert applied.resource.body["displayName"] == "Works"


def test_append_does_not_overwrite(world: Guarded) -> None:
    world.enforce(_APPLICATION, "append", details=[{"field": _NAME, "value": "Appended"}])
    assert "sets" in str(refused(world))


@pytest.mark.parametrize("effect", ["deny", "modify"])
def test_an_error_in_an_enforced_policy_refuses(world: Guarded, effect: str) -> None:
    condition: JsonObject = {
        "allOf": [_APPLICATION, {"value": f"[substring(field('{_NAME}'), 500)]", "equals": "x"}]
    }
    details = modifying(_NAME, "x") if effect == "modify" else None
    world.enforce(condition, effect, details=details)
    assert "cannot be evaluated" in str(refused(world))


def test_an_error_in_an_audited_policy_refuses_nothing(world: Guarded) -> None:
    world.enforce({"value": f"[substring(field('{_NAME}'), 500)]", "equals": "x"}, "audit")
    assert rename(world).resource is not None


def test_deny_action_keeps_a_resource(world: Guarded) -> None:
    world.put("device", "pump", {"displayName": "Pump"})
    world.enforce(
        {"field": "name", "equals": "pump"},
        "denyAction",
        details={"actionNames": ["delete"], "cascadeBehaviors": {"resourceGroup": "deny"}},
    )
    world.put("device", "pump", {"displayName": "Still changeable"})
    with pytest.raises(PolicyDeniedError):
        world.change(Action.DELETE, "device", "pump")


def test_a_policy_acts_in_its_scope_only(world: Guarded) -> None:
    world.put("organization", "north", {"displayName": "North"}, organization="/north/")
    world.put("organization", "south", {"displayName": "South"}, organization="/south/")
    definition = world.define("own", _SIMULATED, "deny")
    world.assign(definition, scope="/organizations/north")
    world.put("device", "one", {"simulated": True}, organization="/south/")
    with pytest.raises(PolicyDeniedError):
        world.put("device", "two", {"simulated": True}, organization="/north/")


def test_an_exempt_resource_passes_until_the_exemption_ends(world: Guarded) -> None:
    assignment = world.enforce(_SIMULATED, "deny")
    body: JsonObject = {
        "policyAssignmentId": assignment.upper(),
        "exemptionCategory": "Waiver",
        "scope": f"/providers/{DEVICES}/pump",
        "expiresOn": "2100-01-01T00:00:00Z",
    }
    world.put(EXEMPTION, "pump", body)
    world.put("device", "pump", {"simulated": True})
    with pytest.raises(PolicyDeniedError):
        world.put("device", "fan", {"simulated": True})
    world.put(EXEMPTION, "pump", {**body, "expiresOn": "2000-01-01T00:00:00Z"})
    with pytest.raises(PolicyDeniedError):
        world.put("device", "pump", {"simulated": True, "displayName": "Pump"})


def test_an_override_puts_another_effect_in_force(world: Guarded) -> None:
    world.enforce(_OPEN, "audit", overrides=[{"kind": "policyEffect", "value": "deny", "selectors": []}])
    refused(world)


def test_a_change_of_policies_is_in_force_at_once(world: Guarded) -> None:
    world.enforce(_OPEN, "deny")
    refused(world)
    world.change(Action.DELETE, ASSIGNMENT, "own")
    assert rename(world).resource is not None


def test_a_listener_is_judged_when_the_application_changes(world: Guarded) -> None:
    listeners = "Holdfast.Network/listeners"
    condition: JsonObject = {
        "allOf": [
            {"field": "type", "equals": listeners},
            {"field": f"{listeners}/defaultAction", "equals": "Allow"},
        ]
    }
    world.enforce(condition, "deny")
    refused(world)


def test_a_policy_over_a_field_that_does_nothing_here_is_not_applicable(world: Guarded) -> None:
    world.enforce({"field": f"{APPLICATIONS}/sku.name", "notEquals": "ST2"}, "deny")
    assert rename(world).resource is not None


def test_secrets_are_not_judged_and_stay(world: Guarded) -> None:
    attestation: JsonObject = {
        "type": "symmetricKey",
        "symmetricKey": {
            "primaryKey": "cHJpbWFyeSBrZXkgb2YgcHVtcHM=",
            "secondaryKey": "c2Vjb25kYXJ5IGtleSBvZiBwdW1wcw==",
        },
    }
    groups = "Holdfast.Devices/enrollmentGroups"
    world.enforce(
        {"field": "type", "equals": groups}, "modify", details=modifying(f"{groups}/enabled", False)
    )
    body: JsonObject = {"displayName": "Pumps", "type": "iot", "attestation": attestation}
    stored = world.put("enrollmentGroup", "pumps", body)
    assert stored.body["attestation"] == attestation
    assert stored.body["enabled"] is False


def test_a_body_that_nests_without_end_is_refused(world: Guarded) -> None:
    deep: JsonObject = {}
    for _ in range(300):
        deep = {"a": deep}
    with pytest.raises(InvalidError):
        world.put("application", "application", {**APPLICATION, "extra": deep})
