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
    relevant: Callable[[Record], bool] | None = None
    """Looks at the key alone: messages of one key are relevant all or none."""
    pause: int = 0
    """Seconds of captured time for which a message of the same key is not looked at again, for devices that
    say the same all the time."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a device probably is because of how it uses a protocol."""

    protocol: str
    server: bool
    """Whether it is about the side that serves, or that publishes."""
    kind: AssetType
    confidence: int = Confidence.GUESS
    kinds: frozenset[str] = frozenset()
    """Messages that show it; empty for all."""
