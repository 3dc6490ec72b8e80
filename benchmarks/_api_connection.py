"""The API's side of a load: requests that cost less than their answers."""

import asyncio
import ssl
from dataclasses import dataclass, field

import msgspec
from tests.support.running import RunningInstance

from holdfast.kernel.json import JsonObject


@dataclass
class Connection:
    """One kept-alive HTTP/1.1 connection: a client library would cost more than the server."""

    instance: RunningInstance
    reader: asyncio.StreamReader = field(init=False)
    writer: asyncio.StreamWriter = field(init=False)

    async def open(self) -> "Connection":
        """Connect."""
        context = ssl.create_default_context(cafile=str(self.instance.root_ca))
        address = self.instance.address
        self.reader, self.writer = await asyncio.open_connection(address, 9443, ssl=context)
        return self

    async def request(self, method: str, path: str, body: JsonObject | None = None) -> bytes:
        """One request; the body of its answer."""
        content = msgspec.json.encode(body) if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.instance.address}\r\n"
        head += f"Authorization: {self.instance.token}\r\nContent-Length: {len(content)}\r\n"
        head += "Content-Type: application/json\r\n\r\n"
        self.writer.write(head.encode() + content)
        answer = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(answer.partition("content-length:")[2].partition("\r\n")[0] or 0)
        text = await self.reader.readexactly(length)
        assert answer.startswith("http/1.1 20"), (answer, text[:300])
        return text
