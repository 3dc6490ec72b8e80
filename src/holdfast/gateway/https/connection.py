"""One HTTPS connection: requests one after the other, each answered by a handler in a task of its own.

While a request is worked on, nothing more is read than its own body; so a peer can neither pile up requests
nor bodies. A request that is refused before its body came is answered, and the connection ends gently: what
the peer still sends is thrown away for some seconds, or it might never see the answer (RFC 9112, 9.6).
"""

from email.utils import formatdate
from typing import Final

from holdfast.gateway.https.exchange import Body, Reply, Request
from holdfast.gateway.https.routes import answer
from holdfast.gateway.network.link import Hold, Link
from holdfast.gateway.services import Services
from holdfast.protocol.https.server import End, Head, HttpError, HttpServer, path_segments

EXCHANGE = "https"
"""Name of the tasks that answer requests."""
IDLE_SECONDS = 100.0
"""A connection without a request is kept so long (nginx: 75, the hosted hub: some minutes)."""
LINGER_SECONDS = 5.0
LINGER_BYTES = 1 << 20
"""What is thrown away of a refused body before the connection ends; both bound a peer that never stops."""
LEAST_BYTES_PER_SECOND = 512
"""Slower bodies are cut after a first minute (Apache's RequestReadTimeout demands 500)."""
GRACE_SECONDS = 60.0

_NO_BODY: Final = frozenset({204, 304})


class HttpConnection:
    """Implements `Application` for the link below."""

    __slots__ = (
        "_began",
        "_body",
        "_busy",
        "_closing",
        "_heard",
        "_lingering",
        "_link",
        "_method",
        "_received",
        "_server",
        "_services",
    )

    def __init__(self, link: Link, services: Services) -> None:
        self._link = link
        self._services = services
        self._server = HttpServer()
        self._body: Body | None = None
        self._busy = False
        """Whether a request is being answered."""
        self._closing = False
        self._lingering: float | None = None
        """Since when what comes in is thrown away."""
        self._method = ""
        self._received = 0
        self._heard = self._began = services.clock.monotonic()

    # ---- from the link

    def receive(self, data: bytes) -> None:
        """See `Application.receive`."""
        self._heard = self._services.clock.monotonic()
        self._received += len(data)
        if self._lingering is not None:
            if self._received > LINGER_BYTES:
                self._close()
        elif not self._closing:
            self._server.receive(data)
            if self._busy and not self._server.is_receiving:
                self._link.hold(Hold.DECIDING)  # the next request waits until this one is answered
            self._advance()

    def _advance(self) -> None:
        try:
            for event in self._server.events():
                if isinstance(event, Head):
                    self._begin(event)
                elif isinstance(event, End):
                    if self._body is not None:
                        self._body.end()
                elif self._body is not None:
                    self._body.feed(event)
        except HttpError as error:
            self._refuse(error)

    def _begin(self, head: Head) -> None:
        segments = path_segments(head.path)
        self._method = head.method
        self._busy = True
        self._began = self._heard
        self._received = 0
        leave = self._give_leave if head.expects_continue else _nothing
        self._body = Body(self._link, head, leave)
        request = Request(head, segments, self._body, self._link)
        self._services.tasks.spawn(self._answer(request), EXCHANGE)

    def _give_leave(self) -> None:
        if self._server.is_open:
            self._link.send(self._server.leave_to_continue())

    async def _answer(self, request: Request) -> None:
        try:
            reply = await answer(self._services, request)
            if not self._closing:
                self._send(reply, stays=not self._server.is_receiving)
                self._done()
        except BaseException:  # a connection whose request is never answered must not stay
            self._close()
            raise

    def _send(self, reply: Reply, *, stays: bool) -> None:
        headers = [("Date", formatdate(self._services.clock.now(), usegmt=True)), *reply.headers]
        if reply.status not in _NO_BODY:
            length = len(reply.body) if reply.length is None else reply.length
            headers.append(("Content-Length", str(length)))
            if length:
                headers.append(("Content-Type", reply.content_type))
        if not stays:
            headers.append(("Connection", "close"))
        data = self._server.response_head(reply.status, headers)
        if reply.body and self._method != "HEAD":
            data += self._server.response_data(reply.body)
        self._link.send(data + self._server.response_end())

    def _done(self) -> None:
        """The answer is sent: on to the next request, or to the end."""
        body, self._body = self._body, None
        self._busy = False
        if body is not None:
            body.discard()
        if self._server.next_request():
            self._heard = self._services.clock.monotonic()
            self._link.release(Hold.DECIDING)
            self._advance()  # what came behind the former request
        else:
            self._linger()

    def _refuse(self, error: HttpError) -> None:
        """The peer does not speak HTTP."""
        if self._body is not None:
            self._body.lose()
        if self._server.is_open:
            reply = Reply(error.status, body=str(error).encode(), content_type=_TEXT)
            self._send(reply, stays=False)
        self._close()

    def _linger(self) -> None:
        self._closing = True
        self._received = 0
        self._lingering = self._services.clock.monotonic()
        if not self._server.is_receiving:
            self._close()
        else:
            self._link.release(Hold.DECIDING)

    def _close(self) -> None:
        self._closing = True
        self._link.close()

    def lost(self) -> None:
        """See `Application.lost`."""
        self._closing = True
        body, self._body = self._body, None
        if body is not None:
            body.lose()

    def overdue(self, now: float) -> bool:
        """See `Application.overdue`."""
        if self._lingering is not None:
            return now - self._lingering > LINGER_SECONDS
        if not self._busy:
            return now - self._heard > IDLE_SECONDS
        is_waited_for = self._server.is_receiving and self._body is not None and not self._body.is_held
        return is_waited_for and self._is_too_slow(now)

    def _is_too_slow(self, now: float) -> bool:
        """Whether the present body comes in more slowly than any honest device sends."""
        if now - self._heard > self._services.limits.handshake_seconds:
            return True
        elapsed = now - self._began - GRACE_SECONDS
        return elapsed > 0 and self._received < elapsed * LEAST_BYTES_PER_SECOND


_TEXT = "text/plain; charset=utf-8"


def _nothing() -> None:
    """The peer does not wait for leave."""
