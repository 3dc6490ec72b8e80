"""Weak points that traffic shows: not incidents, but what makes incidents easy."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from holdfast.defender.engines.model import Selector
from holdfast.defender.record import Record


class Subject(Enum):
    """Whose weak point it is."""

    SPEAKER = "speaker"
    LISTENER = "listener"


@dataclass(frozen=True, slots=True)
class WeakPoint:
    """One kind of weak point."""

    id: str
    title: str
    weight: int
    """Points of risk, 1 to 40; see `risk`."""
    meaning: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """Messages that show a weak point."""

    weak_point: str
    protocol: str
    select: Selector
    detail: Callable[[Record], Iterable[str]]
    """What exactly is weak, in a few words without secrets; nothing where nothing is."""
    subject: Subject = Subject.LISTENER


@dataclass(slots=True)
class Finding:
    """A weak point of one asset."""

    weak_point: WeakPoint
    asset: str
    """Address."""
    detail: str
    protocol: str
    first: float
    last: float
    frame: int
    count: int = 1
    peers: set[str] | None = None
    """Addresses of others that take part, at most `MAXIMUM_PEERS`."""


MAXIMUM_PEERS = 20
