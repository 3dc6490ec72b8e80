"""What changes the records of uploads: plain functions over the device state, run in the log's commits.

Three spaces, each under `device/upload id`: the upload itself, the blocks that were staged for it, and the
blocks of its committed content. Whoever runs one of these deletes the parts that it gives back: after the
commit, so that a crash leaves a piece too much and never one too few.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from holdfast.devices.uploads.model import (
    MAXIMUM_OPEN,
    Part,
    QuotaExceededError,
    StoredBlock,
    Upload,
    UploadLimits,
)
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.log.backend import StateReading
from holdfast.log.port import Entry
from holdfast.log.view import StateView
from holdfast.protocol.https.blocks import Block, BlockError

UPLOADS = "upload"
STAGED = "upload-staged"
CONTENT = "upload-content"

_encode = msgspec.msgpack.Encoder().encode


class Committed(NamedTuple):
    """What a commit did."""

    upload: Upload
    dropped: list[Part]
    """Parts that nothing refers to any more."""


def of_device(state: StateReading, device: str) -> list[Upload]:
    """Every upload of a device, oldest first."""
    found = [_decode(value) for _key, value in state.scan(UPLOADS, f"{device}/")]
    return sorted(found, key=lambda upload: (upload.created, upload.id))


def find(state: StateReading, device: str, id: str) -> Upload:
    """One upload. NotFoundError."""
    value = state.get(UPLOADS, f"{device}/{id}") if "/" not in id else None
    if value is None:
        raise NotFoundError(f"The device has no upload {id[:64]}.")
    return _decode(value)


def find_open(state: StateReading, device: str, name: str, now: float) -> Upload:
    """The newest upload of this name that is still open. NotFoundError."""
    for upload in reversed(of_device(state, device)):
        if upload.name == name and not upload.done and upload.expires >= now and not upload.address:
            return upload
    raise NotFoundError("The upload was reported already, or its time is over.")


def blocks_of(state: StateReading, upload: Upload) -> tuple[list[StoredBlock], list[StoredBlock]]:
    """The committed and the staged blocks of an upload."""
    return committed_of(state, upload), staged_of(state, upload)


def committed_of(state: StateReading, upload: Upload) -> list[StoredBlock]:
    """The blocks of an upload's content, in order."""
    value = state.get(CONTENT, _key(upload))
    return msgspec.msgpack.decode(value, type=list[StoredBlock]) if value is not None else []


def staged_of(state: StateReading, upload: Upload) -> list[StoredBlock]:
    """The blocks that were sent for an upload and are not its content yet."""
    return [_block(value) for _, value in state.scan(STAGED, f"{_key(upload)}/")]


def everything(state: StateReading) -> list[Upload]:
    """The uploads of all devices."""
    return [_decode(value) for _key, value in state.scan(UPLOADS, "")]


def parts_of(state: StateReading, upload: Upload) -> list[Part]:
    """The pieces of the committed content, in order."""
    return [part for block in blocks_of(state, upload)[0] for part in block.parts]


def begin(view: StateView, upload: Upload, limits: UploadLimits, now: float) -> list[Part]:
    """Note a new upload. QuotaExceededError; the parts of uploads whose time is over are given back."""
    dropped = [part for old in of_device(view, upload.device) for part in _expire(view, old, now)]
    present = of_device(view, upload.device)
    if sum(not other.done for other in present) >= MAXIMUM_OPEN:
        raise QuotaExceededError(f"The device has {MAXIMUM_OPEN} uploads under way; report them first.")
    if len(present) >= limits.files:
        raise QuotaExceededError(f"The device has {limits.files:,} files; delete some first.")
    _put(view, upload)
    return dropped


def stage(view: StateView, upload: Upload, block: StoredBlock, limits: UploadLimits) -> list[Part]:
    """Keep a block until a list commits it; of two with one id the later counts. QuotaExceededError."""
    _check_open(view, upload)
    _check_room(view, upload, block.size, limits)
    key = f"{_key(upload)}/{block.id}"
    former = view.get(STAGED, key)
    view.put(STAGED, key, _encode(block))
    return list(_block(former).parts) if former is not None else []


def commit_list(
    view: StateView, upload: Upload, wanted: Sequence[Block], description: Upload, limits: UploadLimits
) -> Committed:
    """Make the named blocks the content. BlockError when one is not there."""
    committed, staged = blocks_of(view, upload)
    before = {block.id: block for block in committed}
    fresh = {block.id: block for block in staged}
    sources = {"Committed": before, "Uncommitted": fresh, "Latest": {**before, **fresh}}
    try:
        blocks = [sources[block.kind][block.id] for block in wanted]
    except KeyError:
        raise BlockError("The list names a block that was not sent.") from None
    return commit(view, upload, blocks, description, limits)


