"""Judgements are kept for what is said again, and never without end."""

import pytest

from holdfast.defender.engines import detection
from holdfast.defender.sensor.sensor import Sensor
from tests.support.traffic import modbus
from tests.support.traffic.case import HMI, PLC
from tests.support.traffic.wire import Wire, play, sensor_for


def polled(registers: int, rounds: int) -> Wire:
    """A client that reads each register by itself, again and again."""
    wire = Wire()
    connection = wire.connect(HMI, PLC, 502)
    for number in range(registers * rounds):
        request = modbus.read(number % registers, 1)
        connection.ask(
            modbus.frame(request, transaction=number % 60000),
            modbus.frame(modbus.registers(1), transaction=number % 60000),
        )
    return wire


def judgements(sensor: Sensor) -> int:
    talks = [
        sensor.detection.talks.get(*ends, "modbus", to_server)
        for ends, to_server in (((HMI, PLC), True), ((PLC, HMI), False))
    ]
    return sum(len(talk.judged) for talk in talks if talk is not None)


def test_each_thing_that_is_said_is_judged_once() -> None:
    sensor = play(polled(5000, 2), sensor_for())
    assert judgements(sensor) == 2 * 5000


def test_judgements_begin_again_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "MAXIMUM_JUDGED", 300)
    sensor = play(polled(400, 1), sensor_for())
    assert judgements(sensor) == 2 * 400 - 2 * 300
    assert sensor.detection.faults == {}
