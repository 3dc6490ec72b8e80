"""What tests of file upload share: the setting, the device's part, and what is stored."""

import json
from typing import Any

from holdfast.devices.file_uploads import FILE_UPLOAD, THE_SETTING
from holdfast.devices.uploads import records
from holdfast.devices.uploads.content import read
from holdfast.devices.uploads.model import Upload
from tests.gateway.https.client import Answer, once
from tests.gateway.platform import Platform

FILES = "/devices/dev-1/files"
CONTAINER = "device-files"


def set_up(platform: Platform, connection: str = "Storage=Local") -> str:
    """File upload with local storage, and a device with its token."""
    body = {"connectionString": connection, "container": CONTAINER, "sasTtl": "PT1H"}
    platform.world.put(FILE_UPLOAD, THE_SETTING, body)  # type: ignore[arg-type]  # texts are JSON
    key = platform.device_with_key("dev-1", platform.key_group())
    return platform.token("dev-1", key)


async def begun(platform: Platform, token: str, name: str = "logs/boot 1.txt") -> Any:
    """The answer to a request to upload `name`."""
    answer = await once(platform, "POST", FILES, json.dumps({"blobName": name}).encode(), token)
    assert answer.status == 200, answer
    return answer.json


def path_of(info: Any, more: str = "") -> str:
    """The path and query of the blob that a device was admitted to."""
    blob = info["blobName"].replace(" ", "%20")
    return f"/{info['containerName']}/{blob}{info['sasToken']}{more}"


async def reported(platform: Platform, token: str, info: Any, *, success: bool = True) -> Answer:
    body = {"correlationId": info["correlationId"], "isSuccess": success, "statusCode": 200}
    return await once(platform, "POST", f"{FILES}/notifications", json.dumps(body).encode(), token)


def files(platform: Platform) -> list[Upload]:
    """The uploads of the device."""
    return platform.state.read(records.of_device, "dev-1")


def content(platform: Platform, upload: Upload) -> bytes:
    """What was uploaded."""
    uploads = platform.gateway.services.uploads
    assert uploads is not None
    return b"".join(read(uploads.blobs, platform.state.read(records.parts_of, upload)))


def raw_files(platform: Platform) -> list[bytes]:
    """The bytes of every file of the content's folder."""
    folder = platform.folder / "device-files"
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
