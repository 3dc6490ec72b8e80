"""Devices on the unmodified SDK, on both databases and behind two gateways: in, heard, asked, cut off."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from holdfast.api.client import ApiClient
from holdfast.kernel.clock import SystemClock
from holdfast.runtime.demo.enrolling import certificate_folder, enroll
from holdfast.runtime.demo.thermostat import Thermostat, until
from tests.support.postgresql import Server
from tests.support.running import RunningInstance, running


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "two gateways"])
def instance(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningInstance]:
    environment = {}
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql_server")
        environment["HOLDFAST_DATABASE"] = server.database()
    if request.param == "two gateways":
        environment["HOLDFAST_GATEWAYS"] = "2"
    with running(tmp_path_factory.mktemp("devices") / "data", **environment) as instance:
        yield instance


@pytest.fixture
async def api(instance: RunningInstance) -> AsyncIterator[ApiClient]:
    client = ApiClient(instance.url, instance.root_ca, instance.token)
    yield client
    await client.close()


@pytest.fixture
async def fleet(instance: RunningInstance, api: ApiClient) -> AsyncIterator[list[Thermostat]]:
    """Five thermostats, connected: two with keys, two with a CA's certificates, one self-signed."""
    with certificate_folder() as folder:
        identities = await enroll(api, Path(folder), SystemClock().now())
        root_ca = instance.root_ca.read_text()
        fleet = [Thermostat(i, instance.id_scope, instance.address, root_ca) for i in identities]
        for hub, thermostat in zip(await asyncio.gather(*(t.provision() for t in fleet)), fleet, strict=True):
            await thermostat.connect(hub)
        yield fleet
        await asyncio.gather(*(thermostat.stop() for thermostat in fleet))


async def last_temperature(api: ApiClient, device: str) -> float:
    """The last temperature of a device, once it has one."""
    for _ in range(600):
        last = await api.get(f"/api/devices/{device}/telemetry/temperature")
        if "value" in last:
            return float(last["value"])
        await asyncio.sleep(0.1)
    raise AssertionError(f"{device} was never heard")


async def test_a_fleet_is_provisioned_heard_asked_and_cut_off(
    fleet: list[Thermostat], api: ApiClient
) -> None:
    for thermostat in fleet:
        await thermostat.send(1)
    for thermostat in fleet:
        assert 0 < await last_temperature(api, thermostat.device) < 50
        assert (await api.get(f"/api/devices/{thermostat.device}"))["provisioned"] is True

    answer = await api.post(f"/api/devices/{fleet[0].device}/commands/blink", {"request": 3})
    assert (answer["responseCode"], answer["response"], fleet[0].calls) == (200, 3, ["blink"])

    await api.patch(f"/api/devices/{fleet[2].device}/properties", {"targetTemperature": 19.5})
    assert await until(lambda: fleet[2].target == 19.5, 60)

    for thermostat, change in (
        (fleet[1], api.patch(f"/api/devices/{fleet[1].device}", {"enabled": False})),
        (fleet[3], api.patch("/api/enrollmentGroups/demo-certificates", {"enabled": False})),
        (fleet[4], api.delete(f"/api/devices/{fleet[4].device}")),
    ):
        await change
        assert await thermostat.wait_until_cut_off(60), thermostat.device
        with pytest.raises(Exception, match=r".*"):  # whatever the SDK makes of a refusal
            await thermostat.client.connect()
    assert fleet[0].client.connected, "nobody else suffers"
