"""A client's side of MQTT 3.1.1, sans-I/O: for simulated devices and whatever else speaks to a gateway."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from holdfast.protocol.mqtt.connect import Connect, decode_connack, encode_connect
from holdfast.protocol.mqtt.disconnect import PINGREQ, encode_disconnect
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.publish import (
    Publish,
    decode_puback,
    decode_publish,
    encode_puback,
    encode_publish,
)
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import Subscribe, TopicFilter, encode_subscribe
from holdfast.protocol.mqtt.wire import V311, PacketType

MAXIMUM_PACKET = 512 * 1024
_MAXIMUM_ID = 0xFFFF


class Connected(NamedTuple):
    """The answer to CONNECT; `code` 0 is a session (table 3.1)."""

    code: int


class Acknowledged(NamedTuple):
    """The server has a message of ours."""

    packet: int


class Subscribed(NamedTuple):
    """The server has our subscriptions."""

    packet: int


class Received(NamedTuple):
    """A message for us."""

    topic: str
    payload: bytes
    packet: int
    """To acknowledge; 0 where nothing is to be."""


class Alive(NamedTuple):
    """The server answers."""


Event: TypeAlias = Connected | Acknowledged | Subscribed | Received | Alive


class MqttClient:
    """One connection's state: packet identifiers and unfinished packets."""

    def __init__(self) -> None:
        self._framer = Framer(MAXIMUM_PACKET)
        self._last = 0

    def connect(
        self, client: str, user: str, password: str = "", keep_alive: int = 60, *, clean: bool = True
    ) -> bytes:
        """CONNECT; without a password the certificate says who we are."""
        secret = password.encode() if password else None
        return encode_connect(
            Connect(client, V311, clean_start=clean, keep_alive=keep_alive, user_name=user, password=secret)
        )

    def subscribe(self, *topics: str) -> bytes:
        """Ask for messages of QoS 1."""
        filters = tuple(TopicFilter(topic, 1) for topic in topics)
        return encode_subscribe(Subscribe(self._packet(), filters), V311)

    def publish(self, topic: str, payload: bytes) -> tuple[int, bytes]:
        """A message of QoS 1: its packet identifier, and the packet."""
        packet = self._packet()
        return packet, encode_publish(Publish(topic.encode(), payload, 1, packet_id=packet), V311)

    @staticmethod
    def acknowledge(packet: int) -> bytes:
        """We have a message."""
        return encode_puback(packet, V311)

    @staticmethod
    def ping() -> bytes:
        """Ask whether the server is alive."""
        return PINGREQ

    @staticmethod
    def disconnect() -> bytes:
        """Say goodbye."""
        return encode_disconnect(Reason.SUCCESS, V311)

    def feed(self, data: bytes) -> Iterator[Event]:
        """What arrived. Raises MqttError when the server breaks MQTT."""
        buffer, spans, failure = self._framer.feed(data)
        for first, start, stop in spans:
            yield _event(buffer, first, start, stop)
        if failure is not None:
            raise failure

    def _packet(self) -> int:
        self._last = self._last % _MAXIMUM_ID + 1
        return self._last


def _event(buffer: bytes, first: int, start: int, stop: int) -> Event:
    match first >> 4:
        case PacketType.CONNACK:
            return Connected(decode_connack(buffer, start, stop, V311).code)
        case PacketType.PUBACK:
            return Acknowledged(decode_puback(buffer, start, stop, V311).packet_id)
        case PacketType.SUBACK:
            return Subscribed(int.from_bytes(buffer[start : start + 2], "big"))
        case PacketType.PUBLISH:
            message = decode_publish(buffer, first, start, stop, V311)
            return Received(bytes(message.topic).decode(), bytes(message.payload), message.packet_id)
        case PacketType.PINGRESP:
            return Alive()
        case kind:
            raise MqttError(f"a server does not send packets of type {kind}")
