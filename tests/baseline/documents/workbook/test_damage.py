"""Workbooks as people hand them over: whatever was done to one, it is read or refused with its place."""

import io
from collections.abc import Callable

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.workbook.layout import FEATURE_COLUMNS, FEATURE_SHEET, PROFILE_SHEET
from holdfast.baseline.documents.workbook.reader import read_workbook
from tests.baseline.samples import ODD_WORKBOOK, WORKBOOK, saved

Damage = Callable[[Workbook, int, int], None]
"""Does something to a workbook at a row and a column."""


def features(book: Workbook) -> Worksheet:
    sheet = book[FEATURE_SHEET] if FEATURE_SHEET in book.sheetnames else book.worksheets[0]
    assert isinstance(sheet, Worksheet)
    return sheet


def swap_columns(book: Workbook, row: int, column: int) -> None:
    for cells in features(book).iter_rows(max_col=len(FEATURE_COLUMNS)):
        one, other = cells[column - 1], cells[column % len(FEATURE_COLUMNS)]
        if not hasattr(one, "value") or type(one).__name__ == "MergedCell":
            continue
        if type(other).__name__ != "MergedCell":
            one.value, other.value = other.value, one.value


def add_column(book: Workbook, row: int, column: int) -> None:
    features(book).insert_cols(column)


def blank_row(book: Workbook, row: int, column: int) -> None:
    features(book).insert_rows(row)


def drop_row(book: Workbook, row: int, column: int) -> None:
    features(book).delete_rows(row)


def repeat_row(book: Workbook, row: int, column: int) -> None:
    features(book).append([cell.value for cell in features(book)[row]])


def merge(book: Workbook, row: int, column: int) -> None:
    features(book).merge_cells(start_row=row, end_row=row + 1, start_column=column, end_column=column)


def formula(book: Workbook, row: int, column: int) -> None:
    put(book, row, column, "=1+1")


def number(book: Workbook, row: int, column: int) -> None:
    put(book, row, column, 3.5)


def blank_cell(book: Workbook, row: int, column: int) -> None:
    put(book, row, column, None)


def whitespace(book: Workbook, row: int, column: int) -> None:
    found = features(book).cell(row, column)
    put(book, row, column, f"\u00a0 {found.value}\n\t ")


def foreign_word(book: Workbook, row: int, column: int) -> None:
    put(book, row, column, "Ω Kelp Forestry")


def put(book: Workbook, row: int, column: int, value: str | float | None) -> None:
    cell = features(book).cell(row, column)
    if type(cell).__name__ != "MergedCell":
        cell.value = value


def rename_sheet(book: Workbook, row: int, column: int) -> None:
    features(book).title = f"Sheet {row}"


def drop_sheet(book: Workbook, row: int, column: int) -> None:
    if PROFILE_SHEET in book.sheetnames and len(book.sheetnames) > 1:
        del book[PROFILE_SHEET]


def add_sheet(book: Workbook, row: int, column: int) -> None:
    book.create_sheet(f"Notes {row} {column}")


DAMAGES: tuple[Damage, ...] = (
    swap_columns,
    add_column,
    blank_row,
    drop_row,
    repeat_row,
    merge,
    formula,
    number,
    blank_cell,
    whitespace,
    foreign_word,
    rename_sheet,
    drop_sheet,
    add_sheet,
)

_STEPS = st.tuples(st.sampled_from(DAMAGES), st.integers(1, 40), st.integers(1, len(FEATURE_COLUMNS)))


def refusal(data: bytes) -> str:
    """Why it is refused; nothing when it is read."""
    try:
        assert read_workbook(data, WORKBOOK).baseline.entries
    except DocumentError as refused:
        return str(refused)
    return ""


@settings(max_examples=40, deadline=None)
@given(st.lists(_STEPS, min_size=1, max_size=4))
def test_it_is_read_or_refused_with_its_place(steps: list[tuple[Damage, int, int]]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(ODD_WORKBOOK))
    for damage, row, column in steps:
        damage(book, row, column)
    reason = refusal(saved(book))
    assert not reason or (WORKBOOK in reason and "sheet" in reason)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(ODD_WORKBOOK) - 1), st.integers(0, 255))
def test_a_flipped_byte_is_read_or_refused(place: int, byte: int) -> None:
    damaged = bytearray(ODD_WORKBOOK)
    damaged[place] = byte
    reason = refusal(bytes(damaged))
    assert not reason or WORKBOOK in reason


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_end_is_refused(share: float) -> None:
    with pytest.raises(DocumentError, match=WORKBOOK):
        read_workbook(ODD_WORKBOOK[: int(len(ODD_WORKBOOK) * share)], WORKBOOK)
