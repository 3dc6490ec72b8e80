"""The documented API over what two sensors of a platform told: names, types and units of the reference."""

import json

import pytest

from holdfast.alerts.model import Alert
from holdfast.alerts.store.reading import Numbered
from holdfast.defender.dissect.registry import PROTOCOLS
from holdfast.defender.network.filters import EVERY_CONNECTION
from holdfast.defender.service import reports
from holdfast.defender.service.alerts import Wanted, alerts, placed_alerts, wanted
from holdfast.defender.service.devices import NAMES, Places, Span, connections, devices, placed_devices
from holdfast.defender.service.events import events
from holdfast.defender.service.seen import Seen
from holdfast.defender.timeline.model import TITLES, EventType
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath
from tests.defender.network.conftest import NORTH, SOUTH, Platform, heard
from tests.support.traffic.case import ENGINEER, HMI, PLC
from tests.support.traffic.cases.exchanges import together
from tests.support.traffic.cases.flows import outwards
from tests.support.traffic.cases.modbus import identified, poll, refused, umas_exchange
from tests.support.traffic.wire import BEGIN

PLANT = OrganizationPath("/plant/")


def seen_of(platform: Platform, *reach: OrganizationPath) -> Seen:
    """What somebody sees who may see the nodes."""
    inside = [each for each in platform.alerts.values() if each.organization.startswith(reach or (PLANT,))]
    kept = [Numbered(number, alert) for number, alert in enumerate(inside, 1)]
    return Seen(platform.network, reach or (PLANT,), kept[::-1])


@pytest.fixture
def seen(platform: Platform) -> Seen:
    traffic = together(poll, identified("v1"), umas_exchange(0x33, 0x41), refused(2), outwards("198.41.0.4"))
    platform.report(heard("n1", traffic))
    platform.report(heard("s1", poll), at=SOUTH)  # the same addresses in another zone
    return seen_of(platform)


def objects(values: JsonValue) -> list[JsonObject]:
    assert isinstance(values, list)
    return [value for value in values if isinstance(value, dict)]


def types(value: JsonObject) -> dict[str, str]:
    return {name: type(item).__name__ for name, item in value.items()}


def test_devices_have_the_documented_fields(seen: Seen) -> None:
    found = objects(devices(seen))
    assert len(found) == 5
    plc = next(each for each in found if each["name"] == PLC and each["vendor"] == "Acme")
    assert types(plc) == {
        "id": "int",
        "ipAddresses": "list",
        "name": "str",
        "vendor": "str",
        "macAddresses": "list",
        "operatingSystem": "NoneType",
        "type": "str",
        "engineeringStation": "bool",
        "authorized": "bool",
        "scanner": "bool",
        "protocols": "list",
        "firmware": "list",
        "hasDynamicAddress": "bool",
    }
    (firmware,) = objects(plc["firmware"])
    assert (firmware["model"], firmware["firmwareVersion"], firmware["rack"]) == ("PLC-1", "v1", None)
    assert [each["name"] for each in objects(plc["protocols"])] == ["MODBUS"]
    engineer = next(each for each in found if each["name"] == ENGINEER)
    assert engineer["engineeringStation"] is True
    assert devices(seen, authorized=False) == []
    assert len(devices(seen, authorized=True)) == 5


def test_the_console_names_and_filters_the_places_of_devices(seen: Seen) -> None:
    found = objects(placed_devices(seen, None, Places()))
    assert {(each["siteId"], each["zoneId"], each["sensorId"]) for each in found} == {
        ("plant", "north", "n1"),
        ("plant", "south", "s1"),
    }
    for places, number in (
        (Places(zones=frozenset({"south"})), 2),
        (Places(sites=frozenset({"plant"})), 5),
        (Places(sensors=frozenset({"n1", "s1"})), 5),
        (Places(sites=frozenset({"elsewhere"})), 0),
    ):
        assert len(placed_devices(seen, None, places)) == number


def test_connections_join_devices_of_one_zone(seen: Seen) -> None:
    zones = {each["id"]: each["zoneId"] for each in objects(placed_devices(seen, None, Places()))}
    found = objects(connections(seen, BEGIN + 100, Span()))
    assert len(found) == 3
    for pair in found:
        assert zones[pair["firstDeviceId"]] == zones[pair["secondDeviceId"]]
    (south,) = (pair for pair in found if zones[pair["firstDeviceId"]] == "south")
    assert (south["ports"], type(south["lastSeen"])) == ([502], int)
    (protocol,) = objects(south["protocols"])
    assert (protocol["name"], protocol["commands"]) == ("MODBUS", ["READ_HOLDING_REGISTERS"])
    assert len(connections(seen, BEGIN, Span(), device=int(str(south["firstDeviceId"])))) == 1


