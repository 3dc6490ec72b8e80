"""A stalled log: sockets are not read, memory stays bounded, and everything arrives once it moves again."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from holdfast.gateway.ingest import Ingest
from holdfast.gateway.limits import GatewayLimits, TokenBucket
from holdfast.gateway.network.channel import READ_BYTES
from holdfast.gateway.network.link import Hold
from holdfast.gateway.network.tls import RECORD_BYTES
from holdfast.gateway.sessions.hub import REQUEST_BYTES, REQUESTS
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.errors import UnavailableError
from holdfast.log.port import Done, Entry, LogWriter
from holdfast.log.writer import RECORD_OVERHEAD
from holdfast.protocol.mqtt.publish import Publish
from tests.gateway.client import Client, connect_device
from tests.gateway.platform import Platform, open_platform

LIMIT = 1 << 20
DEVICES = 40
TWIN_ANSWERS = "$iothub/twin/res/#"


class Stall:
    """Keeps the log's thread busy until told otherwise."""

    def __init__(self, platform: Platform) -> None:
        self._go_on = threading.Event()
        self.pending = platform.writer.pending_bytes
        platform.writer.submit(lambda _view: self._go_on.wait(60) and None)

    def end(self) -> None:
        self._go_on.set()


async def flood(device: Client, number: int, count: int, body: bytes) -> None:
    for _ in range(count):
        device.send_publish(f"devices/dev-{number}/messages/events/", body)
        await device.writer.drain()


async def test_a_stalled_log_stops_the_reading_and_loses_nothing(tmp_path: Path) -> None:
    limits = GatewayLimits(pending_log_bytes=LIMIT, messages_burst=100_000)
    async with open_platform(tmp_path, limits) as platform:
        group_key = platform.key_group()
        devices = [
            await connect_device(platform, f"dev-{n}", platform.device_with_key(f"dev-{n}", group_key))
            for n in range(DEVICES)
        ]
        stall = Stall(platform)
        count, body = 200, bytes(2000)
        floods = [asyncio.create_task(flood(device, n, count, body)) for n, device in enumerate(devices)]
        ingest, channels = platform.gateway.services.ingest, platform.gateway.listeners[0].channels
        one_read = READ_BYTES + RECORD_BYTES  # the last record begins below the bound
        while not (ingest.is_full and all(channel._held for channel in channels)):
            await asyncio.sleep(0.001)
        for _ in range(50):
            await asyncio.sleep(0.001)
            assert stall.pending() <= LIMIT + DEVICES * one_read * (1 + RECORD_OVERHEAD / len(body) + 0.05)
        assert any(Hold.LOG in channel._held for channel in channels)
        stall.end()
        acknowledged = [[await device.next() for _ in range(count)] for device in devices]
        assert sum(map(len, acknowledged)) == DEVICES * count
        await asyncio.gather(*floods)
        assert not ingest.is_full
        assert len(platform.bodies()) == DEVICES * count


async def test_a_device_with_much_unacknowledged_waits_alone(tmp_path: Path) -> None:
    async with open_platform(tmp_path, GatewayLimits(messages_burst=100_000)) as platform:
        key = platform.device_with_key("dev-0", platform.key_group())
        device = await connect_device(platform, "dev-0", key)
        (channel,) = platform.gateway.listeners[0].channels
        stall = Stall(platform)
        flooding = asyncio.create_task(flood(device, 0, 30, bytes(100_000)))
        while Hold.WINDOW not in channel._held:
            await asyncio.sleep(0.001)
        assert stall.pending() < 3 * LIMIT
        stall.end()
        for _ in range(30):
            await device.next()
        await flooding
        assert not channel._held


async def test_small_messages_and_requests_count_with_the_memory_that_they_take(tmp_path: Path) -> None:
    limits = GatewayLimits(pending_log_bytes=LIMIT, messages_burst=100_000)
    async with open_platform(tmp_path, limits) as platform:
        key = platform.device_with_key("dev-0", platform.key_group())
        device = await connect_device(platform, "dev-0", key, [TWIN_ANSWERS])
        ingest = platform.gateway.services.ingest
        stall = Stall(platform)
        await flood(device, 0, 500, b"x")
        while stall.pending() < 500 * RECORD_OVERHEAD:
            await asyncio.sleep(0.001)
        for number in range(2 * REQUESTS):
            device.send_publish(f"$iothub/twin/GET/?$rid={number}", b"", qos=0)
        for _ in range(REQUESTS):
            assert b"/429/" in (await device.take(Publish)).topic
        assert ingest._borrowed == REQUESTS * REQUEST_BYTES
        stall.end()
        await platform.gateway.services.tasks.finish()
        assert ingest._borrowed == 0


