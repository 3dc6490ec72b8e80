"""The relay: hands every event of the audit log to those who wait for it, in order.

For each event: news to all caches (`invalidate.<kind>`), and for what is asked of a device a request to a
gateway process, repeated until one took it. The position is kept in a file after the effect, so a relay that
is killed hands an event out again; everything that it asks is idempotent by the event's id.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from holdfast.cluster.port import INVALIDATE, Bus
from holdfast.devices import messages
from holdfast.devices.device import DEVICE
from holdfast.devices.manifests import AGENT, with_credentials
from holdfast.kernel.errors import HoldfastError, UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.keys.files import replace_durably
from holdfast.resources.model import Event
from holdfast.resources.port import EventFeed, ResourceStore

BATCH = 200
GATEWAY_DEADLINE = 10.0
RETRY_SECONDS = 0.25
WAIT_SECONDS = 0.5
"""How long one look for news blocks its thread; a stop waits no longer than this."""


class PositionFile:
    """The sequence up to which a consumer is done, in a file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """The position; 0 when the consumer never ran."""
        try:
            return int(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0

    def write(self, sequence: int) -> None:
        """Keep the position; whole or not at all."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_durably(self._path, b"%d\n" % sequence)


def _device_request(event: Event) -> tuple[str, JsonObject] | None:
    """What a gateway has to be asked because of the event."""
    match event.name:
        case "device.desired-patched":
            return messages.STATE_PATCH_DESIRED, {**event.data, "device": event.resource, "event": event.id}
        case "device.message-queued":
            return messages.STATE_ENQUEUE, event.data
        case "device.queue-purged":
            return messages.STATE_PURGE, {"device": event.resource, "event": event.id}
        case "device.file-deleted":
            return messages.STATE_DELETE_FILE, {**event.data, "device": event.resource}
        case "device.deleted":
            return messages.STATE_DELETE, {"device": event.resource, "event": event.id}
    return None


Handle = Callable[[Event], Awaitable[None]]


class Newest:
    """The newest sequence of the audit log: one looks for all the followers of this process."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed
        self._sequence = 0
        self._grown = asyncio.Event()
        """Set, and replaced, when the log grew."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until `stopping` is set."""
        while not stopping.is_set():
            if await asyncio.to_thread(self._feed.wait, self._sequence, WAIT_SECONDS):
                self._sequence = await asyncio.to_thread(self._feed.last)
                self._grown.set()
                self._grown = asyncio.Event()

    async def beyond(self, sequence: int, stopping: asyncio.Event) -> None:
        """Wait until the log is longer than `sequence`, or `stopping` is set."""
        while self._sequence <= sequence and not stopping.is_set():
            waiting = [asyncio.ensure_future(event.wait()) for event in (self._grown, stopping)]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waiting:
                    wait.cancel()


class Follower:
    """Reads the events from a kept position on and hands each to `handle`, until told to stop."""

    def __init__(self, feed: EventFeed, newest: Newest, position: PositionFile, handle: Handle) -> None:
        self._feed = feed
        self._newest = newest
        self._position = position
        self._handle = handle
        self.done = 0
        """The newest sequence that was handled; for metrics."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow until `stopping` is set; what was handled is kept before it returns."""
        self.done = await asyncio.to_thread(self._position.read)
        while not stopping.is_set():
            events = await asyncio.to_thread(self._feed.read, self.done, BATCH)
            if not events:
                await self._newest.beyond(self.done, stopping)
                continue
            for event in events:
                if stopping.is_set():
                    break
                await self._handle(event)
                self.done = event.sequence
            await asyncio.to_thread(self._position.write, self.done)


def news(bus: Bus) -> Handle:
    """Tells every cache what changed. Apart from `device_requests`, so that it never waits for a gateway."""

    async def publish(event: Event) -> None:
        if event.outcome == "ok":
            body: JsonObject = {"id": event.resource, "event": event.name, "sequence": event.sequence}
            await bus.publish(f"{INVALIDATE}{event.kind}", body)

    return publish


def device_requests(bus: Bus, store: ResourceStore, stopping: asyncio.Event) -> Handle:
    """Asks gateways for what is asked of devices, each until one took it."""
    log = structlog.get_logger()

    async def insist(event: Event) -> None:
        request = _device_request(event) if event.outcome == "ok" else None
        if request is not None and event.data.get("module") == AGENT:
            device = await asyncio.to_thread(store.get, DEVICE, event.resource)
            request = request[0], with_credentials(request[1], device)
        while request is not None and not stopping.is_set():
            try:
                await bus.request("gateway", *request, GATEWAY_DEADLINE)
                return
            except UnavailableError:
                await asyncio.sleep(RETRY_SECONDS)
            except HoldfastError as error:  # refused for good: told in the log, and the others go on
                log.warning("a gateway refused an event", method=request[0], reason=str(error))
                return

    return insist
