"""How a protocol's messages tell about devices: one `Source` a kind of message."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from holdfast.defender.engines.model import Selector
from holdfast.defender.inventory.model import AssetType, Confidence, Fact
from holdfast.defender.record import Record


@dataclass(frozen=True, slots=True)
class Source:
    """Messages that say something about a device."""

    protocol: str
    select: Selector
    facts: Callable[[Record], Iterable[Fact]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a device probably is because of how it uses a protocol."""

    protocol: str
    server: bool
    """Whether it is about the side that serves, or that publishes."""
    kind: AssetType
    confidence: int = Confidence.GUESS
