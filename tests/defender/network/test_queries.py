"""Data mining: what may be asked, and answers that no spreadsheet runs."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.defender.network.queries import (
    COLUMNS,
    FILTERS,
    PREDEFINED,
    Subject,
    at_moment,
    checked_columns,
    checked_filters,
    csv_text,
)
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject


@pytest.mark.parametrize("subject", Subject)
def test_only_what_a_subject_has_can_be_asked(subject: Subject) -> None:
    checked_filters(subject, FILTERS[subject])
    checked_columns(subject, COLUMNS[subject])
    with pytest.raises(InvalidError):
        checked_filters(subject, ["nothing"])
    with pytest.raises(InvalidError):
        checked_columns(subject, ["nothing"])


def test_the_questions_that_everybody_has_can_be_asked() -> None:
    for _title, subject, filters in PREDEFINED.values():
        checked_filters(subject, filters)


def test_a_question_may_be_about_so_long_ago() -> None:
    now = 1_790_000_000.0
    asked = at_moment({"since": "-24h", "before": "-7d", "search": "-7d", "authorized": False}, now)
    assert asked == {
        "since": isoformat(now - 86_400),
        "before": isoformat(now - 7 * 86_400),
        "search": "-7d",
        "authorized": False,
    }


@given(st.text())
def test_no_value_from_the_wire_is_a_formula(name: str) -> None:
    text = csv_text(["name"], [{"name": name}])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == 2
    shown = rows[1][0] if rows[1] else ""
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert shown in (name, f"'{name}")


def test_lists_numbers_and_what_is_missing_are_cells() -> None:
    row: JsonObject = {
        "ip_addresses": ["10.0.0.1", "10.0.0.2"],
        "protocols": [{"name": "modbus"}],
        "important": True,
    }
    columns = ["ip_addresses", "protocols", "important", "risk.score", "vendor"]
    text = csv_text(columns, [{**row, "risk": {"score": -1.5}, "vendor": None}])
    assert text.splitlines()[1] == "10.0.0.1 10.0.0.2,modbus,true,-1.5,"