def test_connections_can_be_asked_by_time(seen: Seen) -> None:
    begin = int(BEGIN * 1000)
    assert connections(seen, BEGIN + 86400, Span(active_minutes=10)) == []
    assert len(connections(seen, BEGIN + 60, Span(active_minutes=10))) == 3
    assert len(connections(seen, BEGIN, Span(after=begin))) == 3
    assert connections(seen, BEGIN, Span(before=begin - 1)) == []
    with pytest.raises(InvalidError):
        connections(seen, BEGIN, Span(before=1, after=2))
    with pytest.raises(NotFoundError):
        connections(seen, BEGIN, Span(), device=99)


def test_alerts_have_the_documented_fields_in_both_versions(seen: Seen) -> None:
    first, second = (objects(alerts(seen, Wanted(), version)) for version in (1, 2))
    numbers = {each["name"]: each["id"] for each in objects(placed_devices(seen, None, Places(zones=_NORTH)))}
    stop = next(each for each in second if each["title"] == "Controller Stop")
    assert types(stop) == {
        "id": "int",
        "uuid": "str",
        "time": "int",
        "title": "str",
        "message": "str",
        "severity": "str",
        "engine": "str",
        "sourceDevice": "int",
        "destinationDevice": "int",
        "additionalInformation": "dict",
        "sourceDeviceAddress": "str",
        "destinationDeviceAddress": "str",
        "remediationSteps": "list",
    }
    assert (stop["severity"], stop["engine"]) == ("Minor", "Operational")
    assert (stop["sourceDevice"], stop["destinationDevice"]) == (numbers[ENGINEER], numbers[PLC])
    assert stop["sourceDeviceAddress"] == ENGINEER
    extra = {"sourceDeviceAddress", "destinationDeviceAddress", "remediationSteps"}
    assert {name for name in stop if name not in extra} == set(first[0])
    assert [each["id"] for each in first] == sorted(int(str(each["id"])) for each in first)


_NORTH = frozenset({"north"})


def test_what_sensors_did_not_raise_is_no_alert_of_a_sensor(platform: Platform, seen: Seen) -> None:
    own = next(iter(platform.alerts.values()))
    other = Alert(
        **{**{name: getattr(own, name) for name in own.__dataclass_fields__}, "type": _of_the_platform(own)}
    )
    with_it = Seen(seen.network, seen.reach, [Numbered(99, other), *seen.kept])
    assert len(alerts(with_it, Wanted())) == len(alerts(seen, Wanted()))


def _of_the_platform(alert: Alert) -> object:
    return type(alert.type)("brute-force", "Brute Force", "platform", alert.severity, "Authentication")


def test_alerts_can_be_filtered(seen: Seen) -> None:
    everything = len(alerts(seen, Wanted()))
    assert everything > 1
    for asked, number in (
        (wanted("unhandled", None, None, None), everything),
        (wanted("handled", None, None, None), 0),
        (wanted("open", None, None, None), everything),  # as documented, other values are ignored
        (wanted(None, int((BEGIN + 9999) * 1000), None, None), 0),
        (wanted(None, None, int((BEGIN + 9999) * 1000), None), everything),
        (wanted(None, None, None, "unexpected new devices"), 0),
        (wanted(None, None, None, "something else"), everything),
    ):
        assert len(alerts(seen, asked)) == number
    placed = objects(placed_alerts(seen, Wanted(), Places(zones=_NORTH), 2))
    assert {(each["zoneName"], each["siteName"], each["sensorName"]) for each in placed} == {
        ("north", "plant", "n1")
    }
    assert placed_alerts(seen, Wanted(), Places(zones=frozenset({"east"})), 2) == []


