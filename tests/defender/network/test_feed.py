"""Out of the log come the messages of sensors and of nobody else; who is silent is told, once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.alerts.model import Alert, Matter, Sighting
from holdfast.defender.network.feed import DISCONNECTED, SensorFeed, SensorWatch
from holdfast.defender.network.kinds import SENSOR
from holdfast.defender.uplink.bulletins import Bulletins
from holdfast.defender.uplink.documents import HealthDocument
from holdfast.defender.uplink.messages import Health, pack
from holdfast.kernel.organizations import OrganizationPath
from holdfast.log.port import Chunk, Position, Record
from holdfast.resources.model import Page, Resource
from holdfast.resources.query import Query
from tests.defender.network.conftest import NORTH, Platform, heard
from tests.support.traffic.cases.modbus import poll
from tests.support.traffic.wire import BEGIN


@dataclass
class Log:
    """A log in memory."""

    records: list[Record] = field(default_factory=list)

    def say(self, device: str, data: bytes, bag: str) -> None:
        self.records.append(Record(device, "", "telemetry", BEGIN, bag, data, offset=len(self.records) + 1))

    def poll(self, after: Mapping[int, Position], limit: int, kind: str, holding: str) -> Chunk:
        assert kind == "telemetry"
        fresh = [each for each in self.records if each.offset > after[0].offset][:limit]
        held = [each for each in fresh if holding in each.properties]
        return Chunk(held, {0: Position(0, fresh[-1].offset)} if fresh else {}, complete=len(fresh) < limit)


@dataclass
class Sensors:
    """A store that knows sensors."""

    known: dict[str, OrganizationPath]

    def get(self, kind: str, identity: str) -> Resource | None:
        place = self.known.get(identity) if kind == SENSOR else None
        return None if place is None else Resource(SENSOR, identity, place, {}, "e", BEGIN, BEGIN)

    def find(self, query: Query) -> Page:
        found = (self.get(query.kind, each) for each in self.known)
        return Page(tuple(each for each in found if each is not None), "")


@dataclass
class Told:
    """Takes alerts."""

    raised: list[Sighting] = field(default_factory=list)
    resolved: list[Matter] = field(default_factory=list)

    def raise_alerts(self, sightings: Sequence[Sighting]) -> None:
        self.raised += sightings

    def resolve_alerts(self, matters: Iterable[Matter]) -> None:
        self.resolved += matters

    def take_alerts(self, alerts: Sequence[Alert]) -> None:
        assert not alerts


def feed_of(log: Log, platform: Platform) -> SensorFeed:
    return SensorFeed(log, Sensors({"s1": NORTH}), platform.intake)  # type: ignore[arg-type]  # what it uses


def bag(number: int) -> str:
    return f"bulletin=1&spool=a&number={number}&%24.ct=x"


def test_a_sensor_is_heard_and_a_device_that_is_none_is_not(platform: Platform) -> None:
    log = Log()
    for number, message in enumerate(Bulletins(heard("s1", poll)).everything(), 1):
        log.say("s1", pack(message), bag(number))
        log.say("thermostat", pack(message), bag(number))
    log.say("s1", b'{"temperature": 20}', "")
    log.say("s1", b"x", "bulletin=1&spool=a&number=minus")
    feed = feed_of(log, platform)
    complete, _ = feed.step()
    assert complete
    assert platform.network.assets([NORTH]).total == 2
    assert set(platform.network.sources([NORTH])) == {"s1"}


def test_a_restart_reads_on_where_it_was(platform: Platform) -> None:
    log = Log()
    messages = [pack(message) for message in Bulletins(heard("s1", poll)).everything()]
    log.say("s1", messages[0], bag(1))
    feed_of(log, platform).step()
    assert platform.intake.positions()[0].offset == 1
    log.say("s1", messages[1], bag(2))
    complete, _ = feed_of(log, platform).step()
    assert complete
    assert platform.intake.positions()[0].offset == 2


HEALTH = HealthDocument(
    "2027-01-15T08:00:00.000Z", "1", "learning", 1, 1, 0, 0, 1, 1, 0, 0, 1.0, 1, 0, 0
)  # fmt: skip


def test_health_is_kept_with_its_sensor(platform: Platform) -> None:
    heard_of = platform.tell("s1", Health([HEALTH]))
    assert [each.health for each in heard_of] == [HEALTH]
    health = platform.network.sources([NORTH])["s1"]["health"]
    assert isinstance(health, dict)
    assert health["stage"] == "learning"


def test_a_silent_sensor_is_told_once_and_resolved_when_it_is_back(platform: Platform) -> None:
    told, sensors = Told(), Sensors({"s1": NORTH, "never-heard": NORTH})
    watch = SensorWatch(sensors, platform.database, told, platform.clock)  # type: ignore[arg-type]  # what it uses
    platform.tell("s1", Health([HEALTH]))
    watch.look()
    assert told.raised == []
    platform.clock.advance(301)
    watch.look()
    watch.look()
    assert [(each.report.type, each.report.source, each.origin.organization) for each in told.raised] == [
        (DISCONNECTED, "s1", NORTH)
    ]
    platform.tell("s1", Health([HEALTH]))
    watch.look()
    assert [(matter.type, matter.source, matter.site) for matter in told.resolved] == [
        (DISCONNECTED, "s1", "plant")
    ]
