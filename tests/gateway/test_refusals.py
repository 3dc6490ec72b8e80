"""Refusals are counted by source and told once a second, however many there are."""

from holdfast.gateway.refusals import MAXIMUM_SOURCES, REFUSED, Refusals
from holdfast.kernel.clock import ManualClock
from holdfast.kernel.json import JsonObject
from tests.gateway.client import connect, hello
from tests.gateway.platform import Platform


class Bus:
    """Writes down what is published."""

    def __init__(self) -> None:
        self.news: list[JsonObject] = []

    async def publish(self, topic: str, message: JsonObject) -> None:
        assert topic == REFUSED
        self.news.append(message)


async def test_the_same_refusal_is_told_once_with_its_count() -> None:
    bus, clock = Bus(), ManualClock()
    refusals = Refusals(bus, clock)  # type: ignore[arg-type]  # the part of a bus that is used
    for _ in range(1000):
        refusals.add("192.0.2.1", "no", "dev-1")
    refusals.add("192.0.2.2", "no")
    await refusals.report()
    first = {"address": "192.0.2.1", "device": "dev-1", "reason": "no", "count": 1000}
    second = {"address": "192.0.2.2", "device": "", "reason": "no", "count": 1}
    assert bus.news == [{**first, "time": clock.now()}, {**second, "time": clock.now()}]
    await refusals.report()
    assert len(bus.news) == 2


async def test_many_sources_in_a_second_become_one() -> None:
    bus = Bus()
    refusals = Refusals(bus, ManualClock())  # type: ignore[arg-type]  # the part of a bus that is used
    for number in range(MAXIMUM_SOURCES + 100):
        refusals.add(f"2001:db8::{number:x}", "no")
    await refusals.report()
    assert len(bus.news) == MAXIMUM_SOURCES + 1
    assert bus.news[-1]["count"] == 100
    assert refusals.total == MAXIMUM_SOURCES + 100


async def test_why_a_device_was_refused_is_told_to_the_platform_and_not_to_the_device(
    platform: Platform,
) -> None:
    heard: list[JsonObject] = []
    platform.control.bus.subscribe(REFUSED, lambda _topic, message: heard.append(message))
    platform.device_with_key("dev-1", platform.key_group())
    for password in (platform.token("dev-1", bytes(32)), "nonsense", None):
        _, answer = await connect(platform, hello(platform, "dev-1", password))
        assert answer.code == 5
    await platform.gateway.services.refusals.report()
    await platform.control.sessions.count()  # an answer after the news
    assert [str(message["device"]) for message in heard] == ["dev-1"] * 3
    assert len({message["reason"] for message in heard}) == 3
