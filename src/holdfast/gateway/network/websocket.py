"""MQTT over WebSocket (RFC 6455): a link whose bytes are the payloads of binary messages.

The framing is the websockets library's sans-I/O protocol. Compression is not offered: it costs memory on
every connection and leaks lengths of what it mixes.
"""

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN, Event
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from holdfast.gateway.network.link import Application, Hold, Link

PATH = "/$iothub/websocket"
SUBPROTOCOLS = (Subprotocol("mqtt"), Subprotocol("mqttv3.1"))
"""The first is registered (RFC 6455 11.5) and what the SDKs ask for; some libraries send the older name."""
MAXIMUM_FRAME = 1 << 20
"""Bytes of one frame. MQTT packets may be cut and joined as a client likes; their own limit comes after."""
MAXIMUM_HEAD = 16 * 1024
"""Bytes of an HTTP request's head (Apache and nginx: 8 KB a line)."""

_QUIET = logging.getLogger("holdfast.gateway.websocket")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False  # what strangers send is counted, not logged line by line
_QUIET.setLevel(logging.CRITICAL)

_DATA = frozenset({Opcode.BINARY, Opcode.CONT})

Upgrade: TypeAlias = Callable[[Link], Application]
Fallback: TypeAlias = Callable[[Link], Application]


class HttpFront:
    """The first protocol on the HTTPS port: looks at the request's head and lets the right one take over.

    `paths` names the applications behind WebSocket upgrades; everything else goes to `fallback`.
    """

    __slots__ = ("_application", "_fallback", "_head", "_link", "_patience", "_since", "_upgrades")

    def __init__(
        self, link: Link, upgrades: Mapping[str, Upgrade], fallback: Fallback, patience: float
    ) -> None:
        self._link = link
        self._upgrades = upgrades
        self._fallback = fallback
        self._head = b""
        self._application: Application | None = None
        self._patience = patience
        """Seconds that a peer has for the head of its request."""
        self._since: float | None = None

    def receive(self, data: bytes) -> None:
        """See `Application.receive`."""
        if self._application is not None:
            self._application.receive(data)
            return
        self._head += data
        if b"\r\n\r\n" not in self._head:
            if len(self._head) > MAXIMUM_HEAD:
                self._link.abort()
            return
        head, self._head = self._head, b""
        self._application = self._choose(head)
        self._application.receive(head)

    def _choose(self, head: bytes) -> Application:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        path = words[1].partition(b"?")[0].decode("latin-1") if len(words) > 1 else ""
        upgrade = self._upgrades.get(path)
        return self._fallback(self._link) if upgrade is None else WebSocketLink(self._link, upgrade)

    def lost(self) -> None:
        """See `Application.lost`."""
        if self._application is not None:
            self._application.lost()

    def overdue(self, now: float) -> bool:
        """See `Application.overdue`."""
        if self._application is not None:
            return self._application.overdue(now)
        self._since = now if self._since is None else self._since
        return now - self._since > self._patience


class WebSocketLink:
    """An application towards the link below, a link towards the application above."""

    __slots__ = ("_above", "_link", "_protocol", "address", "transport_name")

    def __init__(self, link: Link, above: Upgrade) -> None:
        self.address = link.address
        self.transport_name = "websocket"
        self._link = link
        self._protocol = ServerProtocol(subprotocols=SUBPROTOCOLS, max_size=MAXIMUM_FRAME, logger=_QUIET)
        self._above: Application | None = above(self)

    # ---- towards the link below

    def receive(self, data: bytes) -> None:
        """See `Application.receive`."""
        protocol = self._protocol
        protocol.receive_data(data)
        payloads: list[bytes] = []
        for event in protocol.events_received():
            self._take(event, payloads)
        self._flush()
        if payloads and self._above is not None:
            self._above.receive(b"".join(payloads))
        # A broken frame right behind the upgrade is found before the answer, and then only in `parser_exc`.
        if protocol.close_expected() or protocol.parser_exc is not None:
            self._link.close()

    def _take(self, event: Event, payloads: list[bytes]) -> None:
        if isinstance(event, Request):
            self._protocol.send_response(self._protocol.accept(event))
        elif isinstance(event, Frame) and event.opcode in _DATA:
            payloads.append(bytes(event.data))
        elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
            self._protocol.fail(1003, "binary messages only")  # MQTT 3.1.1 section 6

    def lost(self) -> None:
        """See `Application.lost`."""
        above, self._above = self._above, None
        if above is not None:
            above.lost()

    def overdue(self, now: float) -> bool:
        """See `Application.overdue`."""
        return self._above is not None and self._above.overdue(now)

    # ---- towards the application above

    def send(self, data: bytes) -> None:
        """See `Link.send`."""
        if self._protocol.state is OPEN:
            self._protocol.send_binary(data)
            self._flush()

    def hold(self, reason: Hold) -> None:
        """See `Link.hold`."""
        self._link.hold(reason)

    def release(self, reason: Hold) -> None:
        """See `Link.release`."""
        self._link.release(reason)

    def is_held_back(self) -> bool:
        """See `Link.is_held_back`."""
        return self._link.is_held_back()

    def close(self) -> None:
        """See `Link.close`."""
        if self._protocol.state is OPEN:
            self._protocol.send_close(1000)
            self._flush()
        self._link.close()

    def abort(self) -> None:
        """See `Link.abort`."""
        self._link.abort()

    def peer_chain(self) -> tuple[bytes, ...]:
        """See `Link.peer_chain`."""
        return self._link.peer_chain()

    def _flush(self) -> None:
        if data := b"".join(self._protocol.data_to_send()):
            self._link.send(data)
