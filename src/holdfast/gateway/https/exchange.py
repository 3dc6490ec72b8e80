"""One request as its handler sees it: the head, the body as it comes, and the answer to give."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

from holdfast.gateway.network.link import Hold, Link
from holdfast.kernel.errors import HoldfastError
from holdfast.protocol.https.server import Head, HttpError

HIGH_BYTES, LOW_BYTES = 64 * 1024, 16 * 1024
"""Of a body: where the peer is no longer read from until the handler takes some, and where it goes on."""


class PeerGoneError(HoldfastError):
    """The connection ended within a request."""

    code = "ConnectionClosed"
    status = 400


class Body:
    """A request's body, with back-pressure: what the handler does not take is not read from the socket."""

    __slots__ = ("_chunks", "_ended", "_gone", "_head", "_held", "_link", "_on_wanted", "_size", "_waiting")

    def __init__(self, link: Link, head: Head, on_wanted: Callable[[], None]) -> None:
        self._link = link
        self._head = head
        self._on_wanted: Callable[[], None] | None = on_wanted
        """Called when somebody first wants the body: the peer may wait for leave to send it."""
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._gone = False
        self._held = False
        self._waiting: asyncio.Future[None] | None = None

    # ---- from the connection

    def feed(self, data: bytes) -> None:
        """More of it came."""
        self._chunks.append(data)
        self._size += len(data)
        if self._size > HIGH_BYTES and not self._held:
            self._held = True
            self._link.hold(Hold.WINDOW)
        self._wake()

    def end(self) -> None:
        """All of it came."""
        self._ended = True
        self._wake()

    def lose(self) -> None:
        """The connection is gone."""
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    @property
    def is_held(self) -> bool:
        """Whether the peer is not read from because the handler is behind."""
        return self._held

    # ---- for the handler

    @property
    def length(self) -> int | None:
        """Bytes of the whole body, if the peer said."""
        return self._head.length

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body piece by piece. PeerGoneError when the connection ends before the body."""
        if self._on_wanted is not None:
            on_wanted, self._on_wanted = self._on_wanted, None
            on_wanted()
        while True:
            while self._chunks:
                data = self._chunks.popleft()
                self._size -= len(data)
                self._release()
                yield data
            if self._ended:
                return
            if self._gone:
                raise PeerGoneError("The connection ended within the request.")
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    def _release(self) -> None:
        if self._held and self._size <= LOW_BYTES:
            self._held = False
            self._link.release(Hold.WINDOW)

    async def whole(self, maximum: int) -> bytes:
        """All of it. HttpError 413 when it is longer than `maximum`, before more than that is kept."""
        if self.length is not None and self.length > maximum:
            raise _too_long(maximum)
        parts: list[bytes] = []
        size = 0
        async for data in self.chunks():
            size += len(data)
            if size > maximum:
                raise _too_long(maximum)
            parts.append(data)
        return b"".join(parts)

    def discard(self) -> None:
        """Nobody wants the rest."""
        self._chunks.clear()
        self._size = 0
        self._on_wanted = None
        self._release()


def _too_long(maximum: int) -> HttpError:
    return HttpError(f"The request's body is longer than {maximum:,} bytes.", 413)


class Request(NamedTuple):
    """One request."""

    head: Head
    segments: tuple[str, ...]
    """The decoded parts of the path."""
    body: Body
    link: Link

    @property
    def authorization(self) -> str:
        """The header of this name; empty when there is none."""
        return self.head.headers.get("authorization", "")

    @property
    def host(self) -> str:
        """The name (with its port, if any) under which the peer reached us; empty when it did not say."""
        return self.head.headers.get("host", "").strip()


class Reply(NamedTuple):
    """The answer."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    """Of the body, if there is one."""
    length: int | None = None
    """What `Content-Length` says where the answer has no body of its own to measure (HEAD)."""
