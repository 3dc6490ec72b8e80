"""What detectors see of the platform, and what they say."""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple, Protocol

from holdfast.alerts.model import Report
from holdfast.defender.platform.memory import Memory
from holdfast.resources.model import Event

SECOND = 1_000_000_000
"""The windows of `engines.windows` count nanoseconds."""


class Verdict(NamedTuple):
    """Something that should be told."""

    type: str
    time: float
    source: str
    """An account's or a device's id, or an address."""
    destination: str
    observed: str
    expected: str
    principal: str = ""
    """The account that is at risk, if one is."""
    address: str = ""
    """The address that is a risk, if one is."""

    def report(self) -> Report:
        """As the alert store takes it."""
        return Report(
            self.type, self.time, self.source, self.destination, "", self.observed[:300], self.expected[:300]
        )


class Burst(NamedTuple):
    """What a device sent of one kind within a window, as far as it was not read before."""

    device: str
    kind: str
    window: int
    """Number of the window of `types.WINDOW_SECONDS` since 1970."""
    messages: int
    first: float
    last: float
    """When the first and the last of them were received, Unix seconds."""


GroupOf = Callable[[str], str]
"""The group of a device, whose members are compared: its template, else its enrollment group."""


class PlatformDetector(Protocol):
    """One detector. Time comes with what it is given; `look` is called every half minute."""

    bursts: Collection[str]
    """The kinds of records of the log that it counts."""

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """An audit record."""
        ...

    def connected(self, device: str, address: str, time: float, memory: Memory) -> Iterator[Verdict]:
        """A device connected from an address."""
        ...

    def burst(self, burst: Burst, memory: Memory) -> Iterator[Verdict]:
        """Messages of a device, of one of its kinds."""
        ...

    def look(self, now: float, memory: Memory) -> Iterator[Verdict]:
        """Look at what did not happen."""
        ...


class Quiet:
    """A detector that says nothing; the base of those that look at one kind of thing."""

    bursts: Collection[str] = ()

    def event(self, event: Event, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.event`."""
        yield from ()

    def connected(self, device: str, address: str, time: float, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.connected`."""
        yield from ()

    def burst(self, burst: Burst, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.burst`."""
        yield from ()

    def look(self, now: float, memory: Memory) -> Iterator[Verdict]:
        """See `PlatformDetector.look`."""
        yield from ()
