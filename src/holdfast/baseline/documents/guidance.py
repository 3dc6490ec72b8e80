"""Tells the standing guidance of the published workbooks from the guidance written for one service.

The workbooks have no column for the label that a page prints ("Configuration Guidance" or "Custom Guidance").
The rule was found by comparing published pages with their workbooks (docs/decisions/0201-documents.md).
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from holdfast.baseline.model.service import Entry
from holdfast.baseline.model.vocabulary import Answer, GuidanceKind

_STANDING = re.compile(
    r"on a default deployment|not (?:supported|applicable) to secure|is no current \w+ guidance"
)
"""Recognizes the guidance that the generator of the pages wrote for whole classes of rows."""

_WITHOUT_ADVICE = frozenset({"Service Principals", "Service Native Backup Capability"})
"""Features for which the generator has no advice of its own: any own text is custom."""


def is_standing(guidance: str | None) -> bool:
    """Whether the text is one that stands in many workbooks."""
    return guidance is None or _STANDING.search(guidance) is not None


def with_kinds(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries with the label that a page gives their guidance."""
    groups: dict[tuple[str | None, str], list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        groups[(entry.control, entry.feature)].append(index)
    custom = {
        index
        for indexes in groups.values()
        for index in _custom_of([entries[index] for index in indexes], indexes)
    }
    return tuple(
        entry.model_copy(update={"guidance_kind": GuidanceKind.CUSTOM}) if index in custom else entry
        for index, entry in enumerate(entries)
    )


def _custom_of(rows: list[Entry], indexes: list[int]) -> list[int]:
    """Which of the rows for one control and feature carry custom guidance."""
    first = rows[0]
    if first.supported is Answer.NO_RELATED_FEATURE:
        return []
    if len(rows) == 1:
        lost = first.control is None
        own = first.feature in _WITHOUT_ADVICE and not is_standing(first.guidance)
        return indexes if lost or own else []
    written = [index for index, row in zip(indexes, rows, strict=True) if not is_standing(row.guidance)]
    return written if 0 < len(written) < len(rows) else indexes[:-1]
