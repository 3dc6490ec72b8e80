"""Which sockets have something to read: one epoll for all connections, which the event loop watches as a
whole.

The loop's own readers take four objects a connection, and all of them are touched for each message. With
thousands of connections none of them is in the processor's cache any more when it is needed next.
"""

import asyncio
import select
import socket
from collections.abc import Callable

TURN_SOCKETS = 1000
"""Called for in one turn of the loop; the others come first in the next one."""


class Readers:
    """Calls whoever waits for a socket. Make it on the running event loop that it calls in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._poll = select.epoll()
        self._ready: list[Callable[[], None] | None] = []
        """What to call, by the socket's number."""
        self._loop.add_reader(self._poll.fileno(), self._turn)

    def watch(self, connected: socket.socket, ready: Callable[[], None]) -> None:
        """Call `ready`, and nothing else, once a turn of the loop while there is something to read."""
        number = connected.fileno()
        while number >= len(self._ready):
            self._ready.append(None)
        if self._ready[number] is None:
            self._poll.register(number, select.EPOLLIN)
        self._ready[number] = ready

    def ignore(self, connected: socket.socket) -> None:
        """Call for this socket no more; before it is closed."""
        number = connected.fileno()
        if number < len(self._ready) and self._ready[number] is not None:
            self._ready[number] = None
            self._poll.unregister(number)

    def _turn(self) -> None:
        for number, _events in self._poll.poll(0, TURN_SOCKETS):
            ready = self._ready[number]
            if ready is None:
                continue  # who was called before it in this turn has ended the waiting
            try:
                ready()
            except Exception as error:
                self._loop.call_exception_handler({"message": "a connection failed", "exception": error})

    def close(self) -> None:
        """Call nobody any more."""
        if not self._poll.closed:
            self._loop.remove_reader(self._poll.fileno())
            self._poll.close()
            self._ready.clear()
