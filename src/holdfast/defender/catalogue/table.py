"""The catalogue as read from the TOML tables beside this file.

A new alert is one table entry in the file of its engine and one detector that names its id; a test finds
entries without a detector and detectors without an entry.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from holdfast.alerts.model import AlertType, Severity, Threshold
from holdfast.defender.catalogue.model import Entry, Technique

ENGINES = {
    "policy": "policy violation",
    "protocol": "protocol violation",
    "operational": "operational",
    "malware": "malware",
    "anomaly": "anomaly",
}
"""File of the table and name of the engine."""

_FOLDER = Path(__file__).parent
_Row = Mapping[str, object]


@cache
def techniques() -> Mapping[str, Technique]:
    """Every technique by id, in the order of ids."""
    return {
        identifier: Technique(identifier, _text(row, "name"), _texts(row, "tactics"))
        for identifier, row in _load("attack")
    }


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every alert by id: documented and ours, shown and absent."""
    advice = tomllib.loads((_FOLDER / "advice.toml").read_text(encoding="utf-8"))
    return {
        identifier: _entry(identifier, engine, row, advice)
        for file, engine in ENGINES.items()
        for identifier, row in _load(file)
    }


@cache
def alert_types() -> Mapping[str, AlertType]:
    """The types of the alerts that the sensor raises, by id."""
    return {identifier: entry.alert for identifier, entry in catalogue().items() if entry.shown}


def _entry(identifier: str, engine: str, row: _Row, advice: _Row) -> Entry:
    threshold = row.get("threshold", {})
    assert isinstance(threshold, dict)
    return Entry(
        alert=AlertType(
            id=identifier,
            title=_text(row, "title"),
            engine=engine,
            severity=Severity(_text(row, "severity")),
            category=_text(row, "category"),
            techniques=_texts(row, "techniques"),
            tactics=_texts(row, "tactics"),
            meaning=_text(row, "meaning"),
            steps=tuple(_text(advice, step) for step in _texts(row, "steps")),
            enabled=row.get("enabled", True) is True,
            threshold=Threshold(
                count=threshold.get("count", 0),
                seconds=threshold.get("seconds", 0.0),
                factor=threshold.get("factor", 0.0),
            ),
        ),
        absent=_text(row, "absent"),
        correction=_text(row, "correction"),
        documented=row.get("documented", True) is True,
        threshold_documented=not threshold.get("ours", False),
    )


def _load(name: str) -> Iterator[tuple[str, _Row]]:
    yield from tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8")).items()


def _text(row: _Row, key: str) -> str:
    return str(row.get(key, ""))


def _texts(row: _Row, key: str) -> tuple[str, ...]:
    values = row.get(key, [])
    assert isinstance(values, list)
    return tuple(values)
