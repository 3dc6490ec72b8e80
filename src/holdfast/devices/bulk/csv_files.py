"""Devices as a CSV file in IoT Central's columns: what people bring along, and what they take away.

Spreadsheets run a cell that begins like a formula. What devices and people wrote must not, so such cells are
written with an apostrophe before them, and read without it (OWASP, "CSV Injection").
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from holdfast.devices.device import MAXIMUM_ID, MAXIMUM_NAME, valid_id
from holdfast.kernel.errors import InvalidError

MAXIMUM_ROWS = 200_000
"""As many as the hosted service has devices in one application."""
MAXIMUM_CELL = 8_192
MAXIMUM_PROBLEMS = 20
"""Problems that are told; a file with more is of another kind."""

ID, NAME = "IOTC_DEVICEID", "IOTC_DEVICENAME"
KEYS = ("IOTC_SASKEY_PRIMARY", "IOTC_SASKEY_SECONDARY")
THUMBPRINTS = ("IOTC_X509THUMBPRINT_PRIMARY", "IOTC_X509THUMBPRINT_SECONDARY")
COLUMNS = (ID, NAME, *KEYS, *THUMBPRINTS)
"""Only the first must be there."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_QUOTE = "'"


class DeviceRow(NamedTuple):
    """One device of a file. Empty texts stand for cells that are empty or absent."""

    line: int
    """Line of the file, the header being 1."""
    id: str
    name: str = ""
    keys: tuple[str, str] = ("", "")
    """Base64, primary and secondary."""
    thumbprints: tuple[str, str] = ("", "")
    """Hexadecimal, SHA-1 or SHA-256."""


class Problem(NamedTuple):
    """What is wrong with one cell."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        """As people read it."""
        place = f", column {self.column}" if self.column else ""
        return f"line {self.line}{place}: {self.text}"


class CsvError(InvalidError):
    """The file cannot be used; nothing of it was."""

    def __init__(self, problems: list[Problem]) -> None:
        shown = "; ".join(map(str, problems[:MAXIMUM_PROBLEMS]))
        more = " …" if len(problems) > MAXIMUM_PROBLEMS else ""
        super().__init__(f"The file has mistakes: {shown}{more}", f"line {problems[0].line}")
        self.problems = tuple(problems[:MAXIMUM_PROBLEMS])


def read_devices(data: bytes) -> list[DeviceRow]:
    """Every device of a file (UTF-8; commas or semicolons). CsvError with the line and column of mistakes."""
    rows = _cells(_text(data))
    header = next(rows, None)
    if header is None:
        raise CsvError([Problem(1, "", f"it is empty; its first line names columns, {ID} among them")])
    places = _places(header[1])
    found: list[DeviceRow] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for line, cells in rows:
        if not any(cells):
            continue
        if len(found) == MAXIMUM_ROWS:
            raise CsvError([Problem(line, "", f"it has more than {MAXIMUM_ROWS:,} devices")])
        row = _row(line, {name: _plain(cells[at]) for name, at in places.items() if at < len(cells)})
        problems += _problems(row, seen)
        seen.setdefault(row.id.lower(), line)
        found.append(row)
        if len(problems) > MAXIMUM_PROBLEMS:
            break
    if problems:
        raise CsvError(problems)
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CsvError([Problem(line, "", "it is not UTF-8; save the file as UTF-8")]) from None


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line's number and cells. CsvError where the quoting is broken."""
    first = text.partition("\n")[0]
    delimiter = ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CsvError([Problem(line, "", f"the quoting is broken ({error})")]) from None
        yield line, cells


def _places(header: list[str]) -> dict[str, int]:
    """Column name → its place. Columns of other names are left alone."""
    names = [cell.strip().upper() for cell in header]
    places: dict[str, int] = {}
    for at, name in enumerate(names):
        if name in places:
            raise CsvError([Problem(1, name, "it is there twice")])
        if name in COLUMNS:
            places[name] = at
    if ID not in places:
        raise CsvError([Problem(1, ID, "it is missing; the first line names the columns")])
    return places


def _plain(cell: str) -> str:
    """The cell without the apostrophe that kept a spreadsheet from running it."""
    cell = cell.strip(" ")
    return cell[1:] if cell.startswith(_QUOTE) and cell[1:].startswith((*_FORMULA, _QUOTE)) else cell


def _row(line: int, cells: dict[str, str]) -> DeviceRow:
    def pair(names: tuple[str, str]) -> tuple[str, str]:
        return cells.get(names[0], ""), cells.get(names[1], "")

    return DeviceRow(line, cells.get(ID, ""), cells.get(NAME, ""), pair(KEYS), pair(THUMBPRINTS))


def _problems(row: DeviceRow, seen: dict[str, int]) -> Iterator[Problem]:
    if not valid_id(row.id):
        text = f"{row.id[:40]!r} cannot be a device id (1 to {MAXIMUM_ID} letters, digits and -._:)"
        yield Problem(row.line, ID, text)
    elif row.id.lower() in seen:
        yield Problem(row.line, ID, f"{row.id} is in line {seen[row.id.lower()]} already")
    if len(row.name) > MAXIMUM_NAME:
        yield Problem(row.line, NAME, f"it has more than {MAXIMUM_NAME} characters")
    for columns, pair in ((KEYS, row.keys), (THUMBPRINTS, row.thumbprints)):
        for column, cell in zip(columns, pair, strict=True):
            if len(cell) > MAXIMUM_CELL:
                yield Problem(row.line, column, f"it has more than {MAXIMUM_CELL:,} characters")
        if pair[1] and not pair[0]:
            yield Problem(row.line, columns[0], f"it is empty, and {columns[1]} is not")
    if row.keys[0] and row.thumbprints[0]:
        yield Problem(row.line, THUMBPRINTS[0], "a device has keys or certificates, not both")


def write_devices(rows: Iterable[DeviceRow], *, credentials: bool) -> Iterator[str]:
    """The file, line by line; without `credentials` only ids and names."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    columns = COLUMNS if credentials else (ID, NAME)
    writer.writerow(columns)
    yield _taken(buffer)
    for row in rows:
        cells = (row.id, row.name, *row.keys, *row.thumbprints)
        writer.writerow([_harmless(cell) for cell in cells[: len(columns)]])
        yield _taken(buffer)


def _harmless(cell: str) -> str:
    return _QUOTE + cell if cell.startswith((*_FORMULA, _QUOTE)) else cell


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
