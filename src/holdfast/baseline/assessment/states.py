"""States of claims and controls, and the two numbers: compliance and coverage."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How a claim or control stands."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not satisfied"
    NOT_ASSESSED = "not assessed"
    """No evidence, or evidence that is too old to say anything. Never green."""
    ATTESTATION_DUE = "attestation due"
    """No probe can see it; a person has to say how it stands, and nobody did or it has run out."""
    EXEMPT = "exempt"
    ERROR = "error"
    """A probe could not do its work. Never counts as passed."""
    NOT_APPLICABLE = "not applicable"


_WORST_FIRST = (
    State.NOT_SATISFIED,
    State.ERROR,
    State.NOT_ASSESSED,
    State.ATTESTATION_DUE,
    State.SATISFIED,
    State.EXEMPT,
    State.NOT_APPLICABLE,
)


def worst(states: Iterable[State]) -> State:
    """The state of a whole: the worst of its parts; exempt parts and parts that do not apply decide last."""
    present = set(states)
    return next((state for state in _WORST_FIRST if state in present), State.NOT_ASSESSED)


class Numbers(NamedTuple):
    """How much is in order, and how much anybody looked at."""

    satisfied: int
    assessed: int
    applicable: int
    exempt: int

    @property
    def compliance(self) -> float | None:
        """Satisfied of what was assessed, 0 to 1; an error counts as assessed. None of nothing."""
        return self.satisfied / self.assessed if self.assessed else None

    @property
    def coverage(self) -> float | None:
        """Assessed of what applies and is not exempt, 0 to 1. None of nothing."""
        return self.assessed / self.applicable if self.applicable else None


_ASSESSED = frozenset({State.SATISFIED, State.NOT_SATISFIED, State.ERROR})


def count(states: Iterable[State]) -> Numbers:
    """The numbers over controls (or claims)."""
    known = list(states)
    applicable = [state for state in known if state not in (State.NOT_APPLICABLE, State.EXEMPT)]
    return Numbers(
        satisfied=known.count(State.SATISFIED),
        assessed=sum(state in _ASSESSED for state in applicable),
        applicable=len(applicable),
        exempt=known.count(State.EXEMPT),
    )


def percent(share: float | None) -> str:
    """`87.5 %`, and a dash for a share of nothing. Rounded down, so that 100 % means all."""
    return "–" if share is None else f"{int(share * 1000) / 10:g} %"
