"""Every statement of a seed document: each line of the profile, each row of answers, each sentence about it.

The two seeds are the published service baselines that Holdfast implements. A statement is named by where it
stands (`iot-central/NS-2/private-link/notes/1`), so that our answer to it needs none of its words.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from holdfast.baseline.data.catalog import feature_by_name
from holdfast.baseline.documents.guidance import is_standing
from holdfast.baseline.model.service import Entry, ServiceBaseline


class Kind(StrEnum):
    """What a statement is; rows, standing guidance and links are answered by the claim of their feature."""

    INTRODUCTION = "introduction"
    PROFILE = "profile"
    ROW = "row"
    SENTENCE = "sentence"
    STANDING = "standing guidance"
    LINK = "link"


class Statement(NamedTuple):
    """One statement and the words of the seed."""

    key: str
    kind: Kind
    feature: str
    """The feature's key; empty for the introduction and the profile."""
    text: str


_BREAK = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9>*])|(?<=\S)\n+(?=\S)|(?<=/howto-authorize-rest-api) (?=[A-Z])")
"""Between sentences and between lines; one sentence of the seeds follows an address without a full stop."""

_LINK_ALONE = re.compile(r"[^.]*: https?://\S+")
_MARK = re.compile(r"> \[![A-Z]+\]|Note")


def statements_of(baseline: ServiceBaseline) -> Iterator[Statement]:
    """The statements of a document in its order."""
    introduction = baseline.wording.introduction if baseline.wording else ""
    for number, sentence in enumerate(_sentences(introduction), 1):
        yield Statement(f"{baseline.key}/introduction/{number}", Kind.INTRODUCTION, "", sentence)
    for number, line in enumerate(baseline.profile, 1):
        text = f"{line.attribute}: {line.value}"
        yield Statement(f"{baseline.key}/profile/{number}", Kind.PROFILE, "", text)
    for entry in baseline.entries:
        yield from _entry(baseline.key, entry)


def _entry(service: str, entry: Entry) -> Iterator[Statement]:
    known = feature_by_name()[entry.feature]
    feature, place = known.key, f"{service}/{entry.control or known.control}/{known.key}"
    yield Statement(f"{place}/row", Kind.ROW, feature, str(entry.combination))
    yield from _texts(f"{place}/notes", feature, entry.notes)
    if is_standing(entry.guidance):
        yield Statement(f"{place}/standing-guidance", Kind.STANDING, feature, entry.guidance or "")
    else:
        yield from _texts(f"{place}/guidance", feature, entry.guidance)
    yield from _texts(f"{place}/guidance-notes", feature, entry.guidance_notes)
    if entry.reference:
        yield Statement(f"{place}/reference", Kind.LINK, feature, entry.reference)


def _texts(place: str, feature: str, text: str | None) -> Iterator[Statement]:
    for number, sentence in enumerate(_sentences(text or ""), 1):
        kind = Kind.LINK if _LINK_ALONE.fullmatch(sentence) else Kind.SENTENCE
        yield Statement(f"{place}/{number}", kind, feature, sentence)


def _sentences(text: str) -> Iterator[str]:
    for part in _BREAK.split(text):
        if part.strip() and not _MARK.fullmatch(part.strip()):
            yield part.strip()
