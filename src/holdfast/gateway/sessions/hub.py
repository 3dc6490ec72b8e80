"""A device's session at the hub: telemetry in, and what the device subscribed to out.

The hot path is `receive` → `_publish` → `Ingest.add`; everything else happens a few times a minute. Topics
are judged by their parser with this session's ids, and deliveries by the session's subscriptions, so that no
device can speak or hear for another, whatever it asked for.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.cluster.port import Claim
from holdfast.devices.directory import DeviceCredentials
from holdfast.gateway.authentication import Proof, judge
from holdfast.gateway.errors import RefusedError
from holdfast.gateway.network.link import Hold
from holdfast.gateway.sessions import twins
from holdfast.gateway.sessions.acknowledgements import Acknowledgements, Group
from holdfast.gateway.sessions.devicebound import Devicebound
from holdfast.gateway.sessions.methods import Methods
from holdfast.gateway.sessions.properties import complete_bag
from holdfast.gateway.sessions.shaping import Shaping
from holdfast.gateway.sessions.subscriptions import Subscriptions
from holdfast.gateway.sessions.wills import check_will
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.log import operations
from holdfast.log.port import Entry
from holdfast.log.port import Session as StoredSession
from holdfast.protocol import hub
from holdfast.protocol.bags import check_bag
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.hub import Subscription
from holdfast.protocol.mqtt.connect import Connect, Will
from holdfast.protocol.mqtt.disconnect import PINGRESP, Disconnect
from holdfast.protocol.mqtt.properties import Property
from holdfast.protocol.mqtt.publish import Acknowledgement, Publish, encode_pubacks
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.server import Event, Ping
from holdfast.protocol.mqtt.subscribe import (
    Subscribe,
    Unsubscribe,
    encode_suback,
    encode_unsuback,
)
from holdfast.protocol.twin import encode_desired_patch

if TYPE_CHECKING:
    from holdfast.gateway.sessions.connection import MqttConnection

WINDOW_MESSAGES = 1000
WINDOW_BYTES = 1 << 20
"""What one device may have unacknowledged before it is not read from: enough to fill group commits, and so
little that a stalled log is not filled by a few."""

REQUESTS = 32
"""Requests of one device that may wait for an answer; what it asks beyond them is answered with 429."""
REQUEST_BYTES = 4096
"""Memory that a waiting request takes, and four times what it carries: as text and as objects."""

_WINDOW = Hold.WINDOW


class HubSession:
    """One device's (or module's) session; implements `connection.Session` and `ingest.Source`."""

    __slots__ = (
        "_acknowledgements",
        "_claim",
        "_credentials_epoch",
        "_devicebound",
        "_events",
        "_expires",
        "_is_open",
        "_methods",
        "_open_group",
        "_proof",
        "_requests",
        "_shaping",
        "_unsealed",
        "_unsettled",
        "_will",
        "connection",
        "device",
        "key",
        "module",
        "persistent",
        "services",
        "subscriptions",
        "user",
    )

    def __init__(
        self,
        connection: "MqttConnection",
        connect: Connect,
        user: hub.HubUser,
        proof: Proof,
        credentials: DeviceCredentials,
        expires: float,
    ) -> None:
        self.connection = connection
        self.services = connection.services
        # What was only needed to be let in is not kept for as long as the device stays.
        self.user = user._replace(
            host="", api_version="", client=sys.intern(user.client), model=sys.intern(user.model)
        )
        self.device = credentials.device
        self.module = user.module
        self.key = hub.client_id(credentials.device, user.module).lower()
        """What claims, stored sessions and live sessions are kept under."""
        self.persistent = False
        self.subscriptions = Subscriptions(user.device, user.module)
        self._devicebound: Devicebound | None = None
        self._methods: Methods | None = None
        self._proof = proof
        self._credentials_epoch = credentials.epoch
        self._expires = expires
        self._will = connect.will
        self._claim: Claim | None = None
        self._events = hub.events_topic(user.device, user.module).encode()
        self._acknowledgements = Acknowledgements()
        self._open_group: Group | None = None
        """Takes the next telemetry; None after something that must be acknowledged in between."""
        self._unsealed: list[Group] | None = None
        self._unsettled = 0
        """Bytes that wait for the log."""
        self._requests = 0
        self._shaping = Shaping(self.services.limits, self.services.clock)
        self._is_open = False

    # ---- opening and ending

    @property
    def devicebound(self) -> Devicebound:
        """Cloud-to-device messages; made when first needed, as an idle device counts every byte."""
        self._devicebound = self._devicebound or Devicebound()
        return self._devicebound

    @property
    def methods(self) -> Methods:
        """Direct methods; made when first needed."""
        self._methods = self._methods or Methods()
        return self._methods

    def ring(self) -> None:
        """There may be cloud-to-device messages."""
        if self.subscriptions.qos(Subscription.DEVICEBOUND) is not None and not self.connection.closed:
            self.devicebound.ring(self)

    @property
    def epoch(self) -> int:
        """The epoch of the session's claim; a higher one elsewhere ends this session."""
        return self._claim.epoch if self._claim is not None else 0

    async def claim(self) -> None:
        """Become the device's one session; whoever was it hears of it and closes. RefusedError when too
        late."""
        self._claim = await self.services.cluster.sessions.claim(self.key)
        if self.connection.closed or not self.services.live.enter(self):
            self._release()
            raise RefusedError("a newer connection took the session", Reason.SESSION_TAKEN_OVER, guilty=False)

    def resume(self, subscriptions: dict[str, int]) -> None:
        """Take up the subscriptions of a persistent session."""
        self.subscriptions.restore(subscriptions)

    def opened(self) -> None:
        """The device was let in."""
        if self.connection.closed:
            return
        self._is_open = True
        self._append("connected", self._description())
        if self.user.model:
            self.services.log.submit(operations.announce_model, self.device, self.module, self.user.model)
        self.ring()

    def _description(self) -> JsonObject:
        return {
            "address": self.connection.link.address,
            "transport": self.connection.link.transport_name,
            "authentication": self._proof.method,
            "client": self.user.client,
            "modelId": self.user.model,
            "epoch": self.epoch,
        }

    def _append(self, kind: str, body: JsonObject, properties: str = "") -> None:
        now = self.services.clock.now()
        entry = Entry(self.device, self.module, kind, now, properties, msgspec.json.encode(body))
        self.services.ingest.add(entry)

    def ended(self, *, publish_will: bool) -> None:
        """See `connection.Session.ended`."""
        self.services.live.leave(self)
        if self._methods is not None:
            self._methods.end(self.device)
        if self._devicebound is not None:
            self._devicebound.end(self)
        if self._is_open:
            self._is_open = False
            if publish_will and self._will is not None:
                self.services.live.leave_will(self, self._will)
            self._append("disconnected", {"epoch": self.epoch})
        self._release()

    def _release(self) -> None:
        claim, self._claim = self._claim, None
        if claim is not None:
            self.services.tasks.spawn(self.services.cluster.sessions.release(claim), "release")

    def publish_will(self, will: Will) -> None:
        """Send the will as the device's own telemetry, if it still may."""
        try:
            properties = check_will(will, self.user)
        except ProtocolError:
            return
        now = self.services.clock.now()
        self.services.ingest.add(Entry(self.device, self.module, "telemetry", now, properties, will.payload))

    def overdue(self, now: float) -> bool:
        """See `connection.Session.overdue`."""
        return self.services.clock.now() > self._expires

    def may_stay(self, credentials: DeviceCredentials | None) -> bool:
        """Judge the proof again by the device's present credentials."""
        if credentials is not None and credentials.epoch == self._credentials_epoch:
            return True
        now = self.services.clock.now()
        try:
            self._expires = judge(self.user, self._proof, credentials, self.services.hub, now)
        except RefusedError as refused:
            self.services.refusals.add(self.connection.link.address, str(refused), self.device)
            return False
        self._credentials_epoch = credentials.epoch if credentials is not None else 0
        return True

    def judge_again(self, credentials: DeviceCredentials | None) -> None:
        """The device's credentials may have changed: let it stay, or close."""
        if not self.may_stay(credentials):
            explanation = "the device may not connect any more"
            self.connection.close(Reason.NOT_AUTHORIZED, explanation, publish_will=False)

    # ---- what the device sends

    def receive(self, events: list[Event]) -> None:
        """See `connection.Session.receive`."""
        now = self.services.clock.now()
        for event in events:
            if type(event) is Publish:
                self._publish(event, now)
            else:
                _HANDLERS[type(event)](self, event)
            if self.connection.closed:
                return
        if events:
            self._regulate(len(events))

    def _publish(self, message: Publish, now: float) -> None:
        topic = message.topic
        if topic.startswith(self._events):
            self._telemetry(message, topic[len(self._events) :].decode(), now)
            return
        match hub.parse_topic(topic.decode(), self.user.device, self.user.module):
            case hub.Telemetry(properties):
                self._telemetry(message, properties, now)
            case hub.TwinGet(request) | hub.ReportedPatch(request) if self._is_busy:
                self._acknowledge_now(message)
                twins.respond_busy(self, request)
            case hub.TwinGet(request):
                self._acknowledge_now(message)
                self._wait_for(twins.answer_get(self, request), "twin-get")
            case hub.ReportedPatch(request):
                group = self._own_group(message)
                patch = twins.apply_patch(self, request, message.payload, group)
                self._wait_for(patch, "twin-patch", len(message.payload))
            case hub.MethodResult(status, request):
                self._acknowledge_now(message)
                self.methods.answer(request, status, message.payload)

    @property
    def _is_busy(self) -> bool:
        return self._requests >= REQUESTS or self.services.ingest.is_full

    def _wait_for(self, work: Coroutine[None, None, None], name: str, carried: int = 0) -> None:
        """Do what waits for the log and is no message; what it takes until then counts."""
        ingest, size = self.services.ingest, REQUEST_BYTES + 4 * carried
        self._requests += 1
        ingest.borrow(size)

        def ended(_task: asyncio.Task[None]) -> None:
            self._requests -= 1
            ingest.give_back(size)

        self.services.tasks.spawn(work, name).add_done_callback(ended)

    def _telemetry(self, message: Publish, properties: str, now: float) -> None:
        if properties:
            check_bag(properties)
        if message.retain or message.properties:
            properties = complete_bag(properties, message)
            check_bag(properties)
        group = self._open_group
        if group is None:
            group = self._open_group = self._acknowledgements.open()
            if self._unsealed is None:
                self._unsealed = [group]
            else:
                self._unsealed.append(group)
        size = len(message.payload) + len(properties)
        group.bytes += size
        self._unsettled += size
        if message.qos:
            group.packet_ids.append(message.packet_id)
        self.services.ingest.add(
            Entry(self.device, self.module, "telemetry", now, properties, message.payload), self
        )

    def _regulate(self, messages: int) -> None:
        """Stop reading while the device is ahead of its rate, of the log, or of its acknowledgements."""
        services, connection = self.services, self.connection
        link, now = connection.link, connection.heard
        own, others = self._shaping.charge(messages, now), services.total.charge(messages, now)
        if own or others:
            self._hold_back(own, others, now)
        if connection.mqtt.unacknowledged > WINDOW_MESSAGES or self._unsettled > WINDOW_BYTES:
            link.hold(Hold.WINDOW)
        if services.ingest.is_full:
            services.ingest.park(link)

    def _hold_back(self, own: float, others: float, now: float) -> None:
        """Not read on for so many seconds, for the device's own rate or that of all."""
        if own:
            self._shaping.hold_back(own, now)
            if self._shaping.is_hopeless:
                explanation = "the device sent faster than it may for too long"
                self.connection.close(Reason.MESSAGE_RATE_TOO_HIGH, explanation)
                return
        link = self.connection.link
        link.hold(Hold.RATE)
        asyncio.get_running_loop().call_later(max(own, others), link.release, Hold.RATE)

    # ---- acknowledgements, in order

    def _acknowledge_now(self, message: Publish) -> None:
        if message.qos and self._acknowledgements.add_done(message.packet_id):
            self._send_acknowledgements([message.packet_id])

    def _own_group(self, message: Publish) -> Group | None:
        """A group for a message that becomes durable by itself; later ones wait behind it."""
        if not message.qos:
            return None
        self._open_group = None
        group = self._acknowledgements.open()
        group.packet_ids.append(message.packet_id)
        return group

    def seal(self) -> list[Group]:
        """See `ingest.Source.seal`."""
        groups, self._unsealed, self._open_group = self._unsealed, None, None
        return groups or []

    def durable(self, groups: list[Group]) -> None:
        """See `ingest.Source.durable`."""
        if self.connection.closed:
            return
        for group in groups:
            self._unsettled -= group.bytes
            self._send_acknowledgements(self._acknowledgements.settle(group))
        mqtt = self.connection.mqtt
        if mqtt.unacknowledged <= WINDOW_MESSAGES // 2 and self._unsettled <= WINDOW_BYTES // 2:
            self.connection.link.release(_WINDOW)

    def _send_acknowledgements(self, packet_ids: list[int]) -> None:
        if packet_ids:
            mqtt = self.connection.mqtt
            mqtt.acknowledged(len(packet_ids))
            self.connection.link.send(encode_pubacks(packet_ids))

    def not_durable(self, error: Exception) -> None:
        """See `ingest.Source.not_durable`."""
        self.connection.close(Reason.SERVER_UNAVAILABLE, "messages cannot be stored now; try again")

    # ---- the other packets

    def _acknowledgement(self, packet: Acknowledgement) -> None:
        self.devicebound.acknowledged(self, packet.packet_id)

    def _subscribe(self, packet: Subscribe) -> None:
        codes = self.subscriptions.subscribe(packet.filters)
        answer = encode_suback(packet.packet_id, codes, self.connection.mqtt.version)
        self._store_and_answer(answer)

    def _unsubscribe(self, packet: Unsubscribe) -> None:
        codes = self.subscriptions.unsubscribe(packet.filters)
        answer = encode_unsuback(packet.packet_id, codes, self.connection.mqtt.version)
        self._store_and_answer(answer)

    def _store_and_answer(self, answer: bytes) -> None:
        if self.persistent:
            self._wait_for(self._store(answer), "store-session")
        else:
            self.connection.link.send(answer)
            self.ring()

    async def _store(self, answer: bytes) -> None:
        """A client that keeps its session never subscribes again: what it is told must survive a crash."""
        stored = StoredSession(
            self.key, self.subscriptions.as_dict(), self.user.model, self.services.clock.now()
        )
        try:
            await asyncio.wrap_future(self.services.log.submit(operations.save_session, stored))
        except HoldfastError as error:
            self.not_durable(error)
            return
        self.connection.link.send(answer)
        self.ring()

    def _ping(self, _packet: Ping) -> None:
        self.connection.link.send(PINGRESP)

    def _disconnect(self, packet: Disconnect) -> None:
        if self.persistent and packet.properties.get(Property.SESSION_EXPIRY_INTERVAL) == 0:
            self.services.log.submit(operations.drop_session, self.key)
        self.connection.goodbye(publish_will=packet.wants_will)

    # ---- what others send to the device

    def send_desired(self, patch: JsonObject, version: int) -> None:
        """Tell the device of changed desired properties, if it listens."""
        if self.subscriptions.qos(Subscription.DESIRED) is not None:
            self.connection.publish(hub.desired_topic(version), encode_desired_patch(patch, version))


_Handler = Callable[[HubSession, Any], None]  # each handler takes the event type that it stands under

_HANDLERS: dict[type, _Handler] = {
    Acknowledgement: HubSession._acknowledgement,
    Subscribe: HubSession._subscribe,
    Unsubscribe: HubSession._unsubscribe,
    Ping: HubSession._ping,
    Disconnect: HubSession._disconnect,
}
