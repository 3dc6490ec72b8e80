"""OSCAL component definition of a service baseline: what the service implements of each control."""

from collections import defaultdict

from holdfast.baseline.data.catalog import benchmark, feature_by_name
from holdfast.baseline.documents.completion import completed
from holdfast.baseline.documents.oscal.building import (
    FACTS_MOMENT,
    Json,
    control_token,
    encoded,
    identifier,
    metadata,
    one_line,
    properties,
    statement_id,
    without_empty,
)
from holdfast.baseline.documents.oscal.catalog import CATALOG_FILE
from holdfast.baseline.model.service import Entry, ServiceBaseline
from holdfast.baseline.model.vocabulary import Answer


def write_component_definition(
    baseline: ServiceBaseline, source: str = CATALOG_FILE, moment: float = FACTS_MOMENT
) -> bytes:
    """The component definition; `source` names the catalog or profile that the controls come from."""
    full = completed(baseline)
    content: Json = {
        "uuid": identifier("component-definition", full.key),
        "metadata": metadata(f"Security baseline of {full.name}", moment),
        "components": [_component(full, source)],
    }
    return encoded("component-definition", content)


def component_id(baseline: ServiceBaseline) -> str:
    """The component's UUID, for documents that point at it."""
    return identifier("component", baseline.key)


def implemented_controls(baseline: ServiceBaseline) -> dict[str, list[Entry]]:
    """What applies to the service, by control, in the benchmark's order."""
    known = benchmark(baseline.benchmark)
    by_control: dict[str, list[Entry]] = defaultdict(list)
    for entry in completed(baseline).entries:
        feature = feature_by_name().get(entry.feature)
        control = entry.control or (feature.control if feature else None)
        if control and control in known.control_by_id and entry.supported is not Answer.NOT_APPLICABLE:
            by_control[control].append(entry)
    return {control: by_control[control] for control in sorted(by_control, key=known.order_of)}


def _component(baseline: ServiceBaseline, source: str) -> Json:
    requirements = [
        _requirement(baseline, control, entries)
        for control, entries in implemented_controls(baseline).items()
    ]
    implementation: Json = {
        "uuid": identifier("control-implementation", baseline.key),
        "source": source,
        "description": f"How {baseline.name} stands to {benchmark(baseline.benchmark).published}.",
        "implemented-requirements": requirements,
    }
    return without_empty(
        {
            "uuid": component_id(baseline),
            "type": "service",
            "title": one_line(baseline.name),
            "description": f"The service {baseline.name}.",
            "props": properties((_token(item.attribute), item.value) for item in baseline.profile),
            "control-implementations": [implementation] if requirements else [],
        }
    )


def _token(text: str) -> str:
    """An attribute's title as a property name."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())


def _requirement(baseline: ServiceBaseline, control: str, entries: list[Entry]) -> Json:
    known: dict[str, list[Entry]] = defaultdict(list)
    other: list[Entry] = []
    for entry in entries:
        feature = feature_by_name().get(entry.feature)
        if feature and feature.control == control:
            known[feature.key].append(entry)
        else:
            other.append(entry)
    statements = [_statement(baseline, control, key, rows) for key, rows in known.items()]
    return without_empty(
        {
            "uuid": identifier("requirement", baseline.key, control),
            "control-id": control_token(control),
            "description": benchmark(baseline.benchmark).control_by_id[control].title,
            "remarks": "\n\n".join(_text(entry) for entry in other),
            "statements": statements,
        }
    )


def _statement(baseline: ServiceBaseline, control: str, key: str, rows: list[Entry]) -> Json:
    leading = rows[0]
    answers = (
        ("supported", str(leading.supported)),
        ("enabled-by-default", str(leading.enabled_by_default)),
        ("responsibility", str(leading.responsibility)),
    )
    probes = [("probe", probe) for row in rows for probe in row.probes]
    return {
        "statement-id": statement_id(control, key),
        "uuid": identifier("statement", baseline.key, control, key),
        "description": "\n\n".join(dict.fromkeys(_text(row) for row in rows)),
        "props": properties((*answers, *probes)),
    }


def _text(entry: Entry) -> str:
    parts = (entry.notes, entry.guidance, entry.guidance_notes, entry.reference)
    written = [part.strip() for part in parts if part and part.strip() and part != Answer.NO_RELATED_FEATURE]
    return "\n\n".join(written) or entry.feature
