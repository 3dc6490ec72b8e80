"""The baseline of a running instance as a table, for the command line and the demo."""

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from holdfast.api.client import Remote
from holdfast.baseline.assessment.states import percent

Assessment = dict[str, Any]  # what the API answers
"""JSON of `GET /api/baseline/assessment`."""

RUN_SECONDS = 300.0
"""Time for a run: quick probes take seconds, a drill starts an instance of its own."""

_TO_CONFIGURE, _MISSING = "yellow", "dim"
_STYLES = {"satisfied": "green", "not satisfied": "red", "error": "red", "not assessed": "yellow"}
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def assessments_path(service: str) -> str:
    """Where runs of a service are asked for."""
    return f"/api/baseline/assessments?service={service}"


def live_states(remote: Remote, services: Iterable[str]) -> dict[tuple[str, str], str]:
    """How each feature of these services stands now, by service and feature key."""
    return {
        (service, str(feature["key"])): str(feature["state"])
        for service in services
        for feature in remote.get(f"/api/baseline/assessment?service={service}")["features"]
    }


def assessment_table(assessment: Assessment) -> Table:
    """Every line of the profile and feature: control, feature, claim, state, evidence in words, age."""
    table = Table("control", "feature", "claim", "state", "evidence", "age")
    for line in assessment["profile"]:
        state = str(line["state"])
        style = _STYLES.get(state, "")
        name, value = Text(line["attribute"]), Text(str(line["value"]))
        table.add_row("profile", name, value, Text(state, style), Text(line["evidence"]), _age(line["age"]))
    for feature in assessment["features"]:
        state = str(feature["state"])
        table.add_row(
            feature["control"],
            Text(feature["feature"]),
            feature["claim"],
            Text(state, _style(feature)),
            Text(_evidence(feature)),
            _age(feature["age"]),
        )
    return table


def _style(feature: dict[str, Any]) -> str:  # a feature of the answer
    """Red is only what is not as claimed; what nobody configured, or nobody built, is no failure."""
    if feature["state"] == "not satisfied" and feature["proven"]:
        return _TO_CONFIGURE if feature["supported"] else _MISSING
    return _STYLES.get(str(feature["state"]), "")


def _evidence(feature: dict[str, Any]) -> str:  # a feature of the answer
    """What was seen, and why that is not in order where it is not."""
    words, reason = str(feature["evidence"]), str(feature["reason"])
    if feature["proven"] and feature["state"] == "not satisfied":
        return f"{reason}: {words}"
    return words


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return next((f"{int(seconds / size)} {unit}" for size, unit in _AGES if seconds >= size), "now")


def summary(assessment: Assessment) -> str:
    """The numbers in sentences."""
    features = assessment["features"]
    kinds = [_kind(feature) for feature in features]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    proven = sum(bool(feature["proven"]) for feature in features)
    compliance, coverage = percent(assessment["compliance"]), percent(assessment["coverage"])
    return (
        f"{len(features)} features: {counts}. {proven} of {len(features)} claims are proven. "
        f"Of the controls that apply {coverage} were assessed; of these {compliance} are satisfied."
    )


def _kind(feature: dict[str, Any]) -> str:  # a feature of the answer
    """The state; what is not satisfied is told apart by who can change that."""
    state = str(feature["state"])
    if state != "not satisfied":
        return state
    if not feature["proven"]:
        return "not satisfied (not as claimed)"
    return (
        "not satisfied (for you to configure)"
        if feature["supported"]
        else "not satisfied (not supported yet)"
    )
