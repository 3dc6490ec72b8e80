"""What is refused when a policy resource is stored, and where it is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import ConflictError, InvalidError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.policy.builtin.catalog import BASELINE
from holdfast.policy.kinds.names import ASSIGNMENT, ATTESTATION, DEFINITION, EXEMPTION, INITIATIVE, full_id
from holdfast.resources.model import Action
from holdfast.runtime.kinds import KINDS
from tests.support.world import World, open_world

_IF: JsonObject = {"field": "type", "equals": "Holdfast.Devices/devices"}


def definition(condition: JsonValue = None, effect: str = "audit", **rest: JsonValue) -> JsonObject:
    """The body of a definition."""
    rule: JsonObject = {"if": condition or _IF, "then": {"effect": effect}}
    return {"displayName": "Own", "policyRule": rule, **rest}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, KINDS.values(), seals=False) as opened:
        yield opened


def refusal(world: World, kind: str, body: JsonObject, name: str = "own") -> str | None:
    """The JSON pointer that a refusal names."""
    with pytest.raises(InvalidError) as caught:
        world.put(kind, name, body)
    return caught.value.field


def test_a_definition_is_stored_with_its_defaults(world: World) -> None:
    assert world.put(DEFINITION, "own", definition()).body == {
        "policyType": "Custom",
        "mode": "All",
        **definition(),
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"displayName": "Empty"}, "/"),
        (definition({"field": "type", "resembles": "x"}), "/policyRule/if/resembles"),
        (definition({"field": "Holdfast.Devices/devices/colour", "equals": "red"}), "/policyRule/if/field"),
        (definition({"value": "[frobnicate()]", "equals": 1}), "/policyRule/if/value"),
        (definition({"value": "[parameters('days')]", "equals": 1}), "/policyRule/if/value"),
        (definition(effect="obliterate"), "/policyRule/then/effect"),
        (
            definition(parameters={"days": {"type": "Integer", "defaultValue": "many"}}),
            "/parameters/days/defaultValue",
        ),
    ],
)
def test_a_definition_that_cannot_work_is_refused_where_it_is_wrong(
    world: World, body: JsonObject, pointer: str
) -> None:
    assert refusal(world, DEFINITION, body) == pointer


def test_an_unknown_alias_of_somebody_elses_type_is_stored(world: World) -> None:
    world.put(DEFINITION, "own", definition({"field": "Contoso.Things/things/colour", "equals": "red"}))


@pytest.mark.parametrize("name", ["Own", "../own", "", "a" * 129])
def test_names_are_simple(world: World, name: str) -> None:
    assert refusal(world, DEFINITION, definition(), name) in ("/name", "id")


def test_what_is_built_in_stays_as_it_is(world: World) -> None:
    with pytest.raises(ConflictError):
        world.put(INITIATIVE, BASELINE, {"policyDefinitions": []})


def test_an_initiative_needs_its_definitions(world: World) -> None:
    member: JsonObject = {"policyDefinitionId": full_id(DEFINITION, "own")}
    body: JsonObject = {"policyDefinitions": [member]}
    assert refusal(world, INITIATIVE, body) == "/policyDefinitions/0/policyDefinitionId"
    world.put(DEFINITION, "own", definition())
    world.put(INITIATIVE, "all", body)


@pytest.mark.parametrize("passed", ["[parameters('absent')]", "[days]", "[frobnicate()]", "[concat(]"])
def test_an_initiative_passes_on_what_can_be_computed(world: World, passed: str) -> None:
    world.put(DEFINITION, "own", definition(parameters={"days": {"type": "Integer", "defaultValue": 1}}))
    member: JsonObject = {
        "policyDefinitionId": full_id(DEFINITION, "own"),
        "parameters": {"days": {"value": passed}},
    }
    body: JsonObject = {"policyDefinitions": [member], "parameters": {"days": {"type": "Integer"}}}
    assert refusal(world, INITIATIVE, body) == "/policyDefinitions/0/parameters/days"
    member["parameters"] = {"days": {"value": "[parameters('Days')]"}}
    world.put(INITIATIVE, "all", body)


def test_an_assignment_needs_a_definition_that_exists_and_parameters_that_fit(world: World) -> None:
    parameters: JsonObject = {"days": {"type": "Integer"}}
    world.put(
        DEFINITION, "own", definition({"value": "[parameters('days')]", "equals": 1}, parameters=parameters)
    )
    identifier = full_id(DEFINITION, "own")
    assert refusal(world, ASSIGNMENT, {"policyDefinitionId": "absent"}) == "/policyDefinitionId"
    assert refusal(world, ASSIGNMENT, {"policyDefinitionId": identifier}) == "/parameters/days"
    wrong: JsonObject = {"policyDefinitionId": identifier, "parameters": {"days": {"value": "many"}}}
    assert refusal(world, ASSIGNMENT, wrong) == "/parameters/days"
    right: JsonObject = {"policyDefinitionId": identifier, "parameters": {"days": {"value": 7}}}
    stored = world.put(ASSIGNMENT, "own", right)
    assert stored.body["scope"] == "/"
    assert stored.body["enforcementMode"] == "Default"


def test_an_assignment_does_not_reach_beyond_its_organization(world: World) -> None:
    body: JsonObject = {"policyDefinitionId": full_id(INITIATIVE, BASELINE)}
    world.put("organization", "north", {"displayName": "North"}, organization="/north/")
    stored = world.put(ASSIGNMENT, "own", body, organization="/north/")
    assert stored.body["scope"] == "/organizations/north"
    with pytest.raises(InvalidError) as caught:
        world.put(ASSIGNMENT, "wide", {**body, "scope": "/"}, organization="/north/")
    assert caught.value.field == "/scope"


def test_what_is_in_use_cannot_be_deleted(world: World) -> None:
    world.put(DEFINITION, "own", definition())
    world.put(INITIATIVE, "all", {"policyDefinitions": [{"policyDefinitionId": full_id(DEFINITION, "own")}]})
    world.put(ASSIGNMENT, "here", {"policyDefinitionId": full_id(INITIATIVE, "all")})
    exemption: JsonObject = {"policyAssignmentId": full_id(ASSIGNMENT, "here"), "exemptionCategory": "Waiver"}
    world.put(EXEMPTION, "pump", exemption)
    for kind, name in ((DEFINITION, "own"), (INITIATIVE, "all"), (ASSIGNMENT, "here")):
        with pytest.raises(ConflictError):
            world.change(Action.DELETE, kind, name)
    for kind, name in ((EXEMPTION, "pump"), (ASSIGNMENT, "here"), (INITIATIVE, "all"), (DEFINITION, "own")):
        world.change(Action.DELETE, kind, name)


def test_exemptions_and_attestations_name_an_assignment_and_a_state(world: World) -> None:
    absent = full_id(ASSIGNMENT, "absent")
    body: JsonObject = {"policyAssignmentId": absent, "exemptionCategory": "Waiver"}
    assert refusal(world, EXEMPTION, body) == "/policyAssignmentId"
    assert refusal(world, EXEMPTION, {**body, "exemptionCategory": "Because"}) == "/exemptionCategory"
    world.put(ASSIGNMENT, "here", {"policyDefinitionId": full_id(INITIATIVE, BASELINE)})
    attested: JsonObject = {
        "policyAssignmentId": full_id(ASSIGNMENT, "here"),
        "resourceId": "/providers/Microsoft.IoTCentral/iotApps/application",
        "complianceState": "Compliant",
    }
    assert refusal(world, ATTESTATION, {**attested, "complianceState": "Fine"}) == "/complianceState"
    stored = world.put(ATTESTATION, "reviewed", attested)
    assert stored.body["lastComplianceStateChangeBy"] == "Holdfast"
    assert stored.body["lastComplianceStateChangeAt"] == isoformat(stored.created)
    world.clock.advance(60)
    forged: JsonObject = {**attested, "comments": "again", "lastComplianceStateChangeAt": "2001-01-01"}
    again = world.put(ATTESTATION, "reviewed", forged)
    assert again.body["lastComplianceStateChangeAt"] == isoformat(stored.created)
    other = world.put(ATTESTATION, "reviewed", {**attested, "complianceState": "NonCompliant"})
    assert other.body["lastComplianceStateChangeAt"] == isoformat(other.modified)


def test_exempting_is_a_permission_of_its_own() -> None:
    assert KINDS[EXEMPTION].create is Permission.EXEMPTION_MANAGE
    assert KINDS[ATTESTATION].create is Permission.ATTESTATION_MANAGE
