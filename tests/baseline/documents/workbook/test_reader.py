"""What a mapping workbook says, and what is wrong with it."""

import io
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.markdown.reader import read_page
from holdfast.baseline.documents.workbook import layout
from holdfast.baseline.documents.workbook.reader import read_workbook
from holdfast.baseline.documents.workbook.writer import write_workbook
from holdfast.baseline.model.vocabulary import Answer, GuidanceKind, Responsibility
from tests.baseline.samples import (
    FROM_THE_START,
    ODD_WORKBOOK,
    PROFILE,
    WORKBOOK,
    page,
    row,
    rows,
    saved,
    workbook,
)


def opened(data: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def problem(data: bytes, name: str = WORKBOOK) -> str:
    with pytest.raises(DocumentError) as error:
        read_workbook(data, name)
    return str(error.value)


def test_reads_profile_and_rows() -> None:
    baseline = read_workbook(ODD_WORKBOOK, WORKBOOK).baseline
    assert (baseline.key, baseline.name) == ("tide-gauge", "Tide Gauge")
    assert [line.value for line in baseline.profile] == [None, "No Access", "False", "True"]
    backup = next(entry for entry in baseline.entries if entry.feature == "Service Native Backup Capability")
    assert backup.control is None
    assert (backup.supported, backup.responsibility) == (Answer.TRUE, Responsibility.SHARED)


def test_guidance_written_for_the_service_is_custom() -> None:
    entries = read_workbook(ODD_WORKBOOK, WORKBOOK).baseline.entries
    kinds = {(entry.feature, entry.guidance): entry.guidance_kind for entry in entries}
    assert kinds["Data in Transit Encryption", "Our tides are secret; we see to that."] is GuidanceKind.CUSTOM
    assert kinds["Data in Transit Encryption", FROM_THE_START] is GuidanceKind.CONFIGURATION
    assert kinds["Service Principals", "Give the buoy an account."] is GuidanceKind.CUSTOM


def test_of_two_own_texts_the_first_is_custom() -> None:
    answers = ("True", "False", "Customer")
    pair = [row("Azure Private Link", answers, guidance=text) for text in ("Containers.", "Endpoints.")]
    entries = read_workbook(workbook(rows(*pair)), WORKBOOK).baseline.entries
    assert [entry.guidance_kind for entry in entries[:2]] == [GuidanceKind.CUSTOM, GuidanceKind.CONFIGURATION]


def test_reports_what_is_odd() -> None:
    remarks = [str(oddity) for oddity in read_workbook(ODD_WORKBOOK, WORKBOOK).oddities]
    assert [remark for remark in remarks if "occurs a second time" in remark] == [
        'sheet "Feature Summary", row 3: Data in Transit Encryption occurs a second time for DP-3'
    ]
    assert any("has no control; its home is BR-1" in remark for remark in remarks)
    assert any("False / Not Applicable / Customer do not go together" in remark for remark in remarks)


def test_irregular_answers_are_kept_with_a_reason() -> None:
    entries = read_workbook(ODD_WORKBOOK, WORKBOOK).baseline.entries
    entry = next(entry for entry in entries if entry.feature == "Local Admin Accounts")
    assert entry.responsibility is Responsibility.CUSTOMER
    assert entry.reason


def test_a_missing_feature_and_another_title_are_reported() -> None:
    special = row("Azure Backup", title="Never lose  a file")
    remarks = [str(oddity) for oddity in read_workbook(workbook([special]), WORKBOOK).oddities]
    assert 'sheet "Feature Summary": no row for Managed Identities (IM-3)' in remarks
    assert any('BR-1 is titled "Never lose a file"' in remark for remark in remarks)


def test_spelling_of_answers_is_forgiven_and_reported() -> None:
    data = workbook(rows(row("Azure Backup", (" true", "FALSE", "customer"))))
    document = read_workbook(data, WORKBOOK)
    assert document.baseline.entries[0].supported is Answer.TRUE
    assert sum("was read as" in oddity.remark for oddity in document.oddities) == 3


def test_numbers_and_truth_values_are_read_as_text() -> None:
    cells: list[object] = [*row("Azure Backup", ("x", "False", "Customer"))]
    cells[layout.FEATURE_FIELDS.index("supported")] = True
    cells[layout.FEATURE_FIELDS.index("notes")] = 42
    document = read_workbook(workbook([cells]), WORKBOOK)
    assert document.baseline.entries[0].supported is Answer.TRUE
    assert document.baseline.entries[0].notes == "42"
    assert any("read as text" in oddity.remark for oddity in document.oddities)


def test_a_profile_with_lines_left_out_is_reported() -> None:
    remarks = [str(oddity) for oddity in read_workbook(workbook(profile=PROFILE[:1]), WORKBOOK).oddities]
    assert remarks == ['sheet "Security Profile": has 1 attributes; published profiles have 4']


def test_a_foreign_sheet_is_reported() -> None:
    book = opened(workbook())
    book.create_sheet("Scratch")
    book.create_sheet("Evidence")
    remarks = [str(oddity) for oddity in read_workbook(saved(book), WORKBOOK).oddities]
    assert remarks == ['sheet "Scratch": is not part of a mapping workbook and was not read']


def test_a_missing_sheet_is_named() -> None:
    book = opened(workbook())
    del book[layout.PROFILE_SHEET]
    assert f'{WORKBOOK}: has no sheet "Security Profile" (it has: Feature Summary)' in problem(saved(book))


def test_a_damaged_sheet_of_policies_is_named() -> None:
    book = opened(write_workbook(read_page(page(), "page.md").baseline))
    book[layout.POLICY_SHEET]["A2"] = "IM"
    assert 'sheet "Policy Definitions", row 2: control: String should match' in problem(saved(book))
    book[layout.POLICY_SHEET]["B1"] = "Provider"
    assert 'sheet "Policy Definitions", row 1: there is no column "Namespace"; "Provider"' in problem(
        saved(book)
    )


def test_a_formula_is_refused_with_its_cell() -> None:
    book = opened(workbook())
    book[layout.FEATURE_SHEET]["K4"] = '=HYPERLINK("https://example.org")'
    assert 'sheet "Feature Summary", row 4: K4 holds a formula' in problem(saved(book))


def test_merged_cells_are_refused() -> None:
    book = opened(workbook())
    book[layout.FEATURE_SHEET].merge_cells("A2:A5")
    assert 'sheet "Feature Summary": the cells A2:A5 are merged' in problem(saved(book))


def test_an_extra_column_is_refused_by_name() -> None:
    book = opened(workbook())
    book[layout.FEATURE_SHEET]["M1"] = "Owner"
    assert "row 1: has columns that a mapping workbook lacks: Owner" in problem(saved(book))


def test_another_header_is_refused() -> None:
    book = opened(workbook())
    book[layout.FEATURE_SHEET]["B1"] = "Control"
    assert 'row 1: there is no column "ASB Control ID"; "Control" is none of a mapping workbook' in problem(
        saved(book)
    )


def test_columns_and_sheets_are_found_by_their_titles_in_any_order_and_letter_case() -> None:
    book, plain = opened(workbook()), read_workbook(workbook(), WORKBOOK)
    sheet = book[layout.FEATURE_SHEET]
    turned = [[cell.value for cell in reversed(cells)] for cells in sheet.iter_rows()]
    sheet.delete_rows(1, sheet.max_row)
    for cells in turned:
        sheet.append([None, *cells])
    sheet["B1"] = " guidance  NOTES\n"
    book[layout.PROFILE_SHEET].title = "security profile "
    document = read_workbook(saved(book), WORKBOOK)
    assert document.baseline == plain.baseline
    remarks = [str(oddity) for oddity in document.oddities if oddity not in plain.oddities]
    assert remarks == [
        'sheet "Feature Summary", row 1: the column " guidance  NOTES\n" was read as "Guidance Notes"',
        'sheet "Feature Summary", row 1: the columns stand in another order; they were read by their titles',
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda sheet: sheet.insert_rows(1), "remove what stands above the titles of the columns"),
        (lambda sheet: sheet.delete_cols(12), 'there is no column "Guidance Notes"; add it'),
        (lambda sheet: sheet.delete_rows(1, sheet.max_row), "is empty"),
        (lambda sheet: sheet.__setitem__("K1", "Guidance"), 'has the column "Guidance" twice; remove one'),
        (lambda sheet: sheet.__setitem__("F3", None), 'row 3: "Feature Name" is empty; name the feature'),
    ],
)
def test_what_is_wrong_with_a_sheet_is_said_with_what_to_do(
    change: Callable[[Worksheet], object], said: str
) -> None:
    book = opened(workbook())
    change(book[layout.FEATURE_SHEET])
    assert said in problem(saved(book))


