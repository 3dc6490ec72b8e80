"""HTTPS for people and scripts: network rules at accept, before TLS, then uvicorn's HTTP over the connection.

uvicorn has no hook between accept and TLS, so the accepting is ours and the rest is its protocol class.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from holdfast.kernel.errors import HoldfastError, StartupError
from holdfast.kernel.network import Network, NetworkRules, parse_address
from holdfast.protocol.proxy import parse_proxy

HANDSHAKE_SECONDS = 10.0
PROXY_HEADER_SECONDS = 5.0
MAXIMUM_CONNECTIONS = 2_000
"""Browsers hold about six connections each; beyond this the accept queue waits."""
KEEP_ALIVE_SECONDS = 75
"""As nginx; htmx pages ask again every few seconds."""

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2 suites with forward secrecy and authenticated encryption only (RFC 9325 4.2)."""


def server_context() -> ssl.SSLContext:
    """A TLS 1.2/1.3 server context without a certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Connection(H11Protocol):
    """uvicorn's protocol, with the address that the network rules judged."""

    def __init__(self, listener: "PeopleListener", address: str) -> None:
        super().__init__(config=listener.config, server_state=listener.state, app_state={})
        self._listener = listener
        self.address = address

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows
        super().connection_made(transport)
        self.client = (self.address, self.client[1] if self.client else 0)
        self._listener.connections[self] = transport
        if self._listener.refuses(self.address):  # the rules changed during the handshake
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.connections.pop(self, None)
        self._listener.gone.set()
        super().connection_lost(exc)


class PeopleListener:
    """Serves an ASGI application on one port of several addresses."""

    def __init__(
        self,
        app: ASGIApp,
        context: ssl.SSLContext,
        rules: Callable[[], NetworkRules],
        trusted_proxies: Sequence[Network] = (),
        refused: Callable[[str, str], None] = lambda _address, _reason: None,
    ) -> None:
        self.config = uvicorn.Config(
            app,
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            h11_max_incomplete_event_size=64 * 1024,
        )
        self.config.load()
        self.state = ServerState()
        self.connections: dict[_Connection, asyncio.Transport] = {}
        self.gone = asyncio.Event()
        """Set whenever a connection ends."""
        self.context = context
        """A certificate that is loaded into it is shown to new connections."""
        self._rules = rules
        self._trusted = tuple(trusted_proxies)
        self._refused = refused
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger()

    async def start(self, addresses: Sequence[str], port: int) -> int:
        """Listen; returns the port (chosen by the system when `port` is 0). StartupError when taken."""
        for address in addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listening = socket.socket(family, socket.SOCK_STREAM)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setblocking(False)
            try:
                listening.bind((address, port))
            except OSError as error:
                raise StartupError(
                    f"Cannot listen for people on {address} port {port}: {error.strerror}. "
                    "Stop what uses it, or set people.port to another."
                ) from error
            port = listening.getsockname()[1]
            listening.listen(1024)
            self._sockets.append(listening)
            self._spawn(self._accept(listening), f"accept {address}")
        return port

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if len(self._tasks) + len(self.connections) > MAXIMUM_CONNECTIONS:
                await asyncio.sleep(0.05)
                continue
            try:
                connected, peer = await loop.sock_accept(listening)
            except OSError as error:  # out of descriptors: wait for some to be closed
                self._log.warning("cannot accept", reason=error.strerror)
                await asyncio.sleep(0.1)
                continue
            self._spawn(self._admit(connected, peer[0]), f"admit {peer[0]}")

    async def _admit(self, connected: socket.socket, peer: str) -> None:
        try:
            address = await self._address_behind(connected, peer)
            if self.refuses(address):
                connected.close()
                return
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(
                lambda: _Connection(self, address),
                connected,
                ssl=self.context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except (HoldfastError, OSError, TimeoutError):  # a stranger's broken greeting is no event of ours
            connected.close()

    async def _address_behind(self, connected: socket.socket, peer: str) -> str:
        address = str(parse_address(peer))
        if not any(parse_address(peer) in network for network in self._trusted):
            return address
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(PROXY_HEADER_SECONDS):
            data = b""
            while (header := parse_proxy(data)) is None:
                # Exactly the header: what follows it belongs to TLS.
                end = 16 + int.from_bytes(data[14:16], "big") if len(data) >= 16 else 16
                more = await loop.sock_recv(connected, end - len(data))
                if not more:
                    raise ConnectionError("closed within the PROXY header")
                data += more
        return header.address or address

    def refuses(self, address: str) -> bool:
        """Whether the present rules do not admit the address; the refusal is told."""
        reason = self._rules().verdict(address)
        if reason:
            self._refused(address, reason)
        return bool(reason)

    def enforce(self) -> int:
        """Close live connections that the present rules no longer admit; how many there were."""
        rules = self._rules()
        gone = [transport for c, transport in self.connections.items() if rules.verdict(c.address)]
        for transport in gone:
            transport.abort()
        return len(gone)

    async def stop(self, grace: float = 5.0) -> None:
        """Stop accepting, let running requests finish for `grace` seconds, close."""
        for task in list(self._tasks):
            task.cancel()
        for listening in self._sockets:
            listening.close()
        for connection in list(self.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self.connections:
                    self.gone.clear()
                    await self.gone.wait()
        for transport in list(self.connections.values()):
            transport.abort()
