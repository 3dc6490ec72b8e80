"""Reads a published page: what it says about its service, and the sentences that every page shares."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

from pydantic import ValidationError

from holdfast.baseline.data.catalog import BENCHMARKS, EARLIER, LATER, benchmark, own_wording
from holdfast.baseline.documents.document import Document, DocumentError
from holdfast.baseline.documents.guidance import is_standing
from holdfast.baseline.documents.markdown import learning
from holdfast.baseline.documents.markdown.features import FeaturePart, Field, read_feature
from holdfast.baseline.documents.markdown.keeping import not_kept
from holdfast.baseline.documents.markdown.outline import Kind, NumberedLine, Part, outline
from holdfast.baseline.documents.markdown.policies import read_policies
from holdfast.baseline.documents.markdown.tables import first_table
from holdfast.baseline.documents.markdown.writer import write_page
from holdfast.baseline.documents.naming import key_of_name
from holdfast.baseline.documents.oddities import find_oddities, reason_for
from holdfast.baseline.documents.validation import first_problem
from holdfast.baseline.model.oddity import Oddity
from holdfast.baseline.model.service import (
    PROFILE_ATTRIBUTES,
    Entry,
    PolicyTable,
    ProfileAttribute,
    ServiceBaseline,
)
from holdfast.baseline.model.vocabulary import Answer, GuidanceKind, Responsibility
from holdfast.baseline.model.wording import FeatureText, Labels, Wording

MAXIMUM_LINES = 100_000
"""The longest published page has fewer than 2,000."""
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TITLE = re.compile(r".*?baseline for (?P<service>.+)")
_TOO_EARLY = (
    "is a page on the Azure Security Benchmark version {version}, which has guidance for controls and no "
    "features, so it answers nothing that could be converted; take the service's page or workbook of version "
    "3.0 or of the Microsoft cloud security benchmark"
)
_NONE = str(Answer.NO_RELATED_FEATURE)


class _FrontMatter(NamedTuple):
    text: str
    length: int
    """How many lines it takes, with the `---` around it."""


@dataclass
class _Page:
    """What has been read so far, part by part."""

    file: str
    title: str = ""
    service: str = ""
    introduction: str = ""
    benchmark: str = EARLIER
    control: str = ""
    profile_sentence: str = ""
    domain_line: str = ""
    next_steps: str = ""
    profile: list[ProfileAttribute] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    policies: list[PolicyTable] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)
    features: dict[str, FeatureText] = field(default_factory=dict)
    labels: dict[Field, str] = field(default_factory=dict)
    label_order: list[Field] = field(default_factory=list)
    """The labels of one feature after the other, to see which stands before which."""
    answers_header: tuple[str, ...] = ()
    profile_header: tuple[str, ...] = ()

    def add(self, entry: Entry, line: int) -> None:
        """Keep an entry and where it was read."""
        self.entries.append(entry)
        self.places.append(f"line {line}")


def read_page(data: bytes, file: str) -> Document:
    """The service baseline on a Markdown page, with the page's own wording.

    Raises DocumentError with the line.
    """
    lines = [NumberedLine(number, text) for number, text in enumerate(decoded(data, file).split("\n"), 1)]
    front_matter = _front_matter(lines, file)
    document = read_lines(lines[front_matter.length :], front_matter.text, file)
    remarks = not_kept(lines, write_page(document.baseline))
    return document._replace(oddities=(*document.oddities, *remarks))


def read_lines(lines: Sequence[NumberedLine], front_matter: str, file: str) -> Document:
    """The service baseline on the lines of a page below its front matter."""
    parts = outline(lines)
    page = _Page(file)
    if not parts or parts[0].kind is not Kind.TITLE:
        raise DocumentError(file, "line 1", "is no security baseline: the title is missing")
    for part in parts:
        _READERS[part.kind](page, part)
    return _document(page, front_matter)


def decoded(data: bytes, file: str) -> str:
    """The text of a page, lines ending with a line feed.

    Raises DocumentError when it is not UTF-8, too long, or holds a control character, which no other format
    can hold.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DocumentError(file, "", f"is not UTF-8 text (byte {error.start})") from error
    if text.count("\n") > MAXIMUM_LINES:
        raise DocumentError(file, "", f"has more than {MAXIMUM_LINES} lines, which no security baseline has")
    if found := _CONTROL_CHARACTER.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise DocumentError(file, f"line {line}", f"holds the control character {found.group()!r}; remove it")
    return text


