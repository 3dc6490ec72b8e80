"""One simulated device: provisions itself, connects, sends, listens, and begins anew when it is cut off."""

import asyncio
from typing import NamedTuple

import structlog

from holdfast.devices.simulation.behaviour import TWIN_GET, Behaviour, Message, subscriptions
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError, UnavailableError
from holdfast.protocol import dps
from holdfast.protocol.json import decode_json
from holdfast.protocol.mqtt.client import Received
from holdfast.protocol.sas import sign_sas
from holdfast.runtime.simulation.link import Endpoint, MqttLink, connected

TOKEN_SECONDS = 86_400
_REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid=1"
_POLL = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId={}"


class Identity(NamedTuple):
    """Who the device is, and how it proves it."""

    device: str
    key: bytes
    id_scope: str
    model: str
    """The model id that it announces."""
    is_provisioned: bool


class Pace(NamedTuple):
    """How fast simulated devices live, in seconds."""

    interval: float = 10.0
    """Between what a device sends."""
    retry: float = 15.0
    """After a refusal or a break. A blocked device is taken off the list before."""


async def simulate(
    identity: Identity, behaviour: Behaviour, endpoint: Endpoint, clock: Clock, pace: Pace
) -> None:
    """Be the device until cancelled."""
    log = structlog.get_logger().bind(device=identity.device)
    must_register = not identity.is_provisioned
    while True:
        try:
            if must_register:
                await _provision(identity, endpoint, clock)
                must_register = False
            await _live(identity, behaviour, endpoint, clock, pace.interval)
        except HoldfastError as error:
            log.info("a simulated device connects again", reason=str(error))
            await asyncio.sleep(pace.retry)


async def _provision(identity: Identity, endpoint: Endpoint, clock: Clock) -> None:
    """Register with the provisioning service. UnavailableError when refused."""
    resource = f"{identity.id_scope}/registrations/{identity.device}"
    token = sign_sas(resource, identity.key, int(clock.now()) + TOKEN_SECONDS, "registration")
    async with connected(endpoint) as link:
        await link.enter(identity.device, f"{resource}/api-version=2019-03-31", token)
        await link.subscribe(dps.RESPONSES)
        body = f'{{"registrationId":"{identity.device}","payload":{{"modelId":"{identity.model}"}}}}'
        await link.publish(_REGISTER, body.encode())
        operation = await _answered(link, 202)
        await link.publish(_POLL.format(operation), b" ")
        await _answered(link, 200)


async def _answered(link: MqttLink, status: int) -> str:
    """The operation that the provisioning service's next answer names."""
    message = await link.receive()
    if not message.topic.startswith(f"$dps/registrations/res/{status}/"):
        raise UnavailableError("the provisioning service refused the registration")
    answer = decode_json(message.payload, dps.MAXIMUM_BODY)
    return str(answer.get("operationId", "")) if isinstance(answer, dict) else ""


async def _live(
    identity: Identity, behaviour: Behaviour, endpoint: Endpoint, clock: Clock, interval: float
) -> None:
    """One connection to the hub, until it breaks."""
    device = identity.device
    resource = f"{endpoint.name}/devices/{device}"
    token = sign_sas(resource, identity.key, int(clock.now()) + TOKEN_SECONDS)
    user = f"{endpoint.name}/{device}/?api-version=2021-04-12&model-id={identity.model}"
    async with connected(endpoint) as link:
        await link.enter(device, user, token)
        await link.subscribe(*subscriptions(device))
        await link.publish(TWIN_GET, b"")
        while True:
            await _publish_all(link, list(behaviour.next(clock.now())))
            deadline = asyncio.get_running_loop().time() + interval
            while (message := await _next(link, deadline)) is not None:
                answers = behaviour.receive(message.topic, message.payload, clock.now())
                await _publish_all(link, list(answers))


async def _next(link: MqttLink, deadline: float) -> Received | None:
    """The next message; None when it is time to speak."""
    try:
        async with asyncio.timeout_at(deadline):
            return await link.receive()
    except TimeoutError:
        return None


async def _publish_all(link: MqttLink, messages: list[Message]) -> None:
    for message in messages:
        await link.publish(message.topic, message.body)
