"""Which devices are simulated, through a real gateway."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from holdfast.devices.device import DEVICE
from holdfast.devices.registry import Registry
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.runtime.simulation.device import Pace
from holdfast.runtime.simulation.fleet import Fleet
from holdfast.runtime.simulation.link import Endpoint
from tests.gateway.platform import SCOPE, Platform, open_platform
from tests.support.pki import issue

SECONDS = 120.0
TEMPLATE = "dtmi:test:template;1"
CONTEXTS: list[JsonValue] = ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"]
MODEL: JsonObject = {
    "@id": "dtmi:test:model;1",
    "@type": "Interface",
    "displayName": "Model",
    "contents": [{"@type": "Telemetry", "name": "temperature", "schema": "double"}],
    "@context": CONTEXTS,
}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.02)


def prepare(platform: Platform) -> None:
    """Keys and a template."""
    platform.key_group()
    types: list[JsonValue] = ["ModelDefinition", "DeviceModel"]
    body: JsonObject = {"@type": types, "displayName": "T", "capabilityModel": MODEL, "@context": CONTEXTS}
    platform.world.put("deviceTemplate", TEMPLATE, body)


def simulated(platform: Platform, device: str, **more: JsonValue) -> None:
    body: JsonObject = {"group": "keys", "template": TEMPLATE, "simulated": True, **more}
    platform.world.put(DEVICE, device, body)


def fleet_of(platform: Platform, maximum: int) -> Fleet:
    endpoint = Endpoint(platform.address, platform.mqtt_port, platform.address, platform.client_context)
    store = platform.world.store
    return Fleet(store, Registry(store), lambda: endpoint, platform.clock, SCOPE, maximum, Pace(0.05, 0.05))


async def test_the_first_that_can_be_simulated_are_and_others_take_their_places(tmp_path: Path) -> None:
    async with open_platform(tmp_path) as platform:
        prepare(platform)
        for device in ("sim-1", "sim-2", "sim-3"):
            simulated(platform, device)
        simulated(platform, "no-template", template="")
        simulated(platform, "real", simulated=False)
        platform.device_with_thumbprint("a-certificate", issue("a-certificate"))
        simulated(platform, "a-certificate")
        fleet, stopping = fleet_of(platform, 2), asyncio.Event()
        running = asyncio.create_task(fleet.run(stopping))
        await until(lambda: fleet.running() == {"sim-1", "sim-2"})
        await until(lambda: {record.device for record in platform.records("telemetry")} == {"sim-1", "sim-2"})
        stored = platform.world.store.get(DEVICE, "sim-1")
        assert stored is not None
        assert stored.body["provisioned"] is True, "it went through provisioning"

        await platform.change(DEVICE, "sim-1", {**stored.body, "enabled": False})
        await until(lambda: fleet.running() == {"sim-2", "sim-3"})
        await until(lambda: any(record.device == "sim-3" for record in platform.records("telemetry")))
        stopping.set()
        await running
        await until(lambda: not platform.gateway.services.live.all())


async def test_it_comes_back_after_the_gateway_cut_it_off(tmp_path: Path) -> None:
    async with open_platform(tmp_path) as platform:
        prepare(platform)
        simulated(platform, "sim-1", provisioned=True)
        fleet, stopping = fleet_of(platform, 5), asyncio.Event()
        running = asyncio.create_task(fleet.run(stopping))
        await until(lambda: len(platform.records("telemetry")) > 2)
        assert [record.kind for record in platform.records("connected")] == ["connected"]
        for listener in platform.gateway.listeners:
            listener.abort_all()
        await until(lambda: len(platform.records("connected")) == 2)
        stopping.set()
        await running
