"""What a session needs of the gateway: the ports, and the parts that sessions share."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from holdfast.cluster.port import Cluster
from holdfast.devices.directory import Directory, Provisioning
from holdfast.devices.uploads.model import Uploads
from holdfast.gateway.authentication import HubIdentity
from holdfast.gateway.ingest import Ingest
from holdfast.gateway.limits import Buckets, GatewayLimits, TokenBucket
from holdfast.gateway.live import LiveSessions
from holdfast.gateway.lockouts import Lockouts
from holdfast.gateway.refusals import Refusals
from holdfast.gateway.registrations import Registrations
from holdfast.gateway.tasks import Tasks
from holdfast.kernel.clock import Clock, Randomness
from holdfast.log.port import LogWriter
from holdfast.log.view import StateView

UPLOADS_AT_ONCE = 32

P = ParamSpec("P")
T = TypeVar("T")


class DurableLog(LogWriter, Protocol):
    """The log, and the device state that is written in the same commits."""

    def submit(
        self, operation: Callable[Concatenate[StateView, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """Run one of `log.operations` in the next commit; the future ends when it is durable."""
        ...


@dataclass
class Services:
    """Shared by all sessions of a gateway process."""

    log: DurableLog
    cluster: Cluster
    directory: Directory
    provisioning: Provisioning
    hub: HubIdentity
    limits: GatewayLimits
    clock: Clock
    randomness: Randomness
    ingest: Ingest
    live: LiveSessions
    lockouts: Lockouts
    refusals: Refusals
    registrations: Registrations
    tasks: Tasks
    total: TokenBucket
    """Messages of all devices of this process."""
    connects: Buckets
    """Sessions opened, by device."""
    senders: Buckets
    """Messages over HTTPS, by device."""
    uploads: Uploads | None = None
    """What serves file uploads; None where nothing does."""
    receiving: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UPLOADS_AT_ONCE))
    """Places for bodies that go to disk; each takes some megabytes of memory."""
