"""The unmodified npm `azure-iot-device-mqtt` and `azure-iot-provisioning-device-mqtt`, run by Node."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.devices.messages import DEVICE_METHOD, STATE_ENQUEUE, STATE_PATCH_DESIRED, message_body
from holdfast.kernel.json import JsonObject
from holdfast.log.port import QueuedMessage
from holdfast.protocol.bags import decode_bag
from holdfast.protocol.sas import derive_key
from tests.gateway.node import Device, install, running
from tests.gateway.platform import Platform, open_platform
from tests.support.pki import issue


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, mqtt_port=8883, https_port=443) as platform:
        (tmp_path / "ca.pem").write_bytes(platform.authority.certificate_pem)
        yield platform


@pytest.mark.parametrize("websocket", [False, True], ids=["mqtt", "websocket"])
async def test_a_device_with_a_key_lives_its_life(platform: Platform, websocket: bool) -> None:
    key = derive_key(platform.key_group(), "dev-1")
    async with running(platform, key=base64.b64encode(key).decode(), websocket=websocket) as device:
        assert await device.says("registered") == {"hub": platform.address, "device": "dev-1"}
        await device.says("ready")
        (record,) = platform.records("telemetry")
        assert json.loads(record.body) == {"temperature": 21.5}
        expected = {"$.ct": "application/json", "$.ce": "utf-8", "room": "a&b=c"}
        assert decode_bag(record.properties).items() >= expected.items()
        twin = platform.state.twin("dev-1")
        assert (twin.reported, twin.model) == ({"fan": {"speed": 3}}, "dtmi:test:thermostat;1")
        await commanded(platform, device)


async def commanded(platform: Platform, device: Device) -> None:
    """Desired properties, a direct method and a cloud-to-device message reach the device."""
    bus = platform.control.bus
    patch: JsonObject = {"device": "dev-1", "module": "", "patch": {"target": 20}, "event": "1"}
    await bus.request("gateway", STATE_PATCH_DESIRED, patch, 5.0)
    assert await device.says("desired") == {"$version": 1}, "the SDK begins with what is there"
    assert await device.says("desired") == {"target": 20, "$version": 2}
    call: JsonObject = {"name": "reboot", "payload": {"in": 5}, "timeout": 10}
    answer = await platform.control.router.request("dev-1", DEVICE_METHOD, call, 15)
    assert answer == {"status": 202, "payload": {"got": {"in": 5}}}
    now = platform.clock.now()
    message = QueuedMessage("c-1", "dev-1", "", b"hello", "%24.mid=c-1", now, now + 60, 0)
    await bus.request("gateway", STATE_ENQUEUE, message_body(message), 5.0)
    assert await device.says("message") == {"body": "hello", "id": "c-1"}
    await device.says("completed")


async def test_a_device_with_a_certificate_registers_and_connects(platform: Platform) -> None:
    root = issue("root", authority=True)
    platform.certificate_group("certificates", root)
    leaf = issue("dev-1", root)
    files = {"certificate": platform.folder / "leaf.pem", "keyFile": platform.folder / "leaf.key"}
    files["certificate"].write_text(leaf.pem)
    files["keyFile"].write_text(leaf.key_pem)
    async with running(platform, **{name: str(path) for name, path in files.items()}) as device:
        await device.says("registered")
        await device.says("ready")
    assert len(platform.bodies()) == 1


async def test_a_refused_registration_fails_with_a_reason(platform: Platform) -> None:
    platform.key_group()
    async with running(platform, key=base64.b64encode(bytes(32)).decode()) as device:
        assert "Unauthorized" in await device.says("failed")
