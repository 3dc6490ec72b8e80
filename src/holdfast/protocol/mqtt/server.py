"""The server's side of one MQTT connection: bytes in, events out; answers in, bytes out.

States and what may come in each are one table (`_EXPECTED`). A connection begins in AWAITING_CONNECT; the
CONNECT event moves it to DECIDING, in which everything else is held until the owner calls `accept` or
`refuse`, because a client need not wait for the answer (3.1.1 section 3.1.4). From OPEN it only leads
to CLOSED. Packets that stand in front of a broken one still become events: they were sent, and whether one
read brought both must make no difference.

QoS 2, topic aliases, subscription identifiers and enhanced authentication are not spoken; CONNACK of version
5 says so, and a client that tries is disconnected with the code for it.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from holdfast.protocol.mqtt.connect import Connect, decode_connect, encode_connack
from holdfast.protocol.mqtt.disconnect import Disconnect, decode_disconnect, encode_disconnect
from holdfast.protocol.mqtt.errors import MqttError, ProtocolViolationError
from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.properties import NO_PROPERTIES, Properties, Property, Value
from holdfast.protocol.mqtt.publish import (
    Acknowledgement,
    Publish,
    decode_puback,
    decode_publish,
    encode_publish,
)
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.subscribe import (
    Subscribe,
    Unsubscribe,
    decode_subscribe,
    decode_unsubscribe,
)
from holdfast.protocol.mqtt.wire import V5, V311, PacketType

MAXIMUM_CONNECT: Final = 64 * 1024
"""Largest CONNECT: a SAS token, a model id and a will; read before anything is known about the peer.
Mosquitto and EMQX bound it by their packet size only, which is 256 MB and 1 MB."""

KEEP_ALIVE_MAXIMUM = 1177
"""Seconds; IoT Hub closes after 1.5 times this (1767 s) whatever longer time the client asked for."""

RECEIVE_MAXIMUM: Final = 1000
"""QoS 1 messages that a client of version 5 may have unacknowledged (HiveMQ: 10, Mosquitto: 20; the SDKs
send without a window, and a full pipe is what group commit is for)."""

SESSION_NEVER_EXPIRES = 0xFFFF_FFFF

# To ask an enumeration for its member costs as much as cutting a packet: what is needed for each message is
# asked once.
_PUBLISH: Final = int(PacketType.PUBLISH)
_CONNECT: Final = bytes((PacketType.CONNECT << 4,))
"""The first byte of every MQTT connection: another protocol is told from it before anything is kept."""


class State(Enum):
    """Where a connection is."""

    AWAITING_CONNECT = "awaiting CONNECT"
    DECIDING = "deciding"
    OPEN = "open"
    CLOSED = "closed"


_OPEN: Final = State.OPEN


class Ping(NamedTuple):
    """PINGREQ; to be answered with PINGRESP."""


Event: TypeAlias = Connect | Publish | Acknowledgement | Subscribe | Unsubscribe | Ping | Disconnect

_EXPLANATION_MAXIMUM = 128
"""Longest reason string that we send: a sentence."""

_REFUSED_POLITELY = frozenset(
    {
        Reason.UNSUPPORTED_PROTOCOL_VERSION,
        Reason.CLIENT_IDENTIFIER_NOT_VALID,
        Reason.BAD_AUTHENTICATION_METHOD,
    }
)
"""What is wrong with a CONNECT and gets an answer; whoever sends garbage gets none (section 4.13)."""


class ServerConnection:
    """One client's connection.

    Once `failure` is set or the state is CLOSED nothing is read any more: send `farewell` and close.
    `maximum` is the largest packet, in bytes of remaining length, that an accepted client may send.
    """

    __slots__ = (
        "_client_maximum",
        "_client_receive_maximum",
        "_framer",
        "_last_id",
        "_outstanding",
        "failure",
        "maximum",
        "state",
        "unacknowledged",
        "version",
    )

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.state = State.AWAITING_CONNECT
        self.version = V311
        self.failure: MqttError | None = None
        self.unacknowledged = 0
        """QoS 1 messages that came; the owner takes off those that it acknowledged."""
        self._framer = Framer(MAXIMUM_CONNECT, single=True)
        self._outstanding: set[int] | None = None
        self._last_id = 0
        self._client_receive_maximum = 0xFFFF
        self._client_maximum = 0

    # ---- what comes in

    def receive(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Look at `failure` after them."""
        if self.state is _OPEN and self.failure is None:
            return self._read(data)
        if self.failure is not None or self.state is State.CLOSED:
            return []
        if self.state is not State.DECIDING:
            first = self.state is State.AWAITING_CONNECT and not self._framer.pending
            if first and not _CONNECT.startswith(data[:1]):
                self.failure = ProtocolViolationError("the connection does not begin with CONNECT")
                return []
            return self._read(data)
        self._framer.hold(data)
        if self._framer.pending > self.maximum + MAXIMUM_CONNECT:
            self.failure = MqttError("too much came before the answer to CONNECT", Reason.QUOTA_EXCEEDED)
        return []

    def _read(self, data: bytes) -> list[Event]:
        buffer, spans, failure = self._framer.feed(data)
        events: list[Event] = []
        append = events.append
        try:
            for first, start, stop in spans:
                if first >> 4 == _PUBLISH and self.state is _OPEN:  # the hot path
                    append(self._publish(buffer, first, start, stop))
                else:
                    append(self._packet(buffer, first, start, stop))
                    if self.state is State.CLOSED:
                        return events  # whatever follows a goodbye is not looked at
        except MqttError as error:
            failure = error
        self.failure = failure
        return events

    def _packet(self, buffer: bytes, first: int, start: int, stop: int) -> Event:
        kind, flags = divmod(first, 16)
        expected = _EXPECTED[self.state].get(kind)
        if expected is None:
            raise ProtocolViolationError(f"packet type {kind} may not come in state {self.state.value}")
        if flags != expected.flags:
            raise MqttError("a packet's reserved flags are set wrongly")
        return expected.read(self, buffer, start, stop)

    def _publish(self, buffer: bytes, first: int, start: int, stop: int) -> Publish:
        message = decode_publish(buffer, first, start, stop, self.version)
        if message.qos:
            if message.qos > 1:
                raise MqttError("QoS 2 is not spoken here; publish with QoS 1", Reason.QOS_NOT_SUPPORTED)
            self.unacknowledged += 1
            if self.version == V5 and self.unacknowledged > RECEIVE_MAXIMUM:
                raise MqttError("too many messages are unacknowledged", Reason.RECEIVE_MAXIMUM_EXCEEDED)
        if message.properties:
            _check_publish_properties(message.properties)
        if not message.topic:
            raise MqttError("a message has no topic", Reason.TOPIC_NAME_INVALID)
        return message

    def _connect(self, buffer: bytes, start: int, stop: int) -> Connect:
        connect = decode_connect(buffer, start, stop)
        self.version = connect.version
        self._client_receive_maximum = connect.number(Property.RECEIVE_MAXIMUM, 0xFFFF)
        self._client_maximum = connect.number(Property.MAXIMUM_PACKET_SIZE, 0)
        if Property.AUTHENTICATION_METHOD in connect.properties:
            raise MqttError("enhanced authentication is not spoken here", Reason.BAD_AUTHENTICATION_METHOD)
        self.state = State.DECIDING
        return connect

    def _puback(self, buffer: bytes, start: int, stop: int) -> Acknowledgement:
        acknowledgement = decode_puback(buffer, start, stop, self.version)
        if self._outstanding is not None:
            self._outstanding.discard(acknowledgement.packet_id)
        return acknowledgement

    def _subscribe(self, buffer: bytes, start: int, stop: int) -> Subscribe:
        packet = decode_subscribe(buffer, start, stop, self.version)
        if Property.SUBSCRIPTION_IDENTIFIER in packet.properties:
            raise MqttError(
                "subscription identifiers are not spoken here", Reason.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED
            )
        return packet

    def _unsubscribe(self, buffer: bytes, start: int, stop: int) -> Unsubscribe:
        return decode_unsubscribe(buffer, start, stop, self.version)

    def _ping(self, _buffer: bytes, start: int, stop: int) -> Ping:
        if start != stop:
            raise MqttError("PINGREQ carries something")
        return Ping()

    def _disconnect(self, buffer: bytes, start: int, stop: int) -> Disconnect:
        packet = decode_disconnect(buffer, start, stop, self.version)
        self.state = State.CLOSED
        return packet

    # ---- what goes out

    def accept(self, connect: Connect, session_present: bool) -> tuple[bytes, list[Event]]:
        """Let the client in: the CONNACK, and the events of what it sent without waiting for it."""
        self.state = State.OPEN
        properties = self._offer(connect) if self.version == V5 else NO_PROPERTIES
        self._framer.maximum, self._framer.single = self.maximum, False
        return encode_connack(Reason.SUCCESS, self.version, session_present, properties), self._read(b"")

    def _offer(self, connect: Connect) -> Properties:
        offered: dict[Property, Value] = {
            Property.RECEIVE_MAXIMUM: RECEIVE_MAXIMUM,
            Property.MAXIMUM_QOS: 1,
            Property.MAXIMUM_PACKET_SIZE: self.maximum,
            Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 0,
            Property.SHARED_SUBSCRIPTION_AVAILABLE: 0,
        }
        if not 0 < connect.keep_alive <= KEEP_ALIVE_MAXIMUM:
            offered[Property.SERVER_KEEP_ALIVE] = KEEP_ALIVE_MAXIMUM
        if is_persistent(connect):
            offered[Property.SESSION_EXPIRY_INTERVAL] = SESSION_NEVER_EXPIRES
        return offered

    def refuse(self, reason: Reason) -> bytes:
        """The CONNACK that turns the client away."""
        self.state = State.CLOSED
        return encode_connack(reason, self.version)

    def farewell(self, reason: Reason, explanation: str = "") -> bytes:
        """What to send before closing: CONNACK or, in version 5, DISCONNECT with why; else nothing."""
        was, self.state = self.state, State.CLOSED
        if was is State.DECIDING or (was is State.AWAITING_CONNECT and reason in _REFUSED_POLITELY):
            return encode_connack(reason, self.version)
        if was is State.OPEN and self.version == V5:
            return encode_disconnect(reason, self.version, explanation[:_EXPLANATION_MAXIMUM])
        return b""

    @property
    def room(self) -> int:
        """How many more QoS 1 messages the client takes now (its receive maximum)."""
        return max(0, self._client_receive_maximum - len(self._outstanding or ()))

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> tuple[bytes, int]:
        """A message for the client and its packet identifier (0 with QoS 0).

        The bytes are empty when the client said that it takes no packet of this size; then nothing is
        outstanding either (section 3.1.2.11.4: act as if it was delivered).
        """
        packet_id = self._new_id() if qos else 0
        data = encode_publish(Publish(topic.encode(), payload, qos, packet_id=packet_id), self.version)
        if self._client_maximum and len(data) > self._client_maximum:
            return b"", 0
        if qos:
            if self._outstanding is None:
                self._outstanding = set()
            self._outstanding.add(packet_id)
        return data, packet_id

    def _new_id(self) -> int:
        taken = self._outstanding or ()
        for _ in range(0xFFFF):
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in taken:
                break
        return self._last_id


