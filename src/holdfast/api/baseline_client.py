"""The baseline of a running instance as a table, for the command line and the demo."""

from typing import Any

from rich.table import Table
from rich.text import Text

from holdfast.baseline.assessment.states import percent

Assessment = dict[str, Any]  # what the API answers
"""JSON of `GET /api/baseline/assessment`."""

RUN_SECONDS = 300.0
"""Time for a run: quick probes take seconds, a drill starts an instance of its own."""

_STYLES = {"satisfied": "green", "not satisfied": "red", "error": "red", "not assessed": "yellow"}
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def assessments_path(service: str) -> str:
    """Where runs of a service are asked for."""
    return f"/api/baseline/assessments?service={service}"


def assessment_table(assessment: Assessment) -> Table:
    """Every feature: control, feature, claim, state, evidence in words, age."""
    table = Table("control", "feature", "claim", "state", "evidence", "age")
    for feature in assessment["features"]:
        state = str(feature["state"])
        table.add_row(
            feature["control"],
            Text(feature["feature"]),
            feature["claim"],
            Text(state, _STYLES.get(state, "")),
            Text(_evidence(feature)),
            _age(feature["age"]),
        )
    return table


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
    """The numbers in a sentence."""
    states = [feature["state"] for feature in assessment["features"]]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    compliance, coverage = percent(assessment["compliance"]), percent(assessment["coverage"])
    return (
        f"{len(states)} features: {counts}. "
        f"Of the controls that apply {coverage} were assessed; of these {compliance} are satisfied."
    )
