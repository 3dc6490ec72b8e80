"""The unmodified npm `azure-iot-device-http` and `azure-iot-provisioning-device-http`, run by Node."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.devices.messages import STATE_ENQUEUE, message_body
from holdfast.devices.uploads import records
from holdfast.log.port import QueuedMessage
from holdfast.protocol.bags import decode_bag
from holdfast.protocol.sas import derive_key
from tests.gateway.https.uploading import content, set_up
from tests.gateway.node import SECONDS, install, running
from tests.gateway.platform import Platform, open_platform
from tests.support.pki import issue

SCRIPT = "https.js"


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    install()


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, https_port=443) as platform:
        (tmp_path / "ca.pem").write_bytes(platform.authority.certificate_pem)
        yield platform


async def test_a_device_with_a_key_lives_its_life(platform: Platform) -> None:
    key = derive_key(platform.key_group(), "dev-1")
    async with running(platform, SCRIPT, key=base64.b64encode(key).decode()) as device:
        assert await device.says("registered") == {"hub": platform.address, "device": "dev-1"}
        await device.says("sent")
        records = platform.records("telemetry")
        assert [record.body for record in records] == [b'{"temperature":21.5}', b'{"n":1}', b'{"n":2}']
        assert decode_bag(records[0].properties) == {
            "$.mid": "one",
            "$.ct": "application/json",
            "Room": "a&b=c",
        }
        assert decode_bag(records[1].properties) == {"Room": "a&b=c"}, "the SDK sends no more in batches"
        now = platform.clock.now()
        message = QueuedMessage("c-1", "dev-1", "", b"hello", "%24.mid=c-1&k=v", now, now + 600, 0)
        await platform.control.bus.request("gateway", STATE_ENQUEUE, message_body(message), SECONDS)
        for word in ("abandon", "complete"):
            received = await device.says(word)
            assert (received["body"], received["id"]) == ("hello", "c-1")
            assert received["properties"] == [{"key": "iothub-app-k", "value": "v"}]


async def test_a_device_with_a_certificate_registers_and_sends(platform: Platform) -> None:
    root = issue("root", authority=True)
    platform.certificate_group("certificates", root)
    leaf = issue("dev-1", root)
    files = {"certificate": platform.folder / "leaf.pem", "keyFile": platform.folder / "leaf.key"}
    files["certificate"].write_text(leaf.pem)
    files["keyFile"].write_text(leaf.key_pem)
    async with running(platform, SCRIPT, **{name: str(path) for name, path in files.items()}) as device:
        await device.says("registered")
        await device.says("sent")
    assert len(platform.bodies()) == 3


async def test_a_device_uploads_a_file(platform: Platform) -> None:
    set_up(platform)
    key = derive_key(platform.key_group(), "dev-2")
    size = 9 * 2**20  # more than the SDK sends in one block
    async with running(
        platform, SCRIPT, key=base64.b64encode(key).decode(), id="dev-2", upload=size
    ) as device:
        await device.says("uploaded")
    (file,) = platform.state.read(records.of_device, "dev-2")
    assert (file.name, file.size, file.done) == ("logs/boot 1.txt", size, True)
    assert content(platform, file) == b"holdfast" * (size // 8)


async def test_a_refused_registration_fails_with_a_reason(platform: Platform) -> None:
    platform.key_group()
    async with running(platform, SCRIPT, key=base64.b64encode(bytes(32)).decode()) as device:
        assert "Unauthorized" in await device.says("failed")
