"""What people read about decisions: who decided, what was changed, which values were to blame."""

from collections.abc import Iterator
from typing import Final

import msgspec

from holdfast.policy.engine.active import ActivePolicy
from holdfast.policy.language.changes import Change
from holdfast.policy.language.evaluation.reasons import Reason, shown
from holdfast.policy.language.values import UNDEFINED, is_missing

_CAUSES: Final = 3
_VALUE_LENGTH: Final = 80


def decided_by(policy: ActivePolicy) -> str:
    """The policy and the assignment."""
    assignment = policy.assignment.display_name or policy.assignment.name
    return f"the policy “{policy.title}” (assignment “{assignment}”)"


def refusal(policy: ActivePolicy, why: str) -> str:
    """Why a request is refused, and what can be done."""
    message = policy.assignment.message_for(policy.binding.reference_id)
    said = f" {message.rstrip('.')}." if message else ""
    return (
        f"Refused by {decided_by(policy)}: {why}.{said} "
        "Change the request, or ask for an exemption from the assignment."
    )


def change_made(policy: ActivePolicy, change: Change) -> str:
    """What a policy changed in a request."""
    name = change.pointer.removeprefix("/properties/").replace("/", ".")
    removed = change.after is UNDEFINED
    return f"{decided_by(policy)} " + (
        f"removed {name}" if removed else f"set {name} to {_value(change.after)}"
    )


def because(reason: Reason | None) -> str:
    """The conditions that made a rule hold, most telling first."""
    leaves = [] if reason is None else list(_leaves(reason, wanted=True))
    telling = [leaf for leaf in leaves if leaf.expression.lower() != "type"] or leaves
    return "; ".join(_condition(leaf) for leaf in telling[:_CAUSES])


def _leaves(reason: Reason, *, wanted: bool) -> Iterator[Reason]:
    """The conditions that came out as a node above them needed."""
    if reason.kind == "not":
        for child in reason.children:
            yield from _leaves(child, wanted=not wanted)
    elif reason.kind in ("allOf", "anyOf"):
        for child in reason.children:
            if child.result is wanted:
                yield from _leaves(child, wanted=wanted)
    elif reason.result is wanted:
        yield reason


def _condition(leaf: Reason) -> str:
    if leaf.kind == "missing":
        return f"there is no {leaf.expression} as it should be"
    name = leaf.expression.rpartition("/")[2] or leaf.expression
    if leaf.operator == "exists":
        return f"{name} is {'missing' if is_missing(leaf.actual) else 'there'}"
    return f"{name} is {_value(leaf.actual)} ({leaf.operator} {_value(leaf.expected)})"


def _value(value: object) -> str:
    if is_missing(value):
        return "missing"
    if value == "":
        return "empty"
    text = value if isinstance(value, str) else msgspec.json.encode(shown(value), enc_hook=str).decode()
    return text if len(text) <= _VALUE_LENGTH else f"{text[:_VALUE_LENGTH]}…"