def commit(
    view: StateView,
    upload: Upload,
    blocks: Sequence[StoredBlock],
    description: Upload,
    limits: UploadLimits,
) -> Committed:
    """Make these blocks the content; etag, type and time come from `description`. QuotaExceededError."""
    _check_open(view, upload)
    committed, staged = blocks_of(view, upload)
    size = sum(block.size for block in blocks)
    if size > limits.file_bytes:
        raise QuotaExceededError(f"A file has at most {limits.file_bytes:,} bytes.")
    kept = {part.blob for block in blocks for part in block.parts}
    _check_room(view, upload, sum(block.size for block in blocks if block not in staged), limits)
    dropped = [part for block in (*committed, *staged) for part in block.parts if part.blob not in kept]
    _forget_staged(view, upload)
    view.put(CONTENT, _key(upload), _encode(list(blocks)))
    stored = find(view, upload.device, upload.id)._replace(
        size=size,
        etag=description.etag,
        content_type=description.content_type,
        committed=description.committed,
    )
    _put(view, stored)
    return Committed(stored, dropped)


def report(
    view: StateView, device: str, id: str, result: JsonObject, now: float
) -> tuple[Upload | None, list[Part]]:
    """The device says how the upload ended. Success makes the file, and a record of it in the log.

    A file of the same name that was there before is replaced. NotFoundError when there is no such upload.
    """
    upload = find(view, device, id)
    if upload.done:
        raise NotFoundError(f"The upload {id[:64]} was reported already.")
    there = bool(upload.committed or upload.address)
    if result.get("isSuccess") is not True or not there:
        return None, remove(view, upload)
    return _finish(view, upload, result, now)


def _finish(view: StateView, upload: Upload, result: JsonObject, now: float) -> tuple[Upload, list[Part]]:
    stored = upload._replace(done=True, committed=upload.committed or now)
    dropped = [
        part
        for other in of_device(view, upload.device)
        if other.name == upload.name and other.id != upload.id and other.done
        for part in remove(view, other)
    ]
    _put(view, stored)
    _committed, staged = blocks_of(view, upload)
    _forget_staged(view, upload)
    body: JsonObject = {
        "correlationId": stored.id,
        "blobName": f"{stored.device}/{stored.name}",
        "blobSizeInBytes": stored.size,
        "contentType": stored.content_type,
        "statusCode": result.get("statusCode"),
        "statusDescription": result.get("statusDescription"),
    }
    view.append(Entry(stored.device, "", "uploaded", now, "", msgspec.json.encode(body)))
    return stored, [*dropped, *(part for block in staged for part in block.parts)]


def remove(view: StateView, upload: Upload) -> list[Part]:
    """Forget an upload with its content."""
    committed, staged = blocks_of(view, upload)
    _forget_staged(view, upload)
    view.delete(CONTENT, _key(upload))
    view.delete(UPLOADS, _key(upload))
    return [part for block in (*committed, *staged) for part in block.parts]


def remove_file(view: StateView, device: str, id: str) -> list[Part]:
    """Forget a file; nothing when it is gone already (the outbox may ask twice)."""
    try:
        return remove(view, find(view, device, id))
    except NotFoundError:
        return []


def remove_all(view: StateView, device: str) -> list[Part]:
    """Forget every upload of a device."""
    return [part for upload in of_device(view, device) for part in remove(view, upload)]


def sweep(view: StateView, now: float) -> list[Part]:
    """End the uploads of all devices whose time is over."""
    return [part for upload in everything(view) for part in _expire(view, upload, now)]


def _expire(view: StateView, upload: Upload, now: float) -> Iterable[Part]:
    """What was committed in time stays, though the device never reported it; everything else goes."""
    if upload.done or upload.expires >= now:
        return []
    if upload.committed:
        return _finish(view, upload, {"statusDescription": "not reported by the device"}, now)[1]
    return remove(view, upload)


def _check_open(state: StateReading, upload: Upload) -> None:
    """NotFoundError when the upload ended while its content was on the way."""
    if find(state, upload.device, upload.id).done:
        raise NotFoundError("The upload was reported meanwhile.")


def _check_room(view: StateView, upload: Upload, size: int, limits: UploadLimits) -> None:
    held = sum(other.size for other in of_device(view, upload.device))
    waiting = sum(_block(value).size for _key, value in view.scan(STAGED, f"{upload.device}/"))
    if held + waiting + size > limits.device_bytes:
        raise QuotaExceededError(f"The device's files would be larger than {limits.device_bytes:,} bytes.")


def _forget_staged(view: StateView, upload: Upload) -> None:
    for key, _value in view.scan(STAGED, f"{_key(upload)}/"):
        view.delete(STAGED, key)


def _put(view: StateView, upload: Upload) -> None:
    view.put(UPLOADS, _key(upload), _encode(upload))


def _key(upload: Upload) -> str:
    return f"{upload.device}/{upload.id}"


def _decode(value: bytes) -> Upload:
    return msgspec.msgpack.decode(value, type=Upload)


def _block(value: bytes) -> StoredBlock:
    return msgspec.msgpack.decode(value, type=StoredBlock)
