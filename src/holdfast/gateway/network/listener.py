"""Listens on TCP ports: accepts within the rate, judges the address before TLS, counts, cuts, stops."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from OpenSSL import SSL

from holdfast.gateway.limits import GatewayLimits, TokenBucket
from holdfast.gateway.network.channel import Channel
from holdfast.gateway.network.handshakes import HandshakeGate
from holdfast.gateway.network.link import Application, Hold, Link
from holdfast.gateway.network.readers import Readers
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import InvalidError, StartupError
from holdfast.kernel.network import Network, NetworkRules, parse_address

BACKLOG = 4096
"""Connections that the kernel keeps while accepting is shaped."""

Refused = Callable[[str, str], None]
"""Told of a refusal: the address and why."""


@dataclass
class Admission:
    """What all listeners of a gateway share: the watch over sockets, and bounds that count across ports."""

    limits: GatewayLimits
    clock: Clock
    gate: HandshakeGate = field(init=False)
    readers: Readers = field(default_factory=Readers)
    accepts: TokenBucket = field(init=False)
    connections: Counter[str] = field(default_factory=Counter)
    """Open connections by address."""

    def __post_init__(self) -> None:
        rate = self.limits.accepts_per_second
        self.gate = HandshakeGate(self.limits.concurrent_handshakes)
        self.accepts = TokenBucket(rate, rate, self.clock)


@dataclass(frozen=True)
class Face:
    """What a listener is for."""

    name: str
    """For people: `devices`, `sensors`."""
    transport_name: str
    """`mqtt` or `websocket`."""
    rules: Callable[[], NetworkRules]
    """The present network rules of this listener."""
    application: Callable[[Link], Application]
    """Makes the protocol of a connection whose TLS handshake is through."""
    trusted_proxies: tuple[Network, ...] = ()
    refused: Refused = lambda _address, _reason: None


class Listener:
    """One face of the gateway on a port of some addresses."""

    def __init__(self, face: Face, context: SSL.Context, admission: Admission) -> None:
        self.context = context
        """For new connections; set another when the certificate was renewed."""
        self.clock = admission.clock
        self.gate = admission.gate
        self.readers = admission.readers
        self.application = face.application
        self.transport_name = face.transport_name
        self.channels: set[Channel] = set()
        self._face = face
        self._admission = admission
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger()

    # ---- accepting

    async def start(self, addresses: Sequence[str], port: int) -> int:
        """Listen; returns the port, which the system chooses when `port` is 0. StartupError when it is
        taken."""
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listening = socket.socket(family, socket.SOCK_STREAM)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # several gateway processes
            listening.setblocking(False)
            try:
                listening.bind((address, port))
            except OSError as error:
                listening.close()
                raise StartupError(
                    f"Cannot listen for {self._face.name} on {address} port {port}: {error.strerror}. "
                    "Stop what uses it, or choose another port in the settings."
                ) from error
            port = listening.getsockname()[1]
            listening.listen(BACKLOG)
            self._sockets.append(listening)
            self._spawn(self._accept(listening))
        return port

    def _spawn(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connected, peer = await loop.sock_accept(listening)
            except OSError as error:  # no descriptors left: some must be closed first
                self._log.warning("cannot accept a connection", face=self._face.name, reason=error.strerror)
                await asyncio.sleep(0.1)
                continue
            try:
                self._admit(connected, peer[0])
            except OSError:  # reset before it was looked at; the next one must still be accepted
                connected.close()
            wait = self._admission.accepts.charge(1)
            if wait:
                await asyncio.sleep(wait)

    def _admit(self, connected: socket.socket, peer: str) -> None:
        address = str(parse_address(peer))
        behind_proxy = any(parse_address(peer) in network for network in self._face.trusted_proxies)
        if not behind_proxy and (reason := self._verdict(address)):
            self._face.refused(address, reason)
            connected.close()
            return
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Channel(self, self.context, connected, address).open(behind_proxy=behind_proxy)

    def _verdict(self, address: str) -> str:
        if reason := self._face.rules().verdict(address):
            return reason
        if self._admission.connections[address] >= self._admission.limits.connections_per_address:
            return "the address has as many connections as it may"
        return ""

    # ---- for channels

    def handshake_deadline(self) -> float:
        """When a handshake that begins now has to be through."""
        return self.clock.monotonic() + self._admission.limits.handshake_seconds

    def admit_behind_proxy(self, channel: Channel, address: str) -> bool:
        """Judge the address that a trusted balancer named, and make it the channel's."""
        try:
            address = str(parse_address(address))
        except InvalidError:
            return False
        if reason := self._verdict(address):
            self._face.refused(address, reason)
            return False
        self._count(channel.address, -1)
        channel.address = address
        self._count(address, 1)
        return True

    def opened(self, channel: Channel) -> None:
        """A channel has its transport."""
        self.channels.add(channel)
        self._count(channel.address, 1)

    def lost(self, channel: Channel) -> None:
        """A channel is gone."""
        self.channels.discard(channel)
        self._count(channel.address, -1)

    def _count(self, address: str, change: int) -> None:
        connections = self._admission.connections
        connections[address] += change
        if not connections[address]:
            del connections[address]

    # ---- for the gateway

    def sweep(self, now: float) -> None:
        """Every second: let each channel cut what takes too long."""
        for channel in list(self.channels):
            channel.sweep(now)

    def enforce(self) -> int:
        """Cut live connections that the present rules no longer admit; how many there were."""
        rules = self._face.rules()
        refused = [channel for channel in self.channels if rules.verdict(channel.address)]
        for channel in refused:
            channel.abort()
        return len(refused)

    def stop_accepting(self) -> None:
        """Take no new connections, and nothing more from the open ones."""
        for channel in self.channels:
            channel.hold(Hold.STOPPING)
        for task in self._tasks:
            task.cancel()
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()

    def abort_all(self) -> None:
        """Cut whatever is still open."""
        for channel in list(self.channels):
            channel.abort()
