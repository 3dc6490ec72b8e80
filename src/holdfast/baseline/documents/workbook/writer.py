"""Writes a mapping workbook: the published cells, with filters, frozen headers, widths and colours."""

import datetime
import io
from collections.abc import Sequence
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from holdfast.baseline.documents.completion import completed
from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.workbook import layout
from holdfast.baseline.documents.workbook.policies import policy_rows
from holdfast.baseline.model.service import Entry, ServiceBaseline

MAXIMUM_CELL_CHARACTERS = 32_767
"""Excel's own limit."""

_EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)
"""Workbooks carry their date of creation; a fixed one keeps them equal for equal content."""

_PROFILE_WIDTHS = (50, 90, 30)
_FEATURE_WIDTHS = (28, 14, 50, 70, 16, 44, 50, 18, 26, 50, 50, 50)
_POLICY_WIDTHS = (10, 28, 60, 40, 90, 28, 12, 40)
_COLOURS = {"True": "#d8f0d8", "False": "#f8d8d8", "Not Applicable": "#e8e8e8"}


class Sheet(NamedTuple):
    """A sheet of texts."""

    title: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Sequence[tuple[str | None, ...]]


def write_workbook(baseline: ServiceBaseline, more: Sequence[Sheet] = ()) -> bytes:
    """The workbook's bytes, the same for the same baseline; `more` sheets follow.

    Raises DocumentError for a text that no cell can hold.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties(
        {
            "title": f"{layout.TITLE}{baseline.name}",
            "subject": baseline.key,
            "category": baseline.benchmark,
            "created": _EPOCH,
        }
    )
    full = completed(baseline)
    profile = [(item.attribute, item.description, item.value) for item in full.profile]
    _add_sheet(book, Sheet(layout.PROFILE_SHEET, layout.PROFILE_COLUMNS, _PROFILE_WIDTHS, profile))
    rows = [_cells(entry) for entry in full.entries]
    features = Sheet(layout.FEATURE_SHEET, layout.FEATURE_COLUMNS, _FEATURE_WIDTHS, rows)
    _colour_answers(book, _add_sheet(book, features), len(rows))
    policies = policy_rows(full.policies)
    if policies:
        _add_sheet(book, Sheet(layout.POLICY_SHEET, layout.POLICY_COLUMNS, _POLICY_WIDTHS, policies))
    for sheet in more:
        _add_sheet(book, sheet)
    book.close()
    return buffer.getvalue()


def _cells(entry: Entry) -> tuple[str | None, ...]:
    fields = {**dict(entry), "responsibility": entry.responsibility.published}
    return tuple(None if fields[name] is None else str(fields[name]) for name in layout.FEATURE_FIELDS)


def _add_sheet(book: Workbook, content: Sheet) -> Worksheet:
    sheet = book.add_worksheet(content.title)
    header = book.add_format({"bold": True, "bg_color": "#20404f", "font_color": "#ffffff", "valign": "top"})
    body = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(content.rows), 1), len(content.columns) - 1)
    for column, (name, width) in enumerate(zip(content.columns, content.widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, header)
    for number, cells in enumerate(content.rows, 1):
        for column, value in enumerate(cells):
            _write(sheet, number, column, layout.text_of(value), body)
    return sheet


def _write(sheet: Worksheet, row: int, column: int, text: str, style: Format) -> None:
    """Always as text: nothing in a document becomes a formula, a number or a link."""
    if len(text) > MAXIMUM_CELL_CHARACTERS:
        place = f'sheet "{sheet.name}", row {row + 1}'
        raise DocumentError("workbook", place, f"a text of {len(text)} characters does not fit into a cell")
    if text:
        sheet.write_string(row, column, text, style)
    else:
        sheet.write_blank(row, column, None, style)


def _colour_answers(book: Workbook, sheet: Worksheet, rows: int) -> None:
    for column in ("Feature Supported", "Feature Enabled by Default"):
        index = layout.FEATURE_COLUMNS.index(column)
        for word, colour in _COLOURS.items():
            rule = {
                "type": "cell",
                "criteria": "==",
                "value": f'"{word}"',
                "format": book.add_format({"bg_color": colour}),
            }
            sheet.conditional_format(1, index, max(rows, 1), index, rule)
