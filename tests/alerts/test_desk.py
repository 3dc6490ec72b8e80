"""What people do with alerts: where they may, and on record."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.alerts.desk import AlertDesk
from holdfast.alerts.model import AlertType, Origin, Report, Resolution, Severity, Sighting, Status
from holdfast.alerts.store.reading import AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.kernel.errors import ConflictError, ForbiddenError, NotFoundError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal, PrincipalKind
from tests.support.world import World, open_world

NORTH = OrganizationPath("/north/")
WRITE = AlertType("write", "Unwanted write", "policy violation", Severity.HIGH, "Programming")


def person(*permissions: Permission, at: OrganizationPath = NORTH) -> Principal:
    return Principal("ann", PrincipalKind.USER, "ann@example", (Grant(at, frozenset(permissions)),))


ENGINEER = person(Permission.ALERT_READ, Permission.ALERT_MANAGE)
READER = person(Permission.ALERT_READ)
STRANGER = person(Permission.ALERT_READ, Permission.ALERT_MANAGE, at=OrganizationPath("/south/"))


@dataclass
class Room:
    world: World
    store: AlertStore
    desk: AlertDesk

    def see(self, learn: tuple[str | int, ...] = ()) -> str:
        """Raise an alert in the north; its id."""
        report = Report("write", 100.0, "laptop", "plc", "modbus", "wrote", "reads", 0, learn)
        self.store.raise_alerts([Sighting(report, Origin("s1", NORTH, "plant"))])
        return self.desk.reader.opened_after(0)[-1].alert.id

    def told(self) -> list[str]:
        """The names of the audit records."""
        return [event.name for event in self.world.feed.read(0)]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with open_world(tmp_path, [], seals=False) as world:
        store = AlertStore(world.database, {"write": WRITE}, world.clock)
        desk = AlertDesk(store, AlertReader(world.database), world.changes, world.clock)
        yield Room(world, store, desk)


def test_every_action_is_done_and_on_record(room: Room) -> None:
    alert = room.see()
    assert room.desk.acknowledge(ENGINEER, alert).status is Status.ACTIVE
    assert room.desk.comment(ENGINEER, alert, "Mine.").comments[0].author == "ann@example"
    assert room.desk.set_severity(ENGINEER, alert, Severity.LOW).severity is Severity.LOW
    assert room.desk.mute(ENGINEER, alert).resolution is Resolution.MUTED
    room.desk.unmute(ENGINEER, alert)
    assert room.desk.close(ENGINEER, room.see()).resolution is Resolution.HANDLED
    verbs = ["acknowledged", "commented", "rated", "muted", "unmuted", "closed"]
    assert room.told() == [f"alert.{verb}" for verb in verbs]


def test_learning_hands_on_what_is_allowed_from_now_on(room: Room) -> None:
    room.desk.learn(ENGINEER, room.see(("modbus", 6)))
    (event,) = room.world.feed.read(0)
    assert event.name == "alert.learned"
    assert (event.data["learned"], event.data["sensors"], event.actor_name) == (
        [["modbus", 6]],
        ["s1"],
        "ann@example",
    )


def test_what_shows_nothing_to_learn_is_not_learned(room: Room) -> None:
    alert = room.see()
    with pytest.raises(ConflictError):
        room.desk.learn(ENGINEER, alert)
    assert room.desk.get(ENGINEER, alert).open
    assert room.told() == []


def test_readers_read_and_strangers_see_nothing(room: Room) -> None:
    alert = room.see()
    assert room.desk.get(READER, alert).id == alert
    with pytest.raises(ForbiddenError):
        room.desk.close(READER, alert)
    for action in (room.desk.get, room.desk.close, room.desk.mute):
        with pytest.raises(NotFoundError):
            action(STRANGER, alert)
    assert room.told() == []
