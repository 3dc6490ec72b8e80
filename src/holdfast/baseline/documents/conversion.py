"""Reads any document of a service baseline and writes any other."""

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from holdfast.baseline.data.catalog import own_wording
from holdfast.baseline.documents.document import Document, DocumentError
from holdfast.baseline.documents.errata import as_published
from holdfast.baseline.documents.files import read_file
from holdfast.baseline.documents.markdown.plain import is_plain, read_plain
from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.documents.markdown.rewording import on_benchmark
from holdfast.baseline.documents.markdown.writer import write_page
from holdfast.baseline.documents.oscal.component import write_component_definition
from holdfast.baseline.documents.service_yaml import read_service_yaml, write_service_yaml
from holdfast.baseline.documents.workbook.writer import write_workbook
from holdfast.baseline.model.oddity import Oddity
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.model.wording import Wording

_SERVICE_YAML = re.compile(rb"(?m)^entries:\s*$")
"""A line that every YAML of ours has and no page."""


class Format(StrEnum):
    """What a service baseline can be written as."""

    MARKDOWN = "markdown"
    XLSX = "xlsx"
    YAML = "yaml"
    OSCAL = "oscal"


class Written(NamedTuple):
    """A document that was written, and what its reader should know about it."""

    data: bytes
    oddities: tuple[Oddity, ...] = ()


def read_document(path: Path) -> Document:
    """The service baseline in a workbook, a page, the copied text of a page or our YAML; the content decides.

    Raises DocumentError.
    """
    return parse_document(read_file(path), path.name)


def parse_document(data: bytes, file: str) -> Document:
    """See `read_document`; `file` is the name that messages use and that a workbook's key comes from."""
    if data.startswith(b"PK"):
        from holdfast.baseline.documents.workbook.reader import read_workbook  # slow to load

        return read_workbook(data, file)
    if not data.strip():
        raise DocumentError(file, "", "is empty")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise DocumentError(file, "", "is an old Excel workbook (.xls) or an encrypted one; save it as .xlsx")
    if file.lower().endswith((".yaml", ".yml")) or _SERVICE_YAML.search(data):
        return read_service_yaml(data, file)
    return read_plain(data, file) if is_plain(data) else read_page(data, file)


def write_document(
    baseline: ServiceBaseline, target: Format, like: Wording | None = None, benchmark: str | None = None
) -> Written:
    """The document in the wanted format.

    `like` is the wording of a page for Markdown, `benchmark` the benchmark to speak of. Raises DocumentError.
    """
    if target is Format.MARKDOWN:
        return _write_markdown(baseline, like, benchmark)
    return Written(_WRITERS[target](baseline))


def _write_markdown(baseline: ServiceBaseline, like: Wording | None, benchmark: str | None) -> Written:
    published, oddities = as_published(baseline) if like else (baseline, ())
    wording = like or baseline.wording or own_wording(benchmark or baseline.benchmark)
    if benchmark:
        wording = on_benchmark(wording, benchmark)
    return Written(write_page(published, wording), oddities)


_WRITERS: dict[Format, Callable[[ServiceBaseline], bytes]] = {
    Format.XLSX: write_workbook,
    Format.YAML: write_service_yaml,
    Format.OSCAL: write_component_definition,
}
