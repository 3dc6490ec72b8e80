"""A simulated thermostat on the unmodified `azure-iot-device` SDK."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from azure.iot.device import X509, Message, MethodResponse
from azure.iot.device.aio import IoTHubDeviceClient, ProvisioningDeviceClient

from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject

MODEL = "dtmi:holdfast:demo:Thermostat;1"
TEMPLATE: JsonObject = {
    "@type": ["ModelDefinition", "DeviceModel"],
    "displayName": "Demo thermostat",
    "capabilityModel": {
        "@id": MODEL,
        "@type": "Interface",
        "displayName": "Thermostat",
        "contents": [
            {"@type": "Telemetry", "name": "temperature", "displayName": "Temperature", "schema": "double"},
            {
                "@type": "Property",
                "name": "targetTemperature",
                "displayName": "Target temperature",
                "schema": "double",
                "writable": True,
            },
            {
                "@type": "Command",
                "name": "blink",
                "displayName": "Blink",
                "request": {"@type": "CommandPayload", "name": "times", "schema": "integer"},
                "response": {"@type": "CommandPayload", "name": "blinked", "schema": "integer"},
            },
        ],
        "@context": ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"],
    },
    "@context": ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"],
}


@dataclass(frozen=True)
class Identity:
    """How a thermostat proves who it is: a key, or a certificate with its key."""

    device: str
    how: str
    """In words, for the table."""
    key: str = ""
    """Base64."""
    certificate: X509 | None = None


@dataclass
class Thermostat:
    """One simulated device."""

    identity: Identity
    id_scope: str
    host: str
    root_ca: str
    client: Any = None  # the SDK ships no types
    target: float = 21.0
    sent: int = 0
    calls: list[str] = field(default_factory=list)

    @property
    def device(self) -> str:
        """Its id."""
        return self.identity.device

    async def provision(self) -> str:
        """Ask the provisioning service; the hub that was assigned. UnavailableError when refused."""
        common = {
            "provisioning_host": self.host,
            "registration_id": self.device,
            "id_scope": self.id_scope,
            "server_verification_cert": self.root_ca,
        }
        if self.identity.certificate is not None:
            client = ProvisioningDeviceClient.create_from_x509_certificate(
                x509=self.identity.certificate, **common
            )
        else:
            client = ProvisioningDeviceClient.create_from_symmetric_key(
                symmetric_key=self.identity.key, **common
            )
        client.provisioning_payload = {"modelId": MODEL}
        result = await client.register()
        if result.status != "assigned" or result.registration_state is None:
            raise UnavailableError(f"{self.device} was not assigned: {result.status}.")
        return str(result.registration_state.assigned_hub)

    async def connect(self, hub: str) -> None:
        """Connect to the hub and answer what comes."""
        common = {"product_info": MODEL, "server_verification_cert": self.root_ca, "keep_alive": 30}
        if self.identity.certificate is not None:
            self.client = IoTHubDeviceClient.create_from_x509_certificate(
                x509=self.identity.certificate, hostname=hub, device_id=self.device, **common
            )
        else:
            self.client = IoTHubDeviceClient.create_from_symmetric_key(
                symmetric_key=self.identity.key, hostname=hub, device_id=self.device, **common
            )
        await self.client.connect()
        await asyncio.to_thread(self._listen)

    def _listen(self) -> None:
        """Subscribe. In a thread: the SDK's setters block until the hub answered."""
        self.client.on_method_request_received = self._answer_method
        self.client.on_twin_desired_properties_patch_received = self._take_desired

    async def send(self, second: float) -> None:
        """Send one measurement: a wave around the target, so that charts have something to show."""
        value = self.target + 1.5 * math.sin(second / 7 + len(self.device))
        message = Message(  # type: ignore[no-untyped-call]  # the SDK's
            msgspec.json.encode({"temperature": round(value, 2)}).decode()
        )
        message.content_type = "application/json"
        message.content_encoding = "utf-8"
        await self.client.send_message(message)
        self.sent += 1

    async def _answer_method(self, request: Any) -> None:  # the SDK ships no types
        self.calls.append(request.name)
        response = MethodResponse.create_from_method_request(request, 200, request.payload)
        await self.client.send_method_response(response)

    async def _take_desired(self, patch: dict[str, Any]) -> None:  # any JSON
        if (target := patch.get("targetTemperature")) is None:
            return
        self.target = float(target)
        acknowledged = {"value": target, "ac": 200, "av": patch["$version"], "ad": "done"}
        await self.client.patch_twin_reported_properties({"targetTemperature": acknowledged})

    async def wait_until_cut_off(self, seconds: float) -> bool:
        """Whether the connection ends within `seconds`."""
        return await until(lambda: not self.client.connected, seconds)

    async def stop(self) -> None:
        """Disconnect and let the SDK's threads end."""
        if self.client is not None:
            await self.client.shutdown()


async def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether `condition` becomes true within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - the SDK signals nothing that could be waited for
                await asyncio.sleep(0.05)
    except TimeoutError:
        return False
    return True
