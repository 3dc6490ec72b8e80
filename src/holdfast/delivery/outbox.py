"""Messages on their way, in order for each destination, with retries, throttle and dead letters.

The outbox decides; a `Shelf` keeps what must survive a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from holdfast.delivery.model import DeliveryError, Message, Sender
from holdfast.delivery.retry import Patience, Throttle, delay
from holdfast.kernel.clock import Clock, Randomness

logger = structlog.get_logger(__name__)

DEFAULT_RATE = 50.0
"""Messages a second to one destination."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message for one destination."""

    number: int
    """Grows in the order of handing in, over all destinations."""
    destination: str
    message: Message
    handed_in: float
    attempts: int = 0
    error: str = ""
    """What the last try came to."""


class Shelf(Protocol):
    """Keeps parcels and dead letters; see `shelves.sql` for how parcels come in."""

    def first(self, destination: str) -> Parcel | None:
        """The oldest parcel for a destination."""
        ...

    def delivered(self, parcel: Parcel) -> None:
        """Forget a parcel: it arrived."""
        ...

    def failed(self, parcel: Parcel, error: str) -> None:
        """Count a failed try."""
        ...

    def bury(self, parcel: Parcel, error: str, now: float) -> None:
        """Move a parcel to the dead letters."""
        ...


@dataclass(slots=True)
class Counters:
    """What became of the messages for one destination."""

    delivered: int = 0
    failed: int = 0
    """Tries, not messages."""
    dead: int = 0


@dataclass(slots=True)
class Outbox:
    """Sends what waits."""

    shelf: Shelf
    senders: Mapping[str, Sender]
    """By destination; what waits for others stays where it is."""
    clock: Clock
    randomness: Randomness
    patience: Patience = field(default_factory=Patience)
    rate: float = DEFAULT_RATE
    counters: dict[str, Counters] = field(default_factory=dict)
    _ready: dict[str, float] = field(default_factory=dict)
    """When a destination that failed may be tried again."""
    _throttles: dict[str, Throttle] = field(default_factory=dict)

    def is_due(self, destination: str) -> bool:
        """Whether a destination may be sent to now, as far as its failures and its rate go."""
        now = self.clock.now()
        return self._ready.get(destination, 0.0) <= now and self._throttle(destination).wait(now) == 0.0

    def reset(self, destination: str) -> None:
        """Try a destination again at once: it was configured anew."""
        self._ready.pop(destination, None)

    def send(self, destination: str, maximum: int) -> int:
        """Send what is due to one destination; how many arrived. Destinations may be sent to at the same
        time, each by one thread."""
        sender = self.senders.get(destination)
        sent = 0
        while sender is not None and sent < maximum:
            now = self.clock.now()
            parcel = self.shelf.first(destination)
            if parcel is None or self._ready.get(destination, 0.0) > now:
                break
            if not self._throttle(destination).take(now):
                break
            if not self._try(sender, parcel):
                continue  # the next one may go, unless the destination has to wait
            sent += 1
        return sent

    def _try(self, sender: Sender, parcel: Parcel) -> bool:
        counters = self.counters.setdefault(parcel.destination, Counters())
        error = _send(sender, parcel.message)
        if error is not None:
            counters.failed += 1
            self._failed(parcel, error)
            return False
        counters.delivered += 1
        self.shelf.delivered(parcel)
        self._ready.pop(parcel.destination, None)
        return True

    def _failed(self, parcel: Parcel, error: DeliveryError) -> None:
        """A hopeless message is put aside; otherwise the destination waits, so that the order is kept."""
        now = self.clock.now()
        attempts = parcel.attempts + 1
        if error.permanent or self.patience.exhausted(attempts, now - parcel.handed_in):
            self._bury(parcel, str(error), now)
            return
        self.shelf.failed(parcel, str(error))
        chance = self.randomness.bytes(1)[0] / 255
        self._ready[parcel.destination] = now + delay(attempts, chance, error.retry_after)

    def _bury(self, parcel: Parcel, error: str, now: float) -> None:
        self.counters.setdefault(parcel.destination, Counters()).dead += 1
        self.shelf.bury(parcel, error, now)

    def _throttle(self, destination: str) -> Throttle:
        throttle = self._throttles.get(destination)
        if throttle is None:
            throttle = self._throttles[destination] = Throttle(self.rate, self.rate)
        return throttle


def _send(sender: Sender, message: Message) -> DeliveryError | None:
    """Why a message did not arrive; None when it did. A message that breaks its sender stops no other."""
    try:
        sender.send(message)
    except DeliveryError as error:
        return error
    except Exception as error:
        logger.exception("a message cannot be put into the form of its destination", message=message.id)
        return DeliveryError(f"It cannot be sent as it is ({type(error).__name__}).", permanent=True)
    return None
