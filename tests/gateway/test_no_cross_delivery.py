"""No device ever receives, reads or sends for another: random devices and asks against a model of who may
what."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import NamedTuple

import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.devices.messages import DEVICE_METHOD, STATE_ENQUEUE, STATE_PATCH_DESIRED, message_body
from holdfast.gateway.limits import GatewayLimits
from holdfast.kernel.errors import HoldfastError
from holdfast.log.port import QueuedMessage
from holdfast.protocol.mqtt.connect import Will
from holdfast.protocol.mqtt.publish import Publish
from tests.gateway.client import Client, Closed, connect_device
from tests.gateway.platform import Platform, open_platform

NAMES = ("a", "ab", "A-b")
"""One id is a prefix of another, and two differ in little."""

names = st.sampled_from(NAMES)


class Ask(NamedTuple):
    """Device `actor` tries something that concerns device `subject`."""

    what: str
    actor: str
    subject: str


asks = st.builds(
    Ask, st.sampled_from(["publish", "subscribe", "will", "message", "desired", "method"]), names, names
)


class Fleet:
    """The devices, and what each was sent."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        group_key = platform.key_group()
        self.keys = {name: platform.device_with_key(name, group_key) for name in NAMES}
        self.clients: dict[str, Client] = {}
        self.received: dict[str, list[Publish]] = {name: [] for name in NAMES}
        self.asked = 0

    async def client(self, name: str) -> Client:
        """The device's connection, made when there is none."""
        if name not in self.clients:
            filters = [
                *(f"devices/{name}/messages/devicebound/#", "$iothub/methods/POST/#"),
                *("$iothub/twin/PATCH/properties/desired/#", "$iothub/twin/res/#"),
            ]
            self.clients[name] = await connect_device(self.platform, name, self.keys[name], filters)
        return self.clients[name]

    async def settle(self, name: str) -> None:
        """Take what the device was sent until it has nothing more; forget it when it was closed."""
        client = self.clients.get(name)
        if client is None:
            return
        client.send(b"\xc0\0")
        with contextlib.suppress(Closed):
            while True:
                packet = await client.next()
                if isinstance(packet, Publish):
                    self.received[name].append(packet)
                    if packet.qos:
                        client.acknowledge(packet)
                elif type(packet).__name__ == "Pong":
                    return
        del self.clients[name]

    # ---- what devices and people try

    async def publish(self, ask: Ask) -> None:
        client = await self.client(ask.actor)
        body = json.dumps({"from": ask.actor, "as": ask.subject}).encode()
        client.send_publish(f"devices/{ask.subject}/messages/events/", body, qos=0)

    async def subscribe(self, ask: Ask) -> None:
        client = await self.client(ask.actor)
        with contextlib.suppress(Closed, AssertionError):
            await client.subscribe(f"devices/{ask.subject}/messages/devicebound/#")

    async def will(self, ask: Ask) -> None:
        body = json.dumps({"from": ask.actor, "as": ask.subject}).encode()
        will = Will(f"devices/{ask.subject}/messages/events/", body)
        await self.settle(ask.actor)
        self.clients.pop(ask.actor, None)
        with contextlib.suppress(AssertionError):
            client = await connect_device(self.platform, ask.actor, self.keys[ask.actor], will=will)
            client.cut()

    async def message(self, ask: Ask) -> None:
        now = self.platform.clock.now()
        properties = f"for={ask.subject}"
        message = QueuedMessage(self.next(), ask.subject, "", b"", properties, now, now + 60, 0)
        await self.platform.control.bus.request("gateway", STATE_ENQUEUE, message_body(message), 5)

    async def desired(self, ask: Ask) -> None:
        body = {"device": ask.subject, "module": "", "patch": {"for": ask.subject}, "event": self.next()}
        await self.platform.control.bus.request("gateway", STATE_PATCH_DESIRED, body, 5)  # type: ignore[arg-type]  # JSON

    async def method(self, ask: Ask) -> None:
        body = {"name": "x", "payload": {"for": ask.subject}, "timeout": 0.001}
        with contextlib.suppress(HoldfastError):
            await self.platform.control.router.request(ask.subject, DEVICE_METHOD, body, 5)  # type: ignore[arg-type]  # JSON

    def next(self) -> str:
        self.asked += 1
        return str(self.asked)


ACTIONS: dict[str, Callable[[Fleet, Ask], Coroutine[None, None, None]]] = {
    "publish": Fleet.publish,
    "subscribe": Fleet.subscribe,
    "will": Fleet.will,
    "message": Fleet.message,
    "desired": Fleet.desired,
    "method": Fleet.method,
}


async def run(folder: Path, script: list[Ask]) -> None:
    limits = GatewayLimits(connects_per_minute=10_000)
    async with open_platform(folder, limits) as platform:
        fleet = Fleet(platform)
        for ask in script:
            await ACTIONS[ask.what](fleet, ask)
            for name in NAMES:
                await fleet.settle(name)
        await platform.gateway.services.ingest.drain()
        for record in platform.records("telemetry"):
            said = json.loads(record.body)
            assert said["from"] == said["as"] == record.device, "nobody speaks for another"
        for name, messages in fleet.received.items():
            for message in messages:
                text = message.topic + message.payload
                meant_for = [other for other in NAMES if f'"for":"{other}"'.encode() in text]
                meant_for += [other for other in NAMES if text.endswith(f"for={other}".encode())]
                assert meant_for == [name], "nobody hears what is for another"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(asks, min_size=1, max_size=12))
def test_nobody_speaks_or_hears_for_another(script: list[Ask]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(run(Path(folder), script))
