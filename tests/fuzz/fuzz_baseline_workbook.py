"""Workbooks with damaged parts or odd texts: a baseline or one DocumentError."""

import io
import re
import zipfile
from xml.sax.saxutils import escape

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.workbook.reader import read_workbook
from tests.baseline.samples import row, workbook

_SAMPLE = workbook([row("Azure Backup"), row("Azure Private Link", ("True", "False", "Shared"))])
with zipfile.ZipFile(io.BytesIO(_SAMPLE)) as archive:
    _PARTS = {part.filename: archive.read(part) for part in archive.infolist()}
_NAMES = sorted(_PARTS)
_TEXTS = "xl/worksheets/sheet2.xml"
_STARTS = [found.end() for found in re.finditer(rb"<t(?: [^>]*)?>", _PARTS[_TEXTS])]


def target(data: bytes) -> None:
    """The first byte chooses between another text in a cell and damage anywhere in a part."""
    if len(data) < 5:
        return
    if data[0] & 1:
        start = _STARTS[data[1] % len(_STARTS)]
        text = escape(data[2:].decode("utf-8", "replace")).encode()
        end = _PARTS[_TEXTS].index(b"</t>", start)
        _read({_TEXTS: _PARTS[_TEXTS][:start] + text + _PARTS[_TEXTS][end:]})
    else:
        name, start = _NAMES[data[1] % len(_NAMES)], int.from_bytes(data[2:4], "big") % 8192
        _read({name: _PARTS[name][:start] + data[4:] + _PARTS[name][start + len(data) - 4 :]})


def _read(changed: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {**_PARTS, **changed}.items():
            archive.writestr(name, content)
    try:
        read_workbook(buffer.getvalue(), "fuzz.xlsx")
    except DocumentError:
        return
