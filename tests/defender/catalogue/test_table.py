import csv
from pathlib import Path

import pytest

from holdfast.alerts.model import AlertType
from holdfast.defender.catalogue.model import Entry
from holdfast.defender.catalogue.page import page, threshold_text
from holdfast.defender.catalogue.table import ENGINES, alert_types, catalogue, techniques
from tests.support.shared import shared

DOCUMENTED = {
    "policy violation": 90,
    "operational": 38,
    "malware": 26,
    "protocol violation": 25,
    "anomaly": 23,
}
ENTRIES = list(catalogue().values())


SOME_ROWS = """\
engine,title,severity_portal,category,tactics,techniques,off_by_default,documented_threshold
Policy Violation,Beckhoff Software Changed,Medium,Firmware Change,\
Inhibit Response Function; Persistence,T0857,0,
Policy Violation,Database Login Failed,Medium,Authentication,\
Lateral Movement; Collection,T0812 T0811,0,2 failed sign-ins in 5 min
"""


def documented_rows() -> list[dict[str, str]]:
    """Every documented alert where the table is there, and some of them in any case."""
    table = shared("defender", "alerts.csv")
    text = SOME_ROWS if table is None else table.read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def by_title() -> dict[str, Entry]:
    return {entry.alert.title: entry for entry in ENTRIES}


def test_all_documented_alerts_are_in_the_table() -> None:
    counts = {
        engine: sum(entry.documented and entry.alert.engine == engine for entry in ENTRIES)
        for engine in ENGINES.values()
    }
    assert counts == DOCUMENTED


def test_titles_are_unique() -> None:
    assert len(by_title()) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.alert.id)
def test_an_alert_is_explained_or_says_why_it_is_absent(entry: Entry) -> None:
    if entry.shown:
        assert entry.alert.meaning.endswith(".")
        assert entry.alert.steps
    else:
        assert entry.absent.endswith(".")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.alert.id)
def test_techniques_and_tactics_agree_with_the_matrix(entry: Entry) -> None:
    matrix = techniques()
    tactics = set(entry.alert.tactics)
    assert entry.alert.techniques
    for technique in entry.alert.techniques:
        assert tactics & set(matrix[technique].tactics), technique
    listed = {tactic for technique in entry.alert.techniques for tactic in matrix[technique].tactics}
    assert tactics <= listed


def test_absent_alerts_are_not_among_the_types_that_can_be_raised() -> None:
    raised = alert_types()
    assert all((entry.alert.id in raised) == entry.shown for entry in ENTRIES)
    assert all(isinstance(alert, AlertType) for alert in raised.values())


@pytest.mark.parametrize("row", documented_rows(), ids=lambda row: row["title"])
def test_the_table_says_what_the_documents_say_or_lists_the_correction(row: dict[str, str]) -> None:
    entry = by_title()[row["title"]]
    alert = entry.alert
    assert alert.engine == row["engine"].lower()
    assert alert.severity.value == row["severity_portal"].lower()
    assert alert.category == row["category"]
    assert alert.enabled == (row["off_by_default"] == "0")
    documented = (set(row["techniques"].split()), {part.strip() for part in row["tactics"].split(";")})
    if documented != (set(alert.techniques), set(alert.tactics)):
        assert entry.correction


@pytest.mark.parametrize("row", documented_rows(), ids=lambda row: row["title"])
def test_thresholds_are_the_documented_ones(row: dict[str, str]) -> None:
    entry = by_title()[row["title"]]
    documented = row["documented_threshold"]
    if not documented:
        assert not entry.threshold_documented or threshold_text(entry.alert.threshold) == ""
        return
    assert entry.threshold_documented
    threshold = entry.alert.threshold
    numbers = [int(word) for word in documented.replace(">=", "").replace(",", "").split() if word.isdigit()]
    unit = 3600 if documented.endswith(" h") else 60 if " min" in documented else 1
    expected = {numbers[0], numbers[-1] * unit} if " in " in documented else {numbers[0] * unit}
    assert {int(value) for value in (threshold.count, threshold.seconds) if value} == expected


def test_the_page_in_the_documentation_is_the_one_that_the_table_makes() -> None:
    stored = Path(__file__).parents[3] / "docs" / "alerts.md"
    assert stored.read_text(encoding="utf-8") == page(), (
        "run: python -m holdfast.defender.catalogue.page > docs/alerts.md"
    )
