"""What people ask of delivery: how it goes, and whether a destination can be reached now."""

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.delivery.destinations import Destination
from holdfast.delivery.model import Message, Sender, Urgency
from holdfast.delivery.shelves.sql import SqlShelf
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.ids import new_id


@dataclass(frozen=True)
class Delivery:
    """See the module. Blocking; `shelf` is for reading."""

    shelf: SqlShelf
    make: Callable[[str, Destination], Sender]
    clock: Clock
    randomness: Randomness

    def test(self, destination: Destination, name: str) -> None:
        """Send a test message now. DeliveryError says why it did not arrive."""
        sender = self.make(name, destination)
        try:
            sender.send(self._message(name))
        finally:
            sender.close()

    def _message(self, name: str) -> Message:
        identity, now = new_id(self.clock, self.randomness), self.clock.now()
        text = f"If you read this, alerts reach the destination '{name}'."
        return Message(
            id=identity,
            time=now,
            kind="test",
            title="Test message",
            text=text,
            urgency=Urgency.INFORMATIONAL,
            score=0,
            body={"id": identity, "time": int(now * 1000), "title": "Test message", "message": text},
        )
