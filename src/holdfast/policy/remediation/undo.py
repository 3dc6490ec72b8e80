"""Taking back what a remediation changed: each value as it was, unless somebody changed it since."""

from collections.abc import Iterator, Mapping, Sequence

from holdfast.kernel.errors import ConflictError
from holdfast.kernel.json import JsonObject, JsonValue, pointer_keys
from holdfast.policy.remediation.model import Deployment, DeploymentState, Difference, Task
from holdfast.policy.remediation.plan import Plan
from holdfast.policy.types.catalog import policy_types


def undoable(task: Task) -> Iterator[Deployment]:
    """What a task changed."""
    return (each for each in task.deployments if each.status is DeploymentState.SUCCEEDED and each.changes)


def target_of(resource_id: str) -> tuple[str, str, str]:
    """The type, the stored kind and the name of the resource that an id names; empty kind when none is."""
    provider = resource_id.rpartition("/providers/")[2]
    resource_type, _, name = provider.rpartition("/")
    known = policy_types().get(resource_type.lower())
    return (known.name, known.kind, name) if known is not None else (resource_type, "", name)


def undone(body: JsonObject, changes: Sequence[Difference]) -> Plan:
    """The body with every changed value as it was before.

    ConflictError when one of them is not what the remediation made of it any more.
    """
    if not holds(body, changes):
        raise ConflictError("It was changed since; look at it and change it by hand.")
    for change in changes:
        body = _with(body, pointer_keys(change.pointer), change.before)
    reverse = tuple(Difference(each.pointer, each.after, each.before) for each in changes)
    return Plan(body, reverse)


def holds(body: JsonObject, changes: Sequence[Difference]) -> bool:
    """Whether every value is what the changes made of it."""
    return all(_at(body, pointer_keys(change.pointer)) == change.after for change in changes)


def _at(value: JsonValue, keys: Sequence[str]) -> JsonValue:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _with(body: JsonObject, keys: Sequence[str], value: JsonValue) -> JsonObject:
    """A copy with a value at a place; without the member for None, which stands for what was not there."""
    key, *rest = keys
    copy = dict(body)
    inner = body.get(key)
    if rest:
        copy[key] = _with(inner if isinstance(inner, dict) else {}, rest, value)
    elif value is None:
        copy.pop(key, None)
    else:
        copy[key] = value
    return copy
