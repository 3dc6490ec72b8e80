"""Definitions as they are published: they parse, pass the checks, compile, and judge what they are about."""

import json
from functools import cache
from pathlib import Path

import pytest

from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.assignments.model import Assignment
from holdfast.policy.language.assignments.parse import is_initiative, parse_initiative
from holdfast.policy.language.assignments.resolve import bindings_of
from holdfast.policy.language.documents import read_json
from holdfast.policy.language.evaluation.policy import Circumstances, Compliance, Language
from holdfast.policy.language.lint import Severity, lint
from holdfast.policy.language.rules import walk
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.language.rules.model import Condition, Definition, FieldOperand
from tests.support.shared import shared

CONTEXT = {
    "utcNow": "2026-01-01T00:00:00Z",
    "requestContext": {"apiVersion": "2025-01-01"},
    "resourceGroup": {"name": "g", "location": "eastus"},
    "subscription": {"subscriptionId": "s"},
}

OWN = {
    "audit.json": {
        "properties": {
            "displayName": "Hubs should not be reachable from everywhere",
            "mode": "Indexed",
            "parameters": {
                "effect": {
                    "type": "String",
                    "allowedValues": ["Audit", "audit", "Disabled"],
                    "defaultValue": "Audit",
                }
            },
            "policyRule": {
                "if": {
                    "allOf": [
                        {"field": "type", "equals": "Vendor.Iot/hubs"},
                        {"field": "Vendor.Iot/hubs/publicAccess", "notEquals": "Off"},
                    ]
                },
                "then": {"effect": "[parameters('effect')]"},
            },
        },
        "name": "own-audit",
    },
    "disabled.json": {
        "properties": {
            "mode": "Indexed",
            "policyRule": {
                "if": {"field": "type", "equals": "Vendor.Iot/hubs"},
                "then": {"effect": "disabled"},
            },
        }
    },
    "kubernetes.json": {
        "properties": {
            "mode": "Vendor.Kubernetes.Data",
            "parameters": {"list": {"type": "Array", "defaultValue": []}},
            "policyRule": {
                "if": {"field": "type", "in": ["Vendor.Cluster/clusters"]},
                "then": {
                    "effect": "audit",
                    "details": {"templateInfo": {"url": "x"}, "values": {"list": "[parameters('list')]"}},
                },
            },
        }
    },
}


@cache
def published() -> tuple[tuple[str, object], ...]:
    folder = shared("azure-policy")
    files: list[Path] = [] if folder is None else sorted(folder.rglob("*.json"))
    read = [(path.stem, read_json(path.read_bytes())) for path in files]
    return (*read, *((name, read_json(json.dumps(document))) for name, document in OWN.items()))


DEFINITIONS = [(name, document) for name, document in published() if not is_initiative(document)]
INITIATIVES = [(name, document) for name, document in published() if is_initiative(document)]


def types_of(definition: Definition) -> list[str]:
    """The resource types that the conditions of a definition name."""
    found: list[object] = []
    for constraint in walk.constraints(definition.rule.condition):
        if isinstance(constraint, Condition) and isinstance(constraint.left, FieldOperand):
            value = getattr(constraint.right, "value", None)
            if constraint.left.text.lower() == "type":
                found += value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)] or ["Vendor.Any/things"]


def test_published_definitions_pass_every_check() -> None:
    refused = {
        name: finding
        for name, document in DEFINITIONS
        for finding in lint(document)
        if finding.severity is Severity.ERROR
    }
    assert refused == {}


def test_published_definitions_judge_the_resources_that_they_name() -> None:
    language = Language(Catalog())
    about = Circumstances(context=CONTEXT, explain=True)
    judged = set()
    for name, document in DEFINITIONS:
        definition = parse_definition(document)
        policy = language.compile(definition)
        for kind in types_of(definition)[:3]:
            resource = {"type": kind, "name": "r", "location": "eastus", "kind": "k", "properties": {}}
            outcome = policy.evaluate(language.document(resource, "2025-01-01"), about)
            assert outcome.compliance is not Compliance.ERROR, (name, outcome.error)
            judged.add(outcome.compliance)
    assert {Compliance.NON_COMPLIANT, Compliance.NOT_APPLICABLE} <= judged


def test_published_initiatives_bind_the_parameters_of_their_policies() -> None:
    for _, document in INITIATIVES:
        initiative = parse_initiative(document)
        bindings = list(bindings_of(Assignment(definition_id="/i", scope="/"), initiative))
        assert len(bindings) == len(initiative.policies) > 100
        assert any("effect" in {name.lower() for name in each.parameters} for each in bindings)
        texts = [value for each in bindings for value in each.parameters.values() if isinstance(value, str)]
        assert not any(text.startswith("[") for text in texts)


@pytest.mark.parametrize(
    ("access", "compliance"), [("Off", Compliance.COMPLIANT), ("On", Compliance.NON_COMPLIANT)]
)
def test_a_definition_is_judged_without_an_alias_catalog(access: str, compliance: Compliance) -> None:
    language = Language(Catalog())
    policy = language.compile(parse_definition(OWN["audit.json"]))
    resource = {"type": "Vendor.Iot/hubs", "properties": {"publicAccess": access}}
    assert policy.evaluate(language.document(resource)).compliance is compliance
