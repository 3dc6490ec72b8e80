"""`/devices/{id}/messages/devicebound`: a device fetches its messages, and settles each by its lock.

They come from the queue that MQTT sessions are served from; a message that was handed out is locked for a
minute, and is handed out again when it was not settled until then.
"""

import asyncio

from holdfast.gateway.https.admission import Sender, admit, keep_pace
from holdfast.gateway.https.exchange import Reply, Request
from holdfast.gateway.https.surfaces import Refused
from holdfast.gateway.services import Services
from holdfast.gateway.sessions.devicebound import LOCK_SECONDS
from holdfast.log import operations
from holdfast.log.port import QueuedMessage
from holdfast.protocol.https.messages import headers_of

BODY_TYPE = "application/octet-stream"


async def receive(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """The next message: 200 with its lock token as the ETag, 204 when none waits."""
    sender = await admit(services, request, path["device"], path.get("module", ""))
    await keep_pace(services, sender, 1)
    now = services.clock.now()
    taken = await asyncio.wrap_future(
        services.log.submit(
            operations.lock,
            sender.device,
            sender.module,
            1,
            now + LOCK_SECONDS,
            now,
            services.randomness,
        )
    )
    return _shown(*taken[0]) if taken else Reply(204)


def _shown(lock: str, message: QueuedMessage) -> Reply:
    headers = headers_of(message.properties, message.enqueued, message.deliveries)
    return Reply(200, [("ETag", f'"{lock}"'), *headers], message.body, BODY_TYPE)


async def complete_or_reject(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """The message is done; with the parameter `reject`, it cannot be used."""
    outcome = "reject" if "reject" in request.head.query else "complete"
    return await _settle(services, request, path, outcome)


async def abandon(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """The message is to be handed out again."""
    return await _settle(services, request, path, "abandon")


async def _settle(services: Services, request: Request, path: dict[str, str], outcome: str) -> Reply:
    sender = await admit(services, request, path["device"], path.get("module", ""))
    await keep_pace(services, sender, 1)
    if not await _settled(services, sender, path["lock"], outcome):
        raise Refused(412, "DeviceMessageLockLost", "The message is not locked by this token any more.")
    return Reply(204)


async def _settled(services: Services, sender: Sender, lock: str, outcome: str) -> bool:
    if not lock:
        return False  # the queue marks messages that nobody has with the empty lock
    return await asyncio.wrap_future(
        services.log.submit(operations.settle, sender.device, lock, outcome, services.clock.now())
    )
