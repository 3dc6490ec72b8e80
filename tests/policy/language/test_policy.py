from collections.abc import Mapping, Sequence

import pytest

from holdfast.kernel.clock import ManualClock
from holdfast.policy.language.evaluation.policy import Circumstances, Compliance, Outcome
from holdfast.policy.language.evaluation.reasons import Reason
from holdfast.policy.language.limits import EXPLAINED_MEMBERS
from holdfast.policy.language.rules.model import Effect
from holdfast.policy.language.values import UNDEFINED
from tests.policy.language.build import VALVES, alias, judge, valve

OPEN = {"field": alias("open"), "equals": True}
ROLES = ["/providers/Microsoft.Authorization/roleDefinitions/1"]


@pytest.mark.parametrize(
    ("effect", "compliance"),
    [
        ("audit", Compliance.NON_COMPLIANT),
        ("Deny", Compliance.NON_COMPLIANT),
        ("denyAction", Compliance.PROTECTED),
        ("manual", Compliance.UNKNOWN),
        ("punish", Compliance.NON_COMPLIANT),
    ],
)
def test_an_effect_is_carried_out_when_if_holds(effect: str, compliance: Compliance) -> None:
    outcome = judge(OPEN, valve(open=True), effect=effect)
    assert (outcome.triggered, outcome.compliance, outcome.effect_name) == (True, compliance, effect)
    calm = judge(OPEN, valve(open=False), effect=effect)
    assert not calm.triggered


def test_a_disabled_policy_says_nothing() -> None:
    outcome = judge(OPEN, valve(open=True), effect="DISABLED")
    assert (outcome.triggered, outcome.compliance) == (False, Compliance.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("state", "compliance"), [("Compliant", "Compliant"), ("nonCompliant", "NonCompliant"), ("", "Unknown")]
)
def test_a_manual_policy_starts_from_the_state_that_it_names(state: str, compliance: str) -> None:
    outcome = judge(OPEN, valve(open=True), effect="manual", details={"defaultState": state})
    assert outcome.compliance == compliance


def test_parameters_have_defaults_and_are_found_in_any_letter_case() -> None:
    parameters = {"Effect": {"type": "String", "defaultValue": "audit"}}
    effect = "[parameters('effect')]"
    assert judge(OPEN, valve(open=True), effect=effect, parameters=parameters).effect is Effect.AUDIT
    about = Circumstances({"EFFECT": "Deny"})
    assert (
        judge(OPEN, valve(open=True), effect=effect, parameters=parameters, about=about).effect is Effect.DENY
    )


def test_an_override_takes_the_place_of_the_effect() -> None:
    about = Circumstances(effect=Effect.DISABLED)
    assert judge(OPEN, valve(open=True), effect="deny", about=about).compliance is Compliance.NOT_APPLICABLE


def test_modify_computes_its_values_and_reports_the_condition_as_written() -> None:
    details = {
        "roleDefinitionIds": ROLES,
        "operations": [
            {"operation": "ADDORREPLACE", "field": alias("open"), "value": "[not(true())]"},
            {
                "operation": "add",
                "field": "[concat('tags.', field('name'))]",
                "value": "[toUpper(field('name'))]",
            },
            {"operation": "remove", "field": "tags.old", "condition": "[equals(field('name'), 'v1')]"},
        ],
    }
    outcome = judge(OPEN, valve(open=True), effect="modify", details=details)
    assert [(each.operation, each.field, each.value, each.condition) for each in outcome.operations] == [
        ("addOrReplace", alias("open"), False, True),
        ("add", "tags.v1", "V1", True),
        ("remove", "tags.old", UNDEFINED, True),
    ]
    assert outcome.details == {
        "roleDefinitionIds": ROLES,
        "operations": [
            {"operation": "addOrReplace", "field": alias("open"), "value": False},
            {"operation": "add", "field": "[concat('tags.', field('name'))]", "value": "V1"},
            {"operation": "remove", "field": "tags.old", "condition": "[equals(field('name'), 'v1')]"},
        ],
    }


@pytest.mark.parametrize("details", [[{"field": "tags.a", "value": 1}], {"field": "tags.a", "value": 1}])
def test_append_takes_one_detail_or_several(details: object) -> None:
    outcome = judge(OPEN, valve(open=True), effect="append", details=details)
    assert outcome.details == [{"field": "tags.a", "value": 1}]


def related(answers: Sequence[object], asked: list[Mapping[str, object]]) -> Circumstances:
    def find(request: Mapping[str, object]) -> Sequence[object]:
        asked.append(request)
        return answers

    return Circumstances(related=find, explain=True)


EXISTS = {
    "type": "Plant.Water/alarms",
    "name": "[concat(field('name'), '-alarm')]",
    "existenceScope": "subscription",
}
WORKING = {
    "allOf": [
        {"field": "Plant.Water/alarms/works", "equals": True},
        {"value": "[field('name')]", "equals": "v1"},
    ]
}


def if_not_exists(answers: Sequence[object], *, condition: bool = True) -> Outcome:
    details = {**EXISTS, "existenceCondition": WORKING} if condition else EXISTS
    return judge(
        OPEN, valve(open=True), effect="auditIfNotExists", details=details, about=related(answers, [])
    )


