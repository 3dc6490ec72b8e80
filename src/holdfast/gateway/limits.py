"""The gateway's bounds, and the token buckets that enforce rates."""

from dataclasses import dataclass

from holdfast.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """Bounds of one device, one address and one gateway process. A breach shapes first and closes after."""

    messages_per_second: float = 100.0
    messages_burst: int = 500
    total_messages_per_second: float = 200_000.0
    message_bytes: int = 256 * 1024
    """Payload and properties of a device-to-cloud message together (hosted: 256 KB); at least 1 KB."""
    connections_per_address: int = 10_000
    accepts_per_second: float = 2_000.0
    concurrent_handshakes: int = 256
    handshake_seconds: float = 15.0
    """For the TLS handshake, and again for CONNECT with its authentication."""
    failures_per_minute: float = 60.0
    """Failed authentications of an address, after which it waits; a device may fail a sixth as often."""
    connects_per_minute: float = 30.0
    """Sessions that one device may open before the answer to its CONNECT is delayed: an SDK that sends the
    same refused message again after each reconnect must not become a tight loop."""
    pending_log_bytes: int = 64 * 2**20
    shaped_seconds: float = 300.0
    """How long a device may be held back without a pause before it is disconnected."""


class TokenBucket:
    """So many tokens a second, at most `burst` saved. May go into debt: the debt is the time to wait."""

    __slots__ = ("_burst", "_clock", "_level", "_rate", "_updated")

    def __init__(self, rate: float, burst: float, clock: Clock) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._clock = clock
        self._updated = clock.monotonic()

    def charge(self, amount: float, now: float | None = None) -> float:
        """Take `amount`; the seconds until the bucket is out of debt, 0 when it is not in debt. `now` is the
        monotonic time where the caller has just asked for it."""
        if now is None:
            now = self._clock.monotonic()
        level = self._level + (now - self._updated) * self._rate
        if level > self._burst:
            level = self._burst
        level -= amount
        self._updated = now
        self._level = level
        return 0.0 if level >= 0.0 else -level / self._rate

    @property
    def is_full(self) -> bool:
        """Whether nothing was taken for so long that the bucket can be forgotten."""
        elapsed = self._clock.monotonic() - self._updated
        return self._level + elapsed * self._rate >= self._burst


class Buckets:
    """A bucket for each name. There is a bound to them, because names come from strangers."""

    MAXIMUM = 100_000

    def __init__(self, rate: float, burst: float, clock: Clock) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def charge(self, name: str, amount: float = 1.0) -> float:
        """Take from the bucket of `name`; see `TokenBucket.charge`."""
        bucket = self._buckets.get(name)
        if bucket is None:
            if len(self._buckets) >= self.MAXIMUM:
                self.prune()
            bucket = self._buckets[name] = TokenBucket(self._rate, self._burst, self._clock)
        return bucket.charge(amount)

    def prune(self) -> None:
        """Forget the buckets that are full: they would be made anew alike."""
        self._buckets = {name: bucket for name, bucket in self._buckets.items() if not bucket.is_full}
