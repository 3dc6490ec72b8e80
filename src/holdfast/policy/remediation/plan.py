"""What a remediation would change in one resource."""

from collections.abc import Mapping
from typing import NamedTuple

from holdfast.kernel.errors import ConflictError
from holdfast.kernel.json import JsonObject, JsonValue, pointer_step
from holdfast.policy.engine.active import ActivePolicy
from holdfast.policy.language.changes import apply_operations
from holdfast.policy.language.errors import TemplateError
from holdfast.policy.language.evaluation.policy import Outcome
from holdfast.policy.language.rules.model import Effect
from holdfast.policy.remediation.actions import action_for
from holdfast.policy.remediation.model import Difference
from holdfast.policy.types.catalog import own_catalog
from holdfast.policy.types.documents import body_after, document_of_resource
from holdfast.resources import secrets
from holdfast.resources.model import Kind, Resource


class Plan(NamedTuple):
    """The resource as it will be."""

    body: JsonObject
    changes: tuple[Difference, ...]
    """What differs between the bodies; with the values before, so that it can be undone."""


def check_remediable(policy: ActivePolicy) -> None:
    """ConflictError with the reason when a policy can set nothing right, whatever the resource."""
    if policy.assignment.overrides:
        return  # the effect depends on the resource
    if policy.effect is Effect.DEPLOY_IF_NOT_EXISTS:
        action_for(policy.related_type)
    elif policy.effect not in (Effect.MODIFY, Effect.APPEND, None):
        raise ConflictError(f"The effect {policy.effect} changes nothing.")


def plan(kind: Kind, resource: Resource, policy: ActivePolicy, outcome: Outcome) -> Plan:
    """What an outcome that asks for something comes to.

    Raises ConflictError with the reason when it cannot be carried out.
    """
    if outcome.effect in (Effect.MODIFY, Effect.APPEND):
        body = _modified(kind, resource, outcome)
    elif outcome.effect is Effect.DEPLOY_IF_NOT_EXISTS:
        parameters = policy.policy.parameters(policy.binding.parameters)
        related = outcome.details.get("type") if isinstance(outcome.details, dict) else ""
        body = action_for(str(related))(resource.body, parameters)
    else:
        raise ConflictError(f"The effect {outcome.effect_name} changes nothing.")
    seen, after = secrets.without(resource.body, kind.secrets), secrets.without(body, kind.secrets)
    changes = tuple(_differences(seen, after, ""))
    if not changes:
        raise ConflictError("It changes nothing here: the conditions of its operations do not hold.")
    return Plan(body, changes)


def _modified(kind: Kind, resource: Resource, outcome: Outcome) -> JsonObject:
    content = document_of_resource(kind, resource).content
    try:
        changed = apply_operations(content, outcome.operations, own_catalog())
    except TemplateError as error:
        raise ConflictError(f"Its changes cannot be made: {error}.") from None
    if changed.conflicts:
        raise ConflictError(f"{', '.join(changed.conflicts)} has another value already.")
    body = body_after(kind, resource.body, changed.resource)
    return secrets.restored(body, resource.body, kind.secrets)


def _differences(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], place: str
) -> list[Difference]:
    found: list[Difference] = []
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        pointer = place + pointer_step(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += _differences(one, other, pointer)
        elif one != other:
            found.append(Difference(pointer, one, other))
    return found
