"""The relay: every event reaches every follower, in order, at least once and never out of turn."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from holdfast.cluster.hub import Hub
from holdfast.cluster.local import LocalCluster
from holdfast.devices import messages
from holdfast.devices.device import DEVICE, DEVICE_KIND
from holdfast.kernel.clock import ManualClock, SystemClock
from holdfast.kernel.errors import InvalidError, UnavailableError
from holdfast.kernel.json import JsonObject
from holdfast.resources.events import AuditFeed
from holdfast.resources.model import Action, Event
from holdfast.runtime import relay
from holdfast.runtime.relay import Follower, Handle, Newest, PositionFile, device_requests, news
from tests.support.world import World, open_world

PATIENCE_SECONDS = 60


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path, [DEVICE_KIND], ManualClock()) as world:
        yield world


class Following:
    """A follower at work, and what it handed out so far."""

    def __init__(
        self, world: World, newest: Newest, name: str = "test", handle: Handle | None = None
    ) -> None:
        self.seen: list[int] = []
        self.stopping = asyncio.Event()
        self._handle = handle or self._keep
        self._grown = asyncio.Event()
        follower = Follower(world.feed, newest, PositionFile(world.folder / f"{name}.position"), self._see)
        self.work = asyncio.create_task(follower.run(self.stopping))

    async def _keep(self, event: Event) -> None:
        pass

    async def _see(self, event: Event) -> None:
        await self._handle(event)
        self.seen.append(event.sequence)
        self._grown.set()

    async def until(self, sequence: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while sequence not in self.seen:
                await self._grown.wait()
                self._grown.clear()

    async def stop(self) -> None:
        self.stopping.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.work


@pytest.fixture
async def newest(world: World) -> AsyncIterator[Newest]:
    newest, stopping = Newest(AuditFeed(world.database, SystemClock())), asyncio.Event()
    looking = asyncio.create_task(newest.run(stopping))
    yield newest
    stopping.set()
    await looking


async def test_all_followers_get_every_event_in_order(world: World, newest: Newest) -> None:
    first, second = Following(world, newest, "first"), Following(world, newest, "second")
    for number in range(5):
        await asyncio.to_thread(world.put, DEVICE, f"dev-{number}", {})
    last = world.feed.last()
    for following in (first, second):
        await following.until(last)
        await following.stop()
        assert following.seen == sorted(set(following.seen)) == list(range(following.seen[0], last + 1))


async def test_a_follower_goes_on_where_it_stopped(world: World, newest: Newest) -> None:
    world.put(DEVICE, "dev-1", {})
    before = Following(world, newest)
    await before.until(world.feed.last())
    await before.stop()
    await asyncio.to_thread(world.put, DEVICE, "dev-2", {})
    after = Following(world, newest)
    await after.until(world.feed.last())
    await after.stop()
    assert after.seen[0] == before.seen[-1] + 1


async def test_what_failed_half_way_is_handed_out_again(world: World, newest: Newest) -> None:
    for number in range(3):
        world.put(DEVICE, f"dev-{number}", {})

    async def fail_at_the_last(event: Event) -> None:
        if event.resource == "dev-2":
            raise UnavailableError("not now")

    failing = Following(world, newest, handle=fail_at_the_last)
    with pytest.raises(UnavailableError):
        await failing.work
    again = Following(world, newest)
    await again.until(world.feed.last())
    await again.stop()
    assert set(failing.seen) <= set(again.seen)


async def test_a_follower_that_waits_stops_at_once(world: World, newest: Newest) -> None:
    world.put(DEVICE, "dev-1", {})
    following = Following(world, newest)
    await following.until(world.feed.last())
    await following.stop()


# ---- what is told and asked


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[tuple[LocalCluster, LocalCluster]]:
    """A worker and a gateway that meet at a hub."""
    clock = ManualClock()
    hub = Hub(clock)
    await hub.start(tmp_path / "hub.sock")
    worker = await LocalCluster.join(tmp_path / "hub.sock", "worker-1", "worker", clock)
    gateway = await LocalCluster.join(tmp_path / "hub.sock", "gateway-1", "gateway", clock)
    yield worker, gateway
    for member in (worker, gateway):
        await member.close()
    await hub.stop()


def newest_event(world: World) -> Event:
    (event,) = world.feed.read(world.feed.last() - 1)
    return event


async def test_caches_hear_of_what_changed(world: World, cluster: tuple[LocalCluster, LocalCluster]) -> None:
    worker, gateway = cluster
    heard: asyncio.Queue[tuple[str, JsonObject]] = asyncio.Queue()
    gateway.bus.subscribe("invalidate.", lambda topic, message: heard.put_nowait((topic, message)))
    await gateway.bus.request("hub", "nodes", {}, 5)  # the subscription has arrived
    world.put(DEVICE, "dev-1", {})
    event = newest_event(world)
    await news(worker.bus)(event)
    async with asyncio.timeout(PATIENCE_SECONDS):
        topic, message = await heard.get()
    assert (topic, message["id"], message["sequence"]) == ("invalidate.device", "dev-1", event.sequence)


async def test_a_gateway_is_asked_until_it_takes_it(
    world: World, cluster: tuple[LocalCluster, LocalCluster], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, gateway = cluster
    monkeypatch.setattr(relay, "RETRY_SECONDS", 0)
    asked: list[JsonObject] = []

    async def take_the_third(body: JsonObject) -> JsonObject:
        asked.append(body)
        if len(asked) < 3:
            raise UnavailableError("not now")
        return {}

    gateway.bus.serve(messages.STATE_DELETE, take_the_third)
    world.put(DEVICE, "dev-1", {})
    world.change(Action.DELETE, DEVICE, "dev-1")
    event = newest_event(world)
    await device_requests(worker.bus, world.store, asyncio.Event())(event)
    assert asked == [{"device": "dev-1", "event": event.id}] * 3


async def test_what_a_gateway_refuses_does_not_hold_up_the_rest(
    world: World, cluster: tuple[LocalCluster, LocalCluster]
) -> None:
    worker, gateway = cluster

    async def refuse(_body: JsonObject) -> JsonObject:
        raise InvalidError("This is wrong.")

    gateway.bus.serve(messages.STATE_DELETE, refuse)
    world.put(DEVICE, "dev-1", {})
    world.change(Action.DELETE, DEVICE, "dev-1")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await device_requests(worker.bus, world.store, asyncio.Event())(newest_event(world))


async def test_asking_ends_when_the_role_stops(
    world: World, cluster: tuple[LocalCluster, LocalCluster]
) -> None:
    worker, _ = cluster
    stopping = asyncio.Event()
    world.put(DEVICE, "dev-1", {})
    world.change(Action.DELETE, DEVICE, "dev-1")
    asking = asyncio.ensure_future(
        device_requests(worker.bus, world.store, stopping)(newest_event(world))
    )  # no process serves this
    stopping.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asking
