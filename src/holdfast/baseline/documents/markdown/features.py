"""The part of a page below a feature's heading."""

import re
from enum import Enum, auto
from typing import NamedTuple

from holdfast.baseline.documents.document import DocumentError
from holdfast.baseline.documents.links import workbook_reference
from holdfast.baseline.documents.markdown.outline import Part
from holdfast.baseline.documents.markdown.tables import Table, first_table
from holdfast.baseline.model.vocabulary import Answer, Combination, Responsibility


class Field(Enum):
    """What a label announces."""

    NOTES = auto()
    CONFIGURATION = auto()
    CUSTOM = auto()
    REFERENCE = auto()
    GUIDANCE_NOTES = auto()
    LIVE = auto()
    """State and evidence that our own publications add; they are not part of the baseline."""


LIVE_LABEL = "State"

LABELS = {
    "feature notes": Field.NOTES,
    "configuration guidance": Field.CONFIGURATION,
    "custom guidance": Field.CUSTOM,
    "reference": Field.REFERENCE,
    "guidance notes": Field.GUIDANCE_NOTES,
    LIVE_LABEL.casefold(): Field.LIVE,
}
LATER_LABELS = {**LABELS, "note": Field.GUIDANCE_NOTES}
"""Pages on the later benchmark call guidance notes just "Note"; on earlier pages that is bold text."""

_LABEL = re.compile(r"\*\*(?P<label>[A-Za-z ]{4,30})\*\*: ?(?P<rest>.*)")
_DESCRIPTION = re.compile(
    r"\*\*(?P<label>Description)\*\*: (?P<text>.*?)(?: \[(?P<more>[^\]\n]+)\]\((?P<link>\S+)\)\.)?", re.DOTALL
)


class FeaturePart(NamedTuple):
    """What a page says about a feature."""

    name: str
    line: int
    description: str
    learn_more: str | None
    answers: Combination
    header: tuple[str, ...]
    """The column titles of the answers' table."""
    fields: dict[Field, str]
    labels: dict[Field, str]
    """Each label as it is printed, in the page's order."""


def read_feature(part: Part, later: bool, file: str) -> FeaturePart:
    """What stands below a feature's heading; `later` says that the page is on the later benchmark.

    Raises DocumentError with the line.
    """
    table = first_table(part.numbered, 3, file)
    if table is None:
        problem = f"{part.heading} has no table of answers; the page seems cut"
        raise DocumentError(file, f"line {part.line}", problem)
    found = _DESCRIPTION.fullmatch("\n".join(table.before).strip())
    if not found:
        problem = f"{part.heading} does not begin with **Description**: and a text"
        raise DocumentError(file, f"line {part.line}", problem)
    fields, labels = _fields(table, LATER_LABELS if later else LABELS, file)
    if Field.REFERENCE in fields:
        fields[Field.REFERENCE] = workbook_reference(fields[Field.REFERENCE])
    return FeaturePart(
        name=part.heading,
        line=part.line,
        description=found["text"],
        learn_more=found["link"],
        answers=_answers(table, file),
        header=table.header.cells,
        fields=fields,
        labels=labels,
    )


def _answers(table: Table, file: str) -> Combination:
    row = table.rows[0]
    if len(table.rows) > 1:
        raise DocumentError(file, f"line {table.rows[1].line}", "a feature has one row of answers, not more")
    return read_answers(row.cells, file, row.line)


def read_answers(cells: tuple[str, ...], file: str, line: int) -> Combination:
    """The three answers in `cells`. Raises DocumentError for a word that is none."""
    try:
        return Combination(Answer(cells[0]), Answer(cells[1]), Responsibility(cells[2]))
    except ValueError as error:
        raise DocumentError(file, f"line {line}", f"{error}; correct the answer") from error


def _fields(table: Table, known: dict[str, Field], file: str) -> tuple[dict[Field, str], dict[Field, str]]:
    texts: dict[Field, list[str]] = {}
    labels: dict[Field, str] = {}
    current: Field | None = None
    for number, line in table.after:
        found = _LABEL.fullmatch(line)
        field = known.get(found["label"].casefold()) if found else None
        if found and field is not None and field not in texts:
            current, labels[field], texts[field] = field, found["label"], [found["rest"]]
        elif current is not None:
            texts[current].append(line)
        elif line.strip():
            raise DocumentError(file, f"line {number}", "text without a label, such as **Feature notes**:")
    return {field: "\n".join(lines).strip("\n") for field, lines in texts.items()}, labels
