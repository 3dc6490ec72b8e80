"""A workbook that is read and written again has the same cells."""

import io

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.documents.markdown.writer import write_page
from holdfast.baseline.documents.workbook.reader import read_workbook
from holdfast.baseline.documents.workbook.writer import write_workbook
from tests.baseline.samples import ODD_WORKBOOK, WORKBOOK, cells_of, page, row, rows, workbook, workbooks

WORKBOOKS = workbooks()

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="￾￿", exclude_categories=["Cs", "Cc"]) | st.just("\n"),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize(("name", "data"), WORKBOOKS, ids=[name[:24] for name, _ in WORKBOOKS])
def test_cells_survive(name: str, data: bytes) -> None:
    written = write_workbook(read_workbook(data, name).baseline)
    assert cells_of(written) == cells_of(data)


def test_a_workbook_of_ours_knows_whose_it_is_whatever_the_file_is_called() -> None:
    baseline = read_workbook(workbook(), WORKBOOK).baseline
    named = baseline.model_copy(update={"key": "tide", "name": "Tide & Co (beta)", "benchmark": "mcsb-v1"})
    found = read_workbook(write_workbook(named), "download-1.xlsx").baseline
    assert (found.key, found.name, found.benchmark) == ("tide", "Tide & Co (beta)", "mcsb-v1")


def test_the_same_baseline_gives_the_same_bytes() -> None:
    baseline = read_workbook(workbook(), WORKBOOK).baseline
    assert write_workbook(baseline) == write_workbook(baseline)


def test_a_reference_is_a_link_and_still_its_text() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(read_workbook(ODD_WORKBOOK, WORKBOOK).baseline)))
    cell = book["Feature Summary"]["J2"]
    assert cell.value == "Tides: https://docs.microsoft.com/en-us/azure/tides?tab=a#b"
    assert cell.hyperlink.target == "https://docs.microsoft.com/en-us/azure/tides?tab=a"
    assert cell.hyperlink.location == "b"


def test_a_reference_that_no_link_can_hold_stays_text() -> None:
    long = f"Tides: https://example.org/{'x' * 3_000}"
    data = workbook(rows(row("Azure Backup", reference=long)))
    assert cells_of(write_workbook(read_workbook(data, WORKBOOK).baseline)) == cells_of(data)


def test_policies_of_a_page_survive() -> None:
    baseline = read_page(page(), "page.md").baseline
    assert baseline.policies
    written = write_workbook(baseline)
    again = read_workbook(written, WORKBOOK)
    assert again.baseline.policies == baseline.policies
    assert not any("was not read" in oddity.remark for oddity in again.oddities)
    assert cells_of(written)["Policy Definitions"][0][:3] == ("Control", "Namespace", "Name")
    assert write_page(again.baseline, baseline.wording) == page()


def test_a_published_workbook_gets_no_sheet_of_policies() -> None:
    assert "Policy Definitions" not in cells_of(write_workbook(read_workbook(workbook(), WORKBOOK).baseline))


@settings(max_examples=40, deadline=None)
@given(guidance=TEXTS, notes=TEXTS, reference=TEXTS)
def test_any_text_survives(guidance: str, notes: str, reference: str) -> None:
    cells = {"guidance": guidance, "notes": notes, "reference": reference}
    special = row("Azure Backup", ("False", "Not Applicable", "Not Applicable"), **cells)
    data = workbook(rows(special))
    assert cells_of(write_workbook(read_workbook(data, WORKBOOK).baseline)) == cells_of(data)


@pytest.mark.parametrize("text", ["=1+1", "https://example.org", "007", "_x000D_", "{=A1}", "@x", "'quoted"])
def test_nothing_becomes_a_formula_number_or_link(text: str) -> None:
    data = workbook(rows(row("Azure Backup", notes="placeholder")))
    baseline = read_workbook(data, WORKBOOK).baseline
    entry = baseline.entries[0].model_copy(update={"notes": text})
    written = write_workbook(baseline.model_copy(update={"entries": (entry, *baseline.entries[1:])}))
    assert read_workbook(written, WORKBOOK).baseline.entries[0].notes == text
