"""Time and randomness as parameters, so that tests travel in time instead of sleeping."""

import datetime
import secrets
import time
from dataclasses import dataclass, field
from typing import Protocol


class Clock(Protocol):
    """Where the product reads the time. Nothing else in the product may."""

    def now(self) -> float:
        """Seconds since the Unix epoch, UTC. May jump backwards when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes backwards. For time-outs and ages."""
        ...


class SystemClock:
    """The machine's clock. Its methods are the functions themselves: the gateway asks twice a message."""

    now = staticmethod(time.time)
    """See `Clock.now`."""
    monotonic = staticmethod(time.monotonic)
    """See `Clock.monotonic`."""


@dataclass
class ManualClock:
    """A clock that moves only when told to; for tests and replays."""

    current: float = 1_800_000_000.0
    elapsed: float = field(default=0.0)

    def now(self) -> float:
        """See `Clock.now`."""
        return self.current

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self.elapsed

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds`."""
        self.current += seconds
        self.elapsed += seconds


class Randomness(Protocol):
    """Where unpredictable bytes come from."""

    def bytes(self, length: int) -> bytes:
        """Return `length` unpredictable bytes."""
        ...


class SystemRandomness:
    """The operating system's random source."""

    def bytes(self, length: int) -> bytes:
        """See `Randomness.bytes`."""
        return secrets.token_bytes(length)


def isoformat(moment: float) -> str:
    """Unix seconds as RFC 3339 in UTC with milliseconds: `2026-11-22T03:24:00.000Z`."""
    stamp = datetime.datetime.fromtimestamp(moment, tz=datetime.UTC)
    return stamp.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_isoformat(text: str) -> float:
    """RFC 3339 text as Unix seconds; a moment without a zone is taken as UTC.

    Raises ValueError when the text is not a moment.
    """
    stamp = datetime.datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=datetime.UTC)
    return stamp.timestamp()