def is_persistent(connect: Connect) -> bool:
    """Whether the client wants its session kept: CleanSession 0, or a session expiry in version 5."""
    if connect.version == V5:
        return connect.number(Property.SESSION_EXPIRY_INTERVAL, 0) > 0
    return not connect.clean_start


def silence_allowed(keep_alive: int) -> float:
    """Seconds without a packet after which the client is taken for gone (section 3.1.2.10)."""
    return 1.5 * (min(keep_alive, KEEP_ALIVE_MAXIMUM) or KEEP_ALIVE_MAXIMUM)


def _check_publish_properties(properties: Properties) -> None:
    if Property.TOPIC_ALIAS in properties:
        raise MqttError("topic aliases are not spoken here", Reason.TOPIC_ALIAS_INVALID)
    if Property.SUBSCRIPTION_IDENTIFIER in properties:
        raise ProtocolViolationError("a client's message carries a subscription identifier")


class _Expected(NamedTuple):
    read: Callable[[ServerConnection, bytes, int, int], Event]
    flags: int = 0


# The methods are of the class above and stand in a table of the same module: one place says what may come.
_EXPECTED: dict[State, dict[int, _Expected]] = {
    State.AWAITING_CONNECT: {PacketType.CONNECT: _Expected(ServerConnection._connect)},
    State.DECIDING: {},
    State.OPEN: {
        PacketType.PUBACK: _Expected(ServerConnection._puback),
        PacketType.SUBSCRIBE: _Expected(ServerConnection._subscribe, 2),
        PacketType.UNSUBSCRIBE: _Expected(ServerConnection._unsubscribe, 2),
        PacketType.PINGREQ: _Expected(ServerConnection._ping),
        PacketType.DISCONNECT: _Expected(ServerConnection._disconnect),
    },
    State.CLOSED: {},
}
"""Which packets a client may send in which state; PUBLISH in OPEN is read before the table."""
