"""A shelf in memory: for a sensor on its own, and for tests of what is above."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from holdfast.delivery.model import Message
from holdfast.delivery.outbox import Parcel

MAXIMUM_DEAD = 1000


class DeadLetter(NamedTuple):
    """A message that could not be delivered."""

    parcel: Parcel
    error: str
    time: float


@dataclass(slots=True)
class MemoryShelf:
    """See `outbox.Shelf`; forgets everything at the end of the process."""

    dead: deque[DeadLetter] = field(default_factory=lambda: deque(maxlen=MAXIMUM_DEAD))
    _waiting: dict[str, dict[str, Parcel]] = field(default_factory=dict)
    """By destination and message, in order."""
    _made: int = 0

    def add(self, destination: str, message: Message, now: float) -> Parcel | None:
        """See `Shelf.add`."""
        waiting = self._waiting.setdefault(destination, {})
        if message.id in waiting:
            return None
        self._made += 1
        parcel = waiting[message.id] = Parcel(self._made, destination, message, now)
        return parcel

    def first(self, destination: str) -> Parcel | None:
        """See `Shelf.first`."""
        return next(iter(self._waiting.get(destination, {}).values()), None)

    def pending(self, destination: str) -> int:
        """See `Shelf.pending`."""
        return len(self._waiting.get(destination, {}))

    def destinations(self) -> Iterable[str]:
        """See `Shelf.destinations`."""
        return [name for name, waiting in self._waiting.items() if waiting]

    def delivered(self, parcel: Parcel) -> None:
        """See `Shelf.delivered`."""
        del self._waiting[parcel.destination][parcel.message.id]

    def failed(self, parcel: Parcel, error: str) -> None:
        """See `Shelf.failed`."""
        tried = replace(parcel, attempts=parcel.attempts + 1, error=error)
        self._waiting[parcel.destination][parcel.message.id] = tried

    def bury(self, parcel: Parcel, error: str, now: float) -> None:
        """See `Shelf.bury`."""
        self.delivered(parcel)
        self.dead.append(DeadLetter(parcel, error, now))
