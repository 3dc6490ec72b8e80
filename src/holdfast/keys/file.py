"""The default key provider: a file of 32 random bytes that only the owner of the process may read."""

import os
from pathlib import Path

from holdfast.kernel.clock import Clock, Randomness
from holdfast.keys import sealing
from holdfast.keys.errors import KeyUnavailableError
from holdfast.keys.files import make_private_folder, sync_folder, write_durably
from holdfast.keys.port import KeyProvider
from holdfast.keys.ring import RING_FILE, FileKeyRing

KEY_FILE = "provider.key"
_CONTEXT = "holdfast root key"


class FileProvider:
    """Wraps root keys with the key in a file (64 hexadecimal digits, mode 0600)."""

    name = "file"

    def __init__(self, path: Path, randomness: Randomness) -> None:
        self._path = path
        self._next = path.with_name(f"{path.name}.next")
        self._randomness = randomness

    @classmethod
    def create(cls, path: Path, randomness: Randomness) -> "FileProvider":
        """Make the key file; FileExistsError when there is one."""
        write_durably(path, randomness.bytes(sealing.KEY_BYTES).hex().encode() + b"\n")
        sync_folder(path.parent)
        return cls(path, randomness)

    def successor(self) -> "FileProvider":
        """A new key in a file beside this one's.

        Once a ring is wrapped with it, the next `unwrap` here finds so and puts the file in this one's place:
        a rotation that a crash cuts is finished at the next start.
        """
        self._next.unlink(missing_ok=True)
        return FileProvider.create(self._next, self._randomness)

    def wrap(self, key: bytes) -> bytes:
        """See `KeyProvider.wrap`."""
        return sealing.seal(self._read(), key, _CONTEXT, self._randomness)

    def unwrap(self, wrapped: bytes) -> bytes:
        """See `KeyProvider.unwrap`."""
        key = self._read()
        try:
            return sealing.unseal(key, wrapped, _CONTEXT)
        except KeyUnavailableError:
            if self._next.exists():
                plain = FileProvider(self._next, self._randomness).unwrap(wrapped)
                self._next.replace(self._path)
                sync_folder(self._path.parent)
                return plain
            raise KeyUnavailableError(
                f"The key in {self._path} is not the one that this instance was made with; "
                "put the right key file back, nothing can be read without it."
            ) from None

    def _read(self) -> bytes:
        """The key, read again at every use, so that taking the file away revokes it at once."""
        try:
            status = self._path.stat()
            text = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            raise KeyUnavailableError(
                f"The key file {self._path} is missing; restore it from its backup, "
                "nothing can be read without it."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyUnavailableError(f"The key file {self._path} cannot be read: {error}.") from None
        self._check_owner_only(status)
        return self._decode(text)

    def _check_owner_only(self, status: os.stat_result) -> None:
        if status.st_mode & 0o077:
            raise KeyUnavailableError(
                f"The key file {self._path} is open to other users (mode {status.st_mode & 0o777:04o}); "
                f"run `chmod 600 {self._path}`, and rotate the key if others may have read it."
            )
        if status.st_uid not in (os.geteuid(), 0):
            raise KeyUnavailableError(
                f"The key file {self._path} belongs to another user (uid {status.st_uid}); "
                "give it to the user that runs Holdfast."
            )

    def _decode(self, text: str) -> bytes:
        try:
            key = bytes.fromhex(text.strip())
        except ValueError:
            key = b""
        if len(key) != sealing.KEY_BYTES:
            raise KeyUnavailableError(
                f"The key file {self._path} does not hold 64 hexadecimal digits; restore it from its backup."
            )
        return key


def open_key_ring(
    data_dir: Path, clock: Clock, randomness: Randomness, provider: KeyProvider | None = None
) -> FileKeyRing:
    """The key ring of the instance in `data_dir`, made when there is none.

    `provider` defaults to the key file `keys/provider.key`. KeyUnavailableError when the ring exists and its
    provider's key does not, or the key is the wrong one.
    """
    folder = data_dir / "keys"
    make_private_folder(folder)
    path = folder / KEY_FILE
    if provider is None:
        is_new = not (folder / RING_FILE).exists() and not path.exists()
        provider = FileProvider.create(path, randomness) if is_new else FileProvider(path, randomness)
    return FileKeyRing(folder, provider, clock, randomness)
