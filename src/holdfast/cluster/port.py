"""Who holds which session, how to reach it, and who hears of changes: the ports between processes.

Here they run over Unix sockets through the supervisor's hub; beyond one machine over NATS. They keep no
state that must survive: what must is a row somewhere, and these ports only ring the bell.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject


class NotConnectedError(UnavailableError):
    """The device holds no session anywhere now."""

    code = "NotFound"
    status = 404


class Claim(NamedTuple):
    """The right to serve a device. Only the highest epoch counts: a holder of an older one closes."""

    device: str
    epoch: int
    node: str


Handler = Callable[[JsonObject], Awaitable[JsonObject]]
"""Serves one request of another process; a raised HoldfastError travels back to the caller as itself."""

Listener = Callable[[str, JsonObject], None]
"""Called with (topic, message) on the process's event loop; must not block."""


class Sessions(Protocol):
    """Session claims."""

    async def claim(self, device: str) -> Claim:
        """Take the device's session; whoever held it hears of it and closes. The epoch only grows."""
        ...

    async def release(self, claim: Claim) -> None:
        """Give it back; ignored when a newer claim exists."""
        ...

    async def owner(self, device: str) -> str:
        """The node that holds the session, empty when none."""
        ...

    async def count(self) -> int:
        """How many sessions are held."""
        ...


class Bus(Protocol):
    """Requests to a role, and news to everybody."""

    async def request(self, target: str, method: str, body: JsonObject, deadline: float) -> JsonObject:
        """Ask a node (`gateway-1`) or any node of a role (`control`); at most once.

        `deadline` is in seconds from now. Raises UnavailableError when nobody answers in time, or the error
        that the handler raised.
        """
        ...

    def serve(self, method: str, handler: Handler) -> None:
        """Answer requests for `method` that reach this process."""
        ...

    async def publish(self, topic: str, message: JsonObject) -> None:
        """Tell every process that subscribed to the topic; best effort, in order for each sender."""
        ...

    def subscribe(self, topic: str, listener: Listener) -> None:
        """Hear of a topic. A topic ending in `.` hears all that start with it."""
        ...

    def silent_for(self) -> float:
        """Seconds since the hub was last heard; above one second nobody trusts caches."""
        ...


class Router(Protocol):
    """Reaches a live device session wherever it is."""

    async def request(self, device: str, method: str, body: JsonObject, deadline: float) -> JsonObject:
        """Ask the process that holds the device's session, at most once. NotConnectedError when none does."""
        ...


class Lease(NamedTuple):
    """Leadership for a job; `token` fences: the store refuses writes with an older one."""

    name: str
    token: int


class Leases(Protocol):
    """Who may do a job that only one process may do."""

    async def acquire(self, name: str, ttl: float) -> Lease | None:
        """Take or renew the lease for `ttl` seconds; None while another process holds it."""
        ...


class Limits(Protocol):
    """Counts that are kept for all processes together (lock-outs, quotas, provisioning attempts)."""

    async def take(self, name: str, amount: float, capacity: float, per_second: float) -> float:
        """Take from a token bucket; 0 when granted, else the seconds until it would be."""
        ...


INVALIDATE = "invalidate."
"""Topic prefix of invalidations: `invalidate.device`, `invalidate.enrollmentGroup`, …

The message has `id`, `event` (the event's name) and `sequence`. The relay publishes one for every event on
the audit log, so a cache that listens is never older than the relay; the stream's silence is detected by
`Bus.silent_for`.
"""


class Cluster(Protocol):
    """All of it, as one process sees it."""

    @property
    def node(self) -> str:
        """This process: `gateway-1`, `control-1`, `worker-1`."""
        ...

    @property
    def bus(self) -> Bus:
        """Requests and news."""
        ...

    @property
    def sessions(self) -> Sessions:
        """Session claims."""
        ...

    @property
    def router(self) -> Router:
        """Live sessions."""
        ...

    @property
    def leases(self) -> Leases:
        """Leadership."""
        ...

    @property
    def limits(self) -> Limits:
        """Shared counts."""
        ...

    async def close(self) -> None:
        """Leave; claims of this node are released."""
        ...
