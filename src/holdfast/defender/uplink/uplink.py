"""The sensor's connection to the platform: sends what the spool holds, in order, and keeps what it is told.

Sans-I/O over `protocol.mqtt.client`: `connection` gives it bytes and time. A message leaves the spool when
the platform has acknowledged it and every one before; whatever was under way when a connection ended is sent
again.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from holdfast.defender.uplink.messages import MARK, NUMBER, SPOOL
from holdfast.defender.uplink.spool import Spool
from holdfast.defender.uplink.state import Identity, SensorState
from holdfast.kernel.errors import UnauthenticatedError, UnavailableError
from holdfast.protocol.bags import encode_bag
from holdfast.protocol.hub import events_topic
from holdfast.protocol.mqtt.client import Acknowledged, Alive, Connected, MqttClient, Received

API_VERSION: Final = "2021-04-12"
KEEP_ALIVE: Final = 60
WINDOW: Final = 20
"""Messages under way at once: enough to fill a line with 100 ms there and back at 200 KB each."""
_DESIRED = "$iothub/twin/PATCH/properties/desired/#"
_RESPONSES = "$iothub/twin/res/#"
_TWIN = "$iothub/twin/GET/?$rid=setup"
_REFUSED_FOR_GOOD = frozenset({4, 5})
"""Bad credentials, not authorized (MQTT 3.1.1, table 3.1)."""


class Uplink:
    """One connection. Not thread-safe."""

    def __init__(self, identity: Identity, state: SensorState, spool: Spool) -> None:
        self._identity = identity
        self._state = state
        self._spool = spool
        self._client = MqttClient()
        self._under_way: deque[tuple[int, int]] = deque()
        """Packet identifier and number in the spool, in the order of sending."""
        self._acknowledged: set[int] = set()
        self._sent = 0
        self._pinged: float | None = None
        self._spoke = 0.0
        self.is_connected = False

    def begin(self, now: float) -> bytes:
        """The first bytes of the connection."""
        self._spoke = now
        identity = self._identity
        user = f"{identity.host}/{identity.device}/?api-version={API_VERSION}"
        return self._client.connect(identity.device, user, keep_alive=KEEP_ALIVE, clean=False)

    def receive(self, data: bytes, now: float) -> Iterator[bytes]:
        """Take what arrived; what to answer.

        Raises MqttError, UnauthenticatedError when the platform refuses the sensor, UnavailableError when it
        cannot serve it now.
        """
        for event in self._client.feed(data):
            match event:
                case Connected(code):
                    yield from self._connected(code)
                case Acknowledged(packet):
                    self._arrived(packet)
                case Received(topic, payload, packet):
                    self._told(topic, payload)
                    if packet:
                        yield self._client.acknowledge(packet)
                case Alive():
                    self._pinged = None
            self._spoke = now

    def poll(self, now: float) -> Iterator[bytes]:
        """What to send now: messages that wait, as far as the window reaches, or a sign of life."""
        if not self.is_connected:
            return
        for waiting in self._spool.after(self._sent, WINDOW - len(self._under_way)):
            bag = {MARK: "1", SPOOL: self._spool.id, NUMBER: str(waiting.number), "$.ct": "application/zlib"}
            topic = events_topic(self._identity.device) + encode_bag(bag)
            packet, data = self._client.publish(topic, waiting.data)
            self._under_way.append((packet, waiting.number))
            self._sent = waiting.number
            yield data
        if self._pinged is None and now - self._spoke > KEEP_ALIVE / 2:
            self._pinged = now
            yield self._client.ping()

    def is_dead(self, now: float) -> bool:
        """Whether the platform was asked for a sign of life and gave none."""
        return self._pinged is not None and now - self._pinged > KEEP_ALIVE / 2

    def _connected(self, code: int) -> Iterator[bytes]:
        if code in _REFUSED_FOR_GOOD:
            raise UnauthenticatedError(
                "The platform refuses this sensor: it was removed or blocked, or its certificate has expired."
            )
        if code:
            raise UnavailableError(f"The platform cannot serve this sensor now (code {code}).")
        self.is_connected = True
        devicebound = f"devices/{self._identity.device}/messages/devicebound/#"
        yield self._client.subscribe(devicebound, _DESIRED, _RESPONSES)
        _packet, asked = self._client.publish(_TWIN, b"")
        yield asked

    def _arrived(self, packet: int) -> None:
        self._acknowledged.add(packet)
        done = 0
        while self._under_way and self._under_way[0][0] in self._acknowledged:
            packet, done = self._under_way.popleft()
            self._acknowledged.discard(packet)
        if done:
            self._spool.arrived(done)
        if not self._under_way:
            self._acknowledged.clear()

    def _told(self, topic: str, payload: bytes) -> None:
        """Keep it before it is acknowledged; whoever runs the sensor follows it."""
        self._state.instruct(topic.encode() + b"\n" + payload)
