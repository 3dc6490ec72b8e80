"""One TCP connection: the balancer's PROXY header if there is one, TLS, then bytes for the application.

A connection goes through stages, each a method that takes the next bytes: `_proxy`, `_handshake`, `_plain`.
Memory BIOs give TLS no back-pressure of their own, so whatever comes in is decrypted and handed on at once,
and what is held back is the reading from the socket.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from OpenSSL import SSL

from holdfast.gateway.network.link import Application, Hold
from holdfast.gateway.network.tls import peer_chain
from holdfast.protocol.proxy import ProxyError, parse_proxy

if TYPE_CHECKING:
    from holdfast.gateway.network.listener import Listener

READ_BYTES = 64 * 1024
"""Taken from a socket at once. Bounds what a connection can still bring in after its reading was stopped."""
RECORD_BYTES = 16 * 1024
"""A TLS record's payload (RFC 8446 section 5.1)."""
MAXIMUM_HANDSHAKE_BYTES = 128 * 1024
"""Ciphertext before the handshake is through: a chain of eight certificates of 16 KB."""
MAXIMUM_UNSENT_BYTES = 1024 * 1024
"""What may wait for a device that does not read; beyond it the connection is cut."""
UNSENT_HIGH, UNSENT_LOW = 64 * 1024, 16 * 1024
"""Where the device's own sending is stopped for its not reading, and where it goes on."""
CLOSE_SECONDS = 5.0
"""How long a closing connection may take to bring its last bytes to the device."""

_RECORD_OVERHEAD = 64
"""More than any suite adds to a record (header, nonce, tag, padding)."""

# One buffer for all: a read is worked off before the next begins, on the one thread of the event loop.
_BUFFER = memoryview(bytearray(READ_BYTES))


def _ignore(_data: memoryview | bytes) -> None:
    """The stage of a connection that waits or is closing: nothing is looked at any more."""


