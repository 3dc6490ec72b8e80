"""Who failed to authenticate too often, and how long it has to wait.

Failures count in the cluster, so that several gateways do not multiply what a stranger may try. A device's id
can be named by anybody: it is locked out for one address only, or a stranger could keep the device away.
"""

from holdfast.cluster.port import Limits
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import UnavailableError

DEVICE_SHARE = 6
"""A device may fail a sixth as often as an address, behind which there may be a whole plant."""
MAXIMUM_WAIT = 900.0
"""Seconds; a device whose clock or key was put right is back within a quarter of an hour."""
MAXIMUM_NAMES = 100_000


class Lockouts:
    """Counts failures, and remembers here who is locked out."""

    def __init__(self, limits: Limits, clock: Clock, failures_per_minute: float) -> None:
        self._limits = limits
        self._clock = clock
        self._per_minute = failures_per_minute
        self._until: dict[str, float] = {}

    def wait(self, address: str, device: str) -> float:
        """Seconds for which nothing from `address`, or for `device` from it, is even looked at."""
        now = self._clock.monotonic()
        return max(0.0, *(self._until.get(name, 0.0) - now for name in _names(address, device)))

    async def failed(self, address: str, device: str) -> None:
        """Count a failed authentication."""
        for name, share in zip(_names(address, device), (1, DEVICE_SHARE), strict=True):
            allowed = self._per_minute / share
            try:
                wait = await self._limits.take(f"failures:{name}", 1.0, allowed, allowed / 60)
            except UnavailableError:
                wait = 60 / allowed  # nobody counts: allow the sustained rate and no burst
            if wait:
                self._lock(name, min(wait, MAXIMUM_WAIT))

    def _lock(self, name: str, seconds: float) -> None:
        now = self._clock.monotonic()
        if len(self._until) >= MAXIMUM_NAMES:
            self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[name] = now + seconds


def _names(address: str, device: str) -> tuple[str, str]:
    return address, f"{device.lower()}@{address}"
