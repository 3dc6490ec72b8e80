"""Compliance as it is kept and counted."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from holdfast.kernel.json import JsonValue
from holdfast.policy.compliance.judging import State

SEVERITY: Final[Mapping[State, int]] = {
    State.UNKNOWN: 0,
    State.EXEMPT: 1,
    State.PROTECTED: 2,
    State.COMPLIANT: 3,
    State.ERROR: 4,
    State.NON_COMPLIANT: 5,
}
"""Of several policies over one resource the state with the highest number is the resource's."""


class PolicyState(NamedTuple):
    """What a policy says of a resource."""

    assignment: str
    """The name of the assignment."""
    reference: str
    """The policy's reference in the initiative; empty when a definition is assigned by itself."""
    resource: str
    """The resource's id in policy terms, see `types.documents.resource_id`."""
    type: str
    organization: str
    kind: str
    """The stored kind; empty for what other packages supply."""
    name: str
    definition: str
    """The name of the definition."""
    initiative: str
    """The name of the initiative; empty without one."""
    state: State
    effect: str
    because: str
    """The values to blame, in words; empty unless the state is against compliance."""
    reason: JsonValue
    """The tree of conditions; None unless the state is against compliance."""
    exemption: str
    since: float
    """Unix seconds since which the state is this."""
    evaluated: float


class Transition(NamedTuple):
    """A state that became another."""

    time: float
    assignment: str
    reference: str
    resource: str
    organization: str
    definition: str
    before: str
    """Empty when it was not judged before."""
    after: str
    """Empty when it is not judged any more."""

    @property
    def is_drift(self) -> bool:
        """Whether something that complied does not any more."""
        return self.before == State.COMPLIANT and self.after in _AGAINST

    @property
    def is_over(self) -> bool:
        """Whether something that did not comply does, is exempt, or is judged no more."""
        return self.before in _AGAINST and self.after not in _AGAINST


_AGAINST: Final = frozenset({State.NON_COMPLIANT, State.ERROR})


class Counts(NamedTuple):
    """How many are in which state."""

    compliant: int = 0
    non_compliant: int = 0
    error: int = 0
    protected: int = 0
    exempt: int = 0
    unknown: int = 0

    @property
    def judged(self) -> int:
        """Those that count: exempt and unattested ones are apart."""
        return self.compliant + self.non_compliant + self.error + self.protected

    @property
    def against(self) -> int:
        """Those that do not comply; what cannot be evaluated does not."""
        return self.non_compliant + self.error

    @property
    def percentage(self) -> float | None:
        """How much of what counts complies, 0 to 100; None when nothing counts."""
        return 100 * (self.judged - self.against) / self.judged if self.judged else None

    def pairs(self) -> list[tuple[str, int]]:
        """Pairs of state and number, without those that nothing is in."""
        return [(state.value, number) for state, number in zip(_FIELDS, self, strict=True) if number]

    def __add__(self, other: object) -> "Counts":
        """The sum, state by state."""
        if not isinstance(other, Counts):
            return NotImplemented
        return Counts(*(one + two for one, two in zip(self, other, strict=True)))


_FIELDS: Final[Mapping[State, str]] = {
    State.COMPLIANT: "compliant",
    State.NON_COMPLIANT: "non_compliant",
    State.ERROR: "error",
    State.PROTECTED: "protected",
    State.EXEMPT: "exempt",
    State.UNKNOWN: "unknown",
}


def counts(numbers: Iterable[tuple[str, int]]) -> Counts:
    """The counts from pairs of state and number."""
    return Counts(**{_FIELDS[State(state)]: number for state, number in numbers})
