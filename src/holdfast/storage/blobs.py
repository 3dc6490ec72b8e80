"""Large immutable values by name: uploaded files, packet slices, evidence. No path crosses this port.

`SealedBlobs` keeps them in a byte store: a folder, or a bucket. Each has a key of its own, derived from the
purpose's data key, and is encrypted in chunks (AES-256-GCM) before it gets there, so that a part is read
without the rest:

    bytes   magic "HFB1", salt (16 bytes); then the chunks
    chunk   up to 64 KB of the value, encrypted; nonce: the chunk's number; authenticated with it: the blob's
            name and whether it is the last chunk, so that none can be moved, repeated or cut off
"""

import re
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from holdfast.kernel.clock import Randomness
from holdfast.kernel.errors import HoldfastError, InvalidError, NotFoundError
from holdfast.storage.byte_store import ByteStore
from holdfast.storage.folder_store import FolderStore

CHUNK = 1 << 16
MAXIMUM_NAME = 400
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*(/[A-Za-z0-9][A-Za-z0-9._=-]*)*")
_MAGIC = b"HFB1"
_SALT = 16
_TAG = 16
_HEADER = len(_MAGIC) + _SALT
_NONCE = 12
_SEALED = CHUNK + _TAG


class DamagedBlobError(HoldfastError):
    """A stored blob is not what was put: altered, cut, moved, or of another instance."""

    code = "BlobDamaged"


class Blobs(Protocol):
    """A store of immutable values."""

    def put(self, name: str, content: bytes) -> bool:
        """Store durably unless the name is taken; whether it was stored. InvalidError for a bad name."""
        ...

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """The value or a part of it. NotFoundError; DamagedBlobError."""
        ...

    def size(self, name: str) -> int:
        """Bytes of the value. NotFoundError."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """The names that begin with a prefix, in order."""
        ...

    def delete(self, name: str) -> bool:
        """Forget a value; whether it was there."""
        ...


class SealedBlobs:
    """Blobs in a byte store, encrypted; see the module. As thread-safe and shared as the store is."""

    def __init__(self, store: ByteStore, key: bytes, randomness: Randomness) -> None:
        self._store = store
        self._key = key
        self._randomness = randomness

    def put(self, name: str, content: bytes) -> bool:
        """See `Blobs.put`."""
        check_name(name)
        return self._store.put(name, self._sealed(name, self._randomness.bytes(_SALT), content))

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """See `Blobs.get`."""
        check_name(name)
        if start == 0 and length is None:  # in one request, where the store is far away
            return self._whole(name, self._store.read(name))
        size = self.size(name)
        end = size if length is None else min(size, start + length)
        if start < 0 or end < start:
            raise InvalidError(f"“{name}” has {size} bytes; the wanted part lies outside.", "range")
        first, behind = start // CHUNK, max(1, -(-end // CHUNK))
        header = self._store.read(name, 0, _HEADER)
        stored = self._store.read(name, _place(first), _place(behind))
        plain = self._opened(name, header, stored, first, _last_chunk(size))
        return plain[start - first * CHUNK : end - first * CHUNK]

    def size(self, name: str) -> int:
        """See `Blobs.size`."""
        check_name(name)
        return _plain_size(name, self._store.size(name))

    def names(self, prefix: str = "") -> list[str]:
        """See `Blobs.names`."""
        return self._store.names(prefix)

    def delete(self, name: str) -> bool:
        """See `Blobs.delete`."""
        check_name(name)
        return self._store.delete(name)

    def _sealed(self, name: str, salt: bytes, content: bytes) -> bytes:
        cipher = self._cipher(salt)
        last = _last_chunk(len(content))
        chunks = (
            cipher.encrypt(
                _nonce(number), content[number * CHUNK : (number + 1) * CHUNK], _bound(name, number, last)
            )
            for number in range(last + 1)
        )
        return b"".join((_MAGIC, salt, *chunks))

    def _whole(self, name: str, stored: bytes) -> bytes:
        size = _plain_size(name, len(stored))
        return self._opened(name, stored[:_HEADER], stored[_HEADER:], 0, _last_chunk(size))

    def _opened(self, name: str, header: bytes, stored: bytes, first: int, last: int) -> bytes:
        """The plain text of sealed chunks, of which the first has the number `first`."""
        if not header.startswith(_MAGIC):
            raise _damaged(name)
        cipher = self._cipher(header[len(_MAGIC) :])
        try:
            return b"".join(
                cipher.decrypt(_nonce(number), stored[offset : offset + _SEALED], _bound(name, number, last))
                for number, offset in enumerate(range(0, len(stored), _SEALED), first)
            )
        except InvalidTag:
            raise _damaged(name) from None

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, salt, b"holdfast blob").derive(self._key))


class LocalBlobs(SealedBlobs):
    """Blobs in the files of a folder. Thread-safe and shared by processes."""

    def __init__(self, folder: Path, key: bytes, randomness: Randomness) -> None:
        super().__init__(FolderStore(folder, randomness), key, randomness)


class SucceedingBlobs:
    """Blobs whose place has changed: new ones go to the new place, and old ones are found where they are."""

    def __init__(self, new: Blobs, old: Blobs) -> None:
        self._new = new
        self._old = old

    def put(self, name: str, content: bytes) -> bool:
        """See `Blobs.put`."""
        try:
            self._old.size(name)
        except NotFoundError:
            return self._new.put(name, content)
        return False

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """See `Blobs.get`."""
        try:
            return self._new.get(name, start, length)
        except NotFoundError:
            return self._old.get(name, start, length)

    def size(self, name: str) -> int:
        """See `Blobs.size`."""
        try:
            return self._new.size(name)
        except NotFoundError:
            return self._old.size(name)

    def names(self, prefix: str = "") -> list[str]:
        """See `Blobs.names`."""
        return sorted({*self._new.names(prefix), *self._old.names(prefix)})

    def delete(self, name: str) -> bool:
        """See `Blobs.delete`."""
        return self._old.delete(name) or self._new.delete(name)


def check_name(name: str) -> None:
    """InvalidError for what is no name of a blob: it could leave its folder."""
    if len(name) > MAXIMUM_NAME or not _NAME.fullmatch(name):
        raise InvalidError(
            f"“{name}” is no name for a blob: letters, digits and ._=- between slashes.", "name"
        )


def _plain_size(name: str, stored: int) -> int:
    """Bytes of the value in a blob of so many stored bytes."""
    sealed = stored - _HEADER
    chunks = -(-sealed // _SEALED)
    if chunks < 1 or sealed < chunks * _TAG:
        raise _damaged(name)
    return sealed - chunks * _TAG


def _last_chunk(size: int) -> int:
    """The number of the last chunk of a value; an empty value has one too."""
    return max(0, -(-size // CHUNK) - 1)


def _place(number: int) -> int:
    """Where a chunk begins in the stored bytes."""
    return _HEADER + number * _SEALED


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE, "big")


def _bound(name: str, number: int, last: int) -> bytes:
    """What a chunk is authenticated with."""
    return f"{name} {'last' if number == last else 'more'}".encode()


def _damaged(name: str) -> DamagedBlobError:
    return DamagedBlobError(f"The blob “{name}” is damaged or of another instance; restore it from a backup.")
