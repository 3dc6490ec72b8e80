"""Puts the marks back into the tables of policy definitions of a page that was copied out of a browser.

A browser separates the cells of a copied row by tabs, other tools by a blank. Then effects and version are
still known by their form, and name and description stand together in the first cell.
"""

import re
from collections.abc import Iterator, Sequence

from holdfast.baseline.documents.markdown.outline import NumberedLine
from holdfast.baseline.documents.markdown.tables import table_line

_TITLE = re.compile(r"(?P<title>Azure Policy built-in definitions - [A-Za-z0-9.]+) ?:?\s*")
_HEADER = re.compile(
    r"Expand table|Name(?:\s.*)?|\(Azure portal\).*|Description|Effect\(s\)|Version|\(GitHub\)"
)
"""The words of the header, each on a line of its own or together, as the line breaks in its cells have it."""
_COLUMNS = ("Name", "Description", "Effect(s)", "Version")
_EFFECT = "(?:Audit|Deny|Disabled|Modify|Append|Manual|AuditIfNotExists|DeployIfNotExists|DenyAction)"
_ROW = re.compile(rf"(.+?) ({_EFFECT}(?:, ?{_EFFECT})*) (\d+\.\d+\.\d+\S*)", re.IGNORECASE)


def with_policy_tables(lines: Sequence[NumberedLine]) -> Iterator[NumberedLine]:
    """The lines, with the marks of tables where policies are listed."""
    inside = has_rows = False
    for number, line in lines:
        text = line.strip()
        if title := _TITLE.fullmatch(text):
            inside, has_rows = True, False
            yield NumberedLine(number, f"**{title['title']}**:")
        elif inside and (not text or (not has_rows and _HEADER.fullmatch(text))):
            continue
        elif inside and (cells := _cells(text)):
            if not has_rows:
                yield NumberedLine(number, table_line(_COLUMNS))
                yield NumberedLine(number, "|---|---|---|---|")
            has_rows = True
            yield NumberedLine(number, table_line(cells))
        else:
            inside = False
            yield NumberedLine(number, line)


def _cells(text: str) -> tuple[str, ...]:
    """The four cells of a row; nothing for a line that is none."""
    cells = tuple(cell.strip() for cell in text.split("\t"))
    if len(cells) == len(_COLUMNS):
        return cells
    found = _ROW.fullmatch(text)
    return (found[1], "", found[2], found[3]) if found else ()
