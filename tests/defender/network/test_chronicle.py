"""What people do stands in the timeline once, where it was done, and with who did it."""

from typing import Any

from holdfast.defender.network.chronicle import Chronicle
from holdfast.defender.network.filters import EventFilter
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources.model import Event
from tests.defender.network.conftest import NORTH, SOUTH, Platform, heard
from tests.support.traffic.case import PLC
from tests.support.traffic.cases.modbus import poll
from tests.support.traffic.wire import BEGIN

STOPPED: dict[str, Any] = {  # any JSON
    "type": "controller-stop",
    "source": "10.1.0.7",
    "destination": PLC,
    "organization": NORTH,
}


def done(event: str, resource: str = "x", at: OrganizationPath = ROOT, **data: Any) -> Event:  # Any: JSON
    kind = event.partition(".")[0]
    return Event(1, event, BEGIN, event, kind, resource, at, "a1", "user", "Ada", "", "", "ok", "", "", data)


def told(platform: Platform, *events: Event) -> list[JsonObject]:
    chronicle = Chronicle(platform.database)
    for event in events:
        chronicle.take(event)
    return platform.network.events((NORTH,), EventFilter(sensor="")).items


def test_a_decision_about_an_alert_is_told_at_its_place_and_once(platform: Platform) -> None:
    closed = done("alert.closed", **STOPPED)
    (event,) = told(platform, closed, closed)
    assert (event["type"], event["title"]) == ("ALERT_UPDATED", "Controller Stop: closed")
    assert (event["owner"], event["organization"]) == ("Ada", NORTH)
    assert event["devices"] == ["10.1.0.7", PLC]
    assert platform.network.events((SOUTH,)).items == []


def test_rules_exclusions_and_edits_are_told(platform: Platform) -> None:
    platform.report(heard("n1", poll))
    (number,) = (each["id"] for each in platform.network.assets((NORTH,)).items if each["address"] == PLC)
    found = told(
        platform,
        done("alertExclusion.created", at=NORTH, displayName="Lab"),
        done("detectionRule.updated", at=NORTH, name="Setpoint"),
        done("asset.updated", str(number), at=NORTH),
        done("asset.removed", str(number), organization=NORTH),
    )
    people = {(each["type"], each["title"], *_texts(each["devices"])) for each in found if each["owner"]}
    assert people == {
        ("EXCLUSION_RULE_CREATED", "Exclusion rule made: Lab"),
        ("USER_DEFINED_RULE_EDITED", "Custom rule changed: Setpoint"),
        ("DEVICE_UPDATE", f"Device edited: {PLC}", PLC),
        ("DELETE_DEVICE", f"Device deleted: {PLC}", PLC),
    }


def test_muting_refusals_and_other_alerts_are_not_told(platform: Platform) -> None:
    refused = done("alert.closed", **STOPPED)
    assert (
        told(
            platform,
            done("alert.muted", **STOPPED),
            Event(**{**{f: getattr(refused, f) for f in refused.__slots__}, "outcome": "refused"}),
            done("alert.closed", **{**STOPPED, "type": "brute-force"}),
            done("device.updated", at=NORTH),
        )
        == []
    )


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
