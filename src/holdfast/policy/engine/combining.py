"""Several policies that want to change one request."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from holdfast.policy.engine.active import ActivePolicy
from holdfast.policy.language.aliases.paths import WILDCARD
from holdfast.policy.language.evaluation.effects import Operation
from holdfast.policy.language.evaluation.policy import Outcome
from holdfast.policy.language.values import UNDEFINED, same


class Wish(NamedTuple):
    """What one policy wants to change."""

    policy: ActivePolicy
    outcome: Outcome

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The steps that are to be taken."""
        return tuple(each for each in self.outcome.operations if each.condition is not False)


class Conflict(NamedTuple):
    """Two policies that both insist on their own value."""

    policy: ActivePolicy
    other: ActivePolicy
    field: str


def combined(wishes: Sequence[Wish]) -> tuple[list[Wish], Conflict | None]:
    """The wishes that are granted, and the conflict that refuses the request.

    Of wishes that differ about a field the one with `conflictEffect` deny is granted; without one none of
    them is, with two the request is refused.
    """
    by_field: dict[str, list[tuple[Wish, Operation]]] = defaultdict(list)
    for wish in wishes:
        for operation in wish.operations:
            by_field[operation.field.lower()].append((wish, operation))
    given_up: set[tuple[str, str]] = set()
    for asked in by_field.values():
        if all(_agree(asked[0][1], operation) for _, operation in asked):
            continue
        strict = [(wish, operation) for wish, operation in asked if wish.outcome.is_strict]
        if strict and not all(_agree(strict[0][1], operation) for _, operation in strict):
            return [], Conflict(strict[0][0].policy, strict[-1][0].policy, strict[0][1].field)
        given_up |= {wish.policy.key for wish, _ in asked if not wish.outcome.is_strict}
    return [wish for wish in wishes if wish.policy.key not in given_up], None


def _agree(one: Operation, other: Operation) -> bool:
    """Whether two steps on a field get along: they do the same, or each adds to an array."""
    if one.operation != other.operation:
        return False
    if one.operation in ("add", "append") and one.field.endswith(WILDCARD):
        return True
    if one.value is UNDEFINED or other.value is UNDEFINED:
        return one.value is other.value
    return same(one.value, other.value)
