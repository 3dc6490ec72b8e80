"""Every format shows the state, the evidence and nothing else; the same state gives the same bytes."""

import io
from pathlib import Path

import openpyxl
import pytest

from holdfast.baseline.documents.conversion import parse_document
from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.workbook.layout import OUR_SHEETS
from holdfast.baseline.model.vocabulary import Answer
from holdfast.baseline.publishing.markdown import check_page
from holdfast.baseline.publishing.policies import policy_tables
from holdfast.baseline.publishing.publish import PublicationFormat, publish, render
from holdfast.baseline.services import carried_service
from holdfast.kernel.clock import isoformat
from holdfast.policy.builtin.catalog import entries
from tests.baseline.evidence.items import NOW
from tests.baseline.publishing.publications import publication, unassessed
from tests.baseline.world import open_baseline_world

PAGE = "holdfast-security-baseline.md"
WORKBOOK = "holdfast-security-baseline.xlsx"


def text(form: PublicationFormat, name: str) -> str:
    return render(publication(), form, {})[name].decode()


@pytest.mark.parametrize("form", list(PublicationFormat))
def test_the_same_state_and_time_give_the_same_bytes(form: PublicationFormat) -> None:
    assert render(publication(), form, {}) == render(publication(), form, {})
    assert render(publication(), form, {}) != render(publication(moment=NOW + 1), form, {}) or form == "xlsx"


@pytest.mark.parametrize("form", list(PublicationFormat))
def test_what_was_never_assessed_can_be_published(form: PublicationFormat) -> None:
    assert all(render(unassessed(), form, {}).values())


@pytest.mark.parametrize("form", list(PublicationFormat))
def test_what_is_published_of_a_past_moment_is_the_same_whatever_came_later(
    form: PublicationFormat, tmp_path: Path
) -> None:
    with open_baseline_world(tmp_path) as world:
        world.baseline.run({"absence.backup"})
        then = world.clock.now()
        path = f"/api/baseline/publications/{form}?at={isoformat(then).replace('+', '%2B')}"
        first = world.client.get(path)
        world.clock.advance(60)
        world.baseline.run({"absence.backup"})
        again = world.client.get(path)
    assert (first.status_code, first.content) == (200, again.content)


def test_a_page_shows_numbers_state_and_evidence() -> None:
    page = text(PublicationFormat.MARKDOWN, PAGE)
    assert 'owner: "Ada Lovelace"' in page
    assert "Evidence stands at item 12 of the chain" in page
    exempt = next(entry for entry in carried_service("holdfast").entries if entry.control == "DP-3")
    seen = 2 * len(exempt.probes)
    assert f"**State**: exempt (A closed network.); {seen} of {seen} observations passed" in page
    failed = "**State**: not satisfied (access.wrong-role-refused, two: expected a TLS alert, saw <b>201</b>)"
    assert failed in page


def test_a_page_that_was_never_assessed_has_no_percentage() -> None:
    page = render(unassessed(), PublicationFormat.MARKDOWN, {})[PAGE].decode()
    assert "Compliance is – (0 of 0 assessed controls), coverage 0 % (0 of 86 applicable controls)" in page


def test_a_published_page_is_a_page() -> None:
    """It can be read again: state and evidence are passed over, the claims stay."""
    page = render(publication(), PublicationFormat.MARKDOWN, {})[PAGE]
    again = parse_document(page, PAGE).baseline
    claims = {
        entry.feature: entry.supported
        for entry in carried_service("holdfast").entries
        if entry.supported is not Answer.NOT_APPLICABLE
    }
    assert {entry.feature: entry.supported for entry in again.entries} == claims


def test_a_page_lists_the_policies_by_control_and_provider() -> None:
    name = "holdfast-platform-security-baseline.md"
    page = parse_document(render(publication(), PublicationFormat.MARKDOWN, {})[name], name)
    listed = {(table.control, table.namespace): table.policies for table in page.baseline.policies}
    assert listed == {(table.control, table.namespace): table.policies for table in policy_tables()}
    assert sum(len(rows) for rows in listed.values()) >= len(entries())


