"""What a probe is: one entry with what it needs and touches, and one function that looks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from holdfast.baseline.probes.context import Need, ProbeContext
from holdfast.baseline.probes.observation import Sight

HOUR = 3_600.0
DAY = 24 * HOUR


class Pace(StrEnum):
    """How long a probe takes."""

    QUICK = "quick"
    """Up to a second: runs at start, on demand, on schedule and when something that it touches changes."""
    SLOW = "slow"
    """A drill or a scan: runs on schedule and on demand."""


@dataclass(frozen=True, slots=True)
class Probe:
    """An entry of the table of probes."""

    id: str
    """`area.what-is-so`: states what is true when the probe passes."""
    look: Callable[[ProbeContext], Iterator[Sight]]
    """Looks and yields a sight for each subject. What it raises is an error of the probe, not a failure."""
    title: str
    needs: frozenset[Need]
    touches: frozenset[str] = frozenset()
    """Kinds of resources whose change can change the answer."""
    valid_for: float = DAY
    """Seconds for which an answer holds when nothing that it touches changes."""
    pace: Pace = Pace.QUICK
    scratch: bool = False
    """Whether it works on an instance of its own."""
    version: int = 1

    @property
    def area(self) -> str:
        """What the probe is about: the part before the dot."""
        return self.id.partition(".")[0]
