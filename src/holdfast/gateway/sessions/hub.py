"""A device's session at the hub: telemetry in, and what the device subscribed to out.

The hot path is `receive` → `_publish` → `Upstream.take`; everything else happens a few times a minute. Topics
are judged by their parser with this session's ids, and deliveries by the session's subscriptions, so that no
device can speak or hear for another, whatever it asked for.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import msgspec

from holdfast.cluster.port import Claim
from holdfast.devices.directory import DeviceCredentials
from holdfast.gateway.authentication import Proof, judge
from holdfast.gateway.errors import RefusedError
from holdfast.gateway.sessions import twins
from holdfast.gateway.sessions.devicebound import Devicebound
from holdfast.gateway.sessions.methods import Methods
from holdfast.gateway.sessions.subscriptions import Subscriptions
from holdfast.gateway.sessions.upstream import Upstream
from holdfast.gateway.sessions.wills import check_will
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.log import operations
from holdfast.log.port import Entry
from holdfast.log.port import Session as StoredSession
from holdfast.log.view import StateView
from holdfast.protocol import hub
from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.hub import Subscription
from holdfast.protocol.mqtt.connect import Connect, Will
from holdfast.protocol.mqtt.disconnect import PINGRESP, Disconnect
from holdfast.protocol.mqtt.properties import Property
from holdfast.protocol.mqtt.publish import Acknowledgement, Publish
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

REQUESTS = 32
"""Requests of one device that may wait for an answer; what it asks beyond them is answered with 429."""
REQUEST_BYTES = 4096
"""Memory that a waiting request takes, and four times what it carries: as text and as objects."""


P = ParamSpec("P")
T = TypeVar("T")


class HubSession:
    """One device's (or module's) session; implements `connection.Session`."""

    __slots__ = (
        "_claim",
        "_credentials_epoch",
        "_devicebound",
        "_events",
        "_expires",
        "_is_open",
        "_methods",
        "_proof",
        "_requests",
        "_since",
        "_will",
        "connection",
        "device",
        "key",
        "module",
        "persistent",
        "services",
        "subscriptions",
        "upstream",
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
        since: float,
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
        self._since = since
        """When it was asked who the device is, Unix seconds."""
        self._will = connect.will
        self._claim: Claim | None = None
        self._events = hub.events_topic(user.device, user.module).encode()
        self._requests = 0
        self.upstream = Upstream(connection, self.device, self.module)
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
            self.write(operations.announce_model, self.device, self.module, self.user.model)
        self.ring()

    def write(
        self, operation: Callable[Concatenate[StateView, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """Change the device's state in the next commit, if the device is still the one that was let in."""
        return self.services.log.submit(
            operations.unless_deleted, self.device, self._since, operation, *args, **kwargs
        )

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
            self.upstream.regulate(len(events))

    def _publish(self, message: Publish, now: float) -> None:
        topic = message.topic
        if topic.startswith(self._events):
            self.upstream.take(message, topic[len(self._events) :].decode(), now)
            return
        match hub.parse_topic(topic.decode(), self.user.device, self.user.module):
            case hub.Telemetry(properties):
                self.upstream.take(message, properties, now)
            case hub.TwinGet(request) | hub.ReportedPatch(request) if self._is_busy:
                self.upstream.acknowledge_now(message)
                twins.respond_busy(self, request)
            case hub.TwinGet(request):
                self.upstream.acknowledge_now(message)
                self._wait_for(twins.answer_get(self, request), "twin-get")
            case hub.ReportedPatch(request):
                group = self.upstream.own_group(message)
                patch = twins.apply_patch(self, request, message.payload, group)
                self._wait_for(patch, "twin-patch", len(message.payload))
            case hub.MethodResult(status, request):
                self.upstream.acknowledge_now(message)
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
            await asyncio.wrap_future(self.write(operations.save_session, stored))
        except HoldfastError as error:
            self.upstream.not_durable(error)
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
