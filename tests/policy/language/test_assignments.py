import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.language.assignments.model import Assignment, Exemption, Initiative
from holdfast.policy.language.assignments.parse import (
    is_initiative,
    parse_assignment,
    parse_exemption,
    parse_initiative,
)
from holdfast.policy.language.assignments.resolve import Binding, bindings_of, exempting, judges, within_id
from holdfast.policy.language.assignments.versions import in_range, is_range, newest, version_from
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.rules.model import Effect

SCOPE = "/subscriptions/s/resourceGroups/g"
HUB = f"{SCOPE}/providers/Plant.Water/valves/v1"


def initiative(**more: object) -> Initiative:
    document: dict[str, object] = {
        "parameters": {
            "mode": {"type": "String", "defaultValue": "Audit"},
            "days": {"type": "Integer"},
        },
        "policyDefinitionGroups": [{"name": "DP-3", "category": "Data", "displayName": "Encrypt"}],
        "policyDefinitions": [
            {
                "policyDefinitionId": "/d/one",
                "policyDefinitionReferenceId": "first",
                "definitionVersion": "1.*.*",
                "parameters": {"effect": {"value": "[parameters('mode')]"}, "limit": {"value": 3}},
                "groupNames": ["DP-3"],
            },
            {
                "policyDefinitionId": "/d/two",
                "parameters": {"age": {"value": "[add(parameters('days'), 1)]"}},
            },
        ],
    }
    return parse_initiative({"name": "i", "properties": {**document, **more}})


def assignment(**members: object) -> Assignment:
    document = {"policyDefinitionId": "/d/i", "scope": SCOPE, **members}
    return parse_assignment(
        {"id": f"{SCOPE}/providers/Microsoft.Authorization/policyAssignments/a", "properties": document}
    )


def test_an_initiative_passes_its_parameters_on() -> None:
    one, two = bindings_of(assignment(parameters={"Days": {"value": 30}}), initiative())
    assert (one.definition_id, one.reference_id, one.version, one.groups) == (
        "/d/one",
        "first",
        "1.*.*",
        ("DP-3",),
    )
    assert one.parameters == {"effect": "Audit", "limit": 3}
    assert (two.reference_id, two.parameters) == ("1", {"age": 31})


def test_a_parameter_without_a_value_is_named() -> None:
    with pytest.raises(DefinitionError, match="no value for 'age'"):
        list(bindings_of(assignment(), initiative()))


