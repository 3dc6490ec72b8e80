import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.alerts.exclusion import ExclusionRule, Hours, MaintenanceWindows, Window, parse_network
from holdfast.alerts.model import AlertType, Report, Severity
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError

SCAN = AlertType("scan", "Scan", "anomaly", Severity.HIGH, "Scan")


def report(source: str = "10.0.0.9", destination: str = "10.0.0.1", time: float = 150.0) -> Report:
    return Report("scan", time, source, destination, "tcp", "o", "e")


@pytest.mark.parametrize(
    ("rule", "hidden"),
    [
        (ExclusionRule("type", types=frozenset({"scan"})), True),
        (ExclusionRule("other type", types=frozenset({"flood"})), False),
        (ExclusionRule("engine", engines=frozenset({"anomaly"})), True),
        (ExclusionRule("sensor", sensors=frozenset({"south"})), False),
        (ExclusionRule("source", devices=frozenset({"10.0.0.9"})), True),
        (ExclusionRule("destination", devices=frozenset({"10.0.0.1"})), True),
        (ExclusionRule("subnet", subnets=(parse_network("10.0.0.0/24"),)), True),
        (ExclusionRule("other subnet", subnets=(parse_network("fd00::/8"),)), False),
        (ExclusionRule("both must hold", types=frozenset({"scan"}), sensors=frozenset({"south"})), False),
    ],
    ids=lambda value: value.name if isinstance(value, ExclusionRule) else "",
)
def test_every_part_that_is_set_must_match(rule: ExclusionRule, hidden: bool) -> None:
    assert rule.matches(SCAN, report(), "north") is hidden


def test_a_rule_that_would_hide_everything_is_refused() -> None:
    with pytest.raises(InvalidError, match="no condition"):
        ExclusionRule("everything")


def test_an_address_below_ip_is_in_no_subnet() -> None:
    rule = ExclusionRule("all", subnets=(parse_network("0.0.0.0/0"),))
    assert not rule.matches(SCAN, report("00:11:22:33:44:55", ""), "north")


def test_what_is_no_subnet_is_refused() -> None:
    with pytest.raises(InvalidError, match="not a subnet"):
        parse_network("10.0.0.0/99")


def moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()


@pytest.mark.parametrize(
    ("hours", "text", "inside"),
    [
        (Hours(8 * 60, 17 * 60), "2026-11-25T12:00", True),
        (Hours(8 * 60, 17 * 60), "2026-11-25T17:00", False),
        (Hours(22 * 60, 6 * 60), "2026-11-25T23:30", True),
        (Hours(22 * 60, 6 * 60), "2026-11-25T05:59", True),
        (Hours(22 * 60, 6 * 60), "2026-11-25T07:00", False),
        (Hours(22 * 60, 6 * 60, frozenset({4})), "2026-11-28T03:00", True),  # night from Friday to Saturday
        (Hours(22 * 60, 6 * 60, frozenset({4})), "2026-11-27T03:00", False),  # night from Thursday to Friday
    ],
)
def test_hours_hold_on_their_weekdays_and_over_midnight(hours: Hours, text: str, inside: bool) -> None:
    assert hours.contains(moment(text)) is inside


@given(st.integers(0, 1439), st.integers(0, 1439), st.floats(0, 4e9))
def test_a_part_of_the_day_and_the_rest_cover_every_moment_once(start: int, end: int, when: float) -> None:
    if start != end:
        assert Hours(start, end).contains(when) is not Hours(end, start).contains(when)


def test_a_window_is_opened_extended_closed_and_logged() -> None:
    windows = MaintenanceWindows()
    windows.open(Window("CHG-1", 100.0, 200.0, sensors=frozenset({"north"})), "token-1")
    assert windows.covers(SCAN, report(), "north")
    assert not windows.covers(SCAN, report(), "south")
    windows.extend("CHG-1", 400.0, 150.0, "token-2")
    assert windows.covers(SCAN, report(time=300.0), "north")
    windows.close("CHG-1", 310.0, "token-1")
    assert not windows.covers(SCAN, report(time=320.0), "north")
    log = [
        (event.time, event.action, event.token) for event in windows.history(0.0, 1000.0, lambda _event: True)
    ]
    assert log == [(100.0, "OPEN", "token-1"), (150.0, "UPDATE", "token-2"), (310.0, "CLOSE", "token-1")]


def test_one_ticket_has_one_open_window_and_an_ended_one_frees_it() -> None:
    windows = MaintenanceWindows()
    windows.open(Window("CHG-1", 100.0, 200.0), "t")
    with pytest.raises(ConflictError):
        windows.open(Window("CHG-1", 150.0, 250.0), "t")
    windows.open(Window("CHG-1", 200.0, 250.0), "t")
    assert [event.action for event in windows.log] == ["OPEN", "CLOSE", "OPEN"]


@pytest.mark.parametrize("ends", [100.0, 50.0, 100.0 + 31 * 86400])
def test_a_window_without_a_sensible_end_is_refused(ends: float) -> None:
    with pytest.raises(InvalidError):
        MaintenanceWindows().open(Window("CHG-1", 100.0, ends), "t")


def test_a_window_that_is_not_open_can_be_neither_extended_nor_closed() -> None:
    windows = MaintenanceWindows()
    windows.open(Window("CHG-1", 100.0, 200.0), "t")
    with pytest.raises(NotFoundError):
        windows.extend("CHG-1", 500.0, 300.0, "t")
    with pytest.raises(NotFoundError):
        windows.close("CHG-2", 150.0, "t")
