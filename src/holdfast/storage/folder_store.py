"""Bytes in the files of a folder: the byte store of one machine."""

from pathlib import Path

from holdfast.kernel.clock import Randomness
from holdfast.kernel.errors import NotFoundError
from holdfast.keys.files import make_private_folder, sync_folder, write_durably

_UNFINISHED = ".unfinished"
"""Folder of files that are being written; names cannot begin with a dot."""
_UNFINISHED_NAME_BYTES = 16


class FolderStore:
    """See `ByteStore`. Thread-safe and shared by processes; files are for the owner alone."""

    def __init__(self, folder: Path, randomness: Randomness) -> None:
        self._folder = folder
        self._randomness = randomness
        make_private_folder(folder / _UNFINISHED)

    def put(self, name: str, content: bytes) -> bool:
        """See `ByteStore.put`. The file appears under its name only when it is whole."""
        path = self._folder / name
        if path.exists():
            return False
        unfinished = self._folder / _UNFINISHED / self._randomness.bytes(_UNFINISHED_NAME_BYTES).hex()
        write_durably(unfinished, content)
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

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """See `ByteStore.read`."""
        try:
            with (self._folder / name).open("rb") as file:
                file.seek(start)
                return file.read(-1 if end is None else max(0, end - start))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise _missing(name) from None

    def size(self, name: str) -> int:
        """See `ByteStore.size`."""
        path = self._folder / name
        if not path.is_file():
            raise _missing(name)
        return path.stat().st_size

    def names(self, prefix: str) -> list[str]:
        """See `ByteStore.names`."""
        files = (path for path in self._folder.rglob("*") if path.is_file())
        found = (path.relative_to(self._folder).as_posix() for path in files)
        return sorted(name for name in found if name.startswith(prefix) and not name.startswith("."))

    def delete(self, name: str) -> bool:
        """See `ByteStore.delete`."""
        path = self._folder / name
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        sync_folder(path.parent)
        return True


def _missing(name: str) -> NotFoundError:
    return NotFoundError(f"There is no blob “{name}”.")