def test_blanks_around_a_control_are_left_out_and_reported() -> None:
    document = read_workbook(workbook(rows(row("Azure Backup", control=" br-1 "))), WORKBOOK)
    assert document.baseline.entries[0].control == "BR-1"
    assert 'sheet "Feature Summary", row 2: " br-1 " was read as BR-1' in map(str, document.oddities)


def test_an_unknown_answer_is_refused_with_its_row() -> None:
    data = workbook(rows(row("Azure Backup", ("Maybe", "False", "Customer"))))
    assert 'sheet "Feature Summary", row 2: "Feature Supported" says "Maybe"' in problem(data)


def test_an_unknown_control_is_refused_with_its_row() -> None:
    data = workbook(rows(row("Azure Backup", control="B-1")))
    assert 'row 2: "ASB Control ID" says "B-1"; write a control such as NS-1, or None' in problem(data)


def test_an_empty_row_in_between_is_refused() -> None:
    cells = rows()
    data = workbook([cells[0], [None] * 12, *cells[1:]])
    assert 'sheet "Feature Summary", row 3: is empty' in problem(data)


def test_a_header_alone_is_refused() -> None:
    assert 'sheet "Security Profile": has no rows below its header' in problem(workbook(profile=[]))


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, b"no archive at all", b""])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    assert "is not a readable Excel workbook" in problem(data)


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    assert "is not a readable Excel workbook" in problem(buffer.getvalue())