def _front_matter(lines: list[NumberedLine], file: str) -> _FrontMatter:
    if lines[0].text.rstrip() != "---":
        return _FrontMatter("", 0)
    for index, line in enumerate(lines[1:], 1):
        if line.text.rstrip() == "---":
            return _FrontMatter("\n".join(line.text for line in lines[1:index]), index + 1)
    raise DocumentError(file, "line 1", "the front matter has no end (a line with ---)")


def _title(page: _Page, part: Part) -> None:
    found = _TITLE.fullmatch(part.heading)
    if page.service or not found:
        problem = f'"{part.heading}" is no title of a security baseline ("… baseline for …"; in English)'
        raise DocumentError(page.file, f"line {part.line}", problem)
    page.title, page.service = f"# {part.heading}", found["service"]
    page.introduction = part.text
    page.benchmark = learning.benchmark_of(page.introduction) or EARLIER
    if other := learning.other_version(page.introduction):
        key, version = other
        if key == EARLIER and version.split(".")[0] in ("1", "2"):
            raise DocumentError(page.file, f"line {part.line}", _TOO_EARLY.format(version=version))
        known = benchmark(page.benchmark).published
        remark = f"speaks of version {version} of the benchmark; what is known of {known} was taken for it"
        page.oddities.append(Oddity(f"line {part.line}", remark))


def _profile(page: _Page, part: Part) -> None:
    table = first_table(part.numbered, 2, page.file)
    if table is None or len(table.rows) < PROFILE_ATTRIBUTES:
        rows = len(table.rows) if table else 0
        problem = f"the security profile has {rows} of {PROFILE_ATTRIBUTES} attributes; the table seems cut"
        raise DocumentError(page.file, f"line {part.line}", problem)
    page.profile_header = table.header.cells
    page.profile_sentence = "\n".join(table.before).strip("\n")
    page.profile = [
        ProfileAttribute(attribute=row.cells[0], value=None if row.cells[1] == "None" else row.cells[1])
        for row in table.rows
    ]


def _domain(page: _Page, part: Part) -> None:
    domains = benchmark(page.benchmark).domains
    domain = next(item for item in domains if item.published_name.casefold() == part.heading.casefold())
    page.control = ""
    page.domains[domain.code] = part.heading
    if not page.domain_line:
        text = part.text
        page.domain_line = learning.generalized_domain_line(text, domain)


def _control(page: _Page, part: Part) -> None:
    page.control, _, title = part.heading.partition(": ")
    page.titles[page.control] = title
    _nothing_below(page, part)


def _nothing_below(page: _Page, part: Part) -> None:
    for number, line in part.numbered:
        if line.strip():
            page.oddities.append(Oddity(f"line {number}", "text outside of any feature; it was not read"))


def _feature(page: _Page, part: Part) -> None:
    if not page.control:
        raise DocumentError(page.file, f"line {part.line}", f"{part.heading} stands under no control")
    feature = read_feature(part, page.benchmark == LATER, page.file)
    page.features[feature.name] = FeatureText(description=feature.description, learn_more=feature.learn_more)
    for label_field, label in feature.labels.items():
        page.labels.setdefault(label_field, label)
    page.label_order += feature.labels
    page.answers_header = page.answers_header or feature.header
    for entry in _entries(page, feature):
        page.add(entry, part.line)


def _entries(page: _Page, feature: FeaturePart) -> list[Entry]:
    """One entry, or two (custom first, as in workbooks) where the page prints both kinds of guidance."""
    kinds = {Field.CUSTOM: GuidanceKind.CUSTOM, Field.CONFIGURATION: GuidanceKind.CONFIGURATION}
    present = [label for label in kinds if label in feature.fields] or [Field.CONFIGURATION]
    return [
        _valid_entry(
            page,
            feature.line,
            {
                "control": page.control,
                "title": page.titles[page.control],
                "feature": feature.name,
                "description": feature.description,
                **feature.answers._asdict(),
                "notes": feature.fields.get(Field.NOTES),
                "guidance": feature.fields.get(label),
                "guidance_kind": kinds[label],
                "guidance_notes": feature.fields.get(Field.GUIDANCE_NOTES),
                "reference": feature.fields.get(Field.REFERENCE),
                "reason": reason_for(feature.answers),
            },
        )
        for label in present
    ]


def _valid_entry(page: _Page, line: int, values: dict[str, object]) -> Entry:
    try:
        return Entry.model_validate(values)
    except ValidationError as error:
        raise DocumentError(page.file, f"line {line}", first_problem(error)) from error


