"""Evidence as it is handed to an auditor: a ZIP with the bundle, the public key and an index page."""

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from holdfast.baseline.documents.files import write_file
from holdfast.baseline.evidence.envelope import EvidenceError

BUNDLE_FILE = "evidence.jsonl"
KEY_FILE = "public-key.pem"

_FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a ZIP can hold; a fixed one keeps archives equal for equal content."""


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """A ZIP of files by path, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _FIRST_MOMENT), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def unpack_archive(data: bytes, folder: Path) -> list[Path]:
    """Write the files of an archive that this instance made below `folder`; their paths.

    Raises EvidenceError when it is none, or names a place outside the folder.
    """
    written: list[Path] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                path = folder / name
                if not path.resolve().is_relative_to(folder.resolve()):
                    raise EvidenceError(f"The archive names {name}, outside the folder.")
                path.parent.mkdir(parents=True, exist_ok=True)
                write_file(path, archive.read(name))
                written.append(path)
    except zipfile.BadZipFile as error:
        raise EvidenceError(f"The answer is no archive: {error}.") from error
    return written


def bundle_lines(path: Path) -> Iterator[bytes]:
    """The lines of a bundle, alone or in the ZIP. Raises EvidenceError when there is none."""
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                file.seek(0)
                yield from file
                return
        with opened(path) as archive, archive.open(BUNDLE_FILE) as member:
            yield from member
    except OSError as error:
        raise EvidenceError(f"{path} cannot be read ({error.strerror}).") from error
    except KeyError as error:
        raise EvidenceError(f"{path} holds no {BUNDLE_FILE}: {error}.") from error


@contextlib.contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The ZIP. Raises EvidenceError for one that is damaged, encrypted or packed in an unknown way."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise EvidenceError(f"{path} is no archive that can be read: {error}.") from error