def test_what_should_exist_is_looked_for_by_the_computed_details() -> None:
    asked: list[Mapping[str, object]] = []
    judge(OPEN, valve(open=True), effect="auditIfNotExists", details=EXISTS, about=related([], asked))
    assert asked == [
        {
            "operation": "lookup_related_resources",
            "type": "Plant.Water/alarms",
            "name": "v1-alarm",
            "existenceScope": "subscription",
        }
    ]


def test_many_related_resources_and_a_slow_lookup_are_no_error() -> None:
    clock = ManualClock(0.0)
    owners = [f"o{number}" for number in range(100)]
    answers = [valve(open=False, owners=owners) for _ in range(2_500)]

    def find(request: Mapping[str, object]) -> Sequence[object]:
        clock.advance(3600)
        return answers

    owned = {"count": {"field": alias("owners[*]"), "where": {"value": "x", "equals": "y"}}, "greater": 0}
    details = {"type": VALVES, "existenceCondition": owned}
    about = Circumstances(related=find, monotonic=clock.monotonic)
    outcome = judge(OPEN, valve(open=True), effect="auditIfNotExists", details=details, about=about)
    assert (outcome.compliance, outcome.error) == (Compliance.NON_COMPLIANT, "")


def test_a_reason_shows_some_related_resources() -> None:
    outcome = if_not_exists([{"properties": {"works": False}}] * 50)
    assert outcome.reason is not None
    assert len(outcome.reason.children[1].children) == EXPLAINED_MEMBERS


def test_one_related_resource_that_fulfils_the_condition_is_enough() -> None:
    good, bad = {"properties": {"works": True}}, {"properties": {"works": False}}
    assert if_not_exists([bad, good]).compliance is Compliance.COMPLIANT
    assert if_not_exists([bad, bad]).compliance is Compliance.NON_COMPLIANT
    assert if_not_exists([]).compliance is Compliance.NON_COMPLIANT
    assert if_not_exists([None]).compliance is Compliance.NON_COMPLIANT
    assert if_not_exists([bad], condition=False).compliance is Compliance.COMPLIANT


def test_resources_outside_of_if_are_not_the_business_of_if_not_exists() -> None:
    outcome = judge(
        OPEN, valve(open=False), effect="deployIfNotExists", details=EXISTS, about=related([], [])
    )
    assert outcome.compliance is Compliance.NOT_APPLICABLE


def leaves(reason: Reason) -> list[Reason]:
    return [reason] if not reason.children else [leaf for child in reason.children for leaf in leaves(child)]


def test_the_reason_shows_what_was_looked_at_with_its_values() -> None:
    condition = {
        "allOf": [{"field": "type", "equals": VALVES}, {"not": OPEN}, {"field": "name", "equals": "other"}]
    }
    reason = judge(condition, valve(open=True), about=Circumstances(explain=True)).reason
    assert reason is not None
    assert not reason.result
    assert [(leaf.expression, leaf.actual, leaf.expected, leaf.result) for leaf in leaves(reason)] == [
        ("type", VALVES, VALVES, True),
        (alias("open"), True, True, True),
    ]
    assert reason.children[1].pointer == "/policyRule/if/allOf/1"


def test_the_reason_of_a_count_shows_its_members() -> None:
    condition = {
        "count": {"field": alias("ports[*]"), "where": {"field": alias("ports[*].name"), "equals": "in"}},
        "equals": 2,
    }
    reason = judge(
        condition, valve(ports=[{"name": "in"}, {"name": "out"}]), about=Circumstances(explain=True)
    ).reason
    assert reason is not None
    assert (reason.actual, reason.expected, reason.result) == (1, 2, False)
    assert [member.result for member in reason.children] == [True, False]


def test_the_reason_of_what_is_missing_shows_the_candidates() -> None:
    reason = if_not_exists([{"properties": {"works": False}}]).reason
    assert reason is not None
    missing = reason.children[1]
    assert (missing.kind, missing.expression, missing.result) == ("missing", "Plant.Water/alarms", True)
    assert leaves(missing)[0].actual is False


def test_a_reason_for_scripts_names_the_parts_as_azure_does() -> None:
    reason = judge(OPEN, valve(open=True), about=Circumstances(explain=True)).reason
    assert reason is not None
    assert reason.to_json() == {
        "kind": "field",
        "result": True,
        "expression": alias("open"),
        "operator": "equals",
        "path": "/policyRule/if",
        "expressionValue": True,
        "targetValue": True,
    }


def test_explaining_never_changes_the_result() -> None:
    where: dict[str, object] = {"field": "name", "equals": "v1"}
    for _ in range(14):
        where = {"count": {"value": [1, 2], "where": where}, "greater": 0}
    plain = judge(where, valve())
    explained = judge(where, valve(), about=Circumstances(explain=True))
    assert plain.compliance is explained.compliance is Compliance.NON_COMPLIANT


@pytest.mark.parametrize("resource", [None, 7, "text", [], {}, {"type": 7, "properties": []}])
def test_odd_resources_are_judged_like_empty_ones(resource: object) -> None:
    assert judge({"field": alias("open"), "exists": False}, resource).triggered
