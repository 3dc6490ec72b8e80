"""What the published documents do that their own rules do not explain: found, kept and reported."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from holdfast.baseline.data.catalog import BENCHMARKS, LATER, benchmark, feature_by_name, features
from holdfast.baseline.model.benchmark import Benchmark
from holdfast.baseline.model.oddity import Oddity
from holdfast.baseline.model.service import Entry
from holdfast.baseline.model.vocabulary import REGULAR_COMBINATIONS, Answer, Combination

PUBLISHED_SO = "Kept as the published document has it."
"""The written reason for an irregular combination that was read, not made."""


def reason_for(combination: Combination) -> str | None:
    """The reason that a reader writes down for the combination; None for a regular one."""
    return None if combination in REGULAR_COMBINATIONS else PUBLISHED_SO


def find_oddities(entries: Sequence[Entry], places: Sequence[str]) -> Iterator[Oddity]:
    """Remarks about rows; `places` names where each entry was read."""
    seen: Counter[tuple[str | None, str]] = Counter()
    for entry, place in zip(entries, places, strict=True):
        yield from (Oddity(place, remark) for remark in _remarks(entry))
        key = (entry.control, entry.feature)
        if seen[key] and entry.supported is not Answer.NO_RELATED_FEATURE:
            yield Oddity(place, f"{entry.feature} occurs a second time for {entry.control}")
        seen[key] += 1


def missing_features(entries: Iterable[Entry], place: str) -> Iterator[Oddity]:
    """Canonical features that a mapping workbook should answer for and does not."""
    present = {feature_by_name().get(entry.feature) for entry in entries}
    for feature in features():
        if feature not in present:
            yield Oddity(place, f"no row for {feature.name} ({feature.control})")


def _remarks(entry: Entry) -> Iterator[str]:
    if entry.combination not in REGULAR_COMBINATIONS:
        yield f"{entry.feature}: the answers {entry.combination} do not go together"
    if entry.supported is Answer.NO_RELATED_FEATURE:
        return
    feature = feature_by_name().get(entry.feature)
    if feature is None:
        yield f"{entry.feature} is not one of the {len(features())} canonical features"
    elif entry.control is None:
        yield f"{entry.feature} has no control; its home is {feature.control}"
    elif entry.control != feature.control:
        yield f"{entry.feature} stands under {entry.control}; its home is {feature.control}"
    yield from _title_remarks(entry)


def _title_remarks(entry: Entry) -> Iterator[str]:
    control = benchmark(LATER).control_by_id.get(entry.control or "")
    if control is None or entry.title is None:
        return
    title = " ".join(entry.title.split())
    if title in {known.control_by_id[control.id].title for known in _having(control.id)}:
        return
    other = next((item.id for item in benchmark(LATER).controls if item.title == title), None)
    if other:
        yield f'{control.id} carries the title of {other}, "{title}"'
    else:
        yield f'{control.id} is titled "{title}"; the benchmark says "{control.title}"'


def _having(control: str) -> Iterator[Benchmark]:
    """The benchmarks that know a control."""
    return (known for known in map(benchmark, BENCHMARKS) if control in known.control_by_id)
