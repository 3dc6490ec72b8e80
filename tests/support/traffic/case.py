"""Labelled traffic: for an alert, packets that must raise it and a benign twin that must not."""

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.alerts.model import Alert
from holdfast.defender.learned.stages import Stage
from holdfast.defender.learned.traffic import LearnedTraffic
from holdfast.defender.sensor.sensor import Sensor
from tests.support.traffic.wire import BEGIN, Wire, play, sensor_for

HMI, PLC, ENGINEER, ROGUE = "10.1.0.10", "10.1.0.20", "10.1.0.30", "10.1.0.66"
DAY = 86400.0

Play = Callable[[Wire], None]


@dataclass(frozen=True)
class Case:
    """One alert's label."""

    alert: str
    attack: Play
    benign: Play
    learn: Play | None = None
    """Normal traffic that is learned first; without it the sensor is still learning."""
    source: str = ""
    """Expected parties of the alert; empty for any."""
    destination: str = ""
    name: str = ""
    """Tells several cases of one alert apart."""

    @property
    def label(self) -> str:
        return f"{self.alert}-{self.name}" if self.name else self.alert

    def run(self, traffic: Play) -> Sensor:
        """A sensor that has learned, if there is something to learn, and then heard `traffic`."""
        learned = None
        if self.learn is not None:
            wire = Wire(BEGIN - DAY)
            self.learn(wire)
            learned = play(wire, sensor_for(enable=(self.alert,))).learned
            learned.stages.enter(Stage.OPERATIONAL, BEGIN)
        return self.hear(traffic, learned)

    def hear(self, traffic: Play, learned: LearnedTraffic | None) -> Sensor:
        wire = Wire()
        traffic(wire)
        return play(wire, sensor_for(learned, enable=(self.alert,)))

    def found(self, sensor: Sensor) -> list[Alert]:
        """The alerts that the case is about."""
        return [
            alert
            for alert in sensor.alerts
            if alert.type.id == self.alert
            and self.source in {"", alert.source}
            and self.destination in {"", alert.destination}
        ]
