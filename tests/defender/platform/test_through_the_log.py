"""Detections that take days, through the real change path, audit log and device log, with the time given."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.defender.network.open import open_network, prepare
from holdfast.defender.platform.rates import LEARNING_WINDOWS
from holdfast.defender.platform.types import BY_ID
from holdfast.defender.platform.watch import LOOK_SECONDS, PlatformSurroundings, PlatformWatch
from holdfast.devices.commands import DEVICE_COMMAND
from holdfast.devices.device import DEVICE
from holdfast.devices.messages import DESIRED_PATCHED
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal, PrincipalKind
from holdfast.log.open import open_reader, open_writer
from holdfast.log.port import Entry
from holdfast.log.writer import GroupCommitWriter
from holdfast.resources.model import Action
from holdfast.runtime.kinds import KINDS
from tests.defender.platform.test_detectors import NINE
from tests.defender.platform.test_watch import Kept
from tests.support.world import World, open_world

WINDOW = BY_ID["sudden-rate"].threshold.seconds
PUMP = "pump-1"


@dataclass
class Here:
    """An instance without its processes, and the watch over it."""

    world: World
    writer: GroupCommitWriter
    clock: ManualClock
    kept: Kept
    watch: PlatformWatch

    def says(self, kind: str, times: int = 1) -> None:
        """The pump says something, and the gateway keeps it."""
        entry = Entry(PUMP, "", kind, self.clock.now(), "", b"{}")
        stored: Future[Exception | None] = Future()
        self.writer.append([entry] * times, stored.set_result)
        assert stored.result(60) is None

    def told(self) -> list[str]:
        """The alerts so far."""
        while self.watch.step():  # there may be more than is read at once
            pass
        return [sighting.report.type for sighting in self.kept.sightings]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    clock, kept = ManualClock(NINE - NINE % WINDOW), Kept()
    with open_world(tmp_path, KINDS.values(), clock) as world:
        world.put(DEVICE, PUMP, {"displayName": "Pump"})
        writer = open_writer(tmp_path, world.ring, clock)
        database = open_network(tmp_path, world.ring, "")
        prepare(database)
        around = PlatformSurroundings(
            kept,
            lambda _device: "pumps",
            lambda _who: ROOT,
            lambda about, level, _reason, _until: kept.signals.append((about, level)),
        )
        log = open_reader(tmp_path, world.ring, clock)
        yield Here(world, writer, clock, kept, PlatformWatch(database, world.feed, log, clock, around))
        writer.close()
        database.close()


def twin_changed(here: Here, times: int) -> None:
    for _ in range(times):
        here.world.change(
            Action.EMIT,
            DEVICE,
            PUMP,
            {"patch": {}},
            verb=DESIRED_PATCHED,
            permission=Permission.DEVICE_UPDATE,
        )


def commanded(here: Here, times: int) -> None:
    for _ in range(times):
        body: JsonObject = {"key": f"{PUMP}///stop", "device": PUMP, "request": None}
        here.world.change(Action.CREATE, DEVICE_COMMAND, f"c{here.world.feed.last()}", body)


Deed = Callable[[Here, int], None]
DEEDS: dict[str, Deed] = {
    "messages": lambda here, times: here.says("telemetry", times),
    "reported twin changes": lambda here, times: here.says("reported", times),
    "uploads": lambda here, times: here.says("uploaded", times),
    "desired twin changes": twin_changed,
    "commands": commanded,
}


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS.keys())
def test_a_sudden_rate_of_anything_is_told(here: Here, deed: Deed) -> None:
    for _window in range(LEARNING_WINDOWS + 1):
        deed(here, 1)
        here.clock.advance(WINDOW)
        assert here.told() == []
    deed(here, 100)
    assert here.told() == []
    deed(here, 5)
    assert here.told() == ["sudden-rate"]


def test_a_device_that_was_regular_is_missed(here: Here) -> None:
    for _minute in range(30):
        here.says("telemetry")
        here.clock.advance(60)
    assert here.told() == []
    here.clock.advance(3600 + LOOK_SECONDS)
    assert here.told() == ["device-gone-silent"]


ADA = Principal("ada", PrincipalKind.USER, "ada@example.org", address="192.0.2.10")


def test_an_administrator_at_night_and_from_elsewhere_is_told(here: Here) -> None:
    def renames(hours: float, address: str = "192.0.2.10") -> None:
        here.clock.advance(hours * 3600)
        who = Principal(**{**{name: getattr(ADA, name) for name in ADA.__slots__}, "address": address})
        here.world.changes.record(who, "device.updated", resource=PUMP)

    for _day in range(8):
        for hours in (1, 1, 1, 21):
            renames(hours)
    assert here.told() == []
    renames(12)
    assert here.told() == ["unusual-hours"]
    renames(13, "203.0.113.9")
    assert here.told() == ["unusual-hours", "unusual-address"]
    assert here.kept.signals == [("principal:ada", "medium")] * 2


def test_a_token_after_a_month_is_told(here: Here) -> None:
    token = Principal("ci", PrincipalKind.API_TOKEN, "ci", address="192.0.2.10")
    for days in (0, 31):
        here.clock.advance(days * 86_400)
        here.world.changes.record(token, "device.updated", resource=PUMP)
    assert here.told() == ["token-after-long-rest"]
