import pytest

from holdfast.alerts.book import AlertBook
from holdfast.alerts.exclusion import ExclusionRule, Window
from holdfast.alerts.folding import MAXIMUM_VIOLATIONS
from holdfast.alerts.model import (
    MAXIMUM_FRAMES,
    Alert,
    AlertType,
    Report,
    Resolution,
    Severity,
    Status,
)
from holdfast.kernel.errors import ConflictError, NotFoundError

WRITE = AlertType(
    "write", "Unwanted write", "policy violation", Severity.HIGH, "Programming", steps=("Ask.",)
)
SCAN = AlertType("scan", "Scan", "anomaly", Severity.MEDIUM, "Scan")
NOISE = AlertType("noise", "Noise", "anomaly", Severity.LOW, "Scan", enabled=False)
TYPES = {kind.id: kind for kind in (WRITE, SCAN, NOISE)}


def report(
    kind: str = "write",
    time: float = 100.0,
    source: str = "10.0.0.9",
    observed: str = "function 6",
    frame: int = 1,
    learn: tuple[str | int, ...] = (),
) -> Report:
    return Report(kind, time, source, "10.0.0.1", "modbus", observed, "functions 3, 4", frame, learn)


def book() -> AlertBook:
    return AlertBook(TYPES, sensor="north")


def test_the_same_traffic_folds_into_one_alert_that_counts_it() -> None:
    alerts = book()
    first = alerts.report(report(time=100.0))
    again = alerts.report(report(time=160.0, frame=7))
    assert first is again
    assert first is not None
    assert (first.count, first.first, first.last) == (2, 100.0, 160.0)
    assert [violation.count for violation in first.violations] == [2]
    assert first.violations[0].frames == [1, 7]


def test_what_differs_between_the_same_parties_is_a_violation_of_the_same_alert() -> None:
    alerts = book()
    alert = alerts.report(report(observed="function 6"))
    alerts.report(report(observed="function 16"))
    assert alert is not None
    assert [violation.observed for violation in alert.violations] == ["function 6", "function 16"]
    assert len(alerts) == 1


def test_other_parties_are_another_alert() -> None:
    alerts = book()
    assert alerts.report(report(source="10.0.0.9")) is not alerts.report(report(source="10.0.0.8"))


def test_reports_that_arrive_late_move_the_beginning() -> None:
    alerts = book()
    alert = alerts.report(report(time=100.0))
    alerts.report(report(time=90.0))
    assert alert is not None
    assert (alert.first, alert.last) == (90.0, 100.0)


def test_packets_and_violations_of_an_alert_are_bounded_and_the_rest_is_counted() -> None:
    alerts = book()
    alert = None
    for number in range(MAXIMUM_FRAMES + 10):
        alert = alerts.report(report(frame=number))
    assert alert is not None
    assert len(alert.violations[0].frames) == MAXIMUM_FRAMES
    for number in range(MAXIMUM_VIOLATIONS + 5):
        alerts.report(report(observed=f"register {number}"))
    assert len(alert.violations) == MAXIMUM_VIOLATIONS
    assert alert.dropped_violations == 6
    assert alert.count == MAXIMUM_FRAMES + 10 + MAXIMUM_VIOLATIONS + 5


def test_a_closed_alert_stays_closed_and_the_same_traffic_opens_a_fresh_one() -> None:
    alerts = book()
    first = alerts.report(report(time=100.0))
    assert first is not None
    alerts.close(first.id, 120.0)
    second = alerts.report(report(time=130.0))
    assert second is not None
    assert second.id != first.id
    assert (first.status, first.resolution, first.count) == (Status.CLOSED, Resolution.HANDLED, 1)
    assert second.status is Status.NEW


def test_an_investigated_alert_goes_on_counting() -> None:
    alerts = book()
    alert = alerts.report(report())
    assert alert is not None
    alerts.investigate(alert.id)
    assert alerts.report(report(time=101.0)) is alert
    assert (alert.status, alert.count) == (Status.ACTIVE, 2)


