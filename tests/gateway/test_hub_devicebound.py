"""Cloud-to-device messages: durable, in order, at least once, and only to the device they are for."""

import asyncio

import pytest

from holdfast.devices.messages import STATE_DELETE, STATE_ENQUEUE, STATE_PURGE, message_body
from holdfast.gateway.sessions.devicebound import LOCK_SECONDS, WINDOW
from holdfast.kernel.json import JsonObject
from holdfast.log.port import QueuedMessage
from holdfast.protocol.mqtt.properties import Property
from holdfast.protocol.mqtt.publish import Publish
from tests.gateway.client import V5, Client, connect_device
from tests.gateway.platform import Platform

DEVICEBOUND = "devices/dev-1/messages/devicebound/#"


@pytest.fixture
def key(platform: Platform) -> bytes:
    return platform.device_with_key("dev-1", platform.key_group())


async def enqueue(platform: Platform, id: str, body: bytes = b"x", ttl: float = 3600.0) -> object:
    now = platform.clock.now()
    message = QueuedMessage(id, "dev-1", "", body, f"%24.mid={id}", now, now + ttl, 0)
    answer = await platform.control.bus.request("gateway", STATE_ENQUEUE, message_body(message), 5.0)
    return answer["queued"]


async def settled(platform: Platform) -> None:
    """Wait until the log has done what it was asked."""
    await asyncio.wrap_future(platform.writer.submit(lambda view: None))


async def test_a_message_waits_for_the_device(platform: Platform, key: bytes) -> None:
    assert await enqueue(platform, "1", b"hello") is True
    device = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    message = await device.take(Publish)
    assert (message.topic, message.payload, message.qos) == (
        b"devices/dev-1/messages/devicebound/%24.mid=1",
        b"hello",
        1,
    )


async def test_a_message_reaches_a_connected_device_at_once_and_once(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    for id in ("1", "1", "2"):
        assert await enqueue(platform, id) is True
    messages = [await device.take(Publish) for _ in range(2)]
    assert [m.topic[-1:] for m in messages] == [b"1", b"2"]
    for message in messages:
        device.acknowledge(message)
    await device.ping()
    await settled(platform)
    platform.clock.advance(LOCK_SECONDS + 1)
    again = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    await again.ping()


async def test_what_was_not_acknowledged_comes_again(platform: Platform, key: bytes) -> None:
    await enqueue(platform, "1")
    device = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    await device.take(Publish)
    device.cut()
    again = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    assert (await again.take(Publish)).topic.endswith(b"1")


async def test_a_queue_is_worked_off_in_order_within_the_window(platform: Platform, key: bytes) -> None:
    count = 3 * WINDOW
    for number in range(count):
        await enqueue(platform, f"{number:02}")
    device = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    held = [await device.take(Publish) for _ in range(WINDOW)]
    await device.ping()  # and nothing beyond the window
    order = []
    while held:
        message = held.pop(0)
        order.append(message.topic[-2:].decode())
        device.acknowledge(message)
        if len(order) + len(held) < count:
            held.append(await device.take(Publish))
    assert order == [f"{number:02}" for number in range(count)]


async def test_a_client_with_a_receive_maximum_gets_no_more_at_once(platform: Platform, key: bytes) -> None:
    for number in range(3):
        await enqueue(platform, str(number))
    device = await connect_device(
        platform, "dev-1", key, [DEVICEBOUND], version=V5, properties={Property.RECEIVE_MAXIMUM: 1}
    )
    for number in range(3):
        message = await device.take(Publish)
        assert message.topic.endswith(str(number).encode())
        await device.ping()
        device.acknowledge(message)


async def test_an_expired_message_is_not_delivered(platform: Platform, key: bytes) -> None:
    await enqueue(platform, "1", ttl=10)
    platform.clock.advance(11)
    device = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    await device.ping()


async def test_qos_0_takes_it_as_done(platform: Platform, key: bytes) -> None:
    await enqueue(platform, "1")
    device = await connect_device(platform, "dev-1", key)
    await device.subscribe(DEVICEBOUND, qos=0)
    assert (await device.take(Publish)).qos == 0
    await settled(platform)
    again = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    await again.ping()


async def test_a_device_that_does_not_subscribe_gets_nothing(platform: Platform, key: bytes) -> None:
    await enqueue(platform, "1")
    device = await connect_device(platform, "dev-1", key)
    await device.ping()
    await device.subscribe(DEVICEBOUND)
    assert isinstance(await device.next(), Publish)


async def test_a_full_queue_refuses(platform: Platform, key: bytes) -> None:
    answers = [await enqueue(platform, str(number)) for number in range(51)]
    assert answers == [True] * 50 + [False]


async def test_a_queue_can_be_purged(platform: Platform, key: bytes) -> None:
    for number in range(3):
        await enqueue(platform, str(number))
    body: JsonObject = {"device": "dev-1"}
    assert await platform.control.bus.request("gateway", STATE_PURGE, body, 5.0) == {"purged": 3}
    device = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    await device.ping()


async def test_a_deleted_device_is_closed_and_forgotten(platform: Platform, key: bytes) -> None:
    device: Client = await connect_device(platform, "dev-1", key, clean=False)
    await device.subscribe("$iothub/twin/res/#")
    await enqueue(platform, "1")
    await platform.control.bus.request("gateway", STATE_DELETE, {"device": "dev-1"}, 5.0)
    await device.closed()
    assert platform.state.session("dev-1") is None
    again = await connect_device(platform, "dev-1", key, [DEVICEBOUND])
    await again.ping()
