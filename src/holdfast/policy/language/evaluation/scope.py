"""What one evaluation reads, and what it may still spend."""

from collections.abc import Callable, Mapping
from typing import Final

from holdfast.policy.language.errors import EvaluationLimitError
from holdfast.policy.language.limits import CHANGE_SECONDS, STEPS
from holdfast.policy.language.values import UNDEFINED, compare, is_missing, type_name

_CLOCK_EVERY: Final = 256
_COMPARISONS: Final = 32
"""Comparisons inside of one operator that are counted as one step."""
_MOST_FAULTS: Final = 10


class Budget:
    """Steps, and seconds where a monotonic clock is given; shared by everything in one evaluation."""

    __slots__ = ("_deadline", "_monotonic", "_steps")

    def __init__(self, monotonic: Callable[[], float] | None = None, seconds: float = CHANGE_SECONDS) -> None:
        self._steps = STEPS
        self._monotonic = monotonic
        self._deadline = monotonic() + seconds if monotonic is not None else 0.0

    def renew(self) -> None:
        """Give all steps back, for what is judged next; the time stays. EvaluationLimitError when it is
        over."""
        self._steps = STEPS
        self._check()

    def spend(self) -> None:
        """Take one step; EvaluationLimitError when none is left or the time is over."""
        self._steps -= 1
        if self._steps < 0 or self._steps % _CLOCK_EVERY == 0:
            self._check()

    def spend_on(self, members: object) -> None:
        """Take the steps that comparing with each member of an array costs; nothing for what is none."""
        if isinstance(members, list) and len(members) >= _COMPARISONS:
            self._steps -= len(members) // _COMPARISONS
            self._check()

    def _check(self) -> None:
        if self._steps < 0:
            raise EvaluationLimitError("The evaluation needs more steps than one may take")
        if self._monotonic is not None and self._monotonic() > self._deadline:
            raise EvaluationLimitError("The evaluation takes longer than one may")


class Scope:
    """The values behind fields, parameters and context functions while one rule is evaluated."""

    __slots__ = ("budget", "context", "faults", "members", "parameters", "resource", "subject")

    def __init__(
        self,
        resource: Mapping[str, object],
        parameters: Mapping[str, object],
        context: Mapping[str, object],
        slots: int,
        budget: Budget,
    ) -> None:
        self.resource = resource
        """The resource that is judged, normalized."""
        self.subject = resource
        """What `field` conditions read: the resource, or a related one in an existence condition."""
        self.parameters = parameters
        """By name in lower case, defaults included."""
        self.context = context
        """`resourceGroup`, `subscription`, `requestContext`, `policy`, `claims`, `utcNow`."""
        self.members: list[object] = [UNDEFINED] * slots
        """The member that each `count` is at."""
        self.budget = budget
        self.faults: list[str] = []
        """Calls whose arguments did not suit the function, and comparisons of values that have no order."""

    def fault(self, function: str, arguments: list[object]) -> None:
        """Note that a function could not work with its arguments, unless one of them was missing."""
        if all(each is not UNDEFINED for each in arguments):
            self._note(f"{function}() cannot work with {', '.join(map(type_name, arguments))}")

    def compared(self, operator: str, left: object, right: object) -> None:
        """Note when two values that are there have no order: the documentation calls that an error."""
        there = not (is_missing(left) or is_missing(right))
        if there and compare(left, right) is None:
            self._note(f"'{operator}' cannot compare {type_name(left)} with {type_name(right)}")

    def _note(self, fault: str) -> None:
        if len(self.faults) < _MOST_FAULTS and fault not in self.faults:
            self.faults.append(fault)