def test_a_zip_bomb_is_refused_unopened() -> None:
    buffer = io.BytesIO(workbook())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.bin", bytes(100 * 1024 * 1024))
    assert "would unpack to 100 MiB (at most 32); it was not opened" in problem(buffer.getvalue())


def test_too_many_cells_are_refused() -> None:
    cells = b"<row>" + b"<c/>" * 300_000 + b"</row>"
    buffer = io.BytesIO(workbook())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", cells)
    assert "a mapping workbook has fewer than 200000" in problem(buffer.getvalue())


def test_a_sheet_of_a_million_rows_is_refused() -> None:
    book = opened(workbook())
    book[layout.FEATURE_SHEET]["A1048576"] = "far away"
    assert "has 1048576 rows and 12 columns" in problem(saved(book))


def test_entities_are_not_expanded() -> None:
    entity = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as source, zipfile.ZipFile(data, "w") as target:
        for part in source.infolist():
            content = source.read(part).decode()
            if part.filename.endswith("sheet1.xml"):
                content = content.replace("<worksheet", f"{entity}<worksheet", 1)
            target.writestr(part, content)
    assert "is not a readable Excel workbook" in problem(data.getvalue())


def test_the_profile_keeps_its_descriptions() -> None:
    profile = read_workbook(workbook(), WORKBOOK).baseline.profile
    assert [(line.attribute, line.description, line.value) for line in profile] == list(PROFILE)
