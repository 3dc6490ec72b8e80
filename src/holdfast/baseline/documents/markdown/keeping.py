"""Compares a page with one that is written from what was read of it, so that nothing is dropped silently."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from holdfast.baseline.documents.markdown.features import LIVE_LABEL
from holdfast.baseline.documents.markdown.outline import NumberedLine
from holdfast.baseline.model.oddity import Oddity

MAXIMUM_REMARKS: Final = 10
_SHOWN: Final = 80
"""Characters of a line that a remark repeats."""
_LIVE: Final = f"**{LIVE_LABEL}**:"


def not_kept(lines: Sequence[NumberedLine], written: bytes) -> Iterator[Oddity]:
    """Remarks about lines of a page that are missing in `written`, or stand elsewhere there.

    Empty lines mean nothing, and the state that our own publications add is not part of a baseline.
    """
    ours = [text.rstrip() for text in written.decode().split("\n") if text.strip()]
    theirs = [line for line in lines if line.text.strip() and not line.text.startswith(_LIVE)]
    lost = list(_lost(theirs, ours))
    yield from (
        Oddity(f"line {line.number}", f"is not kept: {_short(line.text)}") for line in lost[:MAXIMUM_REMARKS]
    )
    if len(lost) > MAXIMUM_REMARKS:
        yield Oddity("page", f"{len(lost) - MAXIMUM_REMARKS} more lines are not kept")
    if not lost:
        pairs = zip(theirs, ours, strict=False)
        moved = (line for line, text in pairs if line.text.rstrip() != text)
        for line in islice(moved, 1):
            yield Oddity(f"line {line.number}", f"stands elsewhere on published pages: {_short(line.text)}")


def _lost(lines: Sequence[NumberedLine], ours: Sequence[str]) -> Iterator[NumberedLine]:
    left = Counter(ours)
    for line in lines:
        left[line.text.rstrip()] -= 1
        if left[line.text.rstrip()] < 0:
            yield line


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
