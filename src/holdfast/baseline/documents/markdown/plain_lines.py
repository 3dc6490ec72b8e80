"""Brings what browsers make of a copied page to one form: the page alone, and each row of a table on a line.

A page is copied with the menus around it. The cells of a row arrive with tabs, blanks or `|` between them, or
each on a line of its own.
"""

import re
from collections.abc import Iterator, Sequence

from holdfast.baseline.documents.markdown.outline import NumberedLine

_TITLE = re.compile(r".*? baseline for (?P<service>.+)")
_PROFILE = "service behavior attribute"
_HEADERS = ((_PROFILE, "value"), ("supported", "enabled by default", "configuration responsibility"))
_ATTRIBUTES = frozenset(
    {
        "product category",
        "customer can access host / os",
        "service can be deployed into customer's virtual network",
        "stores customer content at rest",
    }
)
_ANSWERS = frozenset({"true", "false", "not applicable", "no related feature"})
_OPEN_ROW = re.compile(r"[^|\s].*\|\s*")
"""A row of a table whose first `|` is missing."""


def title_line(lines: Sequence[NumberedLine]) -> int:
    """Where the page begins: the last title above the security profile, for menus name it too."""
    found = 0
    for index, line in enumerate(lines):
        if line.text.strip().casefold().startswith(_PROFILE):
            break
        if _TITLE.fullmatch(line.text.strip()):
            found = index
    return found


def service_of(title: str) -> str:
    """The service that a title names; empty when the line is no title."""
    found = _TITLE.fullmatch(title)
    return found["service"] if found else ""


def with_rows(lines: Sequence[NumberedLine]) -> Iterator[NumberedLine]:
    """The lines, with each row of the profile and of answers on one, its cells separated by tabs."""
    filled = [line for line in lines if line.text.strip()]
    place = {line.number: index for index, line in enumerate(filled)}
    passed = 0
    for line in lines:
        if line.number <= passed:
            continue
        if not line.text.strip():
            yield line
            continue
        start = place[line.number]
        row = filled[start : start + _cells(filled, start)]
        passed = row[-1].number
        text = "\t".join(cell.text.strip() for cell in row) if len(row) > 1 else line.text
        yield NumberedLine(line.number, f"|{text}" if _OPEN_ROW.fullmatch(text) else text)


def _cells(lines: Sequence[NumberedLine], start: int) -> int:
    """How many of the lines from `start` are the cells of one row."""
    texts = [line.text.strip().casefold().replace("’", "'") for line in lines[start : start + 3]]
    for header in _HEADERS:
        if tuple(texts[: len(header)]) == header:
            return len(header)
    if texts[0] in _ATTRIBUTES:
        return min(len(texts), 2)
    return 3 if len(texts) == 3 and set(texts[:2]) <= _ANSWERS else 1
