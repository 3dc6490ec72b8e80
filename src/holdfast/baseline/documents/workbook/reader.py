"""Reads a mapping workbook: a sheet with the security profile and a sheet with a row a feature."""

import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import openpyxl
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from pydantic import ValidationError

from holdfast.baseline.data.catalog import BENCHMARKS, EARLIER
from holdfast.baseline.documents.document import Document, DocumentError
from holdfast.baseline.documents.guidance import with_kinds
from holdfast.baseline.documents.naming import key_of_workbook, service_name
from holdfast.baseline.documents.oddities import find_oddities, missing_features, reason_for
from holdfast.baseline.documents.validation import first_problem
from holdfast.baseline.documents.workbook import layout
from holdfast.baseline.documents.workbook.archive import check_archive
from holdfast.baseline.documents.workbook.header import plain, positions
from holdfast.baseline.documents.workbook.policies import joined, policy_table
from holdfast.baseline.model.benchmark import CONTROL_ID
from holdfast.baseline.model.oddity import Oddity
from holdfast.baseline.model.service import (
    PROFILE_ATTRIBUTES,
    Entry,
    PolicyTable,
    ProfileAttribute,
    ServiceBaseline,
)
from holdfast.baseline.model.vocabulary import Answer, Combination, Responsibility

MAXIMUM_ROWS = 2_000


class _Row(NamedTuple):
    place: str
    texts: tuple[str, ...]
    """One a column; an empty cell is an empty text."""


def read_workbook(data: bytes, file: str, name: str | None = None) -> Document:
    """The service baseline in a workbook; `name` is the service's name where the file name does not give it.

    Raises DocumentError with sheet and row.
    """
    check_archive(data, file)
    workbook = _open(data, file)
    oddities: list[Oddity] = list(_foreign_sheets(workbook))
    profile = _rows(workbook, layout.PROFILE_SHEET, layout.PROFILE_COLUMNS, file, oddities)
    rows = _rows(workbook, layout.FEATURE_SHEET, layout.FEATURE_COLUMNS, file, oddities)
    entries = with_kinds([_entry(row, file, oddities) for row in rows])
    oddities += find_oddities(entries, [row.place for row in rows])
    oddities += missing_features(entries, f'sheet "{layout.FEATURE_SHEET}"')
    if len(profile) != PROFILE_ATTRIBUTES:
        remark = f"has {len(profile)} attributes; published profiles have {PROFILE_ATTRIBUTES}"
        oddities.append(Oddity(f'sheet "{layout.PROFILE_SHEET}"', remark))
    identity = _identity(workbook, file)
    baseline = ServiceBaseline(
        key=identity.key,
        name=name or identity.name,
        benchmark=identity.benchmark,
        profile=tuple(_attribute(row) for row in profile),
        entries=entries,
        policies=_policies(workbook, file, oddities),
    )
    return Document(baseline, tuple(oddities))


class _Identity(NamedTuple):
    key: str
    name: str
    benchmark: str


def _identity(workbook: Workbook, file: str) -> _Identity:
    """What the properties say of a workbook that we wrote; of every other what the file's name says."""
    properties = workbook.properties
    name = str(properties.title or "")
    if name.startswith(layout.TITLE) and properties.subject and properties.category in BENCHMARKS:
        return _Identity(properties.subject[:120], name.removeprefix(layout.TITLE), properties.category)
    key = key_of_workbook(file)
    return _Identity(key, service_name(key), EARLIER)


def _open(data: bytes, file: str) -> Workbook:
    try:
        return openpyxl.load_workbook(io.BytesIO(data))
    except (
        Exception
    ) as error:  # openpyxl lets dozens of classes through for a damaged part; each means the same
        problem = f"is not a readable Excel workbook ({type(error).__name__}); save it as .xlsx again"
        raise DocumentError(file, "", problem) from error


def _policies(workbook: Workbook, file: str, oddities: list[Oddity]) -> tuple[PolicyTable, ...]:
    """What our sheet of policies keeps; published workbooks have none."""
    if layout.POLICY_SHEET not in workbook.sheetnames:
        return ()
    rows = _rows(workbook, layout.POLICY_SHEET, layout.POLICY_COLUMNS, file, oddities)
    return joined([_policy(row, file) for row in rows])


def _policy(row: _Row, file: str) -> PolicyTable:
    try:
        return policy_table(row.texts)
    except ValidationError as error:
        raise DocumentError(file, row.place, first_problem(error)) from error


def _foreign_sheets(workbook: Workbook) -> Iterator[Oddity]:
    ours = (layout.PROFILE_SHEET, layout.FEATURE_SHEET, layout.POLICY_SHEET, *layout.OUR_SHEETS)
    known = {plain(title) for title in ours}
    for title in workbook.sheetnames:
        if plain(title) not in known:
            yield Oddity(f'sheet "{title}"', "is not part of a mapping workbook and was not read")


