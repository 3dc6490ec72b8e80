"""Service baselines: any bytes are a baseline or one DocumentError, and a baseline can be written."""

from holdfast.baseline.documents.conversion import Format, parse_document, write_document
from holdfast.baseline.documents.document import DocumentError
from tests.baseline.samples import PAGE

_NAMES = ("service.yaml", "page.md", "copy.txt", "service-azure-security-benchmark-v3.xlsx")


def target(data: bytes) -> None:
    """The first bytes choose the form and where the rest is put into a sound page."""
    if len(data) < 4:
        return
    name, start, length, rest = _NAMES[data[0] % 4], data[1] << 4, data[2], data[3:]
    page = PAGE.encode()
    for content in (rest, page[:start] + rest + page[start + length :]):
        try:
            baseline = parse_document(content, name).baseline
        except DocumentError:
            continue
        again = parse_document(write_document(baseline, Format.YAML).data, "again.yaml").baseline
        assert again == baseline
        assert write_document(baseline, Format.MARKDOWN).data
