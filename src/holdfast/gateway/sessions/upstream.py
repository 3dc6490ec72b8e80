"""A session's way into the log: telemetry goes in, PUBACKs come back, and no more is read than it may send.

`take` and `durable` are called once a message from a device that has one in flight.
"""

import asyncio
from typing import TYPE_CHECKING, Final

from holdfast.gateway.network.link import Hold
from holdfast.gateway.sessions.acknowledgements import Acknowledgements, Group
from holdfast.gateway.sessions.properties import complete_bag
from holdfast.gateway.sessions.shaping import Shaping
from holdfast.log.port import Entry
from holdfast.protocol.bags import check_bag
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.publish import Publish, encode_pubacks
from holdfast.protocol.mqtt.reasons import Reason

if TYPE_CHECKING:
    from holdfast.gateway.sessions.connection import MqttConnection

WINDOW_MESSAGES: Final = 1000
WINDOW_BYTES: Final = 1 << 20
"""What one device may have unacknowledged before it is not read from: enough to fill group commits, and so
little that a stalled log is not filled by a few."""

ALWAYS_ALLOWED: Final = 1024
"""Bytes of a message that no limit forbids: only what is larger is compared with the limit."""

_WINDOW: Final = Hold.WINDOW


class Upstream:
    """What one session has on its way to the log."""

    __slots__ = (
        "_acknowledgements",
        "_connection",
        "_device",
        "_group",
        "_ingest",
        "_module",
        "_shaping",
        "_unsettled",
        "_window_is_full",
    )

    def __init__(self, connection: "MqttConnection", device: str, module: str) -> None:
        services = connection.services
        self._connection = connection
        self._ingest = services.ingest
        self._device = device
        self._module = module
        self._acknowledgements = Acknowledgements()
        self._group: Group | None = None
        """Takes this turn's next telemetry; None after something that is acknowledged in between."""
        self._unsettled = 0
        """Bytes that wait for the log."""
        self._window_is_full = False
        self._shaping = Shaping(services.limits, services.clock)

    # ---- messages

    def take(self, message: Publish, properties: str, now: float) -> None:
        """Telemetry with the property bag of its topic: append it, and acknowledge it once it is durable."""
        if properties:
            check_bag(properties)
        if message.retain or message.properties:
            properties = complete_bag(properties, message)
            check_bag(properties)
        payload = message.payload
        size = len(payload) + len(properties)
        if size > ALWAYS_ALLOWED:
            self._check_size(size)
        ingest, group = self._ingest, self._group
        if group is None or group.turn != ingest.turn:
            group = self._group = Group(self, ingest.turn)
            self._acknowledgements.add(group)
            ingest.report_to(group)
        group.bytes += size
        self._unsettled += size
        if message.qos:
            group.packet_ids.append(message.packet_id)
        ingest.add(Entry(self._device, self._module, "telemetry", now, properties, payload))

    def _check_size(self, size: int) -> None:
        maximum = self._connection.services.limits.message_bytes
        if size > maximum:
            raise MqttError(f"a message is larger than {maximum:,} bytes", Reason.PACKET_TOO_LARGE)

    def acknowledge_now(self, message: Publish) -> None:
        """Acknowledge what needs no waiting, in its turn."""
        if message.qos and self._acknowledgements.add_done(message.packet_id):
            self._send([message.packet_id])

    def own_group(self, message: Publish) -> Group | None:
        """A group for a message that becomes durable by itself; later ones wait behind it."""
        if not message.qos:
            return None
        self._group = None
        group = Group(self)
        group.packet_ids.append(message.packet_id)
        self._acknowledgements.add(group)
        return group

    def durable(self, group: Group) -> None:
        """The messages of a group are on disk: acknowledge what was waiting for them."""
        if self._connection.closed:
            return
        self._unsettled -= group.bytes
        if packet_ids := self._acknowledgements.settle(group):
            self._send(packet_ids)
        if self._window_is_full:
            self._look_at_window()

    def _send(self, packet_ids: list[int]) -> None:
        connection = self._connection
        connection.mqtt.unacknowledged -= len(packet_ids)
        connection.link.send(encode_pubacks(packet_ids))

    def not_durable(self, _error: Exception) -> None:
        """The log failed: the device keeps its messages and sends them on its next connection."""
        self._connection.close(Reason.SERVER_UNAVAILABLE, "messages cannot be stored now; try again")

    # ---- how much the device may send

    def regulate(self, messages: int) -> None:
        """So many packets came: stop reading while the device is ahead of its rate, of the log, or of its
        acknowledgements."""
        connection, ingest = self._connection, self._ingest
        ingest.messages += messages
        if wait := self._shaping.charge(messages, connection.heard):
            self._hold_back(wait)
        if connection.mqtt.unacknowledged > WINDOW_MESSAGES or self._unsettled > WINDOW_BYTES:
            self._window_is_full = True
            connection.link.hold(_WINDOW)
        if ingest.is_full:
            ingest.park(connection.link)

    def _look_at_window(self) -> None:
        if (
            self._connection.mqtt.unacknowledged <= WINDOW_MESSAGES // 2
            and self._unsettled <= WINDOW_BYTES // 2
        ):
            self._window_is_full = False
            self._connection.link.release(_WINDOW)

    def _hold_back(self, wait: float) -> None:
        """The device is ahead of its own rate by so many seconds."""
        self._shaping.hold_back(wait, self._connection.heard)
        if self._shaping.is_hopeless:
            explanation = "the device sent faster than it may for too long"
            self._connection.close(Reason.MESSAGE_RATE_TOO_HIGH, explanation)
        else:
            self.slow_down(wait)

    def slow_down(self, seconds: float) -> None:
        """Read on after so many seconds."""
        link = self._connection.link
        link.hold(Hold.RATE)
        asyncio.get_running_loop().call_later(seconds, link.release, Hold.RATE)
