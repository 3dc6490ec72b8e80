"""OSCAL catalog and profile of a benchmark."""

from collections.abc import Iterable

from holdfast.baseline.data.catalog import benchmark, features
from holdfast.baseline.documents.oscal.building import (
    FACTS_MOMENT,
    Json,
    control_token,
    encoded,
    identifier,
    metadata,
    properties,
    statement_id,
    without_empty,
)
from holdfast.baseline.model.benchmark import Benchmark, Control, Domain

CATALOG_FILE = "catalog.json"
PROFILE_FILE = "profile.json"


def write_catalog(key: str) -> bytes:
    """The benchmark `key` as a catalog: a group a domain, a control a control, a statement a feature."""
    known = benchmark(key)
    content: Json = {
        "uuid": identifier("catalog", key),
        "metadata": metadata(known.published, FACTS_MOMENT, known.version),
        "groups": [_group(known, domain) for domain in known.domains],
    }
    return encoded("catalog", content)


def _group(known: Benchmark, domain: Domain) -> Json:
    controls = [control for control in known.controls if control.domain_code == domain.code]
    return {
        "id": domain.code.lower(),
        "class": "domain",
        "title": domain.name,
        "controls": [_control(control) for control in controls],
    }


def _control(control: Control) -> Json:
    token = control_token(control.id)
    mappings = [(standard, target) for standard, targets in control.mappings.items() for target in targets]
    items = [
        {
            "id": statement_id(control.id, feature.key),
            "name": "item",
            "title": feature.name,
            "prose": feature.description,
        }
        for feature in features()
        if feature.control == control.id
    ]
    statement = without_empty(
        {"id": f"{token}_smt", "name": "statement", "prose": f"{control.title}.", "parts": items}
    )
    label: Json = {"name": "label", "value": control.id}
    return {
        "id": token,
        "title": control.title,
        "props": [label, *properties((f"mapping-{standard}", target) for standard, target in mappings)],
        "parts": [statement],
    }


def write_profile(key: str, name: str, controls: Iterable[str]) -> bytes:
    """The controls of the benchmark `key` that count for a service called `name`."""
    known = benchmark(key)
    tokens = [control_token(control) for control in sorted(set(controls), key=known.order_of)]
    content: Json = {
        "uuid": identifier("profile", key, name),
        "metadata": metadata(f"Controls of {known.published} for {name}", FACTS_MOMENT),
        "imports": [{"href": CATALOG_FILE, "include-controls": [{"with-ids": tokens}]}],
        "merge": {"as-is": True},
    }
    return encoded("profile", content)
