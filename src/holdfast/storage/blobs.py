"""Large immutable values by name: history segments, packet slices, evidence. No path crosses this port.

`LocalBlobs` keeps them in files. Each has a key of its own, derived from the purpose's data key, and is
encrypted in chunks (AES-256-GCM), so that a part is read without the rest:

    file    magic "HFB1", salt (16 bytes); then the chunks
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
from holdfast.keys.files import make_private_folder, sync_folder, write_durably

CHUNK = 1 << 16
MAXIMUM_NAME = 400
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*(/[A-Za-z0-9][A-Za-z0-9._=-]*)*")
_MAGIC = b"HFB1"
_SALT = 16
_TAG = 16
_HEADER = len(_MAGIC) + _SALT
_NONCE = 12
_UNFINISHED = ".unfinished"
"""Folder of files that are being written; names cannot begin with a dot."""


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


class LocalBlobs:
    """Blobs in a folder, encrypted; see the module. Thread-safe and shared by processes."""

    def __init__(self, folder: Path, key: bytes, randomness: Randomness) -> None:
        self._folder = folder
        self._key = key
        self._randomness = randomness
        make_private_folder(folder / _UNFINISHED)

    def put(self, name: str, content: bytes) -> bool:
        """See `Blobs.put`. The file appears under its name only when it is whole."""
        path = self._path(name)
        if path.exists():
            return False
        salt = self._randomness.bytes(_SALT)
        unfinished = self._folder / _UNFINISHED / salt.hex()
        write_durably(unfinished, self._encrypted(name, salt, content))
        make_private_folder(path.parent)
        try:
            path.hardlink_to(unfinished)
        except FileExistsError:
            return False
        finally:
            unfinished.unlink()
        for folder in (path.parent, *path.parent.parents):
            sync_folder(folder)
            if folder == self._folder:
                break
        return True

    def get(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """See `Blobs.get`."""
        size = self.size(name)
        end = size if length is None else min(size, start + length)
        if start < 0 or end < start:
            raise InvalidError(f"“{name}” has {size} bytes; the wanted part lies outside.", "range")
        first, behind = start // CHUNK, max(1, -(-end // CHUNK))
        with self._path(name).open("rb") as file:
            header = file.read(_HEADER)
            file.seek(_HEADER + first * (CHUNK + _TAG))
            stored = file.read((behind - first) * (CHUNK + _TAG))
        cipher = self._cipher(header[len(_MAGIC) :])
        last = max(0, -(-size // CHUNK) - 1)
        plain = b"".join(
            self._chunk(cipher, name, first + place, last, stored[offset : offset + CHUNK + _TAG])
            for place, offset in enumerate(range(0, len(stored), CHUNK + _TAG))
        )
        return plain[start - first * CHUNK : end - first * CHUNK]

    def size(self, name: str) -> int:
        """See `Blobs.size`."""
        path = self._path(name)
        try:
            stored = path.stat().st_size - _HEADER
            with path.open("rb") as file:
                magic = file.read(len(_MAGIC))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFoundError(f"There is no blob “{name}”.") from None
        chunks = -(-stored // (CHUNK + _TAG))
        if magic != _MAGIC or stored < chunks * _TAG or chunks < 1:
            raise _damaged(name)
        return stored - chunks * _TAG

    def names(self, prefix: str = "") -> list[str]:
        """See `Blobs.names`."""
        files = (path for path in self._folder.rglob("*") if path.is_file())
        found = (path.relative_to(self._folder).as_posix() for path in files)
        return sorted(name for name in found if name.startswith(prefix) and not name.startswith("."))

    def delete(self, name: str) -> bool:
        """See `Blobs.delete`."""
        path = self._path(name)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        sync_folder(path.parent)
        return True

    def _path(self, name: str) -> Path:
        if len(name) > MAXIMUM_NAME or not _NAME.fullmatch(name):
            raise InvalidError(
                f"“{name}” is no name for a blob: letters, digits and ._=- between slashes.", "name"
            )
        return self._folder / name

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, salt, b"holdfast blob").derive(self._key))

    def _encrypted(self, name: str, salt: bytes, content: bytes) -> bytes:
        cipher = self._cipher(salt)
        last = max(0, -(-len(content) // CHUNK) - 1)
        chunks = (
            cipher.encrypt(
                _nonce(number), content[number * CHUNK : (number + 1) * CHUNK], _bound(name, number, last)
            )
            for number in range(last + 1)
        )
        return b"".join((_MAGIC, salt, *chunks))

    @staticmethod
    def _chunk(cipher: AESGCM, name: str, number: int, last: int, stored: bytes) -> bytes:
        try:
            return cipher.decrypt(_nonce(number), stored, _bound(name, number, last))
        except InvalidTag:
            raise _damaged(name) from None


def _nonce(number: int) -> bytes:
    return number.to_bytes(_NONCE, "big")


def _bound(name: str, number: int, last: int) -> bytes:
    """What a chunk is authenticated with."""
    return f"{name} {'last' if number == last else 'more'}".encode()


def _damaged(name: str) -> DamagedBlobError:
    return DamagedBlobError(f"The blob “{name}” is damaged or of another instance; restore it from a backup.")
