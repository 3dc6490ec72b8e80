"""Writes a publication to a folder: every file completely, or none of a format."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from holdfast.baseline.documents.files import write_file
from holdfast.baseline.probes.probe import Probe
from holdfast.baseline.publishing.html import publish_html
from holdfast.baseline.publishing.markdown import publish_pages
from holdfast.baseline.publishing.oscal.documents import publish_oscal
from holdfast.baseline.publishing.publication import Publication
from holdfast.baseline.publishing.workbook import publish_workbooks


class PublicationFormat(StrEnum):
    """What the state of the baseline can be published as."""

    MARKDOWN = "markdown"
    XLSX = "xlsx"
    OSCAL = "oscal"
    HTML = "html"
    PDF = "pdf"


def _publish_pdf(publication: Publication) -> dict[str, bytes]:
    from holdfast.baseline.publishing.pdf import publish_pdf  # a typesetter that most processes never need

    return publish_pdf(publication)


_WRITERS: dict[PublicationFormat, Callable[[Publication], dict[str, bytes]]] = {
    PublicationFormat.MARKDOWN: publish_pages,
    PublicationFormat.XLSX: publish_workbooks,
    PublicationFormat.HTML: publish_html,
    PublicationFormat.PDF: _publish_pdf,
}


def render(
    publication: Publication, form: PublicationFormat, probes: Mapping[str, Probe]
) -> dict[str, bytes]:
    """The files of a format by their path. The same publication gives the same bytes.

    Raises DocumentError for a text that the format cannot hold.
    """
    if form is PublicationFormat.OSCAL:
        return publish_oscal(publication, probes)
    return _WRITERS[form](publication)


def publish(
    publication: Publication, form: PublicationFormat, folder: Path, probes: Mapping[str, Probe]
) -> tuple[Path, ...]:
    """Write the files of a format below `folder`, which is made; their paths. Raises DocumentError."""
    written = []
    for name, data in render(publication, form, probes).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, data)
        written.append(path)
    return tuple(written)
