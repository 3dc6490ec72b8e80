"""The filter language of the store: what every list, device group and search is translated into.

Paths are dotted paths into the body that the kind declares as indexed, or one of the built-in columns:
`@id`, `@organization`, `@created`, `@modified`.
"""

from dataclasses import dataclass
from enum import StrEnum

from holdfast.kernel.organizations import OrganizationPath

Scalar = str | float | bool | None


class Operator(StrEnum):
    """How a path's value is compared. Text compares are case-sensitive except CONTAINS and the two ends."""

    EQUAL = "eq"
    NOT_EQUAL = "ne"
    """True also where the path has no value."""
    LESS = "lt"
    LESS_OR_EQUAL = "le"
    GREATER = "gt"
    GREATER_OR_EQUAL = "ge"
    CONTAINS = "contains"
    STARTS_WITH = "starts-with"
    ENDS_WITH = "ends-with"


@dataclass(frozen=True, slots=True)
class Compare:
    """`path operator value`; with None as value EQUAL asks for absence, NOT_EQUAL for presence."""

    path: str
    operator: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """`path` has one of `values`."""

    path: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every condition holds; of none that is true."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds; of none that is false."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: "Condition"


Condition = Compare | In | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a path; resources without a value come last. Ties are broken by id."""

    path: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One page of resources of a kind."""

    kind: str
    reach: tuple[OrganizationPath, ...]
    """Only resources at or below one of these nodes; empty finds nothing. From `Principal.reach`."""
    where: Condition | None = None
    order: Order | None = None
    """None sorts by id."""
    limit: int = 25
    after: str = ""
    """The `next` token of the page before; empty for the first page."""
