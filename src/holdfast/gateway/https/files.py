"""`/devices/{id}/files`: a device asks where to upload a file to, and reports how that ended."""

import asyncio
from urllib.parse import quote, urlsplit

import msgspec

from holdfast.devices.file_uploads import AzureBlobs, UploadSettings
from holdfast.devices.uploads import records
from holdfast.devices.uploads.content import discard
from holdfast.devices.uploads.model import Part, Upload, Uploads, check_name
from holdfast.gateway.https.admission import Sender, admit, keep_pace
from holdfast.gateway.https.exchange import Reply, Request
from holdfast.gateway.https.surfaces import Refused
from holdfast.gateway.services import Services
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject
from holdfast.log import operations
from holdfast.protocol.https.signatures import Blob, encode_query, sign_blob
from holdfast.protocol.json import decode_json

ACCOUNT = "holdfast"
"""The account that our own addresses are signed for."""
MAXIMUM_BODY = 16 * 1024


async def begin(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """Give the device an address that admits it to one blob."""
    since = services.clock.now()
    sender = await admit(services, request, path["device"])
    await keep_pace(services, sender, 1)
    body = _object(await request.body.whole(MAXIMUM_BODY))
    name = check_name(body.get("blobName"))
    uploads, settings = await present(services)
    upload = _upload(services, sender, name, settings)
    now = services.clock.now()
    begun = services.log.submit(
        operations.unless_deleted, sender.device, since, records.begin, upload, uploads.limits, now
    )
    dropped = await asyncio.wrap_future(begun)
    await drop(uploads, dropped)
    return Reply(200, body=msgspec.json.encode(_answer(request, upload, uploads, settings)))


async def report(services: Services, request: Request, path: dict[str, str]) -> Reply:
    """The device says how the upload ended."""
    sender = await admit(services, request, path["device"])
    await keep_pace(services, sender, 1)
    body = _object(await request.body.whole(MAXIMUM_BODY))
    correlation = path.get("correlation") or body.get("correlationId")
    if not isinstance(correlation, str) or not isinstance(body.get("isSuccess"), bool):
        raise InvalidError("The report needs a correlationId and isSuccess, true or false.", "/correlationId")
    uploads, _settings = await present(services)
    now = services.clock.now()
    _file, dropped = await asyncio.wrap_future(
        services.log.submit(records.report, sender.device, correlation, _told(body), now)
    )
    await drop(uploads, dropped)
    return Reply(204)


def _object(body: bytes) -> JsonObject:
    value = decode_json(body, MAXIMUM_BODY)
    if not isinstance(value, dict):
        raise InvalidError("The body must be a JSON object.", "")
    return value


def _told(body: JsonObject) -> JsonObject:
    """Of a report, what is kept: within bounds, and of the types that it should have."""
    status, description = body.get("statusCode"), body.get("statusDescription")
    return {
        "isSuccess": body.get("isSuccess"),
        "statusCode": status if isinstance(status, int) else None,
        "statusDescription": description[:1000] if isinstance(description, str) else None,
    }


async def present(services: Services) -> tuple[Uploads, UploadSettings]:
    """What serves uploads, and the setting. Refused when they are not set up."""
    uploads = services.uploads
    try:
        if uploads is None:
            raise NotFoundError("This process serves no file uploads.")
        return uploads, await asyncio.to_thread(uploads.settings)
    except NotFoundError:
        message = "File upload is not set up in this application."
        raise Refused(400, "InvalidStorageEndpoint", message) from None


def _upload(services: Services, sender: Sender, name: str, settings: UploadSettings) -> Upload:
    now = services.clock.now()
    address = ""
    if isinstance(settings.storage, AzureBlobs):
        address = f"{settings.storage.endpoint}/{settings.container}/{quote(f'{sender.device}/{name}')}"
    return Upload(
        new_id(services.clock, services.randomness),
        sender.device,
        name,
        now,
        now + settings.lifetime,
        address=address,
    )


def _answer(request: Request, upload: Upload, uploads: Uploads, settings: UploadSettings) -> JsonObject:
    account, key, host = ACCOUNT, uploads.key, request.host
    if isinstance(settings.storage, AzureBlobs):
        parts = urlsplit(settings.storage.endpoint)
        account, key, host = settings.storage.account, settings.storage.key, f"{parts.netloc}{parts.path}"
    name = f"{upload.device}/{upload.name}"
    expires = f"{isoformat(upload.expires)[:19]}Z"
    query = sign_blob(Blob(account, settings.container, name), key, expires)
    return {
        "correlationId": upload.id,
        "hostName": host,
        "containerName": settings.container,
        "blobName": name,
        "sasToken": encode_query(query),
    }


async def end_overdue(services: Services) -> None:
    """Forget the uploads whose time is over; what was committed in time stays."""
    if services.uploads is not None:
        now = services.clock.now()
        parts = await asyncio.wrap_future(services.log.submit(records.sweep, now))
        await drop(services.uploads, parts)


async def drop(uploads: Uploads, parts: list[Part]) -> None:
    """Delete pieces that nothing refers to any more."""
    if parts:
        await asyncio.to_thread(discard, uploads.blobs, parts)
