"""Checks a workbook's archive before anything unpacks it: sizes, encodings and the number of cells."""

import io
import re
import zipfile
import zlib

from holdfast.baseline.documents.document import DocumentError

MAXIMUM_UNPACKED_BYTES = 32 * 1024 * 1024
"""All parts together; the largest published workbook unpacks to 400 KB."""
MAXIMUM_PARTS = 200
MAXIMUM_CELLS = 200_000

_CELL = re.compile(rb"<(?:[^\s<>/:]+:)?c[\s/>]")
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # of zipfile, for a compression or encryption that it does not know
    RuntimeError,
    ValueError,
    OSError,
)
"""What the standard library raises for damaged, encrypted or exotically compressed archives."""


def check_archive(data: bytes, file: str) -> None:
    """Raise DocumentError unless `data` is an archive that can be unpacked within the limits."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_sizes(archive.infolist(), file)
            cells = sum(_cells_of(archive, part, file) for part in archive.infolist())
    except _UNREADABLE as error:
        problem = f"is not a readable Excel workbook ({error}); save it as .xlsx again"
        raise DocumentError(file, "", problem) from error
    if cells > MAXIMUM_CELLS:
        raise DocumentError(file, "", f"has {cells} cells; a mapping workbook has fewer than {MAXIMUM_CELLS}")


def _check_sizes(parts: list[zipfile.ZipInfo], file: str) -> None:
    """The sizes are those that the archive declares; the standard library unpacks no byte beyond them."""
    if len(parts) > MAXIMUM_PARTS:
        raise DocumentError(file, "", f"has {len(parts)} parts; a workbook has at most {MAXIMUM_PARTS}")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAXIMUM_UNPACKED_BYTES:
        megabytes = unpacked / 1024 / 1024
        raise DocumentError(file, "", f"would unpack to {megabytes:.0f} MiB (at most 32); it was not opened")
    if len({part.filename for part in parts}) < len(parts):
        raise DocumentError(file, "", "holds the same part twice; save it as .xlsx again")


def _cells_of(archive: zipfile.ZipFile, part: zipfile.ZipInfo, file: str) -> int:
    if not part.filename.lower().endswith((".xml", ".rels")):
        return 0
    content = archive.read(part)
    if b"\0" in content:
        raise DocumentError(file, part.filename, "is not UTF-8; save the workbook as .xlsx again")
    return len(_CELL.findall(content))
