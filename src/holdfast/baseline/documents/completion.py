"""Fills what a baseline leaves to be understood: titles, descriptions, standing guidance, omitted features.

A field that was never set is to be understood; a field that was set to None is what the document says.
"""

from collections.abc import Iterator

from holdfast.baseline.data.catalog import benchmark, feature_by_name, features, own_wording
from holdfast.baseline.model.service import Entry, ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer, Combination
from holdfast.baseline.model.wording import Wording


def completed(baseline: ServiceBaseline, wording: Wording | None = None) -> ServiceBaseline:
    """The baseline with nothing left to be understood.

    Sentences come from `wording`, or from the page that the baseline was read from, or are ours.
    """
    sentences = wording or baseline.wording or own_wording(baseline.benchmark)
    entries = [*baseline.entries, *_left_out(baseline)]
    return baseline.model_copy(
        update={"entries": tuple(_filled(entry, baseline.benchmark, sentences) for entry in entries)}
    )


def standing_guidance(combination: Combination, wording: Wording) -> str | None:
    """The sentence that a page prints where nothing was written for the service."""
    if combination.supported is Answer.FALSE:
        return wording.not_supported
    if combination.supported is Answer.NOT_APPLICABLE:
        return wording.not_applicable
    return wording.enabled_by_default if combination.enabled_by_default is Answer.TRUE else None


def _left_out(baseline: ServiceBaseline) -> Iterator[Entry]:
    """A page says that it leaves out what is not applicable, so what it leaves out is not applicable."""
    if not baseline.leaves_out_not_applicable:
        return
    present = {feature_by_name().get(entry.feature) for entry in baseline.entries}
    for feature in features():
        if feature not in present:
            yield Entry(control=feature.control, feature=feature.name, supported=Answer.NOT_APPLICABLE)


def _filled(entry: Entry, benchmark_key: str, wording: Wording) -> Entry:
    known = benchmark(benchmark_key)
    feature = feature_by_name().get(entry.feature)
    control_id = entry.control or (feature.control if feature else "")
    domain = known.domain_of(control_id)
    control = known.control_by_id.get(control_id)
    text = wording.features.get(entry.feature)
    understood = {
        "control": control_id or None,
        "domain": domain.name if domain else None,
        "title": control.title if control else None,
        "description": text.description if text else feature.description if feature else None,
        "guidance": standing_guidance(entry.combination, wording),
    }
    missing = {name: value for name, value in understood.items() if name not in entry.model_fields_set}
    return entry.model_copy(update=missing) if missing else entry
