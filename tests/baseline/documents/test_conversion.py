"""Whatever the source is, the content decides; whatever fails leaves no file."""

import os
from pathlib import Path

import pytest

from holdfast.baseline.documents.conversion import Format, parse_document, read_document, write_document
from holdfast.baseline.documents.document import MAXIMUM_DOCUMENT_BYTES, DocumentError
from holdfast.baseline.documents.errata import as_published
from holdfast.baseline.documents.files import read_file, write_file
from holdfast.baseline.model.service import ServiceBaseline
from tests.baseline.samples import ODD_WORKBOOK, WORKBOOK, cells_of, page, row, rows, workbook


def test_the_content_decides_what_a_document_is() -> None:
    assert parse_document(ODD_WORKBOOK, "renamed.md").baseline.profile[0].value is None
    assert parse_document(page(), "page.txt").baseline.name == "Tide Gauge"
    yaml = write_document(parse_document(page(), "p").baseline, Format.YAML).data
    assert parse_document(yaml, "service.yml").baseline.name == "Tide Gauge"
    assert parse_document(yaml, "service").baseline.name == "Tide Gauge"


@pytest.mark.parametrize("target", list(Format))
def test_every_format_is_written_from_every_source(target: Format) -> None:
    for data, name in ((ODD_WORKBOOK, WORKBOOK), (page(), "page.md")):
        assert write_document(parse_document(data, name).baseline, target).data


def test_a_page_becomes_a_workbook_with_every_feature() -> None:
    written = write_document(parse_document(page(), "page.md").baseline, Format.XLSX).data
    sheet = cells_of(written)["Feature Summary"]
    features = {str(cells[5]): str(cells[7]) for cells in sheet[1:]}
    assert features["Data in Transit Encryption"] == "True"
    assert features["Azure Backup"] == "Not Applicable"
    assert len(features) == 36  # the canonical ones and the guidance for a whole control


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel workbook"),
        (b"root:x:0:0", "the title is missing"),
    ],
)
def test_other_files_are_refused(data: bytes, expected: str) -> None:
    with pytest.raises(DocumentError, match=expected):
        parse_document(data, "file")


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        read_document(tmp_path / "absent.md")
    with pytest.raises(DocumentError, match="cannot be read"):
        read_file(tmp_path)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.md"
    with path.open("wb") as file:
        file.truncate(MAXIMUM_DOCUMENT_BYTES + 1)
    with pytest.raises(DocumentError, match="is larger than 32 MiB"):
        read_file(path)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert [item.name for item in tmp_path.iterdir()] == ["page.md"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.md"
    write_file(path, b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DocumentError, match="cannot be written"):
        write_file(path, b"two")
    assert path.read_bytes() == b"one"
    assert [item.name for item in tmp_path.iterdir()] == ["page.md"]


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="check that the folder exists"):
        write_file(tmp_path / "absent" / "page.md", b"x")


def key_vault(value: str) -> ServiceBaseline:
    """A baseline with the one line that its published page contradicts."""
    baseline = parse_document(ODD_WORKBOOK, WORKBOOK.replace("tide-gauge", "key-vault")).baseline
    line = baseline.profile[2].model_copy(update={"value": value})
    return baseline.model_copy(update={"profile": (*baseline.profile[:2], line, baseline.profile[3])})


def test_a_known_erratum_is_applied_to_pages_in_the_published_form_and_reported() -> None:
    like = parse_document(page(), "page.md").baseline.wording
    written = write_document(key_vault("True"), Format.MARKDOWN, like)
    assert "deployed into customer's virtual network | False |" in written.data.decode()
    assert [oddity.remark for oddity in written.oddities] == [
        "the published page says False, the workbook True"
    ]
    ours = write_document(key_vault("True"), Format.MARKDOWN)
    assert "deployed into customer's virtual network | True |" in ours.data.decode()


def test_an_erratum_of_another_value_or_service_changes_nothing() -> None:
    assert as_published(key_vault("False")) == (key_vault("False"), ())
    applicable = row("Azure Resource Logs", ("False", "Not Applicable", "Not Applicable"))
    logs = parse_document(workbook(rows(applicable)), WORKBOOK).baseline
    assert [str(item) for item in as_published(logs)[1]] == ["LT-4: pages print it with the title of LT-3"]
    other = parse_document(ODD_WORKBOOK, WORKBOOK).baseline
    assert as_published(other) == (other, ())
