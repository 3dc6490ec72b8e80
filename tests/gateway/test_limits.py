"""Rates: token buckets, and what a device that breaks one meets."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.gateway.limits import Buckets, GatewayLimits, TokenBucket
from holdfast.gateway.network.channel import Channel
from holdfast.gateway.network.link import Hold
from holdfast.gateway.sessions.shaping import Shaping
from holdfast.kernel.clock import ManualClock
from tests.gateway.client import connect, connect_device, hello, open_client
from tests.gateway.platform import Platform, open_platform

EVENTS = "devices/dev-1/messages/events/"


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 20)), max_size=30))
def test_over_any_time_no_more_than_burst_and_rate_are_granted(steps: list[tuple[float, int]]) -> None:
    clock = ManualClock()
    bucket = TokenBucket(5, 10, clock)
    granted, elapsed = 0, 0.0
    for seconds, amount in steps:
        clock.advance(seconds)
        elapsed += seconds
        if bucket.charge(amount) == 0:
            granted += amount
    assert granted <= 10 + 5 * elapsed + 1e-6


def test_a_bucket_in_debt_says_how_long_to_wait() -> None:
    clock = ManualClock()
    bucket = TokenBucket(10, 20, clock)
    assert bucket.charge(20) == 0
    assert bucket.charge(5) == pytest.approx(0.5)
    clock.advance(0.5)
    assert bucket.charge(0) == 0


def test_buckets_that_are_full_are_forgotten() -> None:
    clock = ManualClock()
    buckets = Buckets(1, 2, clock)
    for name in ("a", "b"):
        buckets.charge(name, 2)
    clock.advance(1.5)
    buckets.charge("b", 1)
    clock.advance(1)
    buckets.prune()
    assert buckets.charge("b", 2) > 0
    assert buckets.charge("a", 2) == 0


def test_a_device_is_hopeless_only_when_it_never_pauses() -> None:
    clock = ManualClock()
    limits = GatewayLimits(messages_per_second=10, messages_burst=10, shaped_seconds=60)
    shaping = Shaping(limits, clock)

    def send() -> None:
        now = clock.monotonic()
        if wait := shaping.charge(10, now):
            shaping.hold_back(wait, now)
            clock.advance(wait)

    send()
    for _ in range(50):
        send()
        assert not shaping.is_hopeless
    clock.advance(2)
    for _ in range(60):
        send()
        assert not shaping.is_hopeless
    for _ in range(3):
        send()
    assert shaping.is_hopeless


async def test_a_fast_device_is_shaped_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[Hold] = []
    hold = Channel.hold

    def watched(channel: Channel, reason: Hold) -> None:
        held.append(reason)
        hold(channel, reason)

    monkeypatch.setattr(Channel, "hold", watched)
    limits = GatewayLimits(messages_per_second=1000, messages_burst=10)
    async with open_platform(tmp_path, limits) as platform:
        key = platform.device_with_key("dev-1", platform.key_group())
        device = await connect_device(platform, "dev-1", key)
        for number in range(30):
            device.send_publish(EVENTS, b"%d" % number)
        for _ in range(30):
            await device.next()
        assert Hold.RATE in held
        await device.publish(EVENTS, b"after")
        assert len(platform.bodies()) == 31


async def test_a_device_that_never_stops_is_closed(tmp_path: Path) -> None:
    limits = GatewayLimits(messages_per_second=1000, messages_burst=1, shaped_seconds=0.001)
    async with open_platform(tmp_path, limits) as platform:
        group_key = platform.key_group()
        other = await connect_device(platform, "dev-2", platform.device_with_key("dev-2", group_key))
        device = await connect_device(platform, "dev-1", platform.device_with_key("dev-1", group_key))
        for _ in range(20):
            device.send_publish(EVENTS, b"x")
        await device.closed()
        await other.publish("devices/dev-2/messages/events/", b"y")


async def test_wrong_keys_lock_the_device_out_for_this_address_only(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    for _ in range(11):
        _, answer = await connect(platform, hello(platform, "dev-1", platform.token("dev-1", bytes(32))))
        assert answer.code == 5
    await platform.gateway.services.tasks.finish()
    good = hello(platform, "dev-1", platform.token("dev-1", key))
    _, answer = await connect(platform, good)
    assert answer.code == 3
    lockouts = platform.gateway.services.lockouts
    assert lockouts.wait("192.0.2.1", "dev-1") == 0
    assert lockouts.wait("127.0.0.1", "dev-2") == 0
    platform.clock.advance(60)
    _, answer = await connect(platform, good)
    assert answer.code == 0


async def test_wrong_keys_of_many_devices_lock_the_address_out(tmp_path: Path) -> None:
    async with open_platform(tmp_path, GatewayLimits(failures_per_minute=5)) as platform:
        platform.key_group()
        for number in range(6):
            await connect(platform, hello(platform, f"dev-{number}", platform.token("x", bytes(32))))
        await platform.gateway.services.tasks.finish()
        client = await open_client(platform)
        client.cut()
        assert platform.gateway.services.lockouts.wait("127.0.0.1", "any") > 0
        assert platform.gateway.services.lockouts.wait("192.0.2.1", "any") == 0


async def test_an_sdk_in_a_reconnect_loop_is_slowed_down(tmp_path: Path) -> None:
    """It sends a message that closes the connection, again straight after each reconnect."""
    limits = GatewayLimits(connects_per_minute=3, handshake_seconds=1000)
    async with open_platform(tmp_path, limits) as platform:
        group_key = platform.key_group()
        key = platform.device_with_key("dev-1", group_key)
        for _ in range(3):
            device = await connect_device(platform, "dev-1", key)
            device.send_publish("devices/dev-2/messages/events/", b"x")
            await device.closed()
        slowed = asyncio.create_task(connect_device(platform, "dev-1", key))
        other = await connect_device(platform, "dev-2", platform.device_with_key("dev-2", group_key))
        await other.ping()
        assert not slowed.done()
        slowed.cancel()
