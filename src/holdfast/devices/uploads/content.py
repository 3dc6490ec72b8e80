"""The content of uploaded files in the blob store: pieces with names of their own, whatever devices say."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from holdfast.devices.uploads.model import Part
from holdfast.kernel.clock import Randomness
from holdfast.keys.port import KeyRing
from holdfast.storage.blobs import Blobs, LocalBlobs, SealedBlobs, SucceedingBlobs
from holdfast.storage.byte_store import ByteStore

FOLDER = "device-files"
KEY_PURPOSE = "device-files"
ADDRESS_KEY_PURPOSE = "device-file-addresses"
"""Signs the addresses that devices are given."""


def open_content(
    data: Path, ring: KeyRing, randomness: Randomness, storage: ByteStore | None = None
) -> Blobs:
    """The content of an instance's files, encrypted, for every process: in the data folder, or in `storage`.

    What was uploaded before there was a `storage` is read where it is.
    """
    key = ring.data_key(KEY_PURPOSE)
    local = LocalBlobs(data / FOLDER, key, randomness)
    return SucceedingBlobs(SealedBlobs(storage, key, randomness), local) if storage else local


def store(blobs: Blobs, identifier: str, data: bytes) -> Part:
    """Keep a piece durably under a fresh identifier. Blocking."""
    name = f"{identifier[-2:]}/{identifier}"  # spread over folders, which stay small
    blobs.put(name, data)
    return Part(name, len(data))


def discard(blobs: Blobs, parts: Iterable[Part]) -> None:
    """Delete pieces that nothing refers to. Blocking."""
    for part in parts:
        blobs.delete(part.blob)


def read(blobs: Blobs, parts: Iterable[Part]) -> Iterator[bytes]:
    """The content, piece by piece. Blocking; DamagedBlobError when one was altered."""
    for part in parts:
        yield blobs.get(part.blob)
