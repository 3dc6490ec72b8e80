"""Rules that an operator's own people write: conditions over any dissected field."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from holdfast.alerts.exclusion import Hours, Network
from holdfast.alerts.model import Severity
from holdfast.kernel.errors import InvalidError


class RuleError(InvalidError):
    """A rule cannot be used; the message names the rule and what to change."""

    code = "InvalidRule"


class Operator(StrEnum):
    """How a field is compared."""

    EQUAL = "=="
    NOT_EQUAL = "!="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    IN_RANGE = "in range"
    NOT_IN_RANGE = "not in range"
    SAME_AS_FIELD = "same as field"


class Action(StrEnum):
    """What a match does."""

    ALERT = "alert"
    EVENT = "event"
    """Only a line in the timeline."""


Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; a field that a message lacks matches nothing but `!=`."""

    field: str
    """Dotted path into the record's fields, or `@kind`, `@role`, `@source`, `@destination`, `@port`."""
    operator: Operator
    value: Scalar | tuple[float, float]
    """A number or text; two numbers for ranges; the other field's path for `same as field`."""


@dataclass(frozen=True, slots=True)
class CustomRule:
    """All conditions must hold."""

    name: str
    protocol: str
    conditions: tuple[Condition, ...]
    sources: tuple[Network, ...] = ()
    destinations: tuple[Network, ...] = ()
    hours: Hours | None = None
    """When it applies; None for always."""
    action: Action = Action.ALERT
    severity: Severity = Severity.MEDIUM
    packets: bool = True
    """Whether the alert keeps its packets."""
    message: str = ""
    """With fields in braces, such as `unit {unit} got {func}`; empty for the rule's name."""


Lookup = Callable[[str], object]
"""Gives the value of a field by its path."""
