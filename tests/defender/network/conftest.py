"""A defender's database on SQLite and on PostgreSQL, and sensors that tell it things."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast.alerts.model import Alert
from holdfast.defender.network.alerts import Unwanted
from holdfast.defender.network.intake import Arrived, Heard, Intake, Surroundings
from holdfast.defender.network.open import open_network, open_packets, prepare
from holdfast.defender.network.packets import PacketStore
from holdfast.defender.network.reading import Network
from holdfast.defender.network.source import Source
from holdfast.defender.network.tending import Tending
from holdfast.defender.sensor.sensor import Sensor
from holdfast.defender.sensor.settings import SensorSettings
from holdfast.defender.sensor.slices import Slices
from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.messages import Message, pack
from holdfast.kernel.clock import ManualClock, SystemRandomness
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath
from holdfast.keys.file import open_key_ring
from holdfast.storage.database import Database
from tests.support.traffic.case import Play
from tests.support.traffic.wire import BEGIN, Wire, play

NORTH, SOUTH = OrganizationPath("/plant/north/"), OrganizationPath("/plant/south/")


def heard(name: str, *plays: Play) -> Sensor:
    """What a sensor knows after some traffic."""
    wire = Wire()
    for each in plays:
        each(wire)
    return play(wire, Sensor(SensorSettings(name=name), slices=Slices()))


@dataclass
class Platform:
    """The writing and the reading end over one database."""

    database: Database
    intake: Intake
    network: Network
    tending: Tending
    clock: ManualClock
    alerts: dict[str, Alert]
    said: dict[int, JsonObject]
    unwanted: list[Unwanted]
    unavailable: list[str]
    """Why alerts cannot be handed on now; empty when they can."""
    numbers: dict[str, int] = field(default_factory=dict)

    def tell(self, sensor: str, *messages: Message, at: OrganizationPath = NORTH) -> Sequence[Heard]:
        """A sensor says something new."""
        arrived = []
        for message in messages:
            self.numbers[sensor] = self.numbers.get(sensor, 0) + 1
            arrived.append(
                Arrived(Source(sensor, at), "spool", self.numbers[sensor], pack(message), self.clock.now())
            )
        return self.intake.take(arrived)

    def report(self, sensor: Sensor, at: OrganizationPath = NORTH) -> None:
        """A sensor tells everything that it knows."""
        self.tell(sensor.settings.name, *Bulletins(sensor).everything(), at=at)


@pytest.fixture
def platform(tmp_path: Path, database_url: str) -> Iterator[Platform]:
    clock, randomness = ManualClock(BEGIN), SystemRandomness()
    ring = open_key_ring(tmp_path, clock, randomness)
    database = open_network(tmp_path, ring, database_url)
    prepare(database)
    blobs = open_packets(tmp_path, ring, randomness)
    alerts: dict[str, Alert] = {}
    said: dict[int, JsonObject] = {}
    unwanted, unavailable = [Unwanted()], list[str]()

    def hand_on(taken: Sequence[Alert]) -> None:
        if unavailable:
            raise UnavailableError(unavailable[0])
        alerts.update({alert.id: alert for alert in taken})

    around = Surroundings(
        hand_on, lambda number: said.get(number, {}), lambda _asset, _organization: "", lambda: unwanted[0]
    )
    packets = PacketStore(blobs, randomness, maximum=100_000)
    intake = Intake(database, packets, around)
    tending = Tending(database, packets, clock, around.said, around.linked)
    yield Platform(
        database, intake, Network(database, blobs), tending, clock, alerts, said, unwanted, unavailable
    )
    database.close()
