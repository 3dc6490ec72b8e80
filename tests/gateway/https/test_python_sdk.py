"""The unmodified Python `azure-iot-device` and `azure-storage-blob` upload a file."""

import asyncio
import base64
import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceExistsError
from azure.iot.device.aio import IoTHubDeviceClient
from azure.iot.device.exceptions import ClientError
from azure.storage.blob import BlobBlock, BlobClient, ContentSettings

from holdfast.devices.uploads import records
from tests.gateway.https.uploading import content, set_up
from tests.gateway.platform import Platform, open_platform

Sdk = Any  # the SDK ships no types
SECONDS = 240.0


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, mqtt_port=8883, https_port=443) as platform:
        (tmp_path / "ca.pem").write_bytes(platform.authority.certificate_pem)
        yield platform


@pytest.fixture
async def device(platform: Platform) -> AsyncIterator[Sdk]:
    set_up(platform)
    key = platform.device_with_key("dev-2", platform.key_group("others"), "others")
    client = IoTHubDeviceClient.create_from_symmetric_key(
        symmetric_key=base64.b64encode(key).decode(),
        hostname=platform.address,
        device_id="dev-2",
        server_verification_cert=platform.authority.certificate_pem.decode(),
    )
    async with asyncio.timeout(SECONDS):
        await client.connect()
        yield client
        await client.shutdown()


def blob_client(platform: Platform, info: Sdk, **options: Any) -> BlobClient:
    address = "https://{hostName}/{containerName}/{blobName}{sasToken}".format(**info)
    trusted = str(platform.folder / "ca.pem")
    patience: dict[str, Any] = {"retry_total": 8, "initial_backoff": 1, "increment_base": 1}
    return BlobClient.from_blob_url(address, connection_verify=trusted, **patience, **options)


async def begun(device: Sdk, name: str) -> Sdk:
    """Where to upload to. The SDK waits ten seconds for an answer, which a busy machine may need."""
    for _ in range(10):
        with contextlib.suppress(ClientError):
            return await device.get_storage_info_for_blob(name)
    raise AssertionError("the gateway never answered")


async def test_a_small_and_a_large_file(platform: Platform, device: Sdk) -> None:
    sizes = {"small.csv": 5000, "large.bin": 5 * 2**20}
    for name, size in sizes.items():
        info = await begun(device, name)
        blob = blob_client(platform, info, max_single_put_size=2**20, max_block_size=2**20)
        settings = ContentSettings(content_type="text/csv")
        data = io.BytesIO(b"12345678" * (size // 8))
        await asyncio.to_thread(blob.upload_blob, data, content_settings=settings, overwrite=True)
        found = await asyncio.to_thread(blob.get_blob_properties)
        assert (found.size, found.content_settings.content_type) == (size, "text/csv")
        with contextlib.suppress(ClientError):  # it may have been told all the same
            await device.notify_blob_upload_status(info["correlationId"], True, 200, "done")
    files = [file for file in platform.state.read(records.of_device, "dev-2") if file.done]
    assert {file.name: file.size for file in files} == sizes
    for file in files:
        assert content(platform, file) == b"12345678" * (file.size // 8)


async def test_blocks_are_staged_listed_and_committed(platform: Platform, device: Sdk) -> None:
    info = await begun(device, "blocks")
    blob = blob_client(platform, info)
    blocks = [BlobBlock(block_id=name) for name in ("one", "two")]
    for block in blocks:
        await asyncio.to_thread(blob.stage_block, block.id, block.id.encode() * 2)
    committed, staged = await asyncio.to_thread(blob.get_block_list, "all")
    assert (committed, [block.size for block in staged]) == ([], [6, 6])
    await asyncio.to_thread(blob.commit_block_list, blocks)
    committed, staged = await asyncio.to_thread(blob.get_block_list, "all")
    assert ([block.size for block in committed], staged) == ([6, 6], [])


async def test_what_the_client_is_told_when_it_is_refused(platform: Platform, device: Sdk) -> None:
    info = await begun(device, "once")
    blob = blob_client(platform, info)
    await asyncio.to_thread(blob.upload_blob, b"x")
    with pytest.raises(ResourceExistsError):
        await asyncio.to_thread(blob.upload_blob, b"y")
    await asyncio.to_thread(blob.upload_blob, b"y", overwrite=True)
    with pytest.raises(HttpResponseError):
        await asyncio.to_thread(lambda: blob.download_blob().readall())
    other = blob_client(platform, {**info, "blobName": "dev-1/once"})
    with pytest.raises(ClientAuthenticationError) as refused:
        await asyncio.to_thread(other.upload_blob, b"z")
    assert "AuthenticationFailed" in str(refused.value)
