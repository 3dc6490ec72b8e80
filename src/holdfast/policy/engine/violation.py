"""What a refusal says for programs: Azure's `PolicyViolation`, with each comparison that was made."""

from collections.abc import Iterator
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
            name: {"value": _json(value)} for name, value in assignment.parameters.items()
        },
    }
    if policy.initiative:
        info["policySetDefinitionId"] = full_id(INITIATIVE, policy.initiative)
        info["policySetDefinitionName"] = policy.initiative
        info["policyDefinitionReferenceId"] = binding.reference_id
        info["policyDefinitionGroupNames"] = [*binding.groups]
    if reason is not None:
        made = [_comparison(each) for each in _comparisons(reason)]
        info["evaluationDetails"] = {"evaluatedExpressions": [*made[:_EXPRESSIONS]]}
    return info


def _comparisons(reason: Reason) -> Iterator[Reason]:
    if reason.kind in _KINDS:
        yield reason
    else:
        for child in reason.children:
            yield from _comparisons(child)


def _comparison(reason: Reason) -> JsonObject:
    return {
        "result": str(reason.result),
        "expressionKind": _KINDS[reason.kind],
        "expression": reason.expression,
        "path": reason.expression.rpartition("/")[2],
        "expressionValue": _json(reason.actual),
        "targetValue": _json(reason.expected),
        "operator": reason.operator[:1].upper() + reason.operator[1:],
    }


def _json(value: object) -> JsonValue:
    return cast(JsonValue, shown(value))
