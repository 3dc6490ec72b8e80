"""Provisioning of a sensor with a certificate of its own: the device provisioning service over MQTT."""

import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from holdfast.defender.network.enrolling import MODEL
from holdfast.defender.uplink.connection import CONNECT_SECONDS, client_context
from holdfast.defender.uplink.state import Identity
from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import ForbiddenError, UnavailableError
from holdfast.protocol.dps import RESPONSES
from holdfast.protocol.mqtt.client import Connected, MqttClient, Received

DEADLINE: Final = 60.0
POLL_SECONDS: Final = 1.0
_REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid=1"
_POLL = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId="
_READ = 16_384


class _State(msgspec.Struct, rename="camel"):
    device_id: str = ""
    assigned_hub: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    operation_id: str = ""
    status: str = ""
    registration_state: _State = msgspec.field(default_factory=_State)
    message: str = ""


class Registration:
    """One registration, sans-I/O: bytes in, bytes out, and in the end who the sensor is."""

    def __init__(self, identity: Identity, id_scope: str) -> None:
        self._identity = identity
        self._user = f"{id_scope}/registrations/{identity.device}/api-version=2019-03-31"
        self._client = MqttClient()
        self.operation = ""
        """Of a registration that is under way: what to `poll`."""
        self.assigned: Identity | None = None

    def begin(self) -> bytes:
        """The first bytes."""
        return self._client.connect(self._identity.device, self._user, clean=False)

    def poll(self) -> bytes:
        """Ask how the registration stands."""
        return self._client.publish(_POLL + self.operation, b"")[1]

    def receive(self, data: bytes) -> Iterator[bytes]:
        """Take what arrived; what to answer. ForbiddenError when the platform does not enroll the sensor."""
        for event in self._client.feed(data):
            match event:
                case Connected(0):
                    yield self._client.subscribe(RESPONSES)
                    body = {"registrationId": self._identity.device, "payload": {"modelId": MODEL}}
                    yield self._client.publish(_REGISTER, msgspec.json.encode(body))[1]
                case Connected(code):
                    raise ForbiddenError(f"The platform refuses the sensor (code {code}).")
                case Received(topic, payload, packet):
                    if packet:
                        yield self._client.acknowledge(packet)
                    self._answered(_read(topic, payload))
                case _:
                    pass

    def _answered(self, answer: _Answer) -> None:
        self.operation = answer.operation_id
        if answer.status == "assigned":
            state = answer.registration_state
            self.assigned = msgspec.structs.replace(
                self._identity, device=state.device_id, host=state.assigned_hub
            )


def provision(identity: Identity, id_scope: str, clock: Clock, randomness: Randomness) -> Identity:
    """Who the sensor is once it has its hub.

    Raises ForbiddenError when no enrollment is good for the certificate, UnavailableError when nobody
    answers.
    """
    registration = Registration(identity, id_scope)
    deadline = clock.monotonic() + DEADLINE
    try:
        with (
            socket.create_connection((identity.host, identity.port), CONNECT_SECONDS) as plain,
            client_context(identity, randomness).wrap_socket(plain, server_hostname=identity.host) as tls,
        ):
            tls.settimeout(POLL_SECONDS)
            tls.sendall(registration.begin())
            while registration.assigned is None and clock.monotonic() < deadline:
                _step(tls, registration)
    except OSError as error:
        raise UnavailableError(f"{identity.host}:{identity.port} does not answer: {error}.") from None
    if registration.assigned is None:
        raise UnavailableError(f"{identity.host} did not assign the sensor within {DEADLINE:g} seconds.")
    return registration.assigned


def _step(tls: ssl.SSLSocket, registration: Registration) -> None:
    """Take what arrives; when nothing does for a while, ask."""
    try:
        data = tls.recv(_READ)
    except TimeoutError:
        if registration.operation:
            tls.sendall(registration.poll())
        return
    if not data:
        raise ConnectionError("the platform ended the connection")
    for answer in registration.receive(data):
        tls.sendall(answer)


def _read(topic: str, payload: bytes) -> _Answer:
    """`$dps/registrations/res/202/?$rid=1&retry-after=3` and its body."""
    parts = urlsplit(topic)
    status = int(parts.path.rstrip("/").rpartition("/")[2])
    answer = msgspec.json.decode(payload, type=_Answer)
    if status >= 300:
        raise ForbiddenError(f"The platform does not enroll the sensor: {answer.message or status}.")
    if answer.status not in ("assigned", "assigning", "unassigned"):
        raise ForbiddenError(f"The platform does not enroll the sensor: its state is {answer.status}.")
    return answer
