"""Features of several services side by side, judged by the desired state and not by the count of "True"."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from holdfast.baseline.data.catalog import feature_by_name, features
from holdfast.baseline.documents.completion import completed
from holdfast.baseline.model.feature import Feature
from holdfast.baseline.model.service import Entry, ServiceBaseline
from holdfast.baseline.model.vocabulary import (
    REGULAR_COMBINATIONS,
    Answer,
    Responsibility,
    Standing,
    standing,
)
from holdfast.baseline.services import is_ours
from holdfast.kernel.json import JsonObject

NOT_ASSESSED = "not assessed"


class Cell(NamedTuple):
    """What one service answers for one feature."""

    supported: bool | None
    """None where the feature does not apply."""
    enabled_by_default: bool | None
    responsibility: Responsibility
    standing: Standing
    state: str | None
    """What the last assessment says of our own claim; None for other services."""


class Line(NamedTuple):
    """One feature."""

    feature: Feature
    cells: Mapping[str, Cell]
    """By the service's key."""


class Comparison(NamedTuple):
    """All features of all services."""

    services: tuple[ServiceBaseline, ...]
    lines: tuple[Line, ...]

    def standings(self, service: str) -> Counter[Standing]:
        """How many features of a service stand how to their desired state."""
        return Counter(line.cells[service].standing for line in self.lines)


def compare(
    services: Sequence[ServiceBaseline], states: Mapping[tuple[str, str], str] | None = None
) -> Comparison:
    """The canonical features of all `services`.

    `states` gives the state of (service, feature key) from the last assessment of our own services; what it
    does not name is not assessed.
    """
    cells = {service.key: _cells(service, states or {}) for service in services}
    lines = tuple(
        Line(feature, {service.key: cells[service.key][feature.key] for service in services})
        for feature in features()
    )
    return Comparison(tuple(services), lines)


def _cells(service: ServiceBaseline, states: Mapping[tuple[str, str], str]) -> dict[str, Cell]:
    leading: dict[str, Entry] = {}
    for entry in completed(service).entries:
        feature = feature_by_name().get(entry.feature)
        if feature and _leads(entry, leading.get(feature.key)):
            leading[feature.key] = entry
    unknown = NOT_ASSESSED if is_ours(service.key) else None
    return {
        feature.key: _cell(feature, leading.get(feature.key), states.get((service.key, feature.key), unknown))
        for feature in features()
    }


def _leads(entry: Entry, other: Entry | None) -> bool:
    """Of duplicate rows the first with regular answers counts."""
    if other is None:
        return True
    return entry.combination in REGULAR_COMBINATIONS and other.combination not in REGULAR_COMBINATIONS


def _cell(feature: Feature, entry: Entry | None, state: str | None) -> Cell:
    supported = entry.supported if entry else Answer.NOT_APPLICABLE
    enabled = entry.enabled_by_default if entry else Answer.NOT_APPLICABLE
    return Cell(
        supported=supported.as_boolean,
        enabled_by_default=enabled.as_boolean,
        responsibility=entry.responsibility if entry else Responsibility.NOT_APPLICABLE,
        standing=standing(supported, enabled, feature.desired),
        state=state,
    )


def as_json(comparison: Comparison) -> JsonObject:
    """The comparison for scripts."""
    return {
        "services": [_service_json(comparison, service) for service in comparison.services],
        "features": [_line_json(line) for line in comparison.lines],
    }


def _line_json(line: Line) -> JsonObject:
    """A feature, with each service under its key; `services` has them for who does not know the keys."""
    cells: JsonObject = {key: _cell_json(cell) for key, cell in line.cells.items()}
    return {
        "control": line.feature.control,
        "feature": line.feature.name,
        "desired_state": str(line.feature.desired),
        **cells,
        "services": cells,
    }


def _service_json(comparison: Comparison, service: ServiceBaseline) -> JsonObject:
    counts = comparison.standings(service.key)
    return {
        "key": service.key,
        "name": service.name,
        "benchmark": service.benchmark,
        "standings": {str(standing): counts[standing] for standing in Standing},
    }


def _cell_json(cell: Cell) -> JsonObject:
    content: JsonObject = {
        "supported": cell.supported,
        "enabled_by_default": cell.enabled_by_default,
        "responsibility": str(cell.responsibility),
        "standing": str(cell.standing),
    }
    return content if cell.state is None else {**content, "state": cell.state}
