"""`/api/devices/{device}/files`: the files that devices uploaded, for people. Reading one is audited."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response, StreamingResponse

from holdfast.api.central.common import visible
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.devices.device import DEVICE
from holdfast.devices.file_uploads import AzureBlobs, upload_settings
from holdfast.devices.messages import file_deletion
from holdfast.devices.uploads import records
from holdfast.devices.uploads.content import read
from holdfast.devices.uploads.model import Upload
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.protocol.https.signatures import READ as READ_BLOB
from holdfast.protocol.https.signatures import Blob, encode_query, sign_blob
from holdfast.storage.blobs import Blobs

READ, DELETE = Permission.DEVICE_FILES_READ, Permission.DEVICE_FILES_DELETE
ADDRESS_SECONDS = 300.0
"""For how long a person is admitted to a file that lies in another storage."""


@dataclass(frozen=True)
class FileContent:
    """The content of uploaded files."""

    blobs: Blobs


def shown(upload: Upload) -> JsonObject:
    """A file as the API shows it."""
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.size,
        "contentType": upload.content_type,
        "uploaded": isoformat(upload.committed),
        "storage": upload.address or "local",
    }


def files_of(request: ApiRequest, device: str) -> list[Upload]:
    """The files of a device that are complete, newest first."""
    found = request.services.state.read(records.of_device, device)
    return [upload for upload in reversed(found) if upload.done]


def _list(request: ApiRequest) -> Reply:
    device = visible(request, DEVICE, request.path["device"], READ)
    return Reply(200, {"value": [shown(upload) for upload in files_of(request, device.id)]})


def _file(request: ApiRequest, permission: Permission) -> Upload:
    device = visible(request, DEVICE, request.path["device"], permission)
    upload = request.services.state.read(records.find, device.id, request.path["file"])
    if not upload.done:
        raise NotFoundError("The file is not uploaded yet.")
    return upload


def _get(request: ApiRequest) -> Reply:
    return Reply(200, shown(_file(request, READ)))


def _content(request: ApiRequest) -> Response:
    upload = _file(request, READ)
    data: JsonObject = {"file": upload.id, "name": upload.name}
    request.services.changes.record(request.principal, "deviceFile.read", resource=upload.device, data=data)
    if upload.address:
        return RedirectResponse(_elsewhere(request, upload), 302)
    parts = request.services.state.read(records.parts_of, upload)
    pieces: Iterator[bytes] = read(request.services.extension(FileContent).blobs, parts)
    name = upload.name.rpartition("/")[2]
    headers = {
        "content-length": str(upload.size),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    # The type that the device claims is shown, not believed: by the name, and never one that a browser runs.
    media = mimetypes.guess_type(name)[0] or ""
    safe = media if media.startswith(("image/png", "image/jpeg", "text/csv", "text/plain")) else ""
    return StreamingResponse(pieces, 200, headers, safe or "application/octet-stream")


def _elsewhere(request: ApiRequest, upload: Upload) -> str:
    """The address of a file in a storage account, signed for reading for some minutes."""
    settings = upload_settings(request.services.store)
    if not isinstance(settings.storage, AzureBlobs) or not upload.address.startswith(
        f"{settings.storage.endpoint}/{settings.container}/"
    ):
        raise NotFoundError("The file lies in a storage that is not set up here any more.")
    blob = Blob(settings.storage.account, settings.container, f"{upload.device}/{upload.name}")
    expires = f"{isoformat(request.services.clock.now() + ADDRESS_SECONDS)[:19]}Z"
    return upload.address + encode_query(sign_blob(blob, settings.storage.key, expires, READ_BLOB))


def _delete(request: ApiRequest) -> Reply:
    upload = _file(request, DELETE)
    request.services.changes.apply(request.principal, file_deletion(upload.device, upload.id))
    return Reply(204)


_FILES, _A_FILE = "/api/devices/{device}/files", "/api/devices/{device}/files/{file}"

ROUTES = [
    Route("GET", _FILES, READ, _list, "List the files that a device uploaded"),
    Route("GET", _A_FILE, READ, _get, "Read what is known of a file"),
    Route("GET", f"{_A_FILE}/content", READ, _content, "Download a file; audited"),
    Route("DELETE", _A_FILE, DELETE, _delete, "Delete a file"),
]
