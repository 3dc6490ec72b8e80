"""Every alert is raised by packets that show it, and not by their benign twin."""

import pytest

from holdfast.defender.catalogue.table import catalogue
from tests.support.traffic.case import Case
from tests.support.traffic.cases.registry import CASES

LABELLED = [pytest.param(case, id=case.label) for case in CASES]


WITHOUT_PACKETS = {
    "unauthorized-operation-was-detected-by-a-user-defined-rule": "tests/defender/rules",
    "no-traffic-detected-on-sensor-interface": "tests/defender/sensor/test_health.py",
    "traffic-detected-on-sensor-interface": "tests/defender/sensor/test_health.py",
    "packets-lost-by-the-sensor": "tests/defender/sensor/test_health.py",
    "sensor-is-overloaded": "tests/defender/sensor/test_health.py",
    "sensor-is-disconnected": "tests/defender/network/test_feed.py",
}
"""Alerts that no packet shows by itself, and the tests that raise them."""


def test_every_alert_that_is_shown_has_a_labelled_case() -> None:
    labelled = {case.alert for case in CASES} | set(WITHOUT_PACKETS)
    shown = {identifier for identifier, entry in catalogue().items() if entry.shown}
    assert shown == labelled


def test_labels_are_unique() -> None:
    assert len({case.label for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", LABELLED)
def test_the_attack_raises_the_alert(case: Case) -> None:
    sensor = case.run(case.attack)
    found = case.found(sensor)
    assert found, [(alert.type.id, alert.source, alert.destination) for alert in sensor.alerts]
    alert = found[0]
    assert alert.violations[0].observed
    assert alert.violations[0].expected
    assert sensor.detection.faults == {}


@pytest.mark.parametrize("case", LABELLED)
def test_the_benign_twin_does_not(case: Case) -> None:
    sensor = case.run(case.benign)
    raised = [alert for alert in sensor.alerts if alert.type.id == case.alert]
    assert not raised, [violation.observed for alert in raised for violation in alert.violations]
    assert sensor.detection.faults == {}