def test_learning_gives_every_entry_that_allows_what_was_seen() -> None:
    alerts = book()
    alert = alerts.report(report(observed="function 6", learn=("modbus", 6)))
    alerts.report(report(observed="function 16", learn=("modbus", 16)))
    assert alert is not None
    assert alerts.learn(alert.id, 200.0) == (("modbus", 6), ("modbus", 16))
    assert alert.resolution is Resolution.LEARNED


def test_what_cannot_be_allowed_cannot_be_learned() -> None:
    alerts = book()
    alert = alerts.report(report())
    assert alert is not None
    with pytest.raises(ConflictError):
        alerts.learn(alert.id, 200.0)
    assert alert.open


def test_muting_suppresses_until_unmuted() -> None:
    alerts = book()
    alert = alerts.report(report())
    assert alert is not None
    alerts.mute(alert.id, 200.0)
    assert alerts.report(report(time=300.0)) is None
    assert alerts.report(report(time=300.0, source="10.0.0.8")) is not None
    alerts.unmute(alert.id)
    fresh = alerts.report(report(time=400.0))
    assert fresh is not None
    assert fresh.id != alert.id
    assert alert.resolution is Resolution.HANDLED, "nothing says any longer that its kind is silent"
    with pytest.raises(ConflictError):
        alerts.unmute(alert.id)


def test_types_that_are_off_raise_nothing_until_somebody_turns_them_on() -> None:
    alerts = book()
    assert alerts.report(report("noise")) is None
    alerts.enabled["noise"] = True
    assert alerts.report(report("noise")) is not None
    alerts.enabled["scan"] = False
    assert alerts.report(report("scan")) is None
    assert alerts.counters.disabled == 2


def test_what_is_not_seen_for_long_closes_by_itself() -> None:
    alerts = book()
    old = alerts.report(report(time=0.0))
    young = alerts.report(report("scan", time=50.0))
    assert alerts.expire(120.0, after=100.0) == [old]
    assert old is not None
    assert young is not None
    assert (old.resolution, young.open) == (Resolution.EXPIRED, True)


def test_exclusions_and_maintenance_windows_hide_alerts_while_they_hold() -> None:
    alerts = book()
    alerts.exclusions = [ExclusionRule("lab", devices=frozenset({"10.0.0.7"}))]
    alerts.windows.open(Window("CHG-1", 100.0, 200.0, engines=frozenset({"anomaly"})), "token-1")
    assert alerts.report(report(source="10.0.0.7")) is None
    assert alerts.report(report("scan", time=150.0)) is None
    assert alerts.report(report("write", time=150.0)) is not None
    assert alerts.report(report("scan", time=200.0)) is not None
    assert alerts.counters.excluded == 2


def test_listeners_hear_of_an_alert_once() -> None:
    heard: list[Alert] = []
    alerts = book()
    alerts.on_open = heard.append
    alert = alerts.report(report())
    alerts.report(report())
    assert heard == [alert]


def test_a_full_book_gives_up_the_closed_then_the_least_severe_oldest_alerts() -> None:
    alerts = AlertBook(TYPES, maximum=10)
    closed = alerts.report(report(source="s0", time=1000.0))
    assert closed is not None
    alerts.close(closed.id, 1000.0)
    for number in range(1, 10):
        alerts.report(report("scan" if number > 5 else "write", source=f"s{number}", time=float(number)))
    alerts.report(report(source="s10"))
    with pytest.raises(NotFoundError):
        alerts.get(closed.id)
    alerts.report(report(source="s11"))
    assert len(alerts) == 10
    assert "s6" not in {alert.source for alert in alerts}
    assert alerts.counters.evicted == 2
    assert alerts.report(report("scan", source="s6", time=2000.0)) is not None


def test_the_identifier_is_the_same_for_the_same_sight_and_differs_between_sensors() -> None:
    ids = []
    for sensor in ("north", "north", "south"):
        alert = AlertBook(TYPES, sensor=sensor).report(report())
        assert alert is not None
        ids.append(alert.id)
    assert ids[0] == ids[1] != ids[2]