@pytest.mark.parametrize(
    ("topic", "body"),
    [("$iothub/twin/GET/?$rid=r-{}", b""), ("$iothub/twin/PATCH/properties/reported/?$rid=r-{}", b"{}")],
)
async def test_too_many_requests_at_once_are_refused_and_the_next_is_answered(
    platform: Platform, topic: str, body: bytes
) -> None:
    key = platform.device_with_key("dev-0", platform.key_group())
    device = await connect_device(platform, "dev-0", key, [TWIN_ANSWERS])
    stall = Stall(platform)
    for number in range(REQUESTS + 2):
        device.send_publish(topic.format(number), body, qos=0)
    refused = [(await device.take(Publish)).topic for _ in range(2)]
    assert refused == [f"$iothub/twin/res/429/?$rid=r-{REQUESTS + n}".encode() for n in range(2)]
    stall.end()
    for _ in range(REQUESTS):
        assert b"/res/20" in (await device.take(Publish)).topic
    device.send_publish(topic.format("last"), body, qos=0)
    assert b"/res/20" in (await device.take(Publish)).topic


async def test_a_device_is_not_silent_while_it_is_not_read(platform: Platform) -> None:
    key = platform.device_with_key("dev-0", platform.key_group())
    device = await connect_device(platform, "dev-0", key, keep_alive=60)
    (session,) = platform.gateway.services.live.all()
    session.connection.link.hold(Hold.LOG)
    for _ in range(10):
        platform.clock.advance(80)
        platform.gateway.sweep()
    session.connection.link.release(Hold.LOG)
    platform.clock.advance(80)
    platform.gateway.sweep()
    await device.ping()
    session.connection.link.hold(Hold.PEER)  # its own fault
    platform.clock.advance(100)
    platform.gateway.sweep()
    assert session.connection.closed


# ---- the collector alone


class _Log:
    def __init__(self) -> None:
        self.appends: list[tuple[list[Entry], Done]] = []

    def append(self, entries: Sequence[Entry], done: Done) -> None:
        self.appends.append((list(entries), done))

    def pending_bytes(self) -> int:
        return sum(len(entry.body) for entries, _ in self.appends for entry in entries)

    def healthy(self) -> str:
        return ""

    def close(self) -> None: ...


class _Waiter:
    def __init__(self) -> None:
        self.events: list[object] = []

    def durable(self) -> None:
        self.events.append("durable")

    def not_durable(self, error: Exception) -> None:
        self.events.append(error)

    def slow_down(self, seconds: float) -> None:
        self.events.append(seconds)


def entry(body: bytes = b"x") -> Entry:
    return Entry("d", "", "telemetry", 0.0, "", body)


def collector(log: LogWriter, rate: float = 1e6) -> Ingest:
    return Ingest(log, 1 << 20, TokenBucket(rate, rate, ManualClock()))


async def test_a_turn_of_the_loop_is_one_append() -> None:
    log = _Log()
    ingest = collector(log)
    one, other = _Waiter(), _Waiter()
    for waiter in (one, other):
        ingest.report_to(waiter)
        ingest.add(entry())
    ingest.add(entry())
    await asyncio.sleep(0)
    ((entries, done),) = log.appends
    assert len(entries) == 3
    assert one.events == []
    done(None)
    await ingest.drain()
    assert (one.events, other.events) == (["durable"], ["durable"])


async def test_what_is_not_durable_is_told_to_everybody() -> None:
    log = _Log()
    ingest = collector(log)
    waiter = _Waiter()
    ingest.report_to(waiter)
    ingest.add(entry())
    await asyncio.sleep(0)
    trouble = UnavailableError("the disk is full")
    log.appends[0][1](trouble)
    await ingest.drain()
    assert waiter.events == [trouble]


async def test_more_than_all_may_send_slows_down_whoever_sent_it() -> None:
    ingest = collector(_Log(), rate=10)
    for turn in range(2):
        waiter = _Waiter()
        ingest.messages += 8
        ingest.report_to(waiter)
        ingest.add(entry())
        await asyncio.sleep(0)
        assert waiter.events == ([0.6] if turn else [])


async def test_much_in_one_turn_does_not_wait_for_its_end() -> None:
    log = _Log()
    ingest = collector(log)
    for _ in range(3):
        ingest.add(entry(bytes(600_000)))
    assert len(log.appends) == 1
    await asyncio.sleep(0)
    assert len(log.appends) == 2
