"""A bare MQTT client for tests: sends what it is told, and says what came back."""

import asyncio
import ssl
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from holdfast.protocol.mqtt.connect import Connack, Connect, Will, decode_connack, encode_connect
from holdfast.protocol.mqtt.disconnect import (
    PINGREQ,
    Disconnect,
    decode_disconnect,
    encode_disconnect,
)
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.properties import NO_PROPERTIES, Properties
from holdfast.protocol.mqtt.publish import (
    Acknowledgement,
    Publish,
    decode_puback,
    decode_publish,
    encode_puback,
    encode_publish,
)
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import (
    Suback,
    Subscribe,
    TopicFilter,
    Unsubscribe,
    decode_suback,
    encode_subscribe,
    encode_unsubscribe,
)
from holdfast.protocol.mqtt.wire import V5, V311, PacketType
from tests.gateway.platform import Platform

SECONDS = 60.0


class Pong(NamedTuple):
    """PINGRESP."""


P = TypeVar("P", bound="Packet")
Packet = Connack | Publish | Acknowledgement | Suback | Disconnect | Pong


class Closed(Exception):  # noqa: N818 - what happened, not what is wrong
    """The server closed the connection."""


class Client:
    """One connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: int = V311
    ) -> None:
        self._reader = reader
        self.writer = writer
        self.version = version
        self._framer = Framer(1 << 20)
        self._packets: list[Packet] = []
        self._last_id = 0

    # ---- sending

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def send_publish(self, topic: str, payload: bytes, qos: int = 1, **fields: object) -> int:
        packet_id = self.next_id() if qos else 0
        message = Publish(topic.encode(), payload, qos, packet_id=packet_id, **fields)  # type: ignore[arg-type]  # fields of the struct
        self.send(encode_publish(message, self.version))
        return packet_id

    async def publish(self, topic: str, payload: bytes, **fields: object) -> None:
        """Publish with QoS 1 and wait for the acknowledgement."""
        packet_id = self.send_publish(topic, payload, 1, **fields)
        assert await self.take(Acknowledgement) == Acknowledgement(packet_id)

    async def subscribe(self, *filters: str, qos: int = 1) -> tuple[int, ...]:
        packet = Subscribe(self.next_id(), tuple(TopicFilter(name, qos) for name in filters))
        self.send(encode_subscribe(packet, self.version))
        answer = await self.take(Suback)
        assert answer.packet_id == packet.packet_id
        return answer.codes

    async def unsubscribe(self, *filters: str) -> tuple[int, ...]:
        packet = Unsubscribe(self.next_id(), filters)
        self.send(encode_unsubscribe(packet, self.version))
        return (await self.take(Suback)).codes

    async def ping(self) -> None:
        self.send(PINGREQ)
        await self.take(Pong)

    def acknowledge(self, message: Publish) -> None:
        self.send(encode_puback(message.packet_id, self.version))

    async def disconnect(self) -> None:
        self.send(encode_disconnect(Reason.SUCCESS, self.version))
        await self.closed()

    def cut(self) -> None:
        """Drop the connection as a broken network does."""
        self.writer.transport.abort()

    # ---- receiving

    async def take(self, kind: type[P]) -> P:
        """The next packet, which must be of this kind. Closed when the connection ends first."""
        packet = await self.next()
        assert isinstance(packet, kind), packet
        return packet

    async def next(self) -> Packet:
        async with asyncio.timeout(SECONDS):
            while not self._packets:
                try:
                    data = await self._reader.read(65536)
                except (ConnectionError, ssl.SSLError) as error:
                    raise Closed from error
                if not data:
                    raise Closed
                buffer, spans, failure = self._framer.feed(data)
                assert failure is None
                self._packets += [self._decode(buffer, *span) for span in spans]
        return self._packets.pop(0)

    def _decode(self, buffer: bytes, first: int, start: int, stop: int) -> Packet:
        match PacketType(first >> 4):
            case PacketType.CONNACK:
                return decode_connack(buffer, start, stop, self.version)
            case PacketType.PUBLISH:
                return decode_publish(buffer, first, start, stop, self.version)
            case PacketType.PUBACK:
                return decode_puback(buffer, start, stop, self.version)
            case PacketType.SUBACK | PacketType.UNSUBACK as kind:
                return decode_suback(buffer, start, stop, kind, self.version)
            case PacketType.DISCONNECT:
                return decode_disconnect(buffer, start, stop, self.version)
            case PacketType.PINGRESP:
                return Pong()
            case other:
                raise AssertionError(other)

    async def closed(self) -> list[Packet]:
        """Wait until the server closes; what it said before."""
        said: list[Packet] = []
        while True:
            try:
                said.append(await self.next())
            except Closed:
                return said


async def open_client(
    platform: Platform, context: ssl.SSLContext | None = None, version: int = V311, port: int = 0
) -> Client:
    """A connection with TLS, before CONNECT."""
    reader, writer = await asyncio.open_connection(
        platform.address, port or platform.mqtt_port, ssl=context or platform.client_context
    )
    return Client(reader, writer, version)


def hello(
    platform: Platform,
    device: str,
    password: str | None,
    *,
    module: str = "",
    clean: bool = True,
    version: int = V311,
    keep_alive: int = 60,
    will: Will | None = None,
    model: str = "",
    properties: Properties = NO_PROPERTIES,
) -> Connect:
    """The CONNECT that an SDK sends to the hub."""
    name = f"{device}/{module}" if module else device
    query = "api-version=2021-04-12" + (f"&model-id={model}" if model else "")
    return Connect(
        client_id=name,
        version=version,
        clean_start=clean,
        keep_alive=keep_alive,
        user_name=f"{platform.address}/{name}/?{query}",
        password=password.encode() if password is not None else None,
        will=will,
        properties=properties,
    )


async def connect(
    platform: Platform, connect: Connect, context: ssl.SSLContext | None = None
) -> tuple[Client, Connack]:
    """A connection after CONNECT, and the answer."""
    client = await open_client(platform, context, connect.version)
    client.send(encode_connect(connect))
    return client, await client.take(Connack)


async def connect_device(
    platform: Platform, device: str, key: bytes, filters: Iterable[str] = (), **fields: object
) -> Client:
    """A device that is in, with its key and subscriptions."""
    token = platform.token(device, key, module=str(fields.get("module", "")))
    packet = hello(platform, device, token, **fields)  # type: ignore[arg-type]  # fields by name
    client, answer = await connect(platform, packet)
    assert answer.code == 0, answer
    for name in filters:
        assert (await client.subscribe(name))[-1] <= 1
    return client


__all__ = ["V5", "V311", "Client", "Closed", "connect", "connect_device", "hello", "open_client"]
