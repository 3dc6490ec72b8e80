"""`POST /devices/{id}/messages/events`: telemetry, one message or a batch, answered when it is on disk."""

import asyncio

from holdfast.gateway.https.admission import Sender, admit, admit_still, keep_pace
from holdfast.gateway.https.exchange import Reply, Request
from holdfast.gateway.services import Services
from holdfast.kernel.errors import UnavailableError
from holdfast.log.port import Entry
from holdfast.protocol.https.messages import (
    BATCH_OVERHEAD,
    BATCH_TYPE,
    DeviceMessage,
    bag_of,
    decode_batch,
)
from holdfast.protocol.https.server import HttpError


async def send(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """Take telemetry; 204 once every message of it is durable."""
    sender = await admit(services, request, path["device"], path.get("module", ""))
    messages = await _messages(services, request)
    await keep_pace(services, sender, len(messages))
    await admit_still(services, request, sender)
    if services.ingest.is_full:
        services.ingest.park(request.link)
    await _stored(services, sender, messages)
    return Reply(204)


async def _messages(services: Services, request: Request) -> list[DeviceMessage]:
    maximum = services.limits.message_bytes
    own = request.head.path
    content_type = request.head.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == BATCH_TYPE:
        body = await request.body.whole(2 * maximum + BATCH_OVERHEAD)
        return decode_batch(body, maximum, own)
    properties = bag_of(request.head.pairs, own)
    body = await request.body.whole(maximum)
    if len(body) + len(properties) > maximum + len(own):
        raise HttpError(f"The message is larger than {maximum:,} bytes.", 413)
    return [DeviceMessage(properties, body)]


async def _stored(services: Services, sender: Sender, messages: list[DeviceMessage]) -> None:
    """Return when the messages are on disk. UnavailableError when they cannot be stored."""
    now = services.clock.now()
    receipts = [Receipt() for _ in messages]
    for message, receipt in zip(messages, receipts, strict=True):
        entry = Entry(sender.device, sender.module, "telemetry", now, message.properties, message.body)
        services.ingest.report_to(receipt)
        services.ingest.add(entry)
    await asyncio.gather(*(receipt.future for receipt in receipts))


class Receipt:
    """Waits for one message; implements `ingest.Waiter`. A long batch may be appended in several parts."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def durable(self) -> None:
        """See `ingest.Waiter.durable`."""
        if not self.future.done():
            self.future.set_result(None)

    def not_durable(self, error: Exception) -> None:
        """See `ingest.Waiter.not_durable`."""
        if not self.future.done():
            self.future.set_exception(UnavailableError("Messages cannot be stored now; try again."))

    def slow_down(self, seconds: float) -> None:
        """See `ingest.Waiter.slow_down`; a request was held back before it came here."""
