"""The unmodified PyPI `azure-iot-device`: provisioning and hub, over MQTT (8883) and WebSocket (443).

The SDK insists on these ports, so each platform has a loopback address of its own.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from azure.iot.device import X509, Message, MethodResponse
from azure.iot.device.aio import IoTHubDeviceClient, ProvisioningDeviceClient
from azure.iot.device.exceptions import ClientError, CredentialError

from holdfast.devices.messages import DEVICE_METHOD, STATE_ENQUEUE, STATE_PATCH_DESIRED, message_body
from holdfast.kernel.json import JsonObject
from holdfast.log.port import QueuedMessage
from holdfast.protocol.bags import decode_bag
from holdfast.protocol.sas import derive_key
from tests.gateway.platform import SCOPE, Platform, open_platform
from tests.support.pki import Identity, issue

Sdk = Any  # the SDK ships no types
SECONDS = 60.0


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, mqtt_port=8883, https_port=443) as platform:
        yield platform


def options(platform: Platform, websockets: bool) -> dict[str, Any]:
    return {"server_verification_cert": platform.authority.certificate_pem.decode(), "websockets": websockets}


async def provision(platform: Platform, id: str, key: bytes, websockets: bool = False) -> Sdk:
    client = ProvisioningDeviceClient.create_from_symmetric_key(
        provisioning_host=platform.address,
        registration_id=id,
        id_scope=SCOPE,
        symmetric_key=base64.b64encode(key).decode(),
        **options(platform, websockets),
    )
    client.provisioning_payload = {"modelId": "dtmi:test:thermostat;1"}
    async with asyncio.timeout(SECONDS):
        return await client.register()


def hub_client(platform: Platform, id: str, key: bytes, websockets: bool = False, **more: Any) -> Sdk:
    return IoTHubDeviceClient.create_from_symmetric_key(
        symmetric_key=base64.b64encode(key).decode(),
        hostname=platform.address,
        device_id=id,
        **options(platform, websockets),
        **more,
    )


async def connected(client: Sdk) -> Sdk:
    async with asyncio.timeout(SECONDS):
        await client.connect()
    return client


@pytest.mark.parametrize("websockets", [False, True], ids=["mqtt", "websocket"])
async def test_a_device_lives_its_life(platform: Platform, websockets: bool) -> None:
    group_key = platform.key_group()
    key = derive_key(group_key, "dev-1")
    result = await provision(platform, "dev-1", key, websockets)
    assert (result.status, result.registration_state.assigned_hub) == ("assigned", platform.address)
    device = hub_client(platform, "dev-1", key, websockets, product_info="dtmi:a:b;1")
    async with asyncio.timeout(2 * SECONDS):
        await connected(device)
        await sends_telemetry(platform, device)
        await has_a_twin(platform, device)
        await answers_methods(platform, device)
        await takes_messages(platform, device)
        await device.shutdown()
    assert platform.state.twin("dev-1").model == "dtmi:a:b;1"


async def sends_telemetry(platform: Platform, device: Sdk) -> None:
    message: Sdk = Message(json.dumps({"temperature": 21.5}), content_type="application/json")  # type: ignore[no-untyped-call]  # untyped SDK
    message.content_encoding = "utf-8"
    message.message_id = "m 1"
    message.custom_properties["room"] = "a&b=c"
    await device.send_message(message)
    (record,) = platform.records("telemetry")
    assert json.loads(record.body) == {"temperature": 21.5}
    assert decode_bag(record.properties) == {
        "$.mid": "m 1",
        "$.ct": "application/json",
        "$.ce": "utf-8",
        "room": "a&b=c",
    }


async def handle(device: Sdk, event: str, handler: object) -> None:
    """Set a handler. The SDK subscribes meanwhile and blocks, so that cannot happen on the gateway's own
    loop."""
    await asyncio.to_thread(setattr, device, event, handler)


async def collect(device: Sdk, event: str) -> "asyncio.Queue[Any]":
    """What the SDK hands to a handler, which it calls on a thread of its own."""
    found: asyncio.Queue[Any] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    await handle(device, event, lambda value: loop.call_soon_threadsafe(found.put_nowait, value))
    return found


async def has_a_twin(platform: Platform, device: Sdk) -> None:
    patches = await collect(device, "on_twin_desired_properties_patch_received")
    await device.patch_twin_reported_properties({"fan": {"speed": 3}})
    twin = await device.get_twin()
    assert twin == {"desired": {"$version": 1}, "reported": {"fan": {"speed": 3}, "$version": 2}}
    body: JsonObject = {"device": "dev-1", "module": "", "patch": {"target": 20}, "event": "1"}
    await platform.control.bus.request("gateway", STATE_PATCH_DESIRED, body, 5.0)
    assert await patches.get() == {"target": 20, "$version": 2}


async def answers_methods(platform: Platform, device: Sdk) -> None:
    async def answer(request: Sdk) -> None:
        response = MethodResponse.create_from_method_request(request, 202, {"got": request.payload})
        await device.send_method_response(response)

    await handle(device, "on_method_request_received", answer)
    body: JsonObject = {"name": "reboot", "payload": {"in": 5}, "timeout": 10}
    result = await platform.control.router.request("dev-1", DEVICE_METHOD, body, 15)
    assert result == {"status": 202, "payload": {"got": {"in": 5}}}


async def takes_messages(platform: Platform, device: Sdk) -> None:
    messages = await collect(device, "on_message_received")
    now = platform.clock.now()
    queued = QueuedMessage("c-1", "dev-1", "", b"hello", "%24.mid=c-1&k=v%20w", now, now + 60, 0)
    await platform.control.bus.request("gateway", STATE_ENQUEUE, message_body(queued), 5.0)
    message = await messages.get()
    assert (message.data, message.message_id, message.custom_properties) == (b"hello", "c-1", {"k": "v w"})


def certificate(platform: Platform, identity: Identity, *above: Identity) -> Sdk:
    path = platform.folder / "device.pem"
    key = platform.folder / "device.key"
    path.write_text(identity.pem + "".join(other.pem for other in above))
    key.write_text(identity.key_pem)
    return X509(str(path), str(key))  # type: ignore[no-untyped-call]  # untyped SDK


@pytest.mark.parametrize("websockets", [False, True], ids=["mqtt", "websocket"])
async def test_a_device_with_a_chain_registers_and_connects(platform: Platform, websockets: bool) -> None:
    root = issue("root", authority=True)
    platform.certificate_group("certificates", root)
    middle = issue("middle", root, authority=True)
    x509 = certificate(platform, issue("dev-1", middle), middle)
    registering = ProvisioningDeviceClient.create_from_x509_certificate(
        provisioning_host=platform.address,
        registration_id="dev-1",
        id_scope=SCOPE,
        x509=x509,
        **options(platform, websockets),
    )
    async with asyncio.timeout(2 * SECONDS):
        result: Sdk = await registering.register()
        assert result.status == "assigned"
        device = IoTHubDeviceClient.create_from_x509_certificate(
            x509=x509,
            hostname=result.registration_state.assigned_hub,
            device_id=result.registration_state.device_id,
            **options(platform, websockets),
        )
        await device.connect()
        await device.send_message("x")
        await device.shutdown()
    assert platform.bodies() == [b"x"]


async def test_a_device_known_by_its_thumbprint_connects(platform: Platform) -> None:
    own = issue("dev-1")
    platform.device_with_thumbprint("dev-1", own)
    device = IoTHubDeviceClient.create_from_x509_certificate(
        x509=certificate(platform, own),
        hostname=platform.address,
        device_id="dev-1",
        **options(platform, False),
    )
    await connected(device)
    await device.shutdown()


async def test_a_wrong_key_is_a_credential_error(platform: Platform) -> None:
    platform.device_with_key("dev-1", platform.key_group())
    device = hub_client(platform, "dev-1", bytes(32), connection_retry=False)
    with pytest.raises(CredentialError):
        await connected(device)
    await device.shutdown()


async def test_a_refused_registration_is_an_error_with_its_code(platform: Platform) -> None:
    platform.key_group()
    with pytest.raises(ClientError) as refused:
        await provision(platform, "dev-1", bytes(32))
    assert "401" in str(refused.value.__cause__)


async def test_the_sdk_survives_a_broken_connection_with_its_subscriptions(platform: Platform) -> None:
    """It reconnects with CleanSession 0 and never subscribes again."""
    key = platform.device_with_key("dev-1", platform.key_group())
    device = hub_client(platform, "dev-1", key, connection_retry_interval=1)
    async with asyncio.timeout(2 * SECONDS):
        await connected(device)
        messages = await collect(device, "on_message_received")
        live = platform.gateway.services.live
        for listener in platform.gateway.listeners:
            listener.abort_all()
        while live.get("dev-1") is not None:
            await asyncio.sleep(0.01)
        now = platform.clock.now()
        queued = QueuedMessage("c-1", "dev-1", "", b"hello", "", now, now + 60, 0)
        await platform.control.bus.request("gateway", STATE_ENQUEUE, message_body(queued), 5.0)
        assert (await messages.get()).data == b"hello"
        await device.send_message("after")
        await device.shutdown()
    assert platform.bodies() == [b"after"]
