"""The unmodified Eclipse Paho client, in MQTT 3.1.1 and 5, on its own thread."""

import asyncio
import queue
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from holdfast.protocol.bags import decode_bag
from tests.gateway.platform import Platform

SECONDS = 60.0
VERSIONS = {"3.1.1": paho.MQTTv311, "5": paho.MQTTv5}


class Device:
    """A Paho client, and what its callbacks said."""

    def __init__(self, platform: Platform, version: int, key: bytes, **options: Any) -> None:
        self.said: queue.Queue[tuple[str, Any]] = queue.Queue()
        clean = {} if version == paho.MQTTv5 else {"clean_session": options.get("clean", True)}
        self.client = paho.Client("dev-1", protocol=version, **clean)
        self.client.username_pw_set(
            f"{platform.address}/dev-1/?api-version=2021-04-12", platform.token("dev-1", key)
        )
        self.client.tls_set_context(platform.client_context)
        for name in ("connect", "disconnect", "publish", "subscribe", "message"):
            setattr(self.client, f"on_{name}", self._note(name))

    def _note(self, name: str) -> Callable[..., None]:
        return lambda _client, _data, *rest: self.said.put((name, rest))

    async def hears(self, name: str) -> Any:
        """What the next callback was called with, which must be this one."""
        heard, rest = await asyncio.to_thread(self.said.get, True, SECONDS)
        assert heard == name, (heard, rest)
        return rest


@asynccontextmanager
async def opened(platform: Platform, version: int, key: bytes, **options: Any) -> AsyncIterator[Device]:
    device = Device(platform, version, key, **options)
    await asyncio.to_thread(device.client.connect, platform.address, platform.mqtt_port, 60)
    device.client.loop_start()
    try:
        yield device
    finally:
        device.client.disconnect()
        await asyncio.to_thread(device.client.loop_stop)


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
async def test_a_device_publishes_and_asks_for_its_twin(platform: Platform, version: int) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    async with opened(platform, version, key) as device:
        code = (await device.hears("connect"))[1]
        assert code == 0
        properties = None
        if version == paho.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)
            properties.UserProperty = ("room", "kitchen")
        device.client.publish("devices/dev-1/messages/events/a=1", b"x", qos=1, properties=properties)
        await device.hears("publish")
        device.client.subscribe("$iothub/twin/res/#", qos=1)
        await device.hears("subscribe")
        device.client.publish("$iothub/twin/GET/?$rid=7", b"", qos=0)
        await device.hears("publish")
        (message,) = await device.hears("message")
        assert message.topic == "$iothub/twin/res/200/?$rid=7"
    (record,) = platform.records("telemetry")
    expected = {"a": "1"} if version == paho.MQTTv311 else {"a": "1", "room": "kitchen"}
    assert decode_bag(record.properties) == expected


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
async def test_a_wrong_key_is_told_in_the_versions_words(platform: Platform, version: int) -> None:
    platform.device_with_key("dev-1", platform.key_group())
    async with opened(platform, version, bytes(32)) as device:
        code = (await device.hears("connect"))[1]
        assert str(code) in ("5", "Not authorized")


async def test_version_5_hears_why_it_is_closed(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    async with opened(platform, paho.MQTTv5, key) as device:
        await device.hears("connect")
        device.client.publish("devices/dev-2/messages/events/", b"x", qos=0)
        await device.hears("publish")
        reason, _ = await device.hears("disconnect")
        assert str(reason) == "Topic name invalid"
