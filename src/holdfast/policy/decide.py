"""One definition over some resources, outside of any instance: what `holdfast policy evaluate` shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.kernel.errors import InvalidError
from holdfast.policy.engine.active import API_VERSION
from holdfast.policy.language.aliases.catalog import Catalog
from holdfast.policy.language.aliases.normalize import resource_type_of
from holdfast.policy.language.changes import Change, apply_operations
from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.evaluation.policy import Circumstances, Language, Outcome, Related
from holdfast.policy.language.evaluation.reasons import shown
from holdfast.policy.language.rules.definition import parse_definition
from holdfast.policy.language.rules.parameters import misfits
from holdfast.policy.language.values import UNDEFINED


class ParameterError(InvalidError):
    """The values that were given do not fit the parameters of the definition."""

    code = "InvalidPolicyParameters"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a definition says of one resource."""

    resource: str
    """Its name or id."""
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    """What `modify` or `append` would change."""

    def to_json(self) -> Mapping[str, object]:
        """For scripts."""
        outcome = self.outcome
        document: dict[str, object] = {
            "resource": self.resource,
            "compliance": outcome.compliance.value,
            "effect": outcome.effect_name if outcome.triggered else None,
            "details": None if outcome.details is UNDEFINED else outcome.details,
            "changes": [
                {**change._asdict(), "before": shown(change.before), "after": shown(change.after)}
                for change in self.changes
            ],
            "faults": list(outcome.faults),
            "error": outcome.error,
        }
        document["reason"] = outcome.reason.to_json() if outcome.reason is not None else None
        return document


def decide(
    definition: object,
    resources: Sequence[object],
    *,
    parameters: Mapping[str, object],
    context: Mapping[str, object],
    related: Sequence[object],
    catalog: Catalog,
    api_version: str | None = None,
) -> list[Decision]:
    """Judge each resource by a definition document.

    Raises DefinitionError when the definition is not in order, ParameterError when the values do not fit.
    """
    language = Language(catalog)
    policy = language.compile(parse_definition(definition))
    problems = [each.message for each in misfits(policy.definition.parameters, parameters)]
    if problems:
        raise ParameterError("; ".join(problems), "parameters")
    given = {"requestContext": {"apiVersion": api_version or API_VERSION}, **context}
    about = Circumstances(parameters, given, _finder(related), explain=True)
    return [
        _decision(
            resource, policy.evaluate(language.document(resource, api_version), about), catalog, api_version
        )
        for resource in resources
    ]


def _finder(resources: Sequence[object]) -> Related:
    """Related resources of the type that is asked for, and of the name when one is."""

    def find(request: Mapping[str, object]) -> Sequence[object]:
        kind, name = request.get("type"), request.get("name")
        return [
            each
            for each in resources
            if isinstance(each, dict)
            and (not isinstance(kind, str) or resource_type_of(each).lower() == kind.lower())
            and (not isinstance(name, str) or _matches_name(each, name))
        ]

    return find


def _matches_name(resource: Mapping[str, object], wanted: str) -> bool:
    name = str(resource.get("name", "")).lower()
    return name == wanted.lower() or name.endswith(f"/{wanted.lower()}")


def _decision(resource: object, outcome: Outcome, catalog: Catalog, api_version: str | None) -> Decision:
    members = resource if isinstance(resource, dict) else {}
    label = str(members.get("id") or members.get("name") or "")
    if not outcome.operations:
        return Decision(label, outcome)
    try:
        changed = apply_operations(resource, outcome.operations, catalog, api_version)
    except TemplateError as error:
        return Decision(
            label, Outcome(outcome.compliance, outcome.effect, outcome.effect_name, error=str(error))
        )
    return Decision(label, outcome, changed.changes)
