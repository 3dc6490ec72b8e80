"""The block-blob endpoint: what an Azure Storage client sends to the address that a device was given.

An address admits to one blob, for writing, until the upload is reported or its time is over. What comes in is
cut into pieces that are encrypted and on disk before the next is read, so that a file's size is no matter
of memory.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate
from typing import NamedTuple

from holdfast.devices.uploads import records
from holdfast.devices.uploads.content import store
from holdfast.devices.uploads.model import PART_BYTES, Part, StoredBlock, Upload, Uploads
from holdfast.gateway.https.exchange import Reply, Request
from holdfast.gateway.https.files import ACCOUNT, drop, present
from holdfast.gateway.https.surfaces import Refused
from holdfast.gateway.services import Services
from holdfast.gateway.sessions.admission import look_up
from holdfast.kernel.errors import HoldfastError, NotFoundError, TooManyRequestsError
from holdfast.kernel.ids import new_id
from holdfast.log.backend import StateReading
from holdfast.log.view import StateView
from holdfast.protocol.https.blocks import (
    MAXIMUM_LIST_BYTES,
    BlockError,
    block_id,
    encode_block_list,
    parse_block_list,
)
from holdfast.protocol.https.server import HttpError
from holdfast.protocol.https.signatures import Blob, SignatureError, verify_blob

WRITE = "w"
XML = "application/xml"


class Target(NamedTuple):
    """The blob of a request whose signature holds."""

    uploads: Uploads
    upload: Upload


Handler = Callable[[Services, Request, Target], Awaitable[Reply]]


async def serve(services: Services, request: Request, _path: dict[str, str]) -> Reply:
    """Carry out an operation on a blob."""
    target = await _admit(services, request)
    handler = _OPERATIONS.get((request.head.method, request.head.query.get("comp", "")))
    if handler is None:
        raise Refused(400, "InvalidQueryParameterValue", "This operation on blobs is not served here.")
    return await handler(services, request, target)


async def _admit(services: Services, request: Request) -> Target:
    """Refused with 403 for every cause."""
    address, device = request.link.address, request.segments[1] if len(request.segments) > 1 else ""
    if wait := services.lockouts.wait(address, device):
        raise TooManyRequestsError("Too many requests failed to authenticate; wait.", wait)
    try:
        return await _judged(services, request, device)
    except (SignatureError, NotFoundError) as error:
        if isinstance(error, SignatureError):
            await services.lockouts.failed(address, device)
        raise _refusal(services, request, device, error) from None


def _refusal(services: Services, request: Request, device: str, error: Exception) -> Refused:
    """One answer to every cause; the audit has which it was."""
    services.refusals.add(request.link.address, f"upload: {error}", device)
    return Refused(403, "AuthenticationFailed", "The address does not admit to this.")


async def _judged(services: Services, request: Request, device: str) -> Target:
    if services.uploads is None:
        raise NotFoundError("this process serves no file uploads")
    container, _, name = "/".join(request.segments).partition("/")
    blob, key = Blob(ACCOUNT, container, name), services.uploads.key
    verify_blob(request.head.query, blob, key, WRITE, services.clock.now())  # before anything that costs more
    uploads, settings = await present(services)
    if container != settings.container:
        raise NotFoundError("the address is for a container that is not set up any more")
    device = await _living(services, device)
    own_name = name.removeprefix(f"{device}/")
    upload = await asyncio.wrap_future(
        services.log.submit(records.find_open, device, own_name, services.clock.now())
    )
    return Target(uploads, upload)


async def _living(services: Services, device: str) -> str:
    """The device's id as it is stored. NotFoundError when there is none any more, or it is blocked."""
    credentials = await look_up(services, device)
    if credentials is None or not credentials.enabled:
        raise NotFoundError("the device is gone or blocked")
    return credentials.device


# ---- writing


async def _put_blob(services: Services, request: Request, target: Target) -> Reply:
    if request.head.headers.get("x-ms-blob-type", "").lower() != "blockblob":
        raise Refused(400, "InvalidHeaderValue", "Only block blobs are taken: x-ms-blob-type: BlockBlob.")
    parts = await _receive(services, request, target)
    blocks = [StoredBlock("", tuple(parts))]
    limits = target.uploads.limits
    description = _description(services, request, target)

    def commit(view: StateView) -> records.Committed:
        _check_absence(view, request, target)
        return records.commit(view, target.upload, blocks, description, limits)

    return await _committed(services, target, commit, parts)


async def _put_block(services: Services, request: Request, target: Target) -> Reply:
    id = block_id(request.head.query.get("blockid", ""))
    parts = await _receive(services, request, target)
    block = StoredBlock(id, tuple(parts))
    try:
        dropped = await asyncio.wrap_future(
            services.log.submit(records.stage, target.upload, block, target.uploads.limits)
        )
    except HoldfastError:
        await drop(target.uploads, parts)
        raise
    await drop(target.uploads, dropped)
    return Reply(201, _ENCRYPTED)


