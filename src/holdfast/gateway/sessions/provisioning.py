"""A device at the provisioning service: it registers, polls, and is told its hub.

CONNECT proves nothing here; the proof (token or certificate) goes with the registration to the control role,
which judges it. A refusal is an answer, not a closed connection. Nothing is ever published to another device.
"""

from typing import TYPE_CHECKING

import structlog

from holdfast.devices.directory import Attempt, Registration
from holdfast.kernel.errors import HoldfastError, TooManyRequestsError, UnavailableError
from holdfast.protocol import dps
from holdfast.protocol.mqtt.disconnect import PINGRESP, Disconnect
from holdfast.protocol.mqtt.errors import MqttError
from holdfast.protocol.mqtt.publish import Acknowledgement, Publish, encode_puback
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.server import Event, Ping
from holdfast.protocol.mqtt.subscribe import (
    Subscribe,
    Unsubscribe,
    encode_suback,
    encode_unsuback,
)

if TYPE_CHECKING:
    from holdfast.gateway.sessions.connection import MqttConnection

_log = structlog.get_logger()

MAXIMUM_PENDING = 5
"""Registrations that one connection may have under way."""
RETRY_DECIDED = 1
"""Seconds after which a device polls a result that is there already."""


class ProvisioningSession:
    """One connection's registration; implements `connection.Session`."""

    __slots__ = ("_connection", "_pending", "_qos", "_secret", "_services", "_user")

    def __init__(self, connection: "MqttConnection", user: dps.ProvisioningUser, secret: bytes) -> None:
        self._connection = connection
        self._services = connection.services
        self._user = user
        self._secret = secret
        self._qos: int | None = None
        """Granted for responses; None until the device subscribed."""
        self._pending = 0

    def receive(self, events: list[Event]) -> None:
        """See `connection.Session.receive`."""
        for event in events:
            if self._connection.closed:
                return
            match event:
                case Publish():
                    self._publish(event)
                case Subscribe():
                    self._subscribe(event)
                case Unsubscribe():
                    self._unsubscribe(event)
                case Ping():
                    self._connection.link.send(PINGRESP)
                case Disconnect():
                    self._connection.goodbye(publish_will=False)
                case Acknowledgement():
                    pass
                case _:
                    raise MqttError("the packet may not come here", Reason.PROTOCOL_ERROR)

    def overdue(self, now: float) -> bool:
        """See `connection.Session.overdue`: a registration has nothing that expires."""
        return False

    def ended(self, *, publish_will: bool) -> None:
        """See `connection.Session.ended`: a registration leaves nothing behind."""

    # ---- packets

    def _subscribe(self, packet: Subscribe) -> None:
        codes: list[int] = []
        for line in packet.filters:
            if line.filter != dps.RESPONSES:
                raise dps.DpsError("A registering device may subscribe to its responses only.")
            self._qos = min(line.qos, 1)
            codes.append(self._qos)
        self._send(encode_suback(packet.packet_id, codes, self._version))

    def _unsubscribe(self, packet: Unsubscribe) -> None:
        if dps.RESPONSES in packet.filters:
            self._qos = None
        codes = [Reason.SUCCESS for _ in packet.filters]
        self._send(encode_unsuback(packet.packet_id, codes, self._version))

    def _publish(self, message: Publish) -> None:
        request = dps.parse_topic(message.topic.decode())
        if message.qos:
            self._connection.mqtt.unacknowledged -= 1
            self._send(encode_puback(message.packet_id, self._version))
        if isinstance(request, dps.Poll):
            self._poll(request)
        elif self._pending >= MAXIMUM_PENDING:
            self._refuse(request.request, dps.Code.THROTTLED, "One registration at a time.")
        else:
            self._pending += 1
            self._services.tasks.spawn(self._register(request, message.payload), "register")

    @property
    def _version(self) -> int:
        return self._connection.mqtt.version

    def _send(self, data: bytes) -> None:
        self._connection.link.send(data)

    # ---- registering

    async def _register(self, request: dps.Register, body: bytes) -> None:
        try:
            payload = dps.decode_registration(body, self._user.registration)
            attempt = Attempt(
                registration=self._user.registration,
                scope=self._user.scope,
                payload=payload,
                address=self._connection.link.address,
                sas=self._secret.decode("ascii", "replace"),
                chain=() if self._secret else self._connection.link.peer_chain(),
            )
            result = await self._services.provisioning.register(attempt)
        except dps.DpsError as error:
            self._refuse(request.request, dps.Code.BAD_REQUEST, str(error))
        except TooManyRequestsError as error:
            self._refuse(request.request, dps.Code.THROTTLED, str(error), max(1, round(error.retry_after)))
        except UnavailableError as error:
            self._refuse(request.request, dps.Code.UNAVAILABLE, str(error), dps.RETRY_AFTER)
        except HoldfastError as error:
            _log.warning("a registration could not be judged", reason=str(error))
            self._refuse(request.request, dps.Code.INTERNAL, "The registration could not be judged.")
        else:
            await self._decided(request, result)
        finally:
            self._pending -= 1

    async def _decided(self, request: dps.Register, result: Registration) -> None:
        if result.error_code:
            address = self._connection.link.address
            self._services.refusals.add(address, "a registration was refused", self._user.registration)
            if result.error_code == dps.Code.UNAUTHORIZED:
                await self._services.lockouts.failed(address, self._user.registration)
            self._refuse(request.request, result.error_code, result.error_message)
            return
        operation = self._services.registrations.begin(self._user.registration)
        if result.status != "assigning":
            self._services.registrations.finish(operation, result)
        topic = dps.response_topic(202, request.request, RETRY_DECIDED)
        self._respond(topic, dps.encode_accepted(operation))

    def _poll(self, request: dps.Poll) -> None:
        known, result = self._services.registrations.find(request.operation, self._user.registration)
        if not known:
            self._refuse(request.request, dps.Code.UNKNOWN_REGISTRATION, "There is no such operation.")
        elif result is None:
            topic = dps.response_topic(202, request.request, dps.RETRY_AFTER)
            self._respond(topic, dps.encode_accepted(request.operation))
        else:
            body = dps.encode_assignment(request.operation, assignment(result))
            self._respond(dps.response_topic(200, request.request), body)

    def _refuse(self, request: str, code: int, message: str, retry_after: int | None = None) -> None:
        tracking = self._services.randomness.bytes(8).hex()
        body = dps.encode_error(code, message, tracking, self._services.clock.now())
        self._respond(dps.response_topic(code // 1000, request, retry_after), body)

    def _respond(self, topic: str, body: bytes) -> None:
        if self._qos is not None and not self._connection.closed:
            self._connection.publish(topic, body, self._qos)


def assignment(result: Registration) -> dps.Assignment:
    """The decision in the protocol's terms."""
    return dps.Assignment(
        registration=result.registration,
        status=result.status,
        hub=result.hub,
        device=result.device,
        substatus=result.substatus,
        created=result.created,
        updated=result.updated,
        etag=result.etag,
        payload=result.payload,
    )
