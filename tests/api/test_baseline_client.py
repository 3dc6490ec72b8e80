"""What the command line and the demo say of an assessment."""

from typing import Any

from rich.console import Console

from holdfast.api.baseline_client import assessment_table, summary


def feature(state: str, *, supported: bool = True, proven: bool = True) -> dict[str, Any]:
    return {
        "control": "DP-3",
        "feature": f"A feature that is {state}",
        "claim": "supported",
        "state": state,
        "supported": supported,
        "proven": proven,
        "reason": "not configured here",
        "evidence": "2 of 2 subjects as expected",
        "age": 61.0,
    }


FEATURES = [
    feature("satisfied"),
    feature("not satisfied"),
    feature("not satisfied", supported=False),
    feature("not satisfied", proven=False),
    feature("not assessed", proven=False),
]
PROFILE = {
    "attribute": "Stores customer content at rest",
    "value": True,
    "state": "satisfied",
    "evidence": "1 of 1 subjects as expected",
    "age": 5.0,
}
ASSESSMENT = {"profile": [PROFILE], "features": FEATURES, "compliance": 0.25, "coverage": None}


def test_what_is_not_satisfied_is_told_apart_by_who_can_change_it() -> None:
    said = summary(ASSESSMENT)
    assert said.startswith("5 features: 1 satisfied, 1 not satisfied (for you to configure), ")
    assert "1 not satisfied (not supported yet), 1 not satisfied (not as claimed), 1 not assessed" in said
    assert "3 of 5 claims are proven" in said
    assert "– were assessed; of these 25 % are satisfied" in said


def test_only_what_is_not_as_claimed_is_red() -> None:
    column = assessment_table(ASSESSMENT).columns[3]
    styles = [str(getattr(cell, "style", "")) for cell in column.cells]
    assert styles == ["green", "green", "yellow", "dim", "red", "yellow"], "the line of the profile is first"


def test_the_table_says_what_was_seen_and_when() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(assessment_table(ASSESSMENT))
    text = captured.get()
    assert "Stores customer content at rest" in text
    assert "not configured here: 2 of 2 subjects as expected" in text
    assert "1 min" in text
