"""Tables of a page."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.markdown.outline import NumberedLine

_RULE = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_BAR = re.compile(r"(?<!\\)\|")


class Row(NamedTuple):
    """The cells of one line."""

    line: int
    cells: tuple[str, ...]


class Table(NamedTuple):
    """A table and the lines around it."""

    header: Row
    rows: tuple[Row, ...]
    before: tuple[str, ...]
    after: tuple[NumberedLine, ...]


def first_table(lines: Sequence[NumberedLine], columns: int, file: str) -> Table | None:
    """The first table among the lines; None where no line looks like one.

    Raises DocumentError for a table that is cut off or has rows of another width.
    """
    start = next((index for index, line in enumerate(lines) if _in_table(line)), None)
    if start is None:
        return None
    end = next((index for index in range(start, len(lines)) if not _in_table(lines[index])), len(lines))
    block = lines[start:end]
    _check_rule(block, file)
    header, *rows = [Row(line.number, cells_of(line.text)) for line in (block[0], *block[2:])]
    for row in (header, *rows):
        if len(row.cells) != columns:
            problem = f"a table of {columns} columns has {len(row.cells)} here; the table seems cut"
            raise DocumentError(file, f"line {row.line}", problem)
    if not rows:
        raise DocumentError(file, f"line {block[-1].number}", "the table ends after its header; it seems cut")
    return Table(header, tuple(rows), tuple(line.text for line in lines[:start]), tuple(lines[end:]))


def _in_table(line: NumberedLine) -> bool:
    return line.text.lstrip().startswith("|")


def _check_rule(block: Sequence[NumberedLine], file: str) -> None:
    if len(block) < 2 or not _RULE.fullmatch(block[1].text.strip()):
        raise DocumentError(
            file, f"line {block[0].number}", "the line below must be the rule of the table (|---|)"
        )


def cells_of(line: str) -> tuple[str, ...]:
    """The cells of a table's line; a bar that is escaped belongs to its cell."""
    text = line.strip()
    text = text[1:] if text.startswith("|") else text
    text = text[:-1] if text.endswith("|") and not text.endswith("\\|") else text
    return tuple(cell.strip().replace("\\|", "|") for cell in _BAR.split(text))


def table_line(cells: Iterable[str]) -> str:
    """A line of a table as the pages write it: `| a | b |`."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
