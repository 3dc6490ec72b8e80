"""Refusals, counted by source and second, so that strangers cannot burn fsyncs or fill the audit log."""

import threading
from dataclasses import dataclass, replace

from holdfast.kernel.clock import Clock
from holdfast.resources.model import Event

MAXIMUM_SOURCES = 256
"""Different sources that one second tells apart; further ones share a last entry."""
WINDOW_SECONDS = 1.0

_Source = tuple[str, str, str]


@dataclass(slots=True)
class _Tally:
    first: Event
    count: int


class Refusals:
    """Collects refusals until the second is over. Thread-safe; never blocks on disk."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tallies: dict[_Source, _Tally] = {}
        self._since = 0.0

    def add(self, event: Event) -> None:
        """Count a refusal; the first of its source and name in this second is the one that is kept whole."""
        source = (event.name, event.actor, event.address)
        with self._lock:
            if not self._tallies:
                self._since = self._clock.monotonic()
            if source not in self._tallies and len(self._tallies) >= MAXIMUM_SOURCES:
                source = ("", "", "")
                event = replace(event, detail=f"and other sources: {event.detail}")
            tally = self._tallies.setdefault(source, _Tally(event, 0))
            tally.count += 1

    def due(self) -> bool:
        """Whether there are refusals older than the window."""
        with self._lock:
            return bool(self._tallies) and self._clock.monotonic() - self._since >= WINDOW_SECONDS

    def take(self) -> list[Event]:
        """The refusals so far as events, each with its count in `data.count`; and begin anew."""
        with self._lock:
            tallies, self._tallies = self._tallies, {}
        return [
            replace(tally.first, data={**tally.first.data, "count": tally.count})
            for tally in tallies.values()
        ]
