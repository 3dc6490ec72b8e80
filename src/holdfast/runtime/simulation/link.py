"""A simulated device's connection: MQTT over TLS to the gateway, with one message under way at a time."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

from holdfast.kernel.errors import UnavailableError
from holdfast.protocol.mqtt.client import (
    Acknowledged,
    Connected,
    Event,
    MqttClient,
    Received,
    Subscribed,
)
from holdfast.protocol.mqtt.errors import MqttError

ANSWER_SECONDS = 30.0
READ_BYTES = 64 * 1024
KEEP_ALIVE = 120

E = TypeVar("E", Connected, Acknowledged, Subscribed)


class Endpoint(NamedTuple):
    """Where the gateway is."""

    address: str
    port: int
    name: str
    """Of the host, as the certificate has it and tokens name it."""
    context: ssl.SSLContext


class MqttLink:
    """One connection. What is received meanwhile waits until it is taken."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._mqtt = MqttClient()
        self._events: list[Event] = []

    async def enter(self, client: str, user: str, password: str) -> None:
        """CONNECT. UnavailableError when refused."""
        answer = await self._exchange(self._mqtt.connect(client, user, password, KEEP_ALIVE), Connected)
        if answer.code:
            raise UnavailableError(f"the gateway refused the connection with code {answer.code}")

    async def subscribe(self, *topics: str) -> None:
        """Listen to topics."""
        await self._exchange(self._mqtt.subscribe(*topics), Subscribed)

    async def publish(self, topic: str, body: bytes) -> None:
        """Send a message and wait until it is acknowledged."""
        _packet, data = self._mqtt.publish(topic, body)
        await self._exchange(data, Acknowledged)

    async def _exchange(self, data: bytes, kind: type[E]) -> E:
        self._writer.write(data)
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._writer.drain()
            while True:
                for place, event in enumerate(self._events):
                    if isinstance(event, kind):
                        del self._events[place]
                        return event
                await self._read()

    async def receive(self) -> Received:
        """The next message for us; it is acknowledged."""
        while True:
            for place, event in enumerate(self._events):
                if isinstance(event, Received):
                    del self._events[place]
                    if event.packet:
                        self._writer.write(self._mqtt.acknowledge(event.packet))
                    return event
            self._events.clear()  # nobody waits for what else there is
            await self._read()

    async def _read(self) -> None:
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise UnavailableError("the gateway closed the connection")
        try:
            self._events += self._mqtt.feed(data)
        except MqttError as error:
            raise UnavailableError(str(error)) from error

    def leave(self) -> None:
        """Say goodbye, and close."""
        self._writer.write(self._mqtt.disconnect())
        self._writer.close()


@asynccontextmanager
async def connected(endpoint: Endpoint) -> AsyncIterator[MqttLink]:
    """A connection with TLS. UnavailableError when there is none to be had, or when it breaks."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(
                endpoint.address, endpoint.port, ssl=endpoint.context, server_hostname=endpoint.name
            )
    except (OSError, TimeoutError) as error:
        raise UnavailableError(f"the gateway is out of reach: {error}") from error
    link = MqttLink(reader, writer)
    try:
        yield link
    except (OSError, TimeoutError) as error:
        raise UnavailableError(f"the connection broke: {error}") from error
    finally:
        link.leave()
