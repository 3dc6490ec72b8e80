"""How many TLS handshakes run at once, and whose turn is next.

A handshake costs several times the memory of an idle connection and, with a client certificate, milliseconds
of CPU. Beyond the limit connections wait unread; one address gets at most half of the places, so that a
stranger who opens connections and says nothing cannot keep everybody else out.
"""

from collections import Counter, deque
from collections.abc import Callable

Start = Callable[[], bool]
"""Begins the handshake; False when the connection is gone meanwhile."""


class HandshakeGate:
    """The places for handshakes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._share = max(1, limit // 2)
        self._active: Counter[str] = Counter()
        self._waiting: dict[str, deque[Start]] = {}
        """Addresses in the order of their turns."""

    @property
    def active(self) -> int:
        """Handshakes that run now."""
        return self._active.total()

    @property
    def waiting(self) -> int:
        """Connections that wait for a place."""
        return sum(map(len, self._waiting.values()))

    def enter(self, address: str, start: Start) -> None:
        """Start now, or when it is the address's turn. `leave` must follow each start that returned True."""
        self._waiting.setdefault(address, deque()).append(start)
        self._admit()

    def leave(self, address: str) -> None:
        """A handshake of `address` ended, however it did."""
        self._active[address] -= 1
        if not self._active[address]:
            del self._active[address]
        self._admit()

    def _admit(self) -> None:
        while self.active < self._limit and (address := self._next()) is not None:
            queue = self._waiting.pop(address)
            start = queue.popleft()
            if queue:
                self._waiting[address] = queue  # behind the others
            self._active[address] += 1
            if not start():
                self._active[address] -= 1

    def _next(self) -> str | None:
        return next((name for name in self._waiting if self._active[name] < self._share), None)
