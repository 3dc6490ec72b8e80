"""Cuts a page into the headings of its grammar and the lines below each.

A heading that is not part of the grammar belongs to the text that it stands in.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import pairwise
from typing import NamedTuple

from holdfast.baseline.data.catalog import LATER, benchmark


class Kind(Enum):
    """What a part of a page is."""

    TITLE = auto()
    PROFILE = auto()
    DOMAIN = auto()
    CONTROL = auto()
    FEATURES = auto()
    FEATURE = auto()
    OTHER_GUIDANCE = auto()
    MONITORING = auto()
    NEXT_STEPS = auto()
    UNKNOWN = auto()
    """A chapter that the grammar does not have."""


class NumberedLine(NamedTuple):
    """A line and where it stands in the file, counted from 1."""

    number: int
    text: str


class Part(NamedTuple):
    """A heading and what stands below it."""

    kind: Kind
    heading: str
    """The heading's text without the marks; for a control "NS-1: title"."""
    line: int
    """The heading's line, counted from 1."""
    numbered: tuple[NumberedLine, ...]
    """The lines below the heading."""

    @property
    def body(self) -> tuple[str, ...]:
        """The lines below the heading without their numbers."""
        return tuple(text for _, text in self.numbered)

    @property
    def text(self) -> str:
        """What stands below the heading, without the empty lines around it."""
        return "\n".join(self.body).strip("\n")


_HEADING = re.compile(r"(?P<marks>#{1,5}) (?P<text>.*\S)\s*")
_CONTROL = re.compile(r"[A-Z]{2}-[1-9]\d?: ")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")


def outline(lines: Sequence[NumberedLine]) -> list[Part]:
    """The parts of a page; lines above the first heading belong to none."""
    starts = [*_headings(lines), (len(lines), Kind.UNKNOWN, "")]
    return [
        Part(kind, heading, lines[index].number, tuple(lines[index + 1 : end]))
        for (index, kind, heading), (end, _, _) in pairwise(starts)
    ]


def _headings(lines: Sequence[NumberedLine]) -> Iterator[tuple[int, Kind, str]]:
    fenced = False
    for index, line in enumerate(lines):
        if _FENCE.match(line.text):
            fenced = not fenced
        found = None if fenced else _HEADING.fullmatch(line.text)
        if found:
            kind = _kind(len(found["marks"]), found["text"])
            if kind is not None:
                yield index, kind, found["text"]


def _kind(level: int, text: str) -> Kind | None:
    folded = text.casefold()
    if level == 1:
        return Kind.TITLE
    if level == 2:
        return _CHAPTERS.get(folded) or (Kind.DOMAIN if folded in _domains() else Kind.UNKNOWN)
    if level == 3:
        return Kind.CONTROL if _CONTROL.match(text) else None
    if level == 4:
        return _SECTIONS.get(folded) or (
            Kind.OTHER_GUIDANCE if folded.startswith("other guidance for ") else None
        )
    return Kind.FEATURE


_CHAPTERS = {"security profile": Kind.PROFILE, "next steps": Kind.NEXT_STEPS}
_SECTIONS = {"features": Kind.FEATURES, "microsoft defender for cloud monitoring": Kind.MONITORING}


def _domains() -> set[str]:
    return {domain.published_name.casefold() for domain in benchmark(LATER).domains}
