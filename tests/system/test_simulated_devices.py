"""Simulated devices of a running instance, and the files that a device uploads to it: as people meet them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from holdfast.api.client import ApiClient
from holdfast.kernel.errors import HoldfastError, NotFoundError
from tests.support.running import RunningInstance, running
from tests.support.uploading_device import upload

TEMPLATE_ID = "dtmi:test:station;1"
CONTEXTS = ["dtmi:iotcentral:context;2", "dtmi:dtdl:context;2"]
TEMPLATE = {
    "@type": ["ModelDefinition", "DeviceModel"],
    "displayName": "Station",
    "capabilityModel": {
        "@id": "dtmi:test:Station;1",
        "@type": "Interface",
        "displayName": "Station",
        "contents": [
            {
                "@type": ["Telemetry", "Temperature"],
                "name": "temperature",
                "schema": "double",
                "unit": "degreeCelsius",
            },
            {"@type": "Property", "name": "serial", "schema": "string"},
            {"@type": "Property", "name": "target", "schema": "double", "writable": True},
            {
                "@type": "Command",
                "name": "measure",
                "response": {"@type": "CommandPayload", "name": "measured", "schema": "integer"},
            },
        ],
        "@context": CONTEXTS,
    },
    "@context": CONTEXTS,
}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    environment = {"HOLDFAST_SIMULATION__INTERVAL_SECONDS": "0.2"}
    with running(tmp_path_factory.mktemp("simulated") / "data", **environment) as instance:
        yield instance


@pytest.fixture
async def api(instance: RunningInstance) -> AsyncIterator[ApiClient]:
    client = ApiClient(instance.url, instance.root_ca, instance.token)
    yield client
    await client.close()


async def eventually(ask: Callable[[], Awaitable[Any]], enough: Callable[[Any], bool]) -> Any:  # any JSON
    """The first answer that is enough; a minute and more for a busy machine."""
    answer: object = None
    for _ in range(900):
        try:
            answer = await ask()
        except HoldfastError as error:
            answer = error
        else:
            if enough(answer):
                return answer
        await asyncio.sleep(0.1)
    raise AssertionError(answer)


async def telemetry(api: ApiClient, device: str) -> Any:
    return await api.get(f"/api/devices/{device}/telemetry/temperature")


async def test_a_simulated_device_is_a_device_like_any_other(api: ApiClient) -> None:
    await api.put(f"/api/deviceTemplates/{TEMPLATE_ID}", TEMPLATE)
    await api.put("/api/devices/sim-1", {"template": TEMPLATE_ID, "simulated": True})
    value = await eventually(lambda: telemetry(api, "sim-1"), lambda answer: "value" in answer)
    assert 18 <= value["value"] <= 27
    shown = await api.get("/api/devices/sim-1")
    assert (shown["simulated"], shown["provisioned"]) == (True, True)
    path = "/api/devices/sim-1/properties"
    properties = await eventually(lambda: api.get(path), lambda answer: "serial" in answer)
    assert properties["serial"].startswith("simulated ")
    answer = await eventually(
        lambda: api.post("/api/devices/sim-1/commands/measure", {}), lambda answer: True
    )
    assert (answer["responseCode"], type(answer["response"])) == (200, int)
    await api.patch(path, {"target": 21.5})
    raw = "/api/devices/sim-1/properties"
    await eventually(lambda: api.get(raw), lambda answer: answer.get("target") == 21.5)

    await api.patch("/api/devices/sim-1", {"simulated": False})
    await silent(api, "sim-1")
    await api.patch("/api/devices/sim-1", {"simulated": True})
    await speaking(api, "sim-1")
    await api.patch("/api/devices/sim-1", {"enabled": False})
    await silent(api, "sim-1")


async def speaking(api: ApiClient, device: str) -> None:
    before = (await telemetry(api, device))["timestamp"]
    await eventually(lambda: telemetry(api, device), lambda answer: answer["timestamp"] != before)


async def silent(api: ApiClient, device: str) -> None:
    """Wait until nothing new has come for ten times the interval."""
    still, before = 0, ""
    for _ in range(900):
        now = (await telemetry(api, device))["timestamp"]
        still, before = (still + 1, now) if now == before else (0, now)
        if still >= 20:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{device} went on speaking")


async def test_a_person_lists_reads_and_deletes_what_a_device_uploaded(
    instance: RunningInstance, api: ApiClient
) -> None:
    setting = {"connectionString": "Storage=Local", "container": "plant-files", "sasTtl": "PT1H"}
    await api.put("/api/fileUploads", setting)
    await api.put("/api/devices/cam-1", {})
    keys = (await api.get("/api/devices/cam-1/credentials"))["symmetricKey"]
    await asyncio.to_thread(upload, instance, "cam-1", keys["primaryKey"], b"holdfast " * 200_000)
    (file,) = (await api.get("/api/devices/cam-1/files"))["value"]
    assert (file["name"], file["size"], file["storage"]) == ("a/picture.png", 1_800_000, "local")
    path = f"/api/devices/cam-1/files/{file['id']}"
    assert await api.download(f"{path}/content") == b"holdfast " * 200_000
    audited = (await api.get("/api/audit/events?resource=cam-1"))["value"]
    assert audited[0]["event"] == "deviceFile.read"
    stored = [raw for raw in (instance.data / "device-files").rglob("*") if raw.is_file()]
    assert stored
    assert not any(b"holdfast" in raw.read_bytes() for raw in stored)
    await api.delete(path)
    await eventually(lambda: api.get("/api/devices/cam-1/files"), lambda answer: answer["value"] == [])
    with pytest.raises(NotFoundError):
        await api.get(path)
