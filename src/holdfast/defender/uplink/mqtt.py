"""The sensor's side of MQTT 3.1.1, sans-I/O; the packets are those of `protocol.mqtt`."""

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from holdfast.protocol.mqtt.connect import Connect, decode_connack, encode_connect
from holdfast.protocol.mqtt.disconnect import PINGREQ
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.publish import (
    Publish,
    decode_puback,
    decode_publish,
    encode_puback,
    encode_publish,
)
from holdfast.protocol.mqtt.subscribe import Subscribe, TopicFilter, encode_subscribe
from holdfast.protocol.mqtt.wire import V311, PacketType

KEEP_ALIVE: Final = 60
MAXIMUM_PACKET: Final = 512 * 1024
API_VERSION: Final = "2021-04-12"
_MAXIMUM_ID = 0xFFFF


class Connected(NamedTuple):
    """The server's answer to CONNECT; `code` 0 is a session (table 3.1)."""

    code: int


class Acknowledged(NamedTuple):
    """The server has a message."""

    packet: int


class Received(NamedTuple):
    """A message for us."""

    topic: str
    payload: bytes
    packet: int
    """To acknowledge; 0 where nothing is to be."""


class Answered(NamedTuple):
    """The server is alive."""


Event: TypeAlias = Connected | Acknowledged | Received | Answered


class MqttClient:
    """One connection's state: packet identifiers and unfinished packets."""

    def __init__(self) -> None:
        self._framer = Framer(MAXIMUM_PACKET)
        self._next = 0

    def connect(self, client: str, user: str) -> bytes:
        """The first packet; who we are is in the certificate."""
        return encode_connect(Connect(client, V311, clean_start=False, keep_alive=KEEP_ALIVE, user_name=user))

    def subscribe(self, *topics: str) -> bytes:
        """Ask for messages of QoS 1."""
        return encode_subscribe(
            Subscribe(self._packet(), tuple(TopicFilter(topic, 1) for topic in topics)), V311
        )

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

    def feed(self, data: bytes) -> Iterator[Event]:
        """What arrived. Raises MqttError when the server breaks MQTT."""
        buffer, spans, failure = self._framer.feed(data)
        for first, start, stop in spans:
            event = _event(buffer, first, start, stop)
            if event is not None:
                yield event
        if failure is not None:
            raise failure

    def _packet(self) -> int:
        self._next = self._next % _MAXIMUM_ID + 1
        return self._next


def _event(buffer: bytes, first: int, start: int, stop: int) -> Event | None:
    match first >> 4:
        case PacketType.CONNACK:
            return Connected(decode_connack(buffer, start, stop, V311).code)
        case PacketType.PUBACK:
            return Acknowledged(decode_puback(buffer, start, stop, V311).packet_id)
        case PacketType.PUBLISH:
            message = decode_publish(buffer, first, start, stop, V311)
            return Received(message.topic.decode(), message.payload, message.packet_id)
        case PacketType.PINGRESP:
            return Answered()
        case PacketType.SUBACK:
            return None
        case kind:
            raise MqttError(f"a server does not send packets of type {kind}")
