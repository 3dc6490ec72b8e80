"""Puts the marks back into the tables of policy definitions of a page that was copied out of a browser.

A browser separates the cells of a copied row by tabs, or puts each on a line of its own. Other tools put a
blank between them: effects and version are still known by their form, and name and description stand together
in the first cell.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from holdfast.baseline.documents.markdown.outline import NumberedLine
from holdfast.baseline.documents.markdown.tables import table_line

_TITLE = re.compile(r"(?P<title>Azure Policy built-in definitions - [A-Za-z0-9.]+) ?:?\s*")
_HEADER = re.compile(
    r"Expand table|Name(?:\s.*)?|\(Azure portal\).*|Description|Effect\(s\)|Version|\(GitHub\)"
)
"""The words of the header, each on a line of its own or together, as the line breaks in its cells have it."""
_COLUMNS = ("Name", "Description", "Effect(s)", "Version")
_EFFECT = "(?:Audit|Deny|Disabled|Modify|Append|Manual|AuditIfNotExists|DeployIfNotExists|DenyAction)"
_EFFECTS = rf"{_EFFECT}(?:, ?{_EFFECT})*"
_VERSION = r"\d+\.\d+\.\d+\S*"
_ROW = re.compile(rf"(.+?) ({_EFFECTS}) ({_VERSION})", re.IGNORECASE)
_REACH = 12
"""Within how many lines the four cells of a policy stand, empty ones between them."""
_CELLS_ON_LINES = re.compile(rf"(.+)\n(.+)\n({_EFFECTS})\n({_VERSION})", re.IGNORECASE)


def with_policy_tables(lines: Sequence[NumberedLine]) -> Iterator[NumberedLine]:
    """The lines, with the marks of tables where policies are listed."""
    inside = has_rows = False
    passed = 0
    for index, (number, line) in enumerate(lines):
        text = line.strip()
        if index < passed:
            continue
        if title := _TITLE.fullmatch(text):
            inside, has_rows = True, False
            yield NumberedLine(number, f"**{title['title']}**:")
        elif inside and (not text or (not has_rows and _HEADER.fullmatch(text))):
            continue
        elif inside and (row := _row(lines, index)):
            if not has_rows:
                yield NumberedLine(number, table_line(_COLUMNS))
                yield NumberedLine(number, "|---|---|---|---|")
            has_rows, passed = True, row.end
            yield NumberedLine(number, table_line(row.cells))
        else:
            inside = False
            yield NumberedLine(number, line)


class _Row(NamedTuple):
    """A policy, and where the lines after it begin."""

    cells: tuple[str, ...]
    end: int


def _row(lines: Sequence[NumberedLine], start: int) -> _Row | None:
    """The policy that begins at a line; None where none does."""
    text = lines[start].text.strip()
    cells = tuple(cell.strip() for cell in text.split("\t"))
    if len(cells) == len(_COLUMNS):
        return _Row(cells, start + 1)
    if found := _ROW.fullmatch(text):
        return _Row((found[1], "", found[2], found[3]), start + 1)
    reach = range(start, min(start + _REACH, len(lines)))
    places = [place for place in reach if lines[place].text.strip()][: len(_COLUMNS)]
    below = _CELLS_ON_LINES.fullmatch("\n".join(lines[place].text.strip() for place in places))
    return _Row(below.groups(), places[-1] + 1) if below else None
