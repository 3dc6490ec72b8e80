"""Writes a mapping workbook: the published cells, with filters, frozen headers, widths, colours and links."""

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
from holdfast.baseline.model.service import Entry, ServiceBaseline, split_reference

MAXIMUM_CELL_CHARACTERS = 32_767
"""Excel's own limit."""

_EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)
"""Workbooks carry their date of creation; a fixed one keeps them equal for equal content."""

_PROFILE_WIDTHS = (50, 90, 30)
_FEATURE_WIDTHS = (28, 14, 50, 70, 16, 44, 50, 18, 26, 50, 50, 50)
_ANSWERS = ("Feature Supported", "Feature Enabled by Default")
_POLICY_WIDTHS = (10, 28, 60, 40, 90, 28, 12, 40)
_GOOD, _BAD, _OPEN, _ASIDE = "#d8f0d8", "#f8d8d8", "#fff2cc", "#e8e8e8"
_COLOURS = {
    "True": _GOOD,
    "False": _BAD,
    "Not Applicable": _ASIDE,
    "satisfied": _GOOD,
    "passed": _GOOD,
    "not satisfied": _BAD,
    "failed": _BAD,
    "error": _BAD,
    "not assessed": _OPEN,
    "attestation due": _OPEN,
    "exempt": _ASIDE,
    "not applicable": _ASIDE,
}
"""What a cell of a coloured column says, and its colour."""
_MAXIMUM_LINK = 2_000
"""Characters; Excel takes a few more, and no reference has nearly as many."""


class Linked(NamedTuple):
    """A text that leads somewhere."""

    text: str
    address: str
    """https://…, or a place in the workbook (`place`)."""


def place(sheet: str, row: int) -> str:
    """The address of a row of a sheet, counted from 1, the header included."""
    return f"internal:'{sheet}'!A{row}"


Value = str | Linked | None


class Sheet(NamedTuple):
    """A sheet of texts, some of which lead somewhere."""

    title: str
    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: Sequence[tuple[Value, ...]]
    coloured: tuple[str, ...] = ()
    """The columns whose cells take the colour of what they say."""


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
    _add_sheet(book, Sheet(layout.FEATURE_SHEET, layout.FEATURE_COLUMNS, _FEATURE_WIDTHS, rows, _ANSWERS))
    policies = policy_rows(full.policies)
    if policies:
        _add_sheet(book, Sheet(layout.POLICY_SHEET, layout.POLICY_COLUMNS, _POLICY_WIDTHS, policies))
    for sheet in more:
        _add_sheet(book, sheet)
    book.close()
    return buffer.getvalue()


def _cells(entry: Entry) -> tuple[Value, ...]:
    fields = {**dict(entry), "responsibility": entry.responsibility.published}
    reference = split_reference(entry.reference) if entry.reference else None
    if entry.reference and reference:
        fields["reference"] = Linked(entry.reference, reference[1])
    return tuple(
        value if value is None or isinstance(value, Linked) else str(value)
        for value in (fields[name] for name in layout.FEATURE_FIELDS)
    )


def _add_sheet(book: Workbook, content: Sheet) -> None:
    sheet = book.add_worksheet(content.title)
    header = book.add_format({"bold": True, "bg_color": "#20404f", "font_color": "#ffffff", "valign": "top"})
    body = book.add_format({"text_wrap": True, "valign": "top"})
    link = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#0b5394", "underline": 1})
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(content.rows), 1), len(content.columns) - 1)
    for column, (name, width) in enumerate(zip(content.columns, content.widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, header)
    for number, cells in enumerate(content.rows, 1):
        for column, value in enumerate(cells):
            if isinstance(value, Linked):
                _write(sheet, number, column, value.text, link, value.address)
            else:
                _write(sheet, number, column, layout.text_of(value), body)
    for name in content.coloured:
        _colour(book, sheet, content.columns.index(name), len(content.rows))


def _write(sheet: Worksheet, row: int, column: int, text: str, style: Format, address: str = "") -> None:
    """Always as text: nothing in a document becomes a formula or a number, and nothing by its form a link."""
    if len(text) > MAXIMUM_CELL_CHARACTERS:
        place = f'sheet "{sheet.name}", row {row + 1}'
        raise DocumentError("workbook", place, f"a text of {len(text)} characters does not fit into a cell")
    if text and 0 < len(address) <= _MAXIMUM_LINK:
        sheet.write_url(row, column, address, style, text)
    elif text:
        sheet.write_string(row, column, text, style)
    else:
        sheet.write_blank(row, column, None, style)


def _colour(book: Workbook, sheet: Worksheet, column: int, rows: int) -> None:
    for word, colour in _COLOURS.items():
        rule = {
            "type": "cell",
            "criteria": "==",
            "value": f'"{word}"',
            "format": book.add_format({"bg_color": colour}),
        }
        sheet.conditional_format(1, column, max(rows, 1), column, rule)
