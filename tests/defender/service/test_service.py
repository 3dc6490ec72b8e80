import json

import pytest

from holdfast.defender.learned.stages import Stage
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.service.alerts import alerts, events
from holdfast.defender.service.devices import connections, devices
from holdfast.defender.service.reports import (
    device_report,
    mitigation_report,
    operational_report,
    security_report,
)
from holdfast.defender.service.view import SensorView
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from tests.support.traffic.case import ENGINEER, HMI, PLC
from tests.support.traffic.cases.exchanges import together
from tests.support.traffic.cases.flows import outwards
from tests.support.traffic.cases.modbus import identified, poll, refused, umas_exchange
from tests.support.traffic.wire import BEGIN, Wire, play, sensor_for


@pytest.fixture(scope="module")
def sensor() -> Sensor:
    wire = Wire()
    together(poll, identified("v1"), umas_exchange(0x33, 0x41), refused(2), outwards("198.41.0.4"))(wire)
    return play(wire, sensor_for())


@pytest.fixture
def view(sensor: Sensor) -> SensorView:
    return SensorView(sensor)


def objects(values: list[JsonValue]) -> list[JsonObject]:
    return [value for value in values if isinstance(value, dict)]


def test_devices_have_the_documented_fields(view: SensorView) -> None:
    found = {str(device["name"]): device for device in objects(devices(view))}
    assert set(found) == {HMI, PLC, ENGINEER}
    plc = found[PLC]
    assert (plc["type"], plc["vendor"], plc["authorized"]) == ("PLC", "Acme", True)
    assert plc["ipAddresses"] == [PLC]
    firmware = plc["firmware"]
    assert isinstance(firmware, list)
    assert isinstance(firmware[0], dict)
    assert (firmware[0]["model"], firmware[0]["firmwareVersion"]) == ("PLC-1", "v1")
    assert found[ENGINEER]["engineeringStation"] is True
    assert json.dumps(list(found.values()))


def test_devices_can_be_asked_by_authorization(view: SensorView) -> None:
    assert len(devices(view, authorized=True)) == 3
    assert devices(view, authorized=False) == []


def test_connections_name_pairs_ports_and_commands(view: SensorView) -> None:
    found = objects(connections(view, BEGIN + 100))
    numbers = {str(device["name"]): device["id"] for device in objects(devices(view))}
    pair = next(each for each in found if each["firstDeviceId"] == numbers[HMI])
    assert (pair["secondDeviceId"], pair["ports"]) == (numbers[PLC], [502])
    assert "READ_HOLDING_REGISTERS" in json.dumps(pair["protocols"])
    assert len(objects(connections(view, BEGIN, device=int(str(numbers[ENGINEER]))))) == 1


def test_connections_can_be_asked_by_time(view: SensorView) -> None:
    begin = int(BEGIN * 1000)
    assert connections(view, BEGIN + 86400, last_active_minutes=10) == []
    assert len(connections(view, BEGIN + 60, last_active_minutes=10)) == 2
    assert len(connections(view, BEGIN, discovered_after=begin)) == 2
    assert connections(view, BEGIN, discovered_before=begin - 1) == []
    with pytest.raises(InvalidError):
        connections(view, BEGIN, discovered_before=1, discovered_after=2)
    with pytest.raises(NotFoundError):
        connections(view, BEGIN, device=99)


def test_alerts_come_in_both_versions(view: SensorView) -> None:
    first, second = (objects(alerts(view, version=version)) for version in (1, 2))
    assert {alert["title"] for alert in first} >= {"Controller Stop", "Modbus Exception"}
    assert "remediationSteps" not in first[0]
    assert second[0]["remediationSteps"]
    stop = next(alert for alert in second if alert["title"] == "Controller Stop")
    assert (stop["severity"], stop["engine"], stop["sourceDeviceAddress"]) == (
        "Minor",
        "Operational",
        ENGINEER,
    )


def test_alerts_can_be_filtered(view: SensorView) -> None:
    everything = len(alerts(view))
    assert len(alerts(view, state="unhandled")) == everything
    assert alerts(view, state="handled") == []
    assert alerts(view, from_time=int((BEGIN + 9999) * 1000)) == []
    assert len(alerts(view, to_time=int((BEGIN + 9999) * 1000))) == everything
    assert alerts(view, kind="unexpected new devices") == []
    with pytest.raises(InvalidError):
        alerts(view, state="open")
    with pytest.raises(InvalidError):
        alerts(view, kind="all")


def test_events_are_the_newest_of_the_timeline(view: SensorView) -> None:
    found = objects(events(view, BEGIN + 60))
    assert {"DEVICE_CREATE", "PROGRAM_DEVICE", "ALERT_REPORTED"} <= {str(event["type"]) for event in found}
    moments = [event["timestamp"] for event in found]
    assert moments == sorted(moments, key=lambda moment: -int(str(moment)))
    assert {event["type"] for event in objects(events(view, BEGIN, kind="PLC_STOP"))} == {"PLC_STOP"}
    assert events(view, BEGIN + 86400, minutes=1) == []
    with pytest.raises(InvalidError):
        events(view, BEGIN, minutes=5000)


def test_reports_show_weak_points(view: SensorView) -> None:
    reports = {str(report["name"]): report for report in objects(device_report(view))}
    assert reports[PLC]["securityScore"] != 100
    security = security_report(view)
    assert HMI in json.dumps(security["internetConnections"])
    assert PLC not in json.dumps(security["internetConnections"])
    operational = operational_report(view)
    assert operational["ipNetworks"] == ["10.1.0.0/24", "198.41.0.0/24"]
    assert "Modbus Exception" in json.dumps(operational["protocolProblems"])


def test_mitigations_come_with_what_they_would_improve(view: SensorView) -> None:
    document = mitigation_report(view)
    mitigation = document["mitigation"]
    assert isinstance(mitigation, list)
    gains = [each["scoreImprovement"] for each in objects(mitigation)]
    assert gains == sorted(gains, key=lambda gain: -float(str(gain)))
    assert float(str(gains[0])) > 0


def test_unauthorized_devices_are_reported(sensor: Sensor) -> None:
    learned = sensor.learned
    learned.stages.enter(Stage.OPERATIONAL, BEGIN)
    wire = Wire()
    umas_exchange(0x04, client="10.1.0.77")(wire)
    stranger = SensorView(play(wire, sensor_for(learned)))
    assert "10.1.0.77" in json.dumps(security_report(stranger)["unauthorizedDevices"])
    learned.stages.enter(Stage.LEARNING, BEGIN)
