"""Refusals, counted by source and second and then told once: strangers must not be able to fill the audit
log."""

from typing import NamedTuple

from holdfast.cluster.port import Bus
from holdfast.kernel.clock import Clock
from holdfast.kernel.json import JsonObject

REFUSED = "gateway.refused"
"""Topic: `address`, `device` (as claimed, may be empty), `reason`, `count`, `time`."""
MAXIMUM_SOURCES = 256
"""Distinct refusals told a second; beyond it they are counted as one."""


class _Source(NamedTuple):
    address: str
    device: str
    reason: str


_OTHERS = _Source("", "", "many sources were refused within a second")


class Refusals:
    """Collects refusals until `report`."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._counts: dict[_Source, int] = {}
        self.total = 0

    def add(self, address: str, reason: str, device: str = "") -> None:
        """Count one."""
        self.total += 1
        source = _Source(address, device[:128], reason)
        if source not in self._counts and len(self._counts) >= MAXIMUM_SOURCES:
            source = _OTHERS
        self._counts[source] = self._counts.get(source, 0) + 1

    async def report(self) -> None:
        """Tell what was counted since the last call."""
        counts, self._counts = self._counts, {}
        for source, count in counts.items():
            message: JsonObject = {**source._asdict(), "count": count, "time": self._clock.now()}
            await self._bus.publish(REFUSED, message)
