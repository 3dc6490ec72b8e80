"""Documents on disk: read with a limit, written completely or not at all."""

import os
import tempfile
from pathlib import Path

from holdfast.baseline.documents.document import MAXIMUM_DOCUMENT_BYTES, DocumentError


def read_file(path: Path) -> bytes:
    """The file's bytes. Raises DocumentError when it is absent, not a file or larger than 32 MiB."""
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise DocumentError(str(path), "", f"cannot be read ({error.strerror}); check the path") from error
    if len(data) > MAXIMUM_DOCUMENT_BYTES:
        raise DocumentError(str(path), "", "is larger than 32 MiB, which no service baseline is")
    return data


def write_file(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, force it to disk and rename it; a failure leaves what was there before.

    Raises DocumentError when the folder does not exist or may not be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        problem = f"cannot be written ({error.strerror}); check that the folder exists and is yours"
        raise DocumentError(str(path), "", problem) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise DocumentError(str(path), "", f"cannot be written ({error.strerror})") from error
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
