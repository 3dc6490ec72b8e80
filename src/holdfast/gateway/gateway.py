"""The gateway: listeners, sessions, and the clockwork between them.

Ports            what the rest of the platform gives
Gateway.start    serves requests and news of the cluster; `listen` opens a face on a port
Gateway.stop     stops accepting, says goodbye, commits what came in
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from OpenSSL import SSL

from holdfast.cluster.hub import SUPERSEDED
from holdfast.cluster.port import INVALIDATE, Cluster
from holdfast.devices.directory import Directory, Provisioning
from holdfast.devices.uploads.model import Uploads
from holdfast.gateway.authentication import HubIdentity
from holdfast.gateway.https.connection import EXCHANGE, HttpConnection
from holdfast.gateway.ingest import Ingest
from holdfast.gateway.limits import Buckets, GatewayLimits, TokenBucket
from holdfast.gateway.live import LiveSessions
from holdfast.gateway.lockouts import Lockouts
from holdfast.gateway.network.link import Application, Link
from holdfast.gateway.network.listener import Admission, Face, Listener
from holdfast.gateway.network.tls import ServerCertificate, server_context
from holdfast.gateway.network.websocket import PATH, HttpFront
from holdfast.gateway.refusals import Refusals
from holdfast.gateway.registrations import Registrations
from holdfast.gateway.requests import GatewayRequests
from holdfast.gateway.services import DurableLog, Services
from holdfast.gateway.sessions.connection import ADMISSION, MqttConnection
from holdfast.gateway.tasks import Tasks
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.json import JsonObject
from holdfast.kernel.network import Network, NetworkRules
from holdfast.log import operations
from holdfast.protocol.mqtt.reasons import Reason

SWEEP_SECONDS = 1.0
STOP_SECONDS = 5.0
"""Time for goodbyes and the last commit."""
GOODBYE_SECONDS = 1.0
"""Of it, for answers to what was asked before."""
SILENCE_SECONDS = 1.0
"""A bus that is silent for longer may hide a revocation."""
SILENT_RECHECK_SECONDS = 5.0

PER_DEVICE = frozenset({"device", "deviceAttestation"})
"""Kinds of resources whose change concerns the one device that has their id."""
FOR_ALL = frozenset({"enrollmentGroup", "accessSettings", "organization", "sharedAccessPolicy"})
"""Kinds whose change may concern any device."""


@dataclass(frozen=True)
class Ports:
    """What the gateway needs of the platform."""

    log: DurableLog
    cluster: Cluster
    directory: Directory
    provisioning: Provisioning
    clock: Clock
    randomness: Randomness
    uploads: Uploads | None = None


@dataclass(frozen=True)
class FaceRules:
    """Who may reach a face."""

    rules: Callable[[], NetworkRules] = NetworkRules
    trusted_proxies: tuple[Network, ...] = ()


@dataclass
class Gateway:
    """One gateway process. Make it and use it on one running event loop."""

    ports: Ports
    certificates: Sequence[ServerCertificate]
    hub: HubIdentity = field(default_factory=HubIdentity)
    limits: GatewayLimits = field(default_factory=GatewayLimits)

    def __post_init__(self) -> None:
        ports, limits = self.ports, self.limits
        tasks = Tasks()
        rate = limits.total_messages_per_second
        total = TokenBucket(rate, rate, ports.clock)
        self.services = Services(
            log=ports.log,
            cluster=ports.cluster,
            directory=ports.directory,
            provisioning=ports.provisioning,
            hub=self.hub,
            limits=limits,
            clock=ports.clock,
            randomness=ports.randomness,
            ingest=Ingest(ports.log, limits.pending_log_bytes, total),
            live=LiveSessions(ports.directory, tasks, ports.clock),
            lockouts=Lockouts(ports.cluster.limits, ports.clock, limits.failures_per_minute),
            refusals=Refusals(ports.cluster.bus, ports.clock),
            registrations=Registrations(ports.clock, ports.randomness),
            tasks=tasks,
            total=total,
            connects=Buckets(limits.connects_per_minute / 60, limits.connects_per_minute, ports.clock),
            senders=Buckets(limits.messages_per_second, limits.messages_burst, ports.clock),
            uploads=ports.uploads,
        )
        self.admission = Admission(limits, ports.clock)
        self.listeners: list[Listener] = []
        self._context: SSL.Context = server_context(self.certificates)
        self._clockwork: asyncio.Task[None] | None = None
        self._rechecked = 0.0
        self._tidied = ports.clock.monotonic()

    # ---- starting

    def start(self) -> None:
        """Serve the cluster. The directory's cache must hear of invalidations before: subscribe it first."""
        GatewayRequests(self.services).serve()
        bus = self.ports.cluster.bus
        bus.subscribe(SUPERSEDED, self._superseded)
        bus.subscribe(INVALIDATE, self._invalidated)
        self._clockwork = asyncio.get_running_loop().create_task(self._tick(), name="gateway-clockwork")

    async def listen_mqtt(
        self, name: str, addresses: Sequence[str], port: int, access: FaceRules | None = None
    ) -> int:
        """Serve MQTT over TLS; returns the port."""
        return await self._listen(name, "mqtt", self._mqtt, addresses, port, access or FaceRules())

    async def listen_https(
        self, name: str, addresses: Sequence[str], port: int, access: FaceRules | None = None
    ) -> int:
        """Serve the HTTPS API and MQTT over WebSocket; returns the port."""
        return await self._listen(name, "https", self._http, addresses, port, access or FaceRules())

    async def _listen(
        self,
        name: str,
        transport: str,
        application: Callable[[Link], Application],
        addresses: Sequence[str],
        port: int,
        access: FaceRules,
    ) -> int:
        face = Face(
            name, transport, access.rules, application, access.trusted_proxies, self.services.refusals.add
        )
        listener = Listener(face, self._context, self.admission)
        port = await listener.start(addresses, port)
        self.listeners.append(listener)
        return port

    def _mqtt(self, link: Link) -> Application:
        return MqttConnection(link, self.services)

    def _http(self, link: Link) -> Application:
        return HttpFront(link, {PATH: self._mqtt}, self._https, self.limits.handshake_seconds)

    def _https(self, link: Link) -> Application:
        return HttpConnection(link, self.services)

    def renew(self, certificates: Sequence[ServerCertificate]) -> None:
        """Show these certificates to new connections."""
        self._context = server_context(certificates)
        for listener in self.listeners:
            listener.context = self._context

    # ---- news

    def _superseded(self, _topic: str, message: JsonObject) -> None:
        epoch = message.get("epoch")
        if isinstance(epoch, int):
            self.services.live.superseded(str(message.get("device", "")), epoch)

    def _invalidated(self, topic: str, message: JsonObject) -> None:
        kind = topic.removeprefix(INVALIDATE)
        if kind in PER_DEVICE:
            self.services.live.recheck([str(message.get("id", ""))])
        elif kind in FOR_ALL:
            self.services.live.recheck(self.services.live.devices())

    def enforce_network_rules(self) -> int:
        """The rules changed: cut the connections that they no longer admit; how many there were."""
        return sum(listener.enforce() for listener in self.listeners)

    # ---- clockwork

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep()
            self.services.connects.prune()
            self.services.senders.prune()
            await self.services.refusals.report()

    def sweep(self) -> None:
        """Once a second: end what is overdue, and trust no cache that may be old."""
        now = self.ports.clock.monotonic()
        for listener in self.listeners:
            listener.sweep(now)
        silent = self.ports.cluster.bus.silent_for() > SILENCE_SECONDS
        if silent and now - self._rechecked > SILENT_RECHECK_SECONDS:
            self._rechecked = now
            self.services.live.recheck(self.services.live.devices())
        if now - self._tidied > operations.GONE_SECONDS:
            self._tidied = now
            self.services.log.submit(operations.forget_deletions, self.ports.clock.now())

    # ---- stopping

    async def stop(self) -> None:
        """Stop accepting, tell every device, and return when what they sent is committed or given up."""
        for listener in self.listeners:
            listener.stop_accepting()
        if self._clockwork is not None:
            self._clockwork.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._finish()
        for listener in self.listeners:
            listener.abort_all()
        self.admission.readers.close()

    async def _finish(self) -> None:
        await self.services.ingest.drain()  # what came in is acknowledged before the goodbye
        for session in self.services.live.all():
            session.connection.close(Reason.SERVER_SHUTTING_DOWN, "the gateway is stopping; connect again")
        self.services.live.end_will_delays()
        self.services.tasks.cancel(ADMISSION)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.services.tasks.finish()
        self.services.tasks.cancel(EXCHANGE)  # requests whose bodies are not read any more
        await self.services.tasks.finish()
        await self.services.ingest.drain()