def _other_guidance(page: _Page, part: Part) -> None:
    control = part.heading.rpartition(" ")[2]
    if control != page.control:
        raise DocumentError(page.file, f"line {part.line}", f"stands under {page.control or 'no control'}")
    values: dict[str, object] = {
        "control": control,
        "title": page.titles[control],
        "feature": _NONE,
        "description": _NONE,
        "supported": _NONE,
        "enabled_by_default": _NONE,
        "responsibility": Responsibility.CUSTOMER,
        "notes": _NONE,
        "reference": _NONE,
        "guidance": part.text,
        "guidance_notes": None,
    }
    page.add(_valid_entry(page, part.line, values), part.line)


def _monitoring(page: _Page, part: Part) -> None:
    if not page.control:
        raise DocumentError(page.file, f"line {part.line}", "the table of policies stands under no control")
    page.policies += read_policies(part, page.control, page.file)


def _next_steps(page: _Page, part: Part) -> None:
    page.next_steps = "\n".join((f"## {part.heading}", *part.body)).rstrip("\n")


def _unknown(page: _Page, part: Part) -> None:
    remark = f'the chapter "{part.heading}" is not part of a security baseline; it was not read'
    page.oddities.append(Oddity(f"line {part.line}", remark))


_READERS = {
    Kind.TITLE: _title,
    Kind.PROFILE: _profile,
    Kind.DOMAIN: _domain,
    Kind.CONTROL: _control,
    Kind.FEATURES: _nothing_below,
    Kind.FEATURE: _feature,
    Kind.OTHER_GUIDANCE: _other_guidance,
    Kind.MONITORING: _monitoring,
    Kind.NEXT_STEPS: _next_steps,
    Kind.UNKNOWN: _unknown,
}


def _document(page: _Page, front_matter: str) -> Document:
    if not page.profile:
        raise DocumentError(page.file, "", _why_no_profile(page))
    if not page.next_steps:
        problem = 'does not end with the chapter "Next steps", as every page does; it seems cut'
        raise DocumentError(page.file, "", problem)
    workbook = learning.workbook_key(page.introduction)
    key = unquote(workbook) if workbook else key_of_name(page.service)
    try:
        baseline = ServiceBaseline(
            key=key,
            name=page.service,
            benchmark=page.benchmark,
            leaves_out_not_applicable=True,
            profile=tuple(page.profile),
            entries=tuple(page.entries),
            policies=tuple(page.policies),
            wording=_wording(page, learning.generalized_front_matter(front_matter, page.service, key)),
        )
    except ValidationError as error:
        raise DocumentError(page.file, "", first_problem(error)) from error
    return Document(baseline, (*page.oddities, *find_oddities(page.entries, page.places)))


def _why_no_profile(page: _Page) -> str:
    if learning.benchmark_of(page.introduction):
        return "has no security profile; the page seems cut"
    known = ", ".join(benchmark(key).name for key in BENCHMARKS)
    return f"speaks of none of the benchmarks whose pages can be read ({known}) and has no security profile"


def _wording(page: _Page, front_matter: str) -> Wording:
    ours = own_wording(page.benchmark)
    learned: dict[str, object] = {
        "site": "",
        "front_matter": front_matter,
        "title": learning.generalized(page.title, page.service),
        "introduction": learning.generalized(page.introduction, page.service),
        "profile_sentence": learning.generalized(page.profile_sentence, page.service),
        "domain_line": page.domain_line,
        "next_steps": learning.generalized(page.next_steps, page.service),
        "notes_before_reference": _notes_first(page.label_order, ours.notes_before_reference),
        "labels": _labels(page, ours.labels),
        "domains": page.domains,
        "titles": page.titles,
        "features": page.features,
        **_standing(page.entries),
    }
    return ours.model_copy(update=learned)


def _notes_first(order: list[Field], otherwise: bool) -> bool:
    """Whether this page prints guidance notes before the reference."""
    for before, after in pairwise(order):
        if {before, after} == {Field.GUIDANCE_NOTES, Field.REFERENCE}:
            return before is Field.GUIDANCE_NOTES
    return otherwise


def _labels(page: _Page, ours: Labels) -> Labels:
    learned: dict[str, object] = {
        label.name.lower(): text for label, text in page.labels.items() if label is not Field.LIVE
    }
    headers = {"answers": page.answers_header or ours.answers, "profile": page.profile_header}
    return ours.model_copy(update={**learned, **headers})


def _standing(entries: list[Entry]) -> dict[str, object]:
    """The guidance that this page prints for every feature that is absent, or on from the start."""
    learned: dict[str, object] = {}
    for entry in entries:
        if entry.guidance and is_standing(entry.guidance):
            if entry.supported is Answer.FALSE:
                learned.setdefault("not_supported", entry.guidance)
            elif entry.enabled_by_default is Answer.TRUE:
                learned.setdefault("enabled_by_default", entry.guidance)
    return learned
