"""One TCP connection: the balancer's PROXY header if there is one, TLS, then bytes for the application.

A connection goes through stages, each a method that is called when the socket has something: `_proxy`,
`_handshake`, `_plain`, and `_discard` once it is closing. OpenSSL reads from and writes to the socket itself:
what is not read stays with the kernel and holds the device back, and nothing is copied on the way.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from OpenSSL import SSL

from holdfast.gateway.network.link import Application, Hold
from holdfast.gateway.network.tls import RECORD_BYTES, failure, peer_chain, read_record, write_record
from holdfast.protocol.proxy import ProxyError, missing, parse_proxy

if TYPE_CHECKING:
    from holdfast.gateway.network.listener import Listener

READ_BYTES: Final = 64 * 1024
"""Taken from a socket at once. Bounds what a connection can still bring in after its reading was stopped."""
MAXIMUM_UNSENT_BYTES: Final = 1024 * 1024
"""What may wait for a device that does not read; beyond it the connection is cut."""
UNSENT_HIGH, UNSENT_LOW = 64 * 1024, 16 * 1024
"""Where the device's own sending is stopped for its not reading, and where it goes on."""
CLOSE_SECONDS = 5.0
"""How long a closing connection may take to bring its last bytes to the device."""


class Channel:
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
        "_loop",
        "_readers",
        "_socket",
        "_ssl",
        "_stage",
        "_tls",
        "_unanswered",
        "_unsent",
        "address",
        "transport_name",
    )

    def __init__(
        self, listener: "Listener", context: SSL.Context, connected: socket.socket, address: str
    ) -> None:
        self.address = address
        self.transport_name = listener.transport_name
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._context: SSL.Context | None = context
        self._socket = connected
        self._readers = listener.readers
        self._tls: SSL.Connection | None = None
        self._ssl: object = None
        """What is read from and written to, see `tls.read_record`."""
        self._application: Application | None = None
        self._held = Hold.TURN
        self._closing = False
        self._handshaking = False
        self._early = b""
        """The beginning of a PROXY header."""
        self._unsent = bytearray()
        """What the socket did not take yet."""
        self._unanswered = False
        """Whether nothing was sent since something came."""
        self._deadline = listener.handshake_deadline()
        self._stage: Callable[[], None] = self._handshake

    def open(self, *, behind_proxy: bool) -> None:
        """Begin, with what a trusted balancer says or with the handshake."""
        self._listener.opened(self)
        if behind_proxy:
            self._stage = self._proxy
            self.release(Hold.TURN)
        else:
            self._queue_handshake()

    # ---- stages

    def _proxy(self) -> None:
        try:
            part = self._socket.recv(missing(self._early))
        except BlockingIOError:
            return
        except OSError:
            part = b""
        self._early += part
        try:
            header = parse_proxy(self._early)
        except ProxyError:
            part = b""
        if not part:
            self.abort()
        elif header is not None:
            self._early = b""
            if header.address and not self._listener.admit_behind_proxy(self, header.address):
                self.abort()
            else:
                self.hold(Hold.TURN)
                self._queue_handshake()

    def _queue_handshake(self) -> None:
        self._stage = self._handshake
        self._listener.gate.enter(self.address, self._begin_handshake)

    def _begin_handshake(self) -> bool:
        if self._closing or self._context is None:
            return False
        self._tls = SSL.Connection(self._context, self._socket)
        self._context = None
        self._tls.set_accept_state()
        self._ssl = self._tls._ssl
        self._handshaking = True
        self._deadline = self._listener.handshake_deadline()
        self.release(Hold.TURN)
        return True

    def _handshake(self) -> None:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except SSL.WantWriteError:
            self._loop.add_writer(self._socket, self._handshake)
        except SSL.WantReadError:
            self._loop.remove_writer(self._socket)
        except SSL.Error:
            self.close()  # OpenSSL has sent the alert that says why
        else:
            self._loop.remove_writer(self._socket)
            self._end_handshake()
            self._stage = self._plain
            if not self._held:
                self._readers.watch(self._socket, self._stage)
            self._application = self._listener.application(self)

    def _end_handshake(self) -> None:
        if self._handshaking:
            self._handshaking = False
            self._listener.gate.leave(self.address)

    def _plain(self) -> None:
        # To find that there is no second record costs a third of what the first one does: it is looked for
        # only where a device sends more without waiting for answers.
        if self._unanswered:
            self._plain_records()
        elif data := read_record(self._ssl):
            self._unanswered = True
            if self._application is not None:
                self._application.receive(data)
        else:
            self._cannot_read(self._failure())

    def _plain_records(self) -> None:
        """Read as much as there is."""
        records: list[bytes] = []
        room = READ_BYTES
        while room > 0 and (data := read_record(self._ssl)):
            records.append(data)
            room -= len(data)
        error = self._failure() if room > 0 else None  # before the application makes OpenSSL forget it
        if records and self._application is not None:
            self._application.receive(b"".join(records))
        if error is not None:
            self._cannot_read(error)

    def _failure(self) -> SSL.Error:
        """Why a read or a write just failed."""
        assert self._tls is not None
        return failure(self._tls)

    def _cannot_read(self, error: SSL.Error) -> None:
        if isinstance(error, SSL.ZeroReturnError):
            self.close()
        elif not isinstance(error, SSL.WantReadError | SSL.WantWriteError):
            self.abort()

    def _discard(self) -> None:
        """Read on until the device closes too: to close with something unread would take back what was
        sent."""
        try:
            ended = not self._socket.recv(RECORD_BYTES)
        except BlockingIOError:
            return
        except OSError:
            ended = True
        if ended:
            self._end()

    # ---- for the application

    def send(self, data: bytes) -> None:
        """See `Link.send`."""
        if self._closing or self._ssl is None or not data:
            return
        self._unanswered = False
        if not self._unsent and len(data) <= RECORD_BYTES and write_record(self._ssl, data):
            return
        self._unsent += data
        self._write()

    def _write(self) -> None:
        """Send what waits, as far as the socket takes it."""
        while self._unsent:
            taken = write_record(self._ssl, bytes(self._unsent[:RECORD_BYTES]))
            if not taken:
                if not isinstance(self._failure(), SSL.WantWriteError):
                    self.abort()
                    return
                self._loop.add_writer(self._socket, self._write)
                break
            del self._unsent[:taken]
        if len(self._unsent) > MAXIMUM_UNSENT_BYTES:
            self.abort()
        elif len(self._unsent) > UNSENT_HIGH:
            self.hold(Hold.PEER)
        elif len(self._unsent) <= UNSENT_LOW:
            self.release(Hold.PEER)
        if not self._unsent:
            self._loop.remove_writer(self._socket)
            if self._closing:
                self._say_goodbye()

    def hold(self, reason: Hold) -> None:
        """See `Link.hold`."""
        if not self._held and not self._closing:
            self._readers.ignore(self._socket)
        self._held |= reason

    def release(self, reason: Hold) -> None:
        """See `Link.release`."""
        if not self._held:
            return
        self._held &= ~reason
        if not self._held and not self._closing:
            self._readers.watch(self._socket, self._stage)

    def is_held_back(self) -> bool:
        """See `Link.is_held_back`."""
        return self._held not in (Hold.NONE, Hold.PEER)

    def close(self) -> None:
        """See `Link.close`."""
        if self._closing:
            return
        self._closing = True
        self._deadline = self._listener.clock.monotonic() + CLOSE_SECONDS
        self._end_handshake()
        self._readers.ignore(self._socket)
        if not self._unsent:
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        """TLS's goodbye and TCP's, behind everything that was sent."""
        if self._tls is None:
            self._end()
            return
        self._stage = self._discard
        with contextlib.suppress(SSL.Error):
            self._tls.shutdown()
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._end()
        else:
            self._readers.watch(self._socket, self._stage)

    def abort(self) -> None:
        """See `Link.abort`."""
        self._closing = True
        self._end()

    def _end(self) -> None:
        if self._socket.fileno() < 0:
            return
        self._readers.ignore(self._socket)
        self._loop.remove_writer(self._socket)
        self._socket.close()
        self._loop.call_soon(self._lost)

    def _lost(self) -> None:
        self._end_handshake()
        self._listener.lost(self)
        application, self._application = self._application, None
        if application is not None:
            application.lost()
        self._tls = self._ssl = None

    def peer_chain(self) -> tuple[bytes, ...]:
        """See `Link.peer_chain`."""
        return () if self._tls is None else peer_chain(self._tls)

    # ---- for the listener

    def sweep(self, now: float) -> None:
        """Called every second: cut what takes too long."""
        if self._application is not None and not self._closing:
            if self._application.overdue(now):
                self.close()
        elif now > self._deadline and Hold.TURN not in self._held:
            self.abort()
