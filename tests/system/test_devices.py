"""Devices on the unmodified SDK: provisioned, connected, heard, asked, cut off."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.api.client import ApiClient
from holdfast.kernel.errors import HoldfastError
from holdfast.runtime.demo.enrolling import certificate_folder, enroll
from holdfast.runtime.demo.thermostat import Thermostat
from tests.support.running import RunningInstance, running


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("devices") / "data") as instance:
        yield instance


@pytest.fixture
async def api(instance: RunningInstance) -> AsyncIterator[ApiClient]:
    client = ApiClient(instance.url, instance.root_ca, instance.token)
    yield client
    await client.close()


@pytest.fixture
async def fleet(instance: RunningInstance, api: ApiClient) -> AsyncIterator[list[Thermostat]]:
    with certificate_folder() as folder:
        identities = await enroll(api, Path(folder), 1_800_000_000.0)
        root_ca = instance.root_ca.read_text()
        fleet = [Thermostat(i, instance.id_scope, instance.address, root_ca) for i in identities]
        yield fleet
        await asyncio.gather(*(thermostat.stop() for thermostat in fleet))


async def eventually(api: ApiClient, path: str) -> Any:
    for _ in range(100):
        try:
            return await api.get(path)
        except HoldfastError:
            await asyncio.sleep(0.1)
    raise AssertionError(f"{path} never answered")


async def test_every_kind_of_identity_provisions_connects_and_is_heard(
    fleet: list[Thermostat], api: ApiClient
) -> None:
    for thermostat in fleet:
        await thermostat.connect(await thermostat.provision())
        await thermostat.send(1)
    for thermostat in fleet:
        last = await eventually(api, f"/api/devices/{thermostat.device}/telemetry/temperature")
        assert isinstance(last["value"], float)
        assert (await api.get(f"/api/devices/{thermostat.device}"))["provisioned"] is True
