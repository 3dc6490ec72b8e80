"""Holds back a device that sends faster than it may, and says when it has been held back for too long."""

from typing import Final

from holdfast.gateway.limits import GatewayLimits, TokenBucket
from holdfast.kernel.clock import Clock

PAUSE_SECONDS: Final = 1.0
"""A device that kept within its rate for this long has made up for what was before."""


class Shaping(TokenBucket):
    """One device's rate."""

    __slots__ = ("_held_until", "_patience", "_since")

    def __init__(self, limits: GatewayLimits, clock: Clock) -> None:
        super().__init__(limits.messages_per_second, limits.messages_burst, clock)
        self._patience = limits.shaped_seconds
        self._since = 0.0
        self._held_until = -PAUSE_SECONDS

    def hold_back(self, wait: float, now: float) -> None:
        """The device is in debt at a monotonic time, and not read for so many seconds."""
        if now - self._held_until > PAUSE_SECONDS:
            self._since = now
        self._held_until = now + wait

    @property
    def is_hopeless(self) -> bool:
        """Whether the device was held back without a pause for longer than anybody waits."""
        return self._held_until - self._since > self._patience
