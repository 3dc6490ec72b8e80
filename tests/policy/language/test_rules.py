import pytest

from holdfast.policy.language.documents import Node
from holdfast.policy.language.errors import DefinitionError
from holdfast.policy.language.evaluation.policy import Circumstances, Language
from holdfast.policy.language.limits import CONDITION_DEPTH
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.language.rules.model import Effect, effect_named
from holdfast.policy.language.rules.parse import parse_rule
from tests.policy.language.build import alias, policy

TYPE = {"field": "type", "equals": "X"}
THEN = {"effect": "audit"}


def rule(condition: object) -> dict[str, object]:
    return {"if": condition, "then": THEN}


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ("text", "/"),
        ({"then": THEN}, "/"),
        ({"if": TYPE}, "/"),
        ({"if": TYPE, "then": {}}, "/then"),
        ({"if": TYPE, "then": []}, "/then"),
        ({"if": TYPE, "then": {"effect": 7}}, "/then/effect"),
        (rule([]), "/if"),
        (rule({}), "/if"),
        (rule({"field": "type"}), "/if"),
        (rule({"field": "type", "equals": 1, "like": "a"}), "/if"),
        (rule({"field": "type", "value": 1, "equals": 1}), "/if"),
        (rule({"equals": 1}), "/if"),
        (rule({"field": "type", "resembles": 1}), "/if/resembles"),
        (rule({"field": 7, "equals": 1}), "/if/field"),
        (rule({"allOf": TYPE}), "/if/allOf"),
        (rule({"allOf": [TYPE, 1]}), "/if/allOf/1"),
        (rule({"allOf": [TYPE], "field": "name"}), "/if"),
        (rule({"not": [TYPE]}), "/if/not"),
        (rule({"anyOf": [{"not": {"field": "a", "equals": "[f(]"}}]}), "/if/anyOf/0/not/equals"),
        (rule({"value": ["a", "[f(]"], "equals": 1}), "/if/value/1"),
        (rule({"count": {}, "equals": 0}), "/if/count"),
        (rule({"count": {"field": "a[*]", "value": []}, "equals": 0}), "/if/count"),
        (rule({"count": {"field": "a[*]", "name": "x"}, "equals": 0}), "/if/count/name"),
        (rule({"count": {"value": [], "name": 7}, "equals": 0}), "/if/count/name"),
        (rule({"count": {"field": "a"}, "equals": 0}), "/if/count/field"),
        (rule({"count": {"field": "a[*]", "unless": TYPE}, "equals": 0}), "/if/count/unless"),
        (rule({"count": {"field": "a[*]", "where": {"field": "b"}}, "equals": 0}), "/if/count/where"),
        (
            {"if": TYPE, "then": {"effect": "auditIfNotExists", "details": {"existenceCondition": {"x": 1}}}},
            "/then/details/existenceCondition/x",
        ),
    ],
)
def test_faults_are_refused_at_their_place(document: object, pointer: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse_rule(Node(document))
    assert refused.value.field == pointer


def test_keys_are_read_in_any_letter_case() -> None:
    document = {"IF": {"ALLOF": [{"Field": "type", "EQUALS": "X"}]}, "Then": {"EFFECT": "Audit"}}
    assert parse_rule(Node(document)) is not None


def nested(depth: int) -> object:
    condition: object = TYPE
    for _ in range(depth - 1):
        condition = {"not": condition}
    return condition


def test_conditions_nest_as_deep_as_azure_allows_and_no_deeper() -> None:
    assert parse_rule(Node(rule(nested(CONDITION_DEPTH)))) is not None
    with pytest.raises(DefinitionError, match=f"deeper than {CONDITION_DEPTH}"):
        parse_rule(Node(rule(nested(CONDITION_DEPTH + 1))))
    with pytest.raises(DefinitionError, match="deeper"):
        parse_rule(Node(rule(nested(100))))


@pytest.mark.parametrize(
    "document",
    [
        {"policyRule": rule(TYPE)},
        {"properties": {"policyRule": rule(TYPE)}, "id": "/x", "name": "x", "displayName": "outside"},
        {"properties": 7, "policyRule": rule(TYPE)},
        rule(TYPE),
        {"policyRule": {**rule(TYPE), "comment": "ignored"}, "category": "ignored"},
        {"policyRule": rule(TYPE), "parameters": [], "mode": 7, "metadata": "x"},
    ],
)
def test_definitions_come_wrapped_or_not_with_more_than_we_know(document: object) -> None:
    assert parse_definition(document).mode == "All"


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"displayName": "x"}, "/"),
        ({"properties": {}}, "/"),
        ({"displayName": "a", "properties": {"displayName": "b", "policyRule": rule(TYPE)}}, "/displayName"),
        ({"policyRule": rule(TYPE), "parameters": {"a": {}, "A": {}}}, "/parameters/A"),
        ({"policyRule": rule(TYPE), "parameters": {"a": "String"}}, "/parameters/a"),
    ],
)
def test_definitions_that_contradict_themselves_are_refused(document: object, pointer: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse_definition(document)
    assert refused.value.field == pointer


def test_a_definition_keeps_what_others_ask_of_it() -> None:
    definition = parse_definition(
        {
            "name": "n",
            "id": "/d/n",
            "properties": {
                "displayName": "D",
                "mode": "Indexed",
                "metadata": {"version": "1.2.0"},
                "versions": ["1.2.0", "1.1.0"],
                "parameters": {
                    "Effect": {"type": "String", "defaultValue": "Deny", "allowedValues": ["Deny"]}
                },
                "policyRule": rule(TYPE),
            },
        }
    )
    assert (definition.name, definition.id, definition.version) == ("n", "/d/n", "1.2.0")
    assert definition.is_indexed
    assert definition.versions == ("1.2.0", "1.1.0")
    assert definition.parameters["effect"].allowed == ("Deny",)


def test_effects_are_known_in_any_letter_case() -> None:
    for effect in Effect:
        assert effect_named(effect.value.upper()) is effect
    assert effect_named("punish") is None
    assert effect_named(7) is None


@pytest.mark.parametrize(
    ("effect", "details", "pointer"),
    [
        ("modify", {"roleDefinitionIds": []}, "/policyRule/then/details"),
        ("modify", {"operations": []}, "/policyRule/then/details/operations"),
        ("modify", {"operations": [{"field": "tags.a"}]}, "/policyRule/then/details/operations/0"),
        (
            "modify",
            {"operations": [{"operation": "rename", "field": "tags.a", "value": 1}]},
            "/policyRule/then/details/operations/0/operation",
        ),
        (
            "modify",
            {"operations": [{"operation": "add", "field": "tags.a"}]},
            "/policyRule/then/details/operations/0",
        ),
        (
            "modify",
            {"operations": [{"operation": "remove", "field": alias("ports[*]")}]},
            "/policyRule/then/details/operations/0/field",
        ),
        (
            "modify",
            {"operations": [{"operation": "remove", "field": "a..b"}]},
            "/policyRule/then/details/operations/0/field",
        ),
        ("append", [], "/policyRule/then/details"),
        ("append", [{"field": "tags.a"}], "/policyRule/then/details/0"),
        ("auditIfNotExists", {"name": "x"}, "/policyRule/then/details"),
        ("deployIfNotExists", {"type": 7}, "/policyRule/then/details/type"),
        ("[parameters('effect')]", {"operations": [7]}, "/policyRule/then/details/operations/0"),
    ],
)
def test_details_that_do_not_fit_their_effect_are_refused(effect: str, details: object, pointer: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        policy(TYPE, effect, details)
    assert refused.value.field == pointer


@pytest.mark.parametrize("field", ["a..b", "a[0]b", "a[", "", "."])
def test_fields_that_are_no_paths_are_refused(field: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        policy({"field": field, "equals": 1})
    assert refused.value.field == "/policyRule/if/field"


def test_a_compiled_policy_keeps_no_state_between_resources() -> None:
    compiled = policy(
        {"field": "tags.a", "equals": "[parameters('p')]"}, parameters={"p": {"type": "String"}}
    )
    language = Language()
    document = language.document({"tags": {"a": "1"}})
    first = compiled.evaluate(document)
    assert not first.triggered

    assert compiled.evaluate(document, Circumstances({"P": "1"})).triggered
    assert not compiled.evaluate(document).triggered
