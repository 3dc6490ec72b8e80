"""`policyStates` in the shapes of Azure: the query's records, and the summary."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.policy.azure.queries import selected
from holdfast.policy.compliance.judging import State
from holdfast.policy.compliance.model import Counts, PolicyState, Transition
from holdfast.policy.compliance.reading import Filter, PolicyStates
from holdfast.policy.engine.violation import evaluated_expressions
from holdfast.policy.kinds.names import ASSIGNMENT, DEFINITION, INITIATIVE, full_id
from holdfast.resources.query import Order

MAXIMUM: Final = 1_000
"""Records of one answer."""


def query_results(
    states: PolicyStates,
    wanted: Filter,
    limit: int,
    after: str = "",
    order: Sequence[Order] = (),
    members: str = "",
) -> JsonObject:
    """The records, or some of their members; `@odata.nextToken` continues."""
    limit = min(limit, MAXIMUM)
    if order:
        skipped = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
        found = states.ordered(wanted, order, limit, skipped)
        following = str(skipped + len(found))
    else:
        found = states.find(wanted, limit, _position(after))
        following = "\t".join(found[-1][:3]) if found else ""
    value: list[JsonValue] = [*selected(map(_record, found), members)]
    answer: JsonObject = {"@odata.count": len(value), "value": value}
    return {**answer, "@odata.nextToken": following} if len(found) == limit else answer


def _position(token: str) -> tuple[str, str, str] | None:
    parts = token.split("\t")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def _record(state: PolicyState) -> JsonObject:
    return {
        "timestamp": isoformat(state.evaluated),
        "resourceId": state.resource,
        "resourceType": state.type,
        "policyAssignmentId": full_id(ASSIGNMENT, state.assignment),
        "policyAssignmentName": state.assignment,
        "policyDefinitionId": full_id(DEFINITION, state.definition),
        "policyDefinitionName": state.definition,
        "policyDefinitionAction": state.effect.lower(),
        "policyDefinitionReferenceId": state.reference,
        "policySetDefinitionId": full_id(INITIATIVE, state.initiative) if state.initiative else "",
        "complianceState": state.state.value,
        "isCompliant": not state.state.is_against,
        "complianceReason": state.because,
        "stateSince": isoformat(state.since),
        "policyExemptionId": state.exemption,
        "policyEvaluationDetails": {"evaluatedExpressions": [*evaluated_expressions(state.reason)]},
        "reason": state.reason,
    }


def summary(states: PolicyStates, wanted: Filter) -> JsonObject:
    """How much complies: of everything, of each assignment, of each policy."""
    by_policy = states.by_policy(wanted)
    assignments: dict[str, list[tuple[str, Counts]]] = {}
    for (assignment, reference), found in by_policy.items():
        assignments.setdefault(assignment, []).append((reference, found))
    shown: list[JsonValue] = [
        _assignment(states, wanted, name, policies) for name, policies in sorted(assignments.items())
    ]
    against = sum(bool(found.against) for found in by_policy.values())
    results = _results(states.by_resource(wanted), against)
    return {"value": [{"results": results, "policyAssignments": shown}]}


def _assignment(
    states: PolicyStates, wanted: Filter, name: str, policies: list[tuple[str, Counts]]
) -> JsonObject:
    whole = states.by_resource(replace(wanted, assignment=name))
    return {
        "policyAssignmentId": full_id(ASSIGNMENT, name),
        "results": _results(whole, sum(bool(found.against) for _, found in policies)),
        "policyDefinitions": [
            {"policyDefinitionReferenceId": reference, "results": _results(found, bool(found.against))}
            for reference, found in policies
        ],
    }


def _results(found: Counts, policies: int) -> JsonObject:
    details: list[JsonValue] = [
        {"complianceState": state.lower(), "count": number} for state, number in found.pairs()
    ]
    return {
        "nonCompliantResources": found.against,
        "nonCompliantPolicies": int(policies),
        "resourceDetails": details,
        "compliancePercentage": None if found.percentage is None else round(found.percentage, 2),
    }


def history(found: list[tuple[int, Transition]]) -> JsonObject:
    """Changes of states, the newest first; `@odata.nextToken` continues before the last one."""
    value: list[JsonValue] = [
        {
            "timestamp": isoformat(each.time),
            "resourceId": each.resource,
            "policyAssignmentId": full_id(ASSIGNMENT, each.assignment),
            "policyDefinitionReferenceId": each.reference,
            "policyDefinitionId": full_id(DEFINITION, each.definition),
            "from": each.before,
            "to": each.after,
        }
        for _, each in found
    ]
    answer: JsonObject = {"value": value}
    if found:
        answer["@odata.nextToken"] = str(found[-1][0])
    return answer


def events(found: list[tuple[int, Transition]]) -> JsonObject:
    """The same as `policyEvents`: what a policy said when it said something else than before."""
    value: list[JsonValue] = [
        {
            "timestamp": isoformat(each.time),
            "resourceId": each.resource,
            "policyAssignmentId": full_id(ASSIGNMENT, each.assignment),
            "policyAssignmentName": each.assignment,
            "policyDefinitionId": full_id(DEFINITION, each.definition),
            "policyDefinitionName": each.definition,
            "policyDefinitionReferenceId": each.reference,
            "complianceState": each.after,
            "isCompliant": not State(each.after).is_against,
        }
        for _, each in found
        if each.after
    ]
    answer: JsonObject = {"@odata.count": len(value), "value": value}
    return {**answer, "@odata.nextToken": str(found[-1][0])} if found else answer