class Channel(asyncio.BufferedProtocol):
    """See the module; implements `Link` for the application."""

    __slots__ = (
        "_application",
        "_closing",
        "_context",
        "_deadline",
        "_early",
        "_handshaking",
        "_held",
        "_listener",
        "_received",
        "_stage",
        "_tls",
        "_transport",
        "address",
        "transport_name",
    )

    def __init__(self, listener: "Listener", context: SSL.Context, address: str, behind_proxy: bool) -> None:
        self.address = address
        self.transport_name = listener.transport_name
        self._listener = listener
        self._context: SSL.Context | None = context
        self._transport: asyncio.Transport | None = None
        self._tls: SSL.Connection | None = None
        self._application: Application | None = None
        self._held = Hold.NONE
        self._closing = False
        self._handshaking = False
        self._received = 0
        self._early = b""
        """What came before its turn: the beginning of a PROXY header, or of the handshake."""
        self._deadline = listener.handshake_deadline()
        self._stage: Callable[[memoryview | bytes], None] = self._proxy if behind_proxy else self._wait

    # ---- from the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._transport = cast(asyncio.Transport, transport)  # by shape: uvloop's is no subclass
        self._transport.set_write_buffer_limits(UNSENT_HIGH, UNSENT_LOW)
        self._listener.opened(self)
        if self._stage == self._wait:
            self._queue_handshake()

    def get_buffer(self, sizehint: int) -> memoryview:
        """See `asyncio.BufferedProtocol`."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """See `asyncio.BufferedProtocol`."""
        self._stage(_BUFFER[:nbytes])

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.BaseProtocol`."""
        self._closing = True
        self._stage = _ignore
        self._end_handshake()
        self._listener.lost(self)
        application, self._application = self._application, None
        if application is not None:
            application.lost()
        self._tls = self._transport = None

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self.hold(Hold.PEER)

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self.release(Hold.PEER)

    # ---- stages

    def _proxy(self, data: memoryview | bytes) -> None:
        self._early += data
        try:
            header = parse_proxy(self._early)
        except ProxyError:
            self.abort()
            return
        if header is None:
            return
        self._early = self._early[header.length :]
        if header.address and not self._listener.admit_behind_proxy(self, header.address):
            self.abort()
            return
        self._queue_handshake()

    def _queue_handshake(self) -> None:
        self._stage = self._wait
        self.hold(Hold.TURN)
        self._listener.gate.enter(self.address, self._begin_handshake)

    def _wait(self, data: memoryview | bytes) -> None:
        self._early += data
        if len(self._early) > READ_BYTES:
            self.abort()
        elif self._transport is not None:
            # uvloop begins to read after connection_made, although that said to pause.
            self._transport.pause_reading()

    def _begin_handshake(self) -> bool:
        if self._closing or self._context is None:
            return False
        self._tls = SSL.Connection(self._context, None)
        self._context = None
        self._tls.set_accept_state()
        self._handshaking = True
        self._deadline = self._listener.handshake_deadline()
        self._stage = self._handshake
        self.release(Hold.TURN)
        early, self._early = self._early, b""
        if early:
            self._handshake(early)
        return True

    def _handshake(self, data: memoryview | bytes) -> None:
        assert self._tls is not None
        self._received += len(data)
        if self._received > MAXIMUM_HANDSHAKE_BYTES:
            self.abort()
            return
        self._tls.bio_write(data)
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self._flush(RECORD_BYTES)
        except SSL.Error:
            self._flush(RECORD_BYTES)  # the alert that says why
            self.abort()
        else:
            self._flush(RECORD_BYTES)
            self._end_handshake()
            self._application = self._listener.application(self)
            self._stage = self._plain
            self._plain(b"")

    def _end_handshake(self) -> None:
        if self._handshaking:
            self._handshaking = False
            self._listener.gate.leave(self.address)

    def _plain(self, data: memoryview | bytes) -> None:
        assert self._tls is not None
        if data:
            self._tls.bio_write(data)
        receive = self._tls.recv
        records: list[bytes] = []
        ended = None
        try:
            while True:
                records.append(receive(RECORD_BYTES))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            ended = self.close
        except SSL.Error:
            ended = self.abort
        if records and self._application is not None:
            self._application.receive(records[0] if len(records) == 1 else b"".join(records))
        if ended is not None:
            ended()

    # ---- for the application

    def send(self, data: bytes) -> None:
        """See `Link.send`."""
        if self._closing or self._tls is None or self._transport is None:
            return
        try:
            self._tls.send(data)
        except SSL.Error:
            self.abort()
            return
        self._flush(len(data))
        if self._transport.get_write_buffer_size() > MAXIMUM_UNSENT_BYTES:
            self.abort()

    def _flush(self, plain_bytes: int) -> None:
        """Move ciphertext to the socket; `plain_bytes` says about how much there is."""
        assert self._tls is not None
        size = plain_bytes + (plain_bytes // RECORD_BYTES + 4) * _RECORD_OVERHEAD
        while True:
            try:
                data = self._tls.bio_read(size)
            except SSL.WantReadError:
                return
            if self._transport is not None:
                self._transport.write(data)
            if len(data) < size:
                return

    def hold(self, reason: Hold) -> None:
        """See `Link.hold`."""
        if not self._held and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        self._held |= reason

    def release(self, reason: Hold) -> None:
        """See `Link.release`."""
        if not self._held:
            return
        self._held &= ~reason
        if not self._held and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """See `Link.close`."""
        if self._closing:
            return
        self._closing = True
        self._stage = _ignore
        self._deadline = self._listener.clock.monotonic() + CLOSE_SECONDS
        if self._tls is not None and self._application is not None:
            try:
                self._tls.shutdown()
            except SSL.Error:
                pass
            else:
                self._flush(RECORD_BYTES)
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """See `Link.abort`."""
        self._closing = True
        self._stage = _ignore
        if self._transport is not None:
            self._transport.abort()

    def peer_chain(self) -> tuple[bytes, ...]:
        """See `Link.peer_chain`."""
        return () if self._tls is None else peer_chain(self._tls)

    # ---- for the listener

    def sweep(self, now: float) -> None:
        """Called every second: cut what takes too long."""
        if self._application is not None and not self._closing:
            if self._application.overdue(now):
                self.close()
        elif now > self._deadline and not self._held & Hold.TURN:
            self.abort()
