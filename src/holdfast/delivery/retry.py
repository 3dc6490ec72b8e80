"""When to try again, and how fast to send."""

from dataclasses import dataclass

FIRST_DELAY = 2.0
LONGEST_DELAY = 900.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a message is worth trying."""

    attempts: int = 20
    age: float = 3 * 86400.0
    """Seconds since the message was handed in."""

    def exhausted(self, attempts: int, age: float) -> bool:
        """Whether it goes to the dead letters now."""
        return attempts >= self.attempts or age >= self.age


def delay(attempts: int, chance: float, retry_after: float = 0.0) -> float:
    """Seconds until the next try after `attempts` failures.

    Doubles from two seconds to a quarter of an hour; `chance` (0 to 1) spreads it over its upper half, so
    that senders which failed together do not come back together. A destination's own wish counts when it is
    longer.
    """
    full = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempts - 1, 20))
    return float(max(full * (0.5 + chance / 2), retry_after))


@dataclass(slots=True)
class Throttle:
    """A token bucket: `rate` messages a second, `burst` at once."""

    rate: float
    burst: float
    tokens: float = -1.0
    """Negative until first used: then the bucket is full."""
    updated: float = 0.0

    def take(self, now: float) -> bool:
        """Take one message's worth; False when it has to wait."""
        self._fill(now)
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def wait(self, now: float) -> float:
        """Seconds until the next message may go."""
        self._fill(now)
        return max(0.0, (1.0 - self.tokens) / self.rate)

    def _fill(self, now: float) -> None:
        if self.tokens < 0.0:
            self.tokens = self.burst
        else:
            self.tokens = min(self.burst, self.tokens + max(0.0, now - self.updated) * self.rate)
        self.updated = now
