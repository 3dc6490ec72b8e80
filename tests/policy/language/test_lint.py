import pytest

from holdfast.policy.language.lint import CHECKS, Finding, Severity, lint
from tests.policy.language.build import VALVES, alias, catalog

IF = "/properties/policyRule/if"
COUNTED = {"count": {"value": [1, 2]}, "equals": 2}
LISTED = {"count": {"field": alias("valves[*]")}, "equals": 2}
OPEN = {"field": alias("open"), "equals": True}


def document(condition: object = OPEN, then: object = None, **properties: object) -> dict[str, object]:
    described = {
        "displayName": "D",
        "mode": "All",
        "metadata": {"version": "1.0.0", "category": "Water"},
        "policyRule": {"if": condition, "then": then or {"effect": "audit"}},
    }
    return {"properties": {**described, **properties}}


def findings(subject: object) -> list[Finding]:
    return list(lint(subject, catalog(), own=lambda name: name.startswith("Plant.")))


def test_a_definition_in_order_has_no_findings() -> None:
    assert findings(document()) == []


@pytest.mark.parametrize(
    ("subject", "severity", "pointer", "message"),
    [
        ([], "error", "/", "object"),
        (document({"field": "type"}), "error", IF, "operator"),
        (document({"value": "[guid('a')]", "equals": 1}), "error", f"{IF}/value", "guid"),
        (document({"field": alias("color"), "equals": 1}), "error", f"{IF}/field", "no alias"),
        (document({"field": "Vendor.X/y/z", "equals": 1}), "warning", f"{IF}/field", "not applicable"),
        (document({"field": "color", "equals": 1}), "warning", f"{IF}/field", "no alias"),
        (document({"value": "[field('Vendor.X/y/z')]", "equals": 1}), "warning", f"{IF}/value", "not known"),
        (document({"value": "[parameters('p')]", "equals": 1}), "error", f"{IF}/value", "not declared"),
        (
            document({"value": "[parameters('p')]", "equals": 1}, policyType="BuiltIn"),
            "warning",
            f"{IF}/value",
            "not declared",
        ),
        (document(parameters={"p": {"type": "String"}}), "warning", "/properties/parameters/p", "not used"),
        (document(parameters={"p": {"type": "Text"}}), "error", "/properties/parameters/p", "no type"),
        (
            document(parameters={"p": {"type": "Integer", "defaultValue": "1"}}),
            "error",
            "/properties/parameters/p/defaultValue",
            "type Integer",
        ),
        (
            document(parameters={"p": {"type": "String", "defaultValue": "a", "allowedValues": ["b"]}}),
            "error",
            "/properties/parameters/p/defaultValue",
            "allowed",
        ),
        (document(then={"effect": "punish"}), "error", "/properties/policyRule/then/effect", "no effect"),
        (
            document(
                then={"effect": "[parameters('e')]"},
                parameters={"e": {"type": "String", "allowedValues": ["Punish"]}},
            ),
            "error",
            "/properties/parameters/e/allowedValues",
            "no effect",
        ),
        (document(then={"effect": "append"}), "error", "/properties/policyRule/then", "needs 'details'"),
        (
            document(
                then={
                    "effect": "modify",
                    "details": {"operations": [{"operation": "remove", "field": "tags.a"}]},
                }
            ),
            "warning",
            "/properties/policyRule/then/details",
            "roleDefinitionIds",
        ),
        (document({"field": "name", "like": "*a*"}), "warning", IF, "at most one"),
        (
            document(
                {
                    "count": {"value": [1], "where": {"count": {"value": [1]}, "equals": 1}},
                    "equals": 1,
                }
            ),
            "warning",
            f"{IF}/count/where",
            "wants a 'name'",
        ),
        (document({"field": "name", "contains": "a*"}), "warning", IF, "no wildcard"),
        (document({"field": "name", "in": "a"}), "error", f"{IF}/in", "takes an array here, not a string"),
        (document({"field": "name", "notIn": {}}), "error", f"{IF}/notIn", "an array"),
        (document({"field": "name", "exists": [1]}), "error", f"{IF}/exists", "true or false"),
        (document({"field": "name", "less": True}), "error", f"{IF}/less", "not a boolean"),
        (document({"field": "name", "notLike": ["a"]}), "error", f"{IF}/notLike", "a text"),
        (document({"field": "name", "notContainsKey": {}}), "error", f"{IF}/notContainsKey", "a text"),
        (document({**COUNTED, "equals": "many"}), "error", f"{IF}/equals", "a number"),
        (document({"count": LISTED["count"], "less": "many"}), "error", f"{IF}/less", "a number"),
        (document({"anyOf": [COUNTED] * 11}), "error", "/properties/policyRule", "11 counts of values"),
        (document({"anyOf": [LISTED] * 6}), "error", "/properties/policyRule", "6 counts of"),
        (document(then={"effect": "denyAction"}), "error", "/properties/policyRule/then", "actionNames"),
        (
            document(parameters={"e": {"type": "String", "allowedValues": "a"}}),
            "error",
            "/properties/parameters/e/allowedValues",
            "an array",
        ),
        (document({"field": "tags[*]", "equals": "a"}), "warning", IF, "no array"),
        (document({"allOf": []}), "warning", IF, "always"),
        (document({"anyOf": []}), "warning", IF, "never"),
        (document({"anyOf": [OPEN] * 4097}), "error", "/properties/policyRule", "4097 conditions"),
        (
            document({"anyOf": [{"value": "[true()]", "equals": 1}] * 2049}),
            "error",
            "/properties/policyRule",
            "2049 function",
        ),
        (document(displayName=""), "warning", "/properties/displayName", "missing"),
        (document(mode="Sometimes"), "warning", "/properties/mode", "Sometimes"),
        (
            document(metadata={"version": "1.0.0", "category": "x", "deprecated": True}),
            "warning",
            "/properties/metadata/deprecated",
            "deprecated",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    subject: object, severity: str, pointer: str, message: str
) -> None:
    assert [(each.severity, each.pointer) for each in findings(subject) if message in each.message] == [
        (severity, pointer)
    ]


def test_expressions_100_deep_are_refused() -> None:
    expression = "[" + "not(" * 100 + "true()" + ")" * 100 + "]"
    (finding,) = findings(document({"value": expression, "equals": True}))
    assert finding.severity is Severity.ERROR
    assert finding.pointer == f"{IF}/value"


def test_a_deployment_may_use_functions_and_parameters_that_policies_cannot() -> None:
    details = {
        "type": VALVES,
        "deployment": {"properties": {"template": {"a": "[uniqueString(parameters('seed'))]"}}},
    }
    subject = document(
        then={"effect": "deployIfNotExists", "details": details}, parameters={"seed": {"type": "String"}}
    )
    assert findings(subject) == []


def test_errors_come_first() -> None:
    mixed = document({"allOf": [{"field": "color", "equals": 1}, {"field": alias("color"), "equals": 1}]})
    assert [each.severity for each in findings(mixed)] == [Severity.ERROR, Severity.WARNING]


def test_the_checks_have_names_of_their_own() -> None:
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)