def _rows(
    workbook: Workbook, title: str, columns: tuple[str, ...], file: str, oddities: list[Oddity]
) -> list[_Row]:
    sheet = _sheet(workbook, title, file)
    place = f'sheet "{title}"'
    rows = [[_text(cell, sheet, file, oddities) for cell in cells] for cells in sheet.iter_rows()]
    if not any(map(any, rows)):
        raise DocumentError(file, place, "is empty")
    order = positions(rows, columns, file, f"{place}, row 1", oddities)
    while len(rows) > 1 and not any(rows[-1]):
        rows.pop()
    if len(rows) < 2:
        raise DocumentError(file, place, "has no rows below its header")
    for number, texts in enumerate(rows[1:], 2):
        if not any(texts):
            raise DocumentError(file, f"{place}, row {number}", "is empty; remove the row")
    return [
        _Row(f"{place}, row {number}", tuple(texts[index] for index in order))
        for number, texts in enumerate(rows[1:], 2)
    ]


def _sheet(workbook: Workbook, wanted: str, file: str) -> Worksheet:
    title = next((each for each in workbook.sheetnames if plain(each) == plain(wanted)), None)
    if title is None:
        there = ", ".join(workbook.sheetnames)
        problem = (
            f'has no sheet "{wanted}" (it has: {there}); it is no mapping workbook of the Azure Security '
            "Benchmark v3; those of earlier versions have no features to convert"
        )
        raise DocumentError(file, "", problem)
    sheet = workbook[title]
    if not isinstance(sheet, Worksheet):
        raise DocumentError(file, f'sheet "{title}"', "is a chart and has no cells")
    if sheet.merged_cells.ranges:
        merged = sorted(str(area) for area in sheet.merged_cells.ranges)[0]
        raise DocumentError(file, f'sheet "{title}"', f"the cells {merged} are merged; split them")
    if sheet.max_row > MAXIMUM_ROWS or sheet.max_column > len(layout.FEATURE_COLUMNS) * 4:
        size = f"{sheet.max_row} rows and {sheet.max_column} columns"
        raise DocumentError(file, f'sheet "{title}"', f"has {size}; a mapping workbook is far smaller")
    return sheet


def _text(cell: Cell | MergedCell, sheet: Worksheet, file: str, oddities: list[Oddity]) -> str:
    place = f'sheet "{sheet.title}", row {cell.row}'
    if isinstance(cell, Cell) and cell.data_type in ("f", "e"):
        what = "a formula" if cell.data_type == "f" else "an error value"
        raise DocumentError(file, place, f"{cell.coordinate} holds {what}; put the text itself there")
    value = cell.value
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool | int | float):
        oddities.append(Oddity(place, f"{cell.coordinate} is a {type(value).__name__}, read as text"))
        return str(value)
    raise DocumentError(file, place, f"{cell.coordinate} holds a {type(value).__name__}; put text there")


def _attribute(row: _Row) -> ProfileAttribute:
    attribute, description, value = (layout.value_of(text) for text in row.texts)
    return ProfileAttribute(attribute=attribute or "", description=description, value=value)


def _entry(row: _Row, file: str, oddities: list[Oddity]) -> Entry:
    cells: dict[str, object] = {
        field: layout.value_of(text) for field, text in zip(layout.FEATURE_FIELDS, row.texts, strict=True)
    }
    cells["control"] = _control(row, file, oddities)
    if not cells["feature"]:
        raise DocumentError(file, row.place, '"Feature Name" is empty; name the feature')
    answers = Combination(
        Answer(_word(row, "supported", tuple(Answer), file, oddities)),
        Answer(_word(row, "enabled_by_default", tuple(Answer), file, oddities)),
        Responsibility(_word(row, "responsibility", tuple(Responsibility), file, oddities)),
    )
    reason = reason_for(answers._replace(responsibility=answers.responsibility.published))
    try:
        return Entry.model_validate({**cells, **answers._asdict(), "reason": reason})
    except ValidationError as error:
        raise DocumentError(file, row.place, first_problem(error)) from error


def _control(row: _Row, file: str, oddities: list[Oddity]) -> str | None:
    text = layout.value_of(row.texts[layout.FEATURE_FIELDS.index("control")])
    if text is None or re.fullmatch(CONTROL_ID, text):
        return text
    if re.fullmatch(CONTROL_ID, meant := text.strip().upper()):
        oddities.append(Oddity(row.place, f'"{text}" was read as {meant}'))
        return meant
    problem = f'"ASB Control ID" says "{text}"; write a control such as NS-1, or {layout.NOTHING}'
    raise DocumentError(file, row.place, problem)


def _word(row: _Row, field: str, words: Sequence[str], file: str, oddities: list[Oddity]) -> str:
    """The word of the vocabulary that the cell means; another spelling is read and reported."""
    index = layout.FEATURE_FIELDS.index(field)
    text = row.texts[index]
    for word in words:
        if text == word:
            return word
        if " ".join(text.split()).casefold() == word.casefold():
            oddities.append(Oddity(row.place, f'"{text}" was read as {word}'))
            return word
    problem = f'"{layout.FEATURE_COLUMNS[index]}" says "{text}"; it must be one of: {", ".join(words)}'
    raise DocumentError(file, row.place, problem)
