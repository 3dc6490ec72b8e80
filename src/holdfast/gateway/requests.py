"""What other processes ask of the gateway, by the names in `devices.messages`.

Requests about the device state are served by any gateway: it writes the state in its log's commits, then
rings the session's holder. The bell may get lost with a process; the state is durable, and the device finds
it later.
"""

import asyncio
from dataclasses import dataclass

from holdfast.cluster.port import NotConnectedError
from holdfast.devices import messages
from holdfast.devices.uploads import records
from holdfast.devices.uploads.content import discard
from holdfast.devices.uploads.model import Part
from holdfast.gateway.services import Services
from holdfast.gateway.sessions.twins import patch_desired
from holdfast.kernel.errors import HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.log import operations
from holdfast.protocol.hub import client_id
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.twin import TwinError, check_patch

QUEUE_LENGTH = 50
"""Cloud-to-device messages that may wait for a device, as on the hosted hub."""
DEVICE_RING = "device.ring"
"""Among gateways: `device`, `module`: there is something in its queue."""
DEVICE_DESIRED = "device.desired"
"""Among gateways: `device`, `module`, `patch`, `version`: tell the device."""
BELL_SECONDS = 2.0


@dataclass(frozen=True)
class GatewayRequests:
    """Serves the requests of one gateway process."""

    services: Services

    def serve(self) -> None:
        """Answer from now on."""
        bus = self.services.cluster.bus
        bus.serve(messages.STATE_PATCH_DESIRED, self.patch_desired)
        bus.serve(messages.STATE_ENQUEUE, self.enqueue)
        bus.serve(messages.STATE_PURGE, self.purge)
        bus.serve(messages.STATE_DELETE, self.delete)
        bus.serve(messages.STATE_DELETE_FILE, self.delete_file)
        bus.serve(messages.DEVICE_METHOD, self.method)
        bus.serve(messages.DEVICE_DISCONNECT, self.disconnect)
        bus.serve(DEVICE_RING, self.ring)
        bus.serve(DEVICE_DESIRED, self.desired)

    # ---- device state

    async def patch_desired(self, body: JsonObject) -> JsonObject:
        """See `messages.STATE_PATCH_DESIRED`."""
        services = self.services
        device, module = _name(body)
        now = services.clock.now()
        try:
            patch = check_patch(body.get("patch"))
            twin = await asyncio.wrap_future(
                services.log.submit(patch_desired, device, module, patch, str(body["event"]), now)
            )
        except TwinError as error:
            raise InvalidError(str(error), "patch") from None  # a class that every process knows
        news: JsonObject = {"module": module, "patch": patch, "version": twin.desired_version}
        await self._tell_holder(device, module, DEVICE_DESIRED, news)
        return {"version": twin.desired_version}

    async def enqueue(self, body: JsonObject) -> JsonObject:
        """See `messages.STATE_ENQUEUE`."""
        message = messages.read_message(body)
        queued = await asyncio.wrap_future(
            self.services.log.submit(operations.enqueue, message, QUEUE_LENGTH)
        )
        await self._tell_holder(message.device, message.module, DEVICE_RING, {"module": message.module})
        return {"queued": queued}

    async def purge(self, body: JsonObject) -> JsonObject:
        """See `messages.STATE_PURGE`."""
        device, _ = _name(body)
        return {"purged": await asyncio.wrap_future(self.services.log.submit(operations.purge, device))}

    async def delete(self, body: JsonObject) -> JsonObject:
        """See `messages.STATE_DELETE`."""
        device, _ = _name(body)
        services = self.services
        services.directory.forget(device)  # this may come before the news, and the device back at once
        for session in services.live.of_device(device):
            session.connection.close(Reason.NOT_AUTHORIZED, "the device was deleted", publish_will=False)
        deleted = services.log.submit(operations.delete, device, services.clock.now())
        await asyncio.wrap_future(deleted)
        parts = await asyncio.wrap_future(services.log.submit(records.remove_all, device))
        await self._discard(parts)
        return {}

    async def delete_file(self, body: JsonObject) -> JsonObject:
        """See `messages.STATE_DELETE_FILE`."""
        device, _ = _name(body)
        file = str(body.get("file", ""))
        await self._discard(
            await asyncio.wrap_future(self.services.log.submit(records.remove_file, device, file))
        )
        return {}

    async def _discard(self, parts: list[Part]) -> None:
        if parts and self.services.uploads is not None:
            await asyncio.to_thread(discard, self.services.uploads.blobs, parts)

    async def _tell_holder(self, device: str, module: str, method: str, body: JsonObject) -> None:
        """Reach the session here or, best effort, wherever it is."""
        if self.services.live.get(device, module) is not None:
            local = self.ring if method == DEVICE_RING else self.desired
            await local({**body, "device": device})
            return
        try:
            await self.services.cluster.router.request(client_id(device, module), method, body, BELL_SECONDS)
        except HoldfastError:
            return  # not connected, or gone meanwhile: the state waits for it

    # ---- live sessions

    async def method(self, body: JsonObject) -> JsonObject:
        """See `messages.DEVICE_METHOD`."""
        device, module = _name(body)
        session = self.services.live.get(device, module)
        if session is None:
            raise NotConnectedError(f"Device {client_id(device, module)} is not connected.")
        timeout = body.get("timeout")
        seconds = float(timeout) if isinstance(timeout, int | float) else 30.0
        answer = await session.methods.invoke(
            session, str(body.get("name", "")), body.get("payload"), seconds
        )
        return {"status": answer.status, "payload": answer.payload}

    async def disconnect(self, body: JsonObject) -> JsonObject:
        """See `messages.DEVICE_DISCONNECT`."""
        device, _ = _name(body)
        reason = str(body.get("reason") or "an operator closed the session")
        for session in self.services.live.of_device(device):
            session.connection.close(Reason.ADMINISTRATIVE_ACTION, reason, publish_will=False)
        return {}

    async def ring(self, body: JsonObject) -> JsonObject:
        """See `DEVICE_RING`."""
        session = self.services.live.get(*_name(body))
        if session is not None:
            session.ring()
        return {}

    async def desired(self, body: JsonObject) -> JsonObject:
        """See `DEVICE_DESIRED`."""
        session = self.services.live.get(*_name(body))
        patch, version = body.get("patch"), body.get("version")
        if session is not None and isinstance(patch, dict) and isinstance(version, int):
            session.send_desired(patch, version)
        return {}


def _name(body: JsonObject) -> tuple[str, str]:
    device = body.get("device")
    if not isinstance(device, str) or not device:
        raise InvalidError("The request names no device.", "device")
    # The router adds the holder's whole name, which for a module is `device/module`.
    name, _, module = device.partition("/")
    return name, str(body.get("module") or module)
