from dataclasses import replace

import pytest

from holdfast.alerts.model import Alert, AlertType, Severity, Violation
from holdfast.delivery.alerts.message import SensorOrigin, alert_message
from holdfast.delivery.alerts.rule import ForwardingRule
from holdfast.delivery.formats.cef import cef
from holdfast.delivery.model import Urgency
from holdfast.kernel.organizations import ROOT, OrganizationPath

ORIGIN = SensorOrigin("north", "s-1", "line 3", "z-1", "plant", "p-1")
MACS = {"10.0.0.9": "00:11:22:33:44:55"}


def alert(severity: Severity = Severity.MEDIUM, identifier: str = "a-1") -> Alert:
    kind = AlertType(
        "modbus-exception",
        "Modbus Exception",
        "protocol violation",
        severity,
        "Illegal Commands",
        ("T0814",),
        ("Inhibit Response Function",),
        "A device answered with an exception.",
        ("Ask.", "Check."),
    )
    return Alert(
        identifier,
        kind,
        severity,
        "10.0.0.9",
        "00:aa:bb:cc:dd:ee",
        "modbus",
        1000.5,
        1001.0,
        ["north"],
        zone="line 3",
        violations=[Violation("exception 2", "no exception", 1000.5, 1001.0)],
    )


def mac_of(organization: OrganizationPath, address: str) -> str:
    return MACS.get(address, "") if organization == ROOT else ""


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (ForwardingRule("all", ("d",)), True),
        (ForwardingRule("off", ("d",), enabled=False), False),
        (ForwardingRule("medium", ("d",), Severity.MEDIUM), True),
        (ForwardingRule("high", ("d",), Severity.HIGH), False),
        (ForwardingRule("engine", ("d",), engines=frozenset({"protocol violation"})), True),
        (ForwardingRule("other engine", ("d",), engines=frozenset({"malware"})), False),
        (ForwardingRule("protocol", ("d",), protocols=frozenset({"dnp3"})), False),
        (ForwardingRule("type", ("d",), types=frozenset({"modbus-exception"})), True),
        (ForwardingRule("sensor", ("d",), sensors=frozenset({"south"})), False),
        (ForwardingRule("zone", ("d",), zones=frozenset({"line 3"})), True),
    ],
    ids=lambda value: value.name if isinstance(value, ForwardingRule) else "",
)
def test_a_rule_forwards_what_matches_all_of_its_parts(rule: ForwardingRule, wanted: bool) -> None:
    assert rule.wants(alert()) is wanted


def test_the_message_has_the_documented_fields() -> None:
    message = alert_message(alert(), ORIGIN, mac_of)
    line = cef(message, "north")
    for part in (
        "|modbus-exception|Modbus Exception|8|",
        "msg=exception 2 (expected: no exception)",
        "protocol=modbus",
        "severity=Major",
        "type=Protocol Violation",
        "UUID=a-1",
        "start=1000500",
        "src_ip=10.0.0.9",
        "src_mac=00:11:22:33:44:55",
        "dst_mac=00:aa:bb:cc:dd:ee",
        "cat=Illegal Commands",
    ):
        assert part in line
    assert "dst_ip" not in line


def test_a_party_without_an_address_has_neither_field() -> None:
    about = replace(alert(), source="/providers/Holdfast.Devices/devices/pump", destination="")
    assert not {"src_ip", "src_mac", "dst_ip", "dst_mac"} & {
        key for key, value in alert_message(about, ORIGIN, mac_of).fields.items() if value
    }


def test_the_webhook_says_where_it_comes_from_and_what_to_do() -> None:
    body = alert_message(alert(), ORIGIN, mac_of).body
    assert body["remediationSteps"] == ["Ask.", "Check."]
    assert (body["sensorName"], body["zoneName"], body["siteName"]) == ("north", "line 3", "plant")
    assert (body["sourceDeviceAddress"], body["handled"]) == ("10.0.0.9", False)


@pytest.mark.parametrize(
    ("severity", "urgency", "score"),
    [
        (Severity.HIGH, Urgency.ALERT, 10),
        (Severity.MEDIUM, Urgency.ERROR, 8),
        (Severity.LOW, Urgency.WARNING, 4),
    ],
)
def test_severities_become_numbers(severity: Severity, urgency: Urgency, score: int) -> None:
    message = alert_message(alert(severity), ORIGIN, mac_of)
    assert (message.urgency, message.score) == (urgency, score)
