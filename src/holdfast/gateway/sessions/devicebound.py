"""Cloud-to-device messages: taken from the durable queue, delivered with QoS 1, done when acknowledged.

A message that was delivered is locked for a minute; without PUBACK it is delivered again, ten times at most.
What is still locked when the connection ends goes back at once.
"""

import asyncio
from typing import TYPE_CHECKING

from holdfast.kernel.errors import HoldfastError
from holdfast.log import operations
from holdfast.log.port import QueuedMessage
from holdfast.protocol.hub import Subscription, devicebound_topic

if TYPE_CHECKING:
    from holdfast.gateway.sessions.hub import HubSession

LOCK_SECONDS = 60.0
WINDOW = 10
"""Messages on their way to one device; five times less than a queue holds."""


class Devicebound:
    """The deliveries of one session."""

    __slots__ = ("_again", "_locks", "_pumping")

    def __init__(self) -> None:
        self._locks: dict[int, str] = {}
        """Packet identifier → lock token."""
        self._pumping = False
        self._again = False

    def ring(self, session: "HubSession") -> None:
        """There may be something to deliver."""
        if self._pumping:
            self._again = True
            return
        self._pumping = True
        session.services.tasks.spawn(self._pump(session), "devicebound")

    async def _pump(self, session: "HubSession") -> None:
        try:
            self._again = True
            while self._again and not session.connection.closed:
                self._again = False
                await self._deliver(session)
        except HoldfastError:
            return  # the log is in trouble; the queue is durable, and the next ring or connection goes on
        finally:
            self._pumping = False

    async def _deliver(self, session: "HubSession") -> None:
        room = min(WINDOW - len(self._locks), session.connection.mqtt.room)
        if room <= 0:
            return
        services = session.services
        now = services.clock.now()
        messages = await asyncio.wrap_future(
            services.log.submit(
                operations.lock,
                session.device,
                session.module,
                room,
                now + LOCK_SECONDS,
                now,
                services.randomness,
            )
        )
        for token, message in messages:
            self._send(session, token, message)
        self._again = self._again or len(messages) == room

    def _send(self, session: "HubSession", token: str, message: QueuedMessage) -> None:
        qos = session.subscriptions.qos(Subscription.DEVICEBOUND)
        if qos is None or session.connection.closed:
            self._settle(session, token, "abandon")
            return
        topic = devicebound_topic(session.user.device, message.properties)
        packet_id = session.connection.publish(topic, message.body, qos)
        if packet_id:
            self._locks[packet_id] = token
        else:
            self._settle(session, token, "complete")

    def acknowledged(self, session: "HubSession", packet_id: int) -> None:
        """The device has the message."""
        token = self._locks.pop(packet_id, None)
        if token is not None:
            self._settle(session, token, "complete")
            session.ring()

    def end(self, session: "HubSession") -> None:
        """The connection is over: what was not acknowledged waits for the next one."""
        for token in self._locks.values():
            self._settle(session, token, "abandon")
        self._locks.clear()

    def _settle(self, session: "HubSession", token: str, outcome: str) -> None:
        # Nobody waits for it: when it fails, the lock lapses and the message is delivered once more.
        now = session.services.clock.now()
        session.services.log.submit(operations.settle, session.device, token, outcome, now)
