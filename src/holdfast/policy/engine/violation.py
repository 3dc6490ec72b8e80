"""What a refusal says for programs: Azure's `PolicyViolation`, with each comparison that was made."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, cast

from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.policy.engine.active import ActivePolicy
from holdfast.policy.kinds.names import INITIATIVE, full_id
from holdfast.policy.language.evaluation.reasons import Reason, shown

_EXPRESSIONS: Final = 50
"""Comparisons that are shown."""
_KINDS: Final = {"field": "Field", "value": "Value", "count": "Count", "member": "Field"}
"""`expressionKind` by the kind of a reason; others only combine what is below them."""


def violation(policy: ActivePolicy, effect: str, reason: Reason | None) -> JsonObject:
    """The `info` of a violation; the comparisons are there when the reason is known."""
    assignment, binding = policy.assignment, policy.binding
    info: JsonObject = {
        "policyDefinitionId": binding.definition_id,
        "policyDefinitionName": policy.definition,
        "policyDefinitionDisplayName": policy.title,
        "policyDefinitionEffect": effect,
        "policyAssignmentId": assignment.id,
        "policyAssignmentName": assignment.name,
        "policyAssignmentDisplayName": assignment.display_name or assignment.name,
        "policyAssignmentScope": assignment.scope,
        "policyAssignmentParameters": {
            name: {"value": cast(JsonValue, shown(value))} for name, value in assignment.parameters.items()
        },
    }
    if policy.initiative:
        info["policySetDefinitionId"] = full_id(INITIATIVE, policy.initiative)
        info["policySetDefinitionName"] = policy.initiative
        info["policyDefinitionReferenceId"] = binding.reference_id
        info["policyDefinitionGroupNames"] = [*binding.groups]
    if reason is not None:
        tree = cast(JsonObject, reason.to_json())
        info["evaluationDetails"] = {"evaluatedExpressions": [*evaluated_expressions(tree)]}
    return info


def evaluated_expressions(reason: JsonValue) -> Iterator[JsonObject]:
    """The comparisons in the tree of a reason, as published; none without a tree."""
    return islice(map(_comparison, _comparisons(reason)), _EXPRESSIONS)


def _comparisons(reason: JsonValue) -> Iterator[JsonObject]:
    if not isinstance(reason, dict):
        return
    children = reason.get("children")
    if reason["kind"] in _KINDS:
        yield reason
    elif isinstance(children, list):
        for child in children:
            yield from _comparisons(child)


def _comparison(reason: JsonObject) -> JsonObject:
    expression, operator = str(reason.get("expression", "")), str(reason.get("operator", ""))
    return {
        "result": str(reason["result"]),
        "expressionKind": _KINDS[str(reason["kind"])],
        "expression": expression,
        "path": expression.rpartition("/")[2],
        "expressionValue": reason.get("expressionValue"),
        "targetValue": reason.get("targetValue"),
        "operator": operator[:1].upper() + operator[1:],
    }