def test_events_are_the_newest_of_the_timeline(seen: Seen) -> None:
    found = objects(events(seen, BEGIN + 60))
    assert {"DEVICE_CREATE", "PROGRAM_DEVICE", "ALERT_REPORTED"} <= {str(event["type"]) for event in found}
    moments = [int(str(event["timestamp"])) for event in found]
    assert moments == sorted(moments, reverse=True)
    (stop,) = objects(events(seen, BEGIN, kind="PLC_STOP"))
    assert (stop["title"], stop["severity"], stop["owner"]) == ("PLC Stop", "NOTICE", None)
    assert f"({ENGINEER}, {PLC})" in str(stop["content"])
    assert events(seen, BEGIN + 86400, minutes=1) == []
    assert len(events(seen, BEGIN + 60, minutes=99_999)) == len(found)
    assert len(events(seen, BEGIN + 86400 * 4, minutes=99_999)) == 0
    assert len(events(seen, BEGIN, kind="NO_SUCH_TYPE")) == len(found)


def test_every_type_of_event_has_a_title_and_every_name_a_protocol() -> None:
    assert set(TITLES) == set(EventType)
    assert set(NAMES) <= PROTOCOLS


def test_the_report_of_devices_has_those_with_weak_points(seen: Seen) -> None:
    found = {str(each["name"]): each for each in objects(reports.device_report(seen))}
    hmi = found[HMI]
    assert hmi["securityScore"] != 100
    assert hmi["isWirelessAccessPoint"] is False
    inner = found[PLC]["vulnerabilities"]
    assert isinstance(inner, dict)
    assert set(inner) == {
        *("antiViruses", "plainTextPasswords", "remoteAccess", "isBackupServer", "openedPorts"),
        *("isEngineeringStation", "isKnownScanner", "cves", "isUnauthorized", "malwareIndicationsDetected"),
        "weakAuthentication",
    }
    (port,) = objects(inner["openedPorts"])
    assert (port["port"], port["transport"], port["protocol"]) == (502, "TCP", "MODBUS")
    assert "198.41.0.4" not in found


def test_the_reports_of_the_network_have_the_documented_fields(seen: Seen) -> None:
    security = reports.security_report(seen)
    (internet,) = objects(security["internetConnections"])
    assert internet == {"internalAddress": HMI, "authorized": "Yes", "externalAddresses": ["198.41.0.4"]}
    assert {"server": "198.41.0.4", "client": HMI} in objects(security["connectionsBetweenSubnets"])
    operational = reports.operational_report(seen)
    assert objects(operational["ipNetworks"])[0] == {
        "addresses": 3,
        "network": "10.1.0.0",
        "mask": "255.255.255.0",
    }
    (problem,) = objects(operational["protocolProblems"])
    assert (problem["protocol"], problem["alert"]) == ("MODBUS", "Modbus Exception")
    volumes = objects(operational["protocolDataVolumes"])
    assert any(each["protocol"] == "MODBUS (502)" and str(each["volume"]).endswith(" MB") for each in volumes)
    octets = sum(
        int(str(each["client_octets"])) + int(str(each["server_octets"]))
        for each in seen.network.connections(seen.reach, EVERY_CONNECTION).items
    )
    assert sum(float(str(each["volume"]).split()[0]) for each in volumes) == pytest.approx(
        octets / 1e6, abs=0.01
    )


def test_mitigations_come_with_what_they_would_improve(seen: Seen) -> None:
    document = reports.mitigation_report(seen)
    gains = [each["scoreImprovement"] for each in objects(document["mitigation"])]
    assert gains == sorted(gains, key=lambda gain: -float(str(gain)))
    assert all(isinstance(gain, int) and gain > 0 for gain in gains)
    assert json.dumps(document)


def test_unauthorized_devices_are_reported(platform: Platform, seen: Seen) -> None:
    number = next(int(str(each["id"])) for each in objects(devices(seen)) if each["name"] == ENGINEER)
    platform.said[number] = {"authorized": False}
    platform.intake.renew_asset(number)
    (stranger,) = objects(reports.security_report(seen)["unauthorizedDevices"])
    assert (stranger["address"], type(stranger["firstDetectionTime"])) == (ENGINEER, int)
    assert [each["name"] for each in objects(devices(seen, authorized=False))] == [ENGINEER]


def test_nothing_of_another_zone_is_told(platform: Platform, seen: Seen) -> None:
    south = seen_of(platform, SOUTH)
    text = json.dumps(
        [devices(south), connections(south, BEGIN, Span()), alerts(south, Wanted()), events(south, BEGIN)]
        + [make(south) for make in (reports.security_report, reports.operational_report)]
    )
    assert ENGINEER not in text
    assert "198.41.0.4" not in text
    assert HMI in text
    assert len(devices(seen_of(platform, NORTH))) == 3
