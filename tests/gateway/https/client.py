"""A bare HTTPS client for tests: one connection, h11's client side, no behaviour of its own."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple

import h11

from tests.gateway.platform import Platform

SECONDS = 120.0

Headers = Mapping[str, str]
_NONE: Headers = {}


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # any JSON
        return json.loads(self.body)


class HttpsClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader = reader
        self.writer = writer
        self._host = host
        self._http = h11.Connection(h11.CLIENT)

    async def __aenter__(self) -> "HttpsClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()

    async def request(
        self, method: str, path: str, body: bytes = b"", token: str = "", headers: Headers = _NONE
    ) -> Answer:
        """Send a request and wait for the answer."""
        self.send_head(method, path, len(body), token, headers)
        self.writer.write(self._http.send(h11.Data(data=body)) or b"")
        self.writer.write(self._http.send(h11.EndOfMessage()) or b"")
        return await self.answer()

    def send_head(
        self, method: str, path: str, length: int, token: str = "", headers: Headers = _NONE
    ) -> None:
        """The beginning of a request."""
        lines = [("Host", self._host), ("Content-Length", str(length))]
        lines += headers.items()
        if token:
            lines.append(("Authorization", token))
        self.writer.write(self._http.send(h11.Request(method=method, target=path, headers=lines)) or b"")

    async def answer(self) -> Answer:
        """The next response."""
        status, headers, body = 0, {}, b""
        async with asyncio.timeout(SECONDS):
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    self._http.receive_data(await self.reader.read(65536))
                elif isinstance(event, h11.Response):
                    status = event.status_code
                    headers = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    break
                elif isinstance(event, h11.ConnectionClosed):
                    raise ConnectionResetError
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return Answer(status, headers, body)

    async def closed(self) -> bytes:
        """Wait until the server closes; what it said before."""
        async with asyncio.timeout(SECONDS):
            try:
                return await self.reader.read()
            except (ConnectionError, ssl.SSLError):
                return b""


async def open_https(platform: Platform, context: ssl.SSLContext | None = None) -> HttpsClient:
    """A connection to the HTTPS port."""
    reader, writer = await asyncio.open_connection(
        platform.address, platform.https_port, ssl=context or platform.client_context
    )
    return HttpsClient(reader, writer, platform.address)


async def once(
    platform: Platform,
    method: str,
    path: str,
    body: bytes = b"",
    token: str = "",
    headers: Headers = _NONE,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """One request on a connection of its own."""
    async with await open_https(platform, context) as client:
        return await client.request(method, path, body, token, headers)