def test_a_single_definition_gets_the_parameters_of_its_assignment() -> None:
    (only,) = bindings_of(assignment(parameters={"a": {"value": 1}, "b": 2}, definitionVersion="1.2.*"), None)
    assert (only.definition_id, only.version, only.parameters) == ("/d/i", "1.2.*", {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"policyDefinitions": None}, "/properties/policyDefinitions"),
        ({"policyDefinitions": [{}]}, "/properties/policyDefinitions/0"),
        (
            {"policyDefinitions": [{"policyDefinitionId": "x", "definitionVersion": "latest"}]},
            "/properties/policyDefinitions/0/definitionVersion",
        ),
        (
            {"policyDefinitions": [{"policyDefinitionId": "x", "policyDefinitionReferenceId": "a"}] * 2},
            "/properties/policyDefinitions/1",
        ),
        (
            {"policyDefinitions": [{"policyDefinitionId": "x", "groupNames": ["none"]}]},
            "/properties/policyDefinitions/0",
        ),
        ({"policyDefinitionGroups": [{}]}, "/properties/policyDefinitionGroups/0"),
        ({"policyDefinitions": [{"policyDefinitionId": "x"}] * 1001}, "/properties/policyDefinitions"),
    ],
)
def test_faulty_initiatives_are_refused_at_their_place(members: dict[str, object], pointer: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        initiative(**members)
    assert refused.value.field == pointer


def test_initiatives_are_told_from_definitions() -> None:
    assert is_initiative({"properties": {"policyDefinitions": []}})
    assert is_initiative({"PolicyDefinitions": []})
    assert not is_initiative({"properties": {"policyRule": {}}})
    assert not is_initiative([])


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"policyDefinitionId": 7}, "/properties/policyDefinitionId"),
        ({"enforcementMode": "Sometimes"}, "/properties/enforcementMode"),
        ({"definitionVersion": "1"}, "/properties/definitionVersion"),
        ({"notScopes": [7]}, "/properties/notScopes/0"),
        (
            {"resourceSelectors": [{"selectors": [{"kind": "color", "in": []}]}]},
            "/properties/resourceSelectors/0/selectors/0",
        ),
        (
            {"resourceSelectors": [{"selectors": [{"kind": "resourceType", "in": [], "notIn": []}]}]},
            "/properties/resourceSelectors/0/selectors/0",
        ),
        (
            {"resourceSelectors": [{"selectors": [{"kind": "policyDefinitionReferenceId", "in": []}]}]},
            "/properties/resourceSelectors/0",
        ),
        ({"resourceSelectors": [{}] * 11}, "/properties/resourceSelectors"),
        (
            {"resourceSelectors": [{"selectors": [{"kind": "resourceType", "in": ["x"] * 51}]}]},
            "/properties/resourceSelectors/0/selectors/0/in",
        ),
        ({"overrides": [{"kind": "policyEffect", "value": "punish"}]}, "/properties/overrides/0"),
        ({"overrides": [{"kind": "definitionVersion", "value": "new"}]}, "/properties/overrides/0"),
        ({"overrides": [{"kind": "color", "value": "x"}]}, "/properties/overrides/0"),
    ],
)
def test_faulty_assignments_are_refused_at_their_place(members: dict[str, object], pointer: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        assignment(**members)
    assert refused.value.field == pointer


def test_the_scope_of_an_assignment_may_stand_in_its_id() -> None:
    assert assignment(scope=None).scope == SCOPE


@pytest.mark.parametrize(
    ("scope", "resource", "result"),
    [
        (SCOPE, HUB, True),
        (SCOPE.upper(), HUB, True),
        (HUB, HUB, True),
        (f"{SCOPE}2", HUB, False),
        ("/", HUB, True),
        ("", HUB, True),
        (HUB, SCOPE, False),
    ],
)
def test_a_scope_holds_what_lies_below_it(scope: str, resource: str, result: bool) -> None:
    assert within_id(scope, resource) is result


def select(kind: str, *values: str, excluded: bool = False) -> dict[str, object]:
    return {"selectors": [{"kind": kind, "notIn" if excluded else "in": list(values)}]}


@pytest.mark.parametrize(
    ("members", "result"),
    [
        ({}, True),
        ({"notScopes": [HUB]}, False),
        ({"notScopes": [f"{SCOPE}/providers/Plant.Water/valves/v2"]}, True),
        ({"resourceSelectors": [select("resourceLocation", "WestEurope")]}, True),
        ({"resourceSelectors": [select("resourceLocation", "eastus")]}, False),
        (
            {
                "resourceSelectors": [
                    select("resourceLocation", "eastus"),
                    select("resourceType", "plant.water/VALVES"),
                ]
            },
            True,
        ),
        ({"resourceSelectors": [select("resourceType", "Plant.Water/valves", excluded=True)]}, False),
        ({"resourceSelectors": [select("resourceWithoutLocation", "subscriptionLevelResources")]}, False),
    ],
)
def test_an_assignment_judges_what_is_in_scope_and_selected(members: dict[str, object], result: bool) -> None:
    resource = {"type": "Plant.Water/valves", "location": "West Europe"}
    assert judges(assignment(**members), HUB, resource) is result


def test_resources_without_a_location_are_selected_by_that() -> None:
    chosen = assignment(resourceSelectors=[select("resourceWithoutLocation", "subscriptionLevelResources")])
    assert judges(chosen, HUB, {"type": "x"})
    assert not judges(chosen, HUB, {"type": "x", "location": "here"})


def test_an_override_changes_effect_and_version_of_the_policies_that_it_names() -> None:
    first = {"kind": "policyDefinitionReferenceId", "in": ["FIRST"]}
    here = {"kind": "resourceLocation", "in": ["westeurope"]}
    overridden = assignment(
        parameters={"days": {"value": 1}},
        overrides=[
            {"kind": "policyEffect", "value": "disabled", "selectors": [first, here]},
            {"kind": "policyVersion", "value": "2.*.*", "selectors": [first]},
        ],
    )
    one, two = bindings_of(overridden, initiative())
    resource = {"location": "West Europe"}
    assert one.effect_for(resource) is Effect.DISABLED
    assert one.effect_for({"location": "East US"}) is None
    assert two.effect_for(resource) is None
    assert (one.version, two.version) == ("2.*.*", "")


def test_the_message_of_a_policy_goes_before_the_one_for_all() -> None:
    spoken = assignment(
        nonComplianceMessages=[
            {"message": "for all"},
            {"message": "for one", "policyDefinitionReferenceId": "First"},
        ]
    )
    assert spoken.message_for("first") == "for one"
    assert spoken.message_for("second") == "for all"
    assert assignment().message_for("first") == ""


def exemption(**members: object) -> Exemption:
    document = {"policyAssignmentId": assignment().id, "exemptionCategory": "waiver", **members}
    place = f"{HUB}/providers/Microsoft.Authorization/policyExemptions/e"
    return parse_exemption({"id": place, "name": "e", "properties": document})


def exempts(now: float = 0.0, resource: str = HUB, reference: str = "first", **members: object) -> bool:
    binding = Binding(assignment(), "/d/one", "", reference, {})
    return exempting((exemption(**members),), binding, resource, {"location": "here"}, now) is not None


def test_an_exemption_covers_its_scope_policies_and_time() -> None:
    assert exempts()
    assert not exempts(resource=SCOPE)
    assert exempts(policyDefinitionReferenceIds=["FIRST"])
    assert not exempts(policyDefinitionReferenceIds=["second"])
    assert not exempts(policyAssignmentId="/another")
    assert exempts(resourceSelectors=[select("resourceLocation", "here")])
    assert not exempts(resourceSelectors=[select("resourceLocation", "there")])


def test_an_exemption_ends_at_its_moment() -> None:
    ends = 1_767_225_600.0
    assert exempts(now=ends - 1, expiresOn="2026-01-01T00:00:00Z")
    assert not exempts(now=ends, expiresOn="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"exemptionCategory": "Other"}, "/properties/exemptionCategory"),
        ({"expiresOn": "soon"}, "/properties/expiresOn"),
        ({"policyAssignmentId": 7}, "/properties/policyAssignmentId"),
    ],
)
def test_faulty_exemptions_are_refused_at_their_place(members: dict[str, object], pointer: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        exemption(**members)
    assert refused.value.field == pointer


@pytest.mark.parametrize(
    ("version", "wanted", "result"),
    [
        ("1.2.3", "1.*.*", True),
        ("1.2.3", "1.2.*", True),
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "1.3.*", False),
        ("2.0.0", "1.*.*", False),
        ("1.2.0-preview", "1.*.*", False),
        ("1.2.0-preview", "1.*.*-preview", True),
        ("1.2.0-deprecated", "1.*.*", True),
        ("1.2.3", "*.*.*", False),
    ],
)
def test_ranges_hold_versions(version: str, wanted: str, result: bool) -> None:
    known = version_from(version)
    assert known is not None
    assert in_range(known, wanted) is result


def test_the_newest_version_in_a_range_is_chosen() -> None:
    versions = ["1.9.0", "1.10.0", "2.0.0", "2.1.0-preview", "odd"]
    assert newest(versions, "1.*.*") == "1.10.0"
    assert newest(versions, "2.*.*") == "2.0.0"
    assert newest(versions, "") == "2.1.0-preview"
    assert newest(versions, "3.*.*") is None


@given(st.text(max_size=12))
def test_any_text_is_a_range_or_not(text: str) -> None:
    assert isinstance(is_range(text), bool)
    assert version_from(text) is None or is_range(text)
