"""From sessions to the log: one append for all that came in one turn of the event loop, one answer for all of
it.

The answer comes in the log's thread and crosses into the loop once a group commit. While more waits for the
log than memory is given for, sessions stop reading from their sockets and are told when to go on.
"""

import asyncio
from typing import Final, Protocol

from holdfast.gateway.limits import TokenBucket
from holdfast.gateway.network.link import Hold, Link
from holdfast.log.port import Entry, LogWriter

FLUSH_BYTES: Final = 1 << 20
"""Appended without waiting for the end of the turn, so that the log's count of pending bytes is never far
off."""


class Waiter(Protocol):
    """Hears what became of what it appended in one turn."""

    def durable(self) -> None:
        """It is on disk."""
        ...

    def not_durable(self, error: Exception) -> None:
        """The log failed; nothing of it may be acknowledged."""
        ...

    def slow_down(self, seconds: float) -> None:
        """More comes from all devices together than may: read nothing more for so long."""
        ...


class Ingest:
    """Collects, appends, reports."""

    def __init__(self, log: LogWriter, pending_limit: int, total: TokenBucket) -> None:
        self._log = log
        self._limit = pending_limit
        self._entries: list[Entry] = []
        self._bytes = 0
        self._waiters: list[Waiter] = []
        self._total = total
        self.turn = 0
        """Grows with each append: what was reported to in one turn becomes durable together."""
        self.messages = 0
        """Packets that sessions took in since the last append, whatever they were."""
        self._parked: dict[Link, None] = {}
        self._loop = asyncio.get_running_loop()
        self.is_full = False
        """Whether sessions that append should stop reading; ends when half of the limit is left."""
        self.appended = 0
        self._borrowed = 0
        self._outstanding = 0
        self._idle = asyncio.Event()

    def report_to(self, waiter: Waiter) -> None:
        """Tell `waiter` of what is added behind this, until the end of the turn."""
        self._waiters.append(waiter)

    def add(self, entry: Entry) -> None:
        """Append `entry` at the end of this turn."""
        if not self._entries:
            self._loop.call_soon(self.flush)
        self._entries.append(entry)
        self._bytes += len(entry.body)
        if self._bytes > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append what was collected."""
        entries, self._entries = self._entries, []
        waiters, self._waiters = self._waiters, []
        self._bytes = 0
        if not entries:
            return
        self.turn += 1
        self.appended += len(entries)
        self._outstanding += 1
        self._log.append(entries, lambda error: self._answer(waiters, error))
        self._look()
        messages, self.messages = self.messages, 0
        if wait := self._total.charge(messages):
            for waiter in waiters:
                waiter.slow_down(wait)

    def _answer(self, waiters: list[Waiter], error: Exception | None) -> None:
        """In the log's thread."""
        self._loop.call_soon_threadsafe(self._settle, waiters, error)

    def _settle(self, waiters: list[Waiter], error: Exception | None) -> None:
        self._outstanding -= 1
        for waiter in waiters:
            if error is None:
                waiter.durable()
            else:
                waiter.not_durable(error)
        if not self._outstanding:
            self._idle.set()
        self._look()

    def borrow(self, size: int) -> None:
        """Something that is no entry waits for the log with so many bytes of memory, until `give_back`."""
        self._borrowed += size
        self._look()

    def give_back(self, size: int) -> None:
        """It does not wait any more."""
        self._borrowed -= size
        self._look()

    def _look(self) -> None:
        waiting = self._log.pending_bytes() + self._borrowed
        if waiting > self._limit:
            self.is_full = True
        elif self.is_full and waiting < self._limit // 2:
            self.is_full = False
            self._unpark()

    async def drain(self) -> None:
        """Wait until everything that was added is durable or refused."""
        self.flush()
        while self._outstanding:
            self._idle.clear()
            await self._idle.wait()

    def park(self, link: Link) -> None:
        """Stop reading from `link` until the log has caught up."""
        self._parked[link] = None
        link.hold(Hold.LOG)

    def _unpark(self) -> None:
        parked, self._parked = self._parked, {}
        for link in parked:
            link.release(Hold.LOG)
