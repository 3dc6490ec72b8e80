"""Processes of one machine meet at the hub: requests, news, claims, leases, buckets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.cluster import wire
from holdfast.cluster.hub import SUPERSEDED, Hub
from holdfast.cluster.local import LocalCluster
from holdfast.cluster.port import NotConnectedError
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.errors import InvalidError, PreconditionFailedError, UnavailableError
from holdfast.kernel.json import JsonObject


class World:
    """A hub, and processes that joined it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = ManualClock()
        self.hub = Hub(self.clock)
        self.members: list[LocalCluster] = []

    async def join(self, node: str) -> LocalCluster:
        member = await LocalCluster.join(self.path, node, node.partition("-")[0], self.clock)
        self.members.append(member)
        return member


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(tmp_path / "hub.sock")
    await world.hub.start(world.path)
    yield world
    for member in world.members:
        await member.close()
    await world.hub.stop()


async def test_a_request_reaches_the_role_and_its_answer_comes_back(world: World) -> None:
    control, gateway = await world.join("control-1"), await world.join("gateway-1")

    async def double(body: JsonObject) -> JsonObject:
        return {"twice": int(str(body["number"])) * 2}

    control.bus.serve("double", double)
    assert await gateway.bus.request("control", "double", {"number": 21}, 5) == {"twice": 42}


async def test_an_error_of_the_handler_travels_as_itself(world: World) -> None:
    control, gateway = await world.join("control-1"), await world.join("gateway-1")

    async def refuse(body: JsonObject) -> JsonObject:
        if body:
            raise PreconditionFailedError("Somebody changed it.")
        raise InvalidError("The name is missing.", field="/name")

    control.bus.serve("refuse", refuse)
    with pytest.raises(PreconditionFailedError, match="Somebody changed it"):
        await gateway.bus.request("control", "refuse", {"a": 1}, 5)
    with pytest.raises(InvalidError) as caught:
        await gateway.bus.request("control", "refuse", {}, 5)
    assert caught.value.field == "/name"


async def test_a_fault_of_the_handler_tells_the_asker_nothing_of_its_inside(world: World) -> None:
    control, gateway = await world.join("control-1"), await world.join("gateway-1")
    reported: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: reported.append(context["message"])
    )

    async def fail(_body: JsonObject) -> JsonObject:
        raise RuntimeError("the secret is 1234")

    control.bus.serve("fail", fail)
    with pytest.raises(UnavailableError) as caught:
        await gateway.bus.request("control", "fail", {}, 5)
    assert "1234" not in str(caught.value)
    assert reported == ["serving fail failed"]


async def test_a_request_to_a_role_that_does_not_run_is_refused_at_once(world: World) -> None:
    gateway = await world.join("gateway-1")
    with pytest.raises(UnavailableError, match="No control process"):
        await gateway.bus.request("control", "anything", {}, 5)


async def test_a_request_in_flight_fails_when_the_server_stops(world: World) -> None:
    control, gateway = await world.join("control-1"), await world.join("gateway-1")
    started = asyncio.Event()

    async def hang(_body: JsonObject) -> JsonObject:
        started.set()
        await asyncio.Event().wait()
        return {}

    control.bus.serve("hang", hang)
    asking = asyncio.create_task(gateway.bus.request("control", "hang", {}, 30))
    await started.wait()
    await control.close()
    with pytest.raises(UnavailableError, match="stopped before it answered"):
        await asking


async def test_a_newer_claim_supersedes_the_older_one_and_its_holder_hears_of_it(world: World) -> None:
    first, second = await world.join("gateway-1"), await world.join("gateway-2")
    heard: asyncio.Queue[JsonObject] = asyncio.Queue()
    first.bus.subscribe(SUPERSEDED, lambda _topic, message: heard.put_nowait(message))
    old = await first.sessions.claim("Thermostat-1")
    new = await second.sessions.claim("thermostat-1")
    assert new.epoch > old.epoch
    assert await heard.get() == {"device": "thermostat-1", "epoch": new.epoch}
    await first.sessions.release(old)  # too late: it holds nothing any more
    assert await first.sessions.owner("thermostat-1") == "gateway-2"


async def test_claims_of_a_process_end_with_it(world: World) -> None:
    first, second = await world.join("gateway-1"), await world.join("gateway-2")
    await first.sessions.claim("d")
    await first.close()
    while await second.sessions.owner("d"):
        await asyncio.sleep(0)
    with pytest.raises(NotConnectedError):
        await second.router.request("d", "method", {}, 5)


async def test_the_router_reaches_the_process_that_holds_the_session(world: World) -> None:
    first, second, control = (
        await world.join("gateway-1"),
        await world.join("gateway-2"),
        await world.join("control-1"),
    )
    for member in (first, second):

        async def answer(body: JsonObject, node: str = member.node) -> JsonObject:
            return {"node": node, "device": body["device"]}

        member.bus.serve("device.method", answer)
    await second.sessions.claim("d")
    assert await control.router.request("d", "device.method", {}, 5) == {"node": "gateway-2", "device": "d"}


async def test_news_reach_subscribers_of_the_topic_and_of_its_prefix(world: World) -> None:
    one, two = await world.join("gateway-1"), await world.join("control-1")
    heard: asyncio.Queue[str] = asyncio.Queue()
    one.bus.subscribe("invalidate.", lambda topic, _message: heard.put_nowait(topic))
    await one.sessions.count()  # the subscription arrived before this was answered
    await two.bus.publish("other.topic", {})
    await two.bus.publish("invalidate.device", {"id": "d"})
    assert await heard.get() == "invalidate.device"


async def test_a_lease_is_held_by_one_until_it_lapses_and_its_token_grows(world: World) -> None:
    one, two = await world.join("worker-1"), await world.join("worker-2")
    held = await one.leases.acquire("relay", 10)
    assert held is not None
    assert await two.leases.acquire("relay", 10) is None
    world.clock.advance(11)
    taken = await two.leases.acquire("relay", 10)
    assert taken is not None
    assert taken.token > held.token


async def test_a_shared_limit_grants_its_capacity_and_then_says_how_long_to_wait(world: World) -> None:
    one, two = await world.join("gateway-1"), await world.join("gateway-2")
    assert await one.limits.take("logins:10.0.0.1", 2, 3, 0.5) == 0
    assert await two.limits.take("logins:10.0.0.1", 1, 3, 0.5) == 0
    assert await two.limits.take("logins:10.0.0.1", 1, 3, 0.5) == pytest.approx(2)
    world.clock.advance(2)
    assert await two.limits.take("logins:10.0.0.1", 1, 3, 0.5) == 0


async def test_a_process_that_announces_a_huge_frame_is_cut_off(world: World) -> None:
    reader, writer = await asyncio.open_unix_connection(world.path)
    writer.write((wire.MAXIMUM_FRAME + 1).to_bytes(4, "big"))
    while data := await reader.read(4096):
        assert data  # beats, until the hub closes
    writer.close()
    assert await (await world.join("gateway-1")).sessions.count() == 0


async def test_epochs_of_a_later_hub_are_above_those_of_an_earlier_one(world: World, tmp_path: Path) -> None:
    gateway = await world.join("gateway-1")
    before = await gateway.sessions.claim("d")
    world.clock.advance(0.5)
    later = Hub(world.clock)
    await later.start(tmp_path / "later.sock")
    member = await LocalCluster.join(tmp_path / "later.sock", "gateway-1", "gateway", world.clock)
    after = await member.sessions.claim("d")
    await member.close()
    await later.stop()
    assert after.epoch > before.epoch