def test_an_edit_is_found() -> None:
    page = render(publication(), PublicationFormat.MARKDOWN, {})[PAGE]
    check_page(page, PAGE)
    with pytest.raises(DocumentError, match="was edited after it was published"):
        check_page(page.replace(b"not satisfied", b"satisfied", 1), PAGE)
    with pytest.raises(DocumentError, match="Holdfast did not publish it"):
        check_page(b"# A page\n", PAGE)


def test_an_owner_with_quotes_stays_one_line_of_front_matter() -> None:
    page = render(publication('Ada "the first"\nLovelace'), PublicationFormat.MARKDOWN, {})[PAGE].decode()
    assert 'owner: "Ada \\"the first\\" Lovelace"\n' in page


def test_a_workbook_adds_state_evidence_and_history() -> None:
    data = render(publication(), PublicationFormat.XLSX, {})[WORKBOOK]
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Security Profile", "Feature Summary", *OUR_SHEETS]
    states = {row[0]: row[2] for row in book["State"].iter_rows(values_only=True) if not row[1]}
    assert (states["PA-7"], states["DP-3"], states["GS-1"]) == ("not satisfied", "exempt", "attestation due")
    outcomes = [row[7] for row in book["Evidence"].iter_rows(min_row=2, values_only=True)]
    assert set(outcomes) == {"passed", "failed"}
    assert book["History"]["E2"].value == "Somebody changed a role."
    assert all(sheet.freeze_panes == "A2" and sheet.auto_filter.ref for sheet in book.worksheets)
    assert all(sheet.conditional_formatting for sheet in book.worksheets[1:])


def test_in_a_workbook_one_gets_from_a_state_to_its_evidence_and_its_claim() -> None:
    book = openpyxl.load_workbook(io.BytesIO(render(publication(), PublicationFormat.XLSX, {})[WORKBOOK]))
    row = next(row for row in book["State"].iter_rows() if row[1].value == "Data in Transit Encryption")
    for cell, column in ((row[1], 5), (row[2], 1)):
        assert cell.hyperlink is not None
        sheet, _, target = str(cell.hyperlink.location).partition("!")
        number = int(target.removeprefix("A")) - 1
        assert [*book[sheet.strip("'")].values][number][column] == "Data in Transit Encryption"


def test_a_workbook_and_a_report_show_the_profile_with_its_state() -> None:
    book = openpyxl.load_workbook(io.BytesIO(render(publication(), PublicationFormat.XLSX, {})[WORKBOOK]))
    states = {row[1]: row[2] for row in book["State"].iter_rows(values_only=True) if not row[0]}
    assert states["Stores customer content at rest"] == "satisfied"
    report = text(PublicationFormat.HTML, "report.html")
    assert "Security profile</h3>" in report
    assert report.count("Customer can access HOST / OS") == 3


def test_a_published_workbook_is_a_mapping_workbook() -> None:
    document = parse_document(render(publication(), PublicationFormat.XLSX, {})[WORKBOOK], WORKBOOK)
    assert len(document.baseline.entries) == 35
    assert document.oddities == ()


def test_a_report_escapes_what_was_observed() -> None:
    report = text(PublicationFormat.HTML, "report.html")
    assert "&lt;b&gt;201&lt;/b&gt;" in report
    assert "<b>201" not in report
    assert "http" not in report.replace("https://", "").split("<body>")[0]


def test_a_report_has_every_service_and_table() -> None:
    report = text(PublicationFormat.HTML, "report.html")
    for heading in ("Holdfast platform", "Holdfast defender", "Recommendations", "Evidence", "History"):
        assert heading in report


def test_a_pdf_is_a_pdf_with_the_owner_and_letters_beyond_latin() -> None:
    data = render(publication("Žofie Łukasz"), PublicationFormat.PDF, {})["report.pdf"]
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")


def test_files_are_written_below_the_folder(tmp_path: Path) -> None:
    written = publish(publication(), PublicationFormat.OSCAL, tmp_path / "out", {})
    assert len(written) == 18
    assert {path.parent.name for path in written} == {"holdfast-platform", "holdfast-defender", "holdfast"}
    assert all(path.read_bytes() for path in written)
