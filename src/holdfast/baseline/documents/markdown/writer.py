"""Writes a service baseline as a page in the published form.

The order is fixed: domains and controls as the benchmark has them, features as the canonical list has them.
Rows of a workbook that belong to one feature come together (docs/decisions/0201-documents.md).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from holdfast.baseline.data.catalog import benchmark, feature_by_name, features, own_wording
from holdfast.baseline.documents.completion import completed, standing_guidance
from holdfast.baseline.documents.links import page_reference
from holdfast.baseline.documents.markdown.policies import policy_lines
from holdfast.baseline.documents.markdown.tables import table_line
from holdfast.baseline.model.benchmark import Benchmark
from holdfast.baseline.model.service import Entry, ServiceBaseline
from holdfast.baseline.model.vocabulary import REGULAR_COMBINATIONS, Answer, GuidanceKind
from holdfast.baseline.model.wording import Labels, Wording, fill

_LAST = len(features())


def write_page(baseline: ServiceBaseline, wording: Wording | None = None) -> bytes:
    """The page with the sentences of `wording`, of the page that the baseline came from, or ours."""
    sentences = wording or baseline.wording or own_wording(baseline.benchmark)
    full = completed(baseline, sentences)
    blocks = [*_head(full, sentences), *_profile(full, sentences), *_domains(full, sentences)]
    text = "\n\n".join([*blocks, *_tail(full, sentences)])
    return f"{text}\n".encode()


def _head(baseline: ServiceBaseline, wording: Wording) -> Iterator[str]:
    if wording.front_matter:
        yield f"---\n{_named(wording.front_matter, baseline)}\n---"
    yield _named(wording.title, baseline)
    yield _named(wording.introduction, baseline)


def _tail(baseline: ServiceBaseline, wording: Wording) -> Iterator[str]:
    if wording.next_steps:
        yield _named(wording.next_steps, baseline)


def _named(template: str, baseline: ServiceBaseline) -> str:
    return fill(template, service=baseline.name, key=quote(baseline.key, safe="()"))


def _profile(baseline: ServiceBaseline, wording: Wording) -> Iterator[str]:
    yield f"## {wording.profile_heading}"
    yield _named(wording.profile_sentence, baseline)
    rows = [table_line((item.attribute, item.value or "None")) for item in baseline.profile]
    yield "\n".join([table_line(wording.labels.profile), "|--|--|", *rows])


def _domains(baseline: ServiceBaseline, wording: Wording) -> Iterator[str]:
    known = benchmark(wording.benchmark)
    by_control = _by_control(baseline.entries)
    controls = sorted({*by_control, *(table.control for table in baseline.policies)}, key=known.order_of)
    for domain in known.domains:
        mine = [control for control in controls if control.startswith(f"{domain.code}-")]
        if mine:
            name = wording.domains.get(domain.code, domain.published_name)
            yield f"## {name}"
            yield fill(wording.domain_line, domain=domain.published_name, slug=domain.slug)
        for control in mine:
            yield f"### {control}: {_control_title(control, by_control[control], known, wording)}"
            yield from _control(control, by_control[control], baseline, wording)


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


def _control(
    control: str, entries: list[Entry], baseline: ServiceBaseline, wording: Wording
) -> Iterator[str]:
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.feature].append(entry)
    other = groups.pop(str(Answer.NO_RELATED_FEATURE), [])
    if groups:
        yield f"#### {wording.labels.features}"
    for name in sorted(groups, key=_feature_order):
        yield from _feature(name, groups[name], wording)
    if other:
        yield f"#### {fill(wording.labels.other_guidance, control=control)}"
        yield from _unique(text for entry in other for text in (entry.guidance, entry.guidance_notes))
    tables = [table for table in baseline.policies if table.control == control]
    if tables:
        yield f"#### {wording.labels.monitoring}"
        yield from policy_lines(tables, wording.labels)


def _feature_order(name: str) -> int:
    """The canonical order; other features follow in the document's order (sorting is stable)."""
    feature = feature_by_name().get(name)
    return features().index(feature) if feature else _LAST


def _feature(name: str, entries: list[Entry], wording: Wording) -> Iterator[str]:
    labels = wording.labels
    leading = next((entry for entry in entries if entry.combination in REGULAR_COMBINATIONS), entries[0])
    yield f"##### {name}"
    yield _description(leading, wording)
    answers = (leading.supported, leading.enabled_by_default, leading.responsibility.published)
    yield "\n".join([table_line(labels.answers), "|---|---|---|", table_line(map(str, answers))])
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
    link = f" [{wording.labels.learn_more}]({learn_more})." if learn_more else ""
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
