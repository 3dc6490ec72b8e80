"""Writes a service baseline as a page in the published form.

The order is fixed: domains and controls as the benchmark has them, features as the canonical list has them.
Rows of a workbook that belong to one feature come together (docs/decisions/0201-documents.md).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from holdfast.baseline.data.catalog import benchmark, feature_by_name, features, own_wording
from holdfast.baseline.documents.completion import completed, standing_guidance
from holdfast.baseline.documents.links import page_reference
from holdfast.baseline.documents.markdown.features import LIVE_LABEL
from holdfast.baseline.documents.markdown.policies import policy_lines
from holdfast.baseline.documents.markdown.tables import table_line
from holdfast.baseline.model.benchmark import Benchmark
from holdfast.baseline.model.service import Entry, ServiceBaseline
from holdfast.baseline.model.vocabulary import REGULAR_COMBINATIONS, Answer, GuidanceKind
from holdfast.baseline.model.wording import Labels, Wording, fill

_LAST = len(features())


class _Page(NamedTuple):
    """What every part of the page is written from."""

    baseline: ServiceBaseline
    wording: Wording
    live: Mapping[str, str]

    def named(self, template: str) -> str:
        """A standing sentence with the names of the service in it."""
        key = quote(self.baseline.key, safe="()")
        return fill(template, service=self.baseline.name, key=key)


def write_page(
    baseline: ServiceBaseline, wording: Wording | None = None, live: Mapping[str, str] | None = None
) -> bytes:
    """The page with the sentences of `wording`, of the page that the baseline came from, or ours.

    `live` adds the present state to features, by name.
    """
    sentences = wording or baseline.wording or own_wording(baseline.benchmark)
    page = _Page(completed(baseline, sentences), sentences, live or {})
    text = "\n\n".join([*_head(page), *_profile(page), *_domains(page), *_tail(page)])
    return f"{text}\n".encode()


def _head(page: _Page) -> Iterator[str]:
    if page.wording.front_matter:
        yield f"---\n{page.named(page.wording.front_matter)}\n---"
    yield page.named(page.wording.title)
    yield page.named(page.wording.introduction)


def _tail(page: _Page) -> Iterator[str]:
    if page.wording.next_steps:
        yield page.named(page.wording.next_steps)


def _profile(page: _Page) -> Iterator[str]:
    yield f"## {page.wording.profile_heading}"
    yield page.named(page.wording.profile_sentence)
    rows = [table_line((item.attribute, item.value or "None")) for item in page.baseline.profile]
    yield "\n".join([table_line(page.wording.labels.profile), "|--|--|", *rows])


def _domains(page: _Page) -> Iterator[str]:
    known, wording = benchmark(page.wording.benchmark), page.wording
    by_control = _by_control(page.baseline.entries)
    with_policies = {table.control for table in page.baseline.policies}
    controls = sorted({*by_control, *with_policies}, key=known.order_of)
    for domain in known.domains:
        mine = [control for control in controls if control.startswith(f"{domain.code}-")]
        if mine:
            yield f"## {wording.domains.get(domain.code, domain.published_name)}"
            yield fill(wording.domain_line, domain=domain.published_name, slug=domain.slug)
        for control in mine:
            yield f"### {control}: {_control_title(control, by_control[control], known, wording)}"
            yield from _control(page, control, by_control[control])


def _by_control(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """What a page prints of each control: everything that is applicable; rows without a control go home."""
    result: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        feature = feature_by_name().get(entry.feature)
        control = entry.control or (feature.control if feature else None)
        if control and entry.supported is not Answer.NOT_APPLICABLE:
            result[control].append(entry)
    return result


def _control_title(control: str, entries: list[Entry], known: Benchmark, wording: Wording) -> str:
    if control in wording.titles:
        return wording.titles[control]
    if control in known.control_by_id:
        return known.control_by_id[control].published_title or known.control_by_id[control].title
    return next((entry.title for entry in entries if entry.title), control)


def _control(page: _Page, control: str, entries: list[Entry]) -> Iterator[str]:
    labels = page.wording.labels
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.feature].append(entry)
    other = groups.pop(str(Answer.NO_RELATED_FEATURE), [])
    if groups:
        yield f"#### {labels.features}"
    for name in sorted(groups, key=_feature_order):
        yield from _feature(page, name, groups[name])
    if other:
        yield f"#### {fill(labels.other_guidance, control=control)}"
        yield from _unique(text for entry in other for text in (entry.guidance, entry.guidance_notes))
    tables = [table for table in page.baseline.policies if table.control == control]
    if tables:
        yield f"#### {labels.monitoring}"
        yield from policy_lines(tables, labels)


def _feature_order(name: str) -> int:
    """The canonical order; other features follow in the document's order (sorting is stable)."""
    feature = feature_by_name().get(name)
    return features().index(feature) if feature else _LAST


def _feature(page: _Page, name: str, entries: list[Entry]) -> Iterator[str]:
    wording, labels = page.wording, page.wording.labels
    leading = next((entry for entry in entries if entry.combination in REGULAR_COMBINATIONS), entries[0])
    yield f"##### {name}"
    yield _description(leading, wording)
    yield "\n".join([table_line(labels.answers), "|---|---|---|", table_line(map(str, leading.combination))])
    yield from _labelled(LIVE_LABEL, iter([page.live.get(name)]))
    yield from _labelled(labels.notes, (entry.notes for entry in entries))
    yield from _guidance(entries, wording, labels)
    notes = list(_labelled(labels.guidance_notes, (entry.guidance_notes for entry in entries)))
    references = (page_reference(entry.reference) for entry in entries if entry.reference)
    reference = list(_labelled(labels.reference, references))
    yield from (*notes, *reference) if wording.notes_before_reference else (*reference, *notes)


def _description(entry: Entry, wording: Wording) -> str:
    known = wording.features.get(entry.feature)
    feature = feature_by_name().get(entry.feature)
    learn_more = known.learn_more if known else feature.learn_more if feature else None
    address = f"{wording.site}{learn_more}" if learn_more and learn_more.startswith("/") else learn_more
    link = f" [{wording.labels.learn_more}]({address})." if address else ""
    return f"**{wording.labels.description}**: {entry.description or entry.feature}{link}"


def _guidance(entries: list[Entry], wording: Wording, labels: Labels) -> Iterator[str]:
    for kind, label in (
        (GuidanceKind.CONFIGURATION, labels.configuration),
        (GuidanceKind.CUSTOM, labels.custom),
    ):
        texts = (
            entry.guidance or standing_guidance(entry.combination, wording)
            for entry in entries
            if entry.guidance_kind is kind
        )
        yield from _labelled(label, texts)


def _labelled(label: str, texts: Iterator[str | None]) -> Iterator[str]:
    together = "\n\n".join(_unique(texts))
    if together:
        yield f"**{label}**: {together}"


def _unique(texts: Iterator[str | None]) -> Iterator[str]:
    """Each text once, without the line breaks at its ends; duplicate rows often repeat one."""
    yield from dict.fromkeys(text.strip("\n") for text in texts if text)