async def _put_block_list(services: Services, request: Request, target: Target) -> Reply:
    wanted = parse_block_list(await request.body.whole(MAXIMUM_LIST_BYTES))
    description = _description(services, request, target)

    def commit(view: StateView) -> records.Committed:
        _check_absence(view, request, target)
        return records.commit_list(view, target.upload, wanted, description, target.uploads.limits)

    try:
        return await _committed(services, target, commit, [])
    except BlockError as error:
        raise Refused(400, "InvalidBlockList", str(error)) from None


async def _committed(
    services: Services,
    target: Target,
    commit: Callable[[StateView], records.Committed],
    received: list[Part],
) -> Reply:
    try:
        done = await asyncio.wrap_future(services.log.submit(commit))
    except HoldfastError:
        await drop(target.uploads, received)
        raise
    await drop(target.uploads, done.dropped)
    return Reply(201, [*_state(done.upload), *_ENCRYPTED])


def _description(services: Services, request: Request, target: Target) -> Upload:
    """What a commit says of the content beside its bytes."""
    headers = request.head.headers
    given = headers.get("x-ms-blob-content-type") or headers.get("content-type", "")
    content_type = given[:200] if given.isascii() and given.isprintable() else ""  # it becomes a header again
    etag = f'"0x{services.randomness.bytes(8).hex().upper()}"'
    return target.upload._replace(etag=etag, content_type=content_type, committed=services.clock.now())


def _check_absence(state: StateReading, request: Request, target: Target) -> None:
    """`If-None-Match: *`: only where there is no such blob yet."""
    if request.head.headers.get("if-none-match", "").strip() != "*":
        return
    for other in records.of_device(state, target.upload.device):
        if other.name == target.upload.name and other.committed:
            raise Refused(409, "BlobAlreadyExists", "The blob exists already.")


async def _receive(services: Services, request: Request, target: Target) -> list[Part]:
    """The body in pieces that are on disk. Nothing of it is left when it breaks off or is too long."""
    uploads, headers = target.uploads, request.head.headers
    if "x-ms-structured-body" in headers:
        raise Refused(400, "InvalidHeaderValue", "Structured bodies are not taken.")
    maximum = uploads.limits.file_bytes
    if (request.body.length or 0) > maximum:
        raise HttpError(f"A file has at most {maximum:,} bytes.", 413)
    digest = hashlib.md5(usedforsecurity=False)  # of the client's choosing, against damage on the way
    parts: list[Part] = []
    size = 0
    try:
        async with services.receiving:
            async for data in _pieces(services, request, target.upload.device):
                size += len(data)
                if size > maximum:
                    raise HttpError(f"A file has at most {maximum:,} bytes.", 413)
                digest.update(data)
                identifier = new_id(services.clock, services.randomness)
                parts.append(await asyncio.to_thread(store, uploads.blobs, identifier, data))
        if (wanted := headers.get("content-md5")) and wanted != base64.b64encode(digest.digest()).decode():
            raise Refused(400, "Md5Mismatch", "The body is not the one that Content-MD5 was made of.")
    except BaseException:  # a cancelled upload leaves nothing behind either
        await asyncio.shield(drop(uploads, parts))
        raise
    return parts


async def _pieces(services: Services, request: Request, device: str) -> AsyncIterator[bytes]:
    """The body in pieces of `PART_BYTES`. The device is judged again with all that comes of it."""
    buffer = bytearray()
    async for data in request.body.chunks():
        try:
            await _living(services, device)
        except NotFoundError as error:
            raise _refusal(services, request, device, error) from None
        buffer += data
        if len(buffer) >= PART_BYTES:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


# ---- reading


async def _get_block_list(services: Services, request: Request, target: Target) -> Reply:
    committed, staged = await asyncio.wrap_future(services.log.submit(records.blocks_of, target.upload))
    kind = request.head.query.get("blocklisttype", "committed").lower()
    body = encode_block_list(
        [(block.id, block.size) for block in committed if block.id] if kind != "uncommitted" else [],
        [(block.id, block.size) for block in staged] if kind != "committed" else [],
    )
    size = [("x-ms-blob-content-length", str(target.upload.size))]
    return Reply(200, [*(_state(target.upload) if committed else ()), *size], body, XML)


async def _get_properties(_services: Services, _request: Request, target: Target) -> Reply:
    upload = target.upload
    if not upload.committed:
        raise Refused(404, "BlobNotFound", "Nothing was uploaded yet.")
    headers = [*_state(upload), ("x-ms-blob-type", "BlockBlob"), ("x-ms-server-encrypted", "true")]
    return Reply(
        200,
        headers,
        content_type=upload.content_type or "application/octet-stream",
        length=upload.size,
    )


_ENCRYPTED = [("x-ms-request-server-encrypted", "true")]


def _state(upload: Upload) -> list[tuple[str, str]]:
    return [("ETag", upload.etag), ("Last-Modified", formatdate(upload.committed, usegmt=True))]


_OPERATIONS: dict[tuple[str, str], Handler] = {
    ("PUT", ""): _put_blob,
    ("PUT", "block"): _put_block,
    ("PUT", "blocklist"): _put_block_list,
    ("GET", "blocklist"): _get_block_list,
    ("HEAD", ""): _get_properties,
}
"""Method and `comp` → operation."""
