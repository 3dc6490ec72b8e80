"""A device on the unmodified SDK that lives in a thread of its own, for tests that are not coroutines."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from azure.iot.device import Message, MethodResponse
from azure.iot.device.aio import IoTHubDeviceClient, ProvisioningDeviceClient

SECONDS = 60.0


class SdkDevice:
    """A connected device: sends what it is told to, acknowledges desired properties, answers commands."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._client: Any = None  # the SDK ships no types

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the device's thread, and wait for it."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def connect(self, host: str, scope: str, device: str, key: str, root_ca: str) -> None:
        """Provision and connect."""
        common = {"symmetric_key": key, "server_verification_cert": root_ca}
        registration = ProvisioningDeviceClient.create_from_symmetric_key(host, device, scope, **common)
        assigned = (await registration.register()).registration_state
        assert assigned is not None
        self._client = IoTHubDeviceClient.create_from_symmetric_key(
            hostname=assigned.assigned_hub, device_id=device, **common
        )
        await self._client.connect()
        await asyncio.to_thread(self._listen)

    def _listen(self) -> None:
        self._client.on_method_request_received = self._answer
        self._client.on_twin_desired_properties_patch_received = self._acknowledge

    async def _answer(self, request: Any) -> None:
        response = MethodResponse.create_from_method_request(request, 200, {"did": request.name})
        await self._client.send_method_response(response)

    async def _acknowledge(self, patch: dict[str, Any]) -> None:
        version = patch.pop("$version")
        answer = {name: {"value": v, "ac": 200, "av": version, "ad": "done"} for name, v in patch.items()}
        await self._client.patch_twin_reported_properties(answer)

    async def send(self, text: str) -> None:
        """Send a message."""
        message = Message(text)  # type: ignore[no-untyped-call]  # the SDK ships no types
        message.content_type, message.content_encoding = "application/json", "utf-8"
        await self._client.send_message(message)

    async def stop(self) -> None:
        """Disconnect for good."""
        if self._client is not None:
            await self._client.shutdown()


@contextmanager
def sdk_device() -> Iterator[SdkDevice]:
    """A device that is gone afterwards."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    device = SdkDevice(loop)
    try:
        yield device
    finally:
        device.run(device.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()
