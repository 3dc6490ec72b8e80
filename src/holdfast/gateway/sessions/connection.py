"""One MQTT connection: bytes from the link become events for the session, and time runs out for the silent.

The connection begins without a session. CONNECT goes to `admission`, which makes the session; from then on
every event is the session's. Whatever goes wrong ends in `close`, once.
"""

from typing import Final, Protocol

from holdfast.gateway.network.link import Hold, Link
from holdfast.gateway.services import Services
from holdfast.gateway.sessions import admission
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.mqtt.connect import Connect
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.server import Event, ServerConnection, State, silence_allowed

ADMISSION = "admission"
"""Name of the task that answers a CONNECT."""
TOPIC_ALLOWANCE: Final = 16 * 1024 + 512
"""Bytes that a packet may have beside the message: the topic with its property bag, and the header."""


class Session(Protocol):
    """What a connection is for, once CONNECT was accepted."""

    def receive(self, events: list[Event]) -> None:
        """The client's packets. ProtocolError closes the connection."""
        ...

    def overdue(self, now: float) -> bool:
        """Called every second: whether the session has to end (its proof expired)."""
        ...

    def ended(self, *, publish_will: bool) -> None:
        """The connection is over; called once."""
        ...


class MqttConnection:
    """Implements `Application` for the link below."""

    __slots__ = ("_silence", "closed", "heard", "link", "mqtt", "services", "session")

    def __init__(self, link: Link, services: Services) -> None:
        self.link = link
        self.services = services
        self.mqtt = ServerConnection(services.limits.message_bytes + TOPIC_ALLOWANCE)
        self.session: Session | None = None
        self.closed = False
        self.heard = services.clock.monotonic()
        """When something came last, monotonic."""
        self._silence = services.limits.handshake_seconds
        """Seconds without a packet after which the client is gone; until CONNECT, the time that it has."""

    # ---- from the link

    def receive(self, data: bytes) -> None:
        """See `Application.receive`."""
        if self.session is not None:
            self.heard = self.services.clock.monotonic()
        self._handle(self.mqtt.receive(data))

    def _handle(self, events: list[Event]) -> None:
        try:
            if self.session is not None:
                self.session.receive(events)
            elif events and isinstance(connect := events[0], Connect):
                self.link.hold(Hold.DECIDING)
                self.services.tasks.spawn(admission.admit(self, connect), ADMISSION)
        except ProtocolError as error:
            self.close(_reason(error), str(error))
        if (failure := self.mqtt.failure) is not None:
            self.close(failure.reason, str(failure))

    def lost(self) -> None:
        """See `Application.lost`."""
        self._end(publish_will=True)

    def overdue(self, now: float) -> bool:
        """See `Application.overdue`."""
        if self.session is not None and self.link.is_held_back():
            self.heard = now  # nobody listened
        if now - self.heard > self._silence:
            self.close(Reason.KEEP_ALIVE_TIMEOUT, "nothing was heard within the keep-alive time")
        elif self.session is not None and self.session.overdue(now):
            self.close(Reason.MAXIMUM_CONNECT_TIME, "the token or certificate has expired")
        return self.closed

    # ---- for admission and sessions

    def accept(self, connect: Connect, session: Session, session_present: bool) -> None:
        """Let the client in; what it sent meanwhile is the session's."""
        if self.closed:
            session.ended(publish_will=False)
            return
        self.session = session
        self.heard = self.services.clock.monotonic()
        self._silence = silence_allowed(connect.keep_alive)
        answer, events = self.mqtt.accept(connect, session_present)
        self.link.send(answer)
        self.link.release(Hold.DECIDING)
        self._handle(events)

    def refuse(self, reason: Reason) -> None:
        """Turn the client away."""
        if not self.closed:
            self.link.send(self.mqtt.refuse(reason))
            self._end(publish_will=False)
            self.link.close()

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> int:
        """Send a message; its packet identifier, 0 with QoS 0 or when the client cannot take it."""
        data, packet_id = self.mqtt.publish(topic, payload, qos)
        self.link.send(data)
        return packet_id

    def close(self, reason: Reason, explanation: str = "", *, publish_will: bool = True) -> None:
        """Say goodbye as the protocol allows, and close."""
        if self.closed:
            return
        if farewell := self.mqtt.farewell(reason, explanation):
            self.link.send(farewell)
        self._end(publish_will=publish_will)
        self.link.close()

    def goodbye(self, *, publish_will: bool) -> None:
        """The client said goodbye."""
        self._end(publish_will=publish_will)
        self.link.close()

    def _end(self, *, publish_will: bool) -> None:
        if self.closed:
            return
        self.closed = True
        self.mqtt.state = State.CLOSED
        session, self.session = self.session, None
        if session is not None:
            session.ended(publish_will=publish_will)


def _reason(error: ProtocolError) -> Reason:
    return error.reason if isinstance(error, MqttError) else Reason.TOPIC_NAME_INVALID
