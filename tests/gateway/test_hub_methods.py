"""Direct methods."""

import asyncio
import json

import pytest

from holdfast.cluster.port import NotConnectedError
from holdfast.devices.messages import DEVICE_METHOD
from holdfast.kernel.errors import HoldfastError, InvalidError, TooManyRequestsError, UnavailableError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.protocol.mqtt.publish import Publish
from tests.gateway.client import Client, connect_device
from tests.gateway.platform import Platform

METHODS = "$iothub/methods/POST/#"


@pytest.fixture
async def device(platform: Platform) -> Client:
    key = platform.device_with_key("dev-1", platform.key_group())
    return await connect_device(platform, "dev-1", key, [METHODS])


def invoke(
    platform: Platform,
    name: str = "reboot",
    payload: JsonValue = None,
    timeout: float = 10,
    device: str = "dev-1",
) -> "asyncio.Task[JsonObject]":
    body: JsonObject = {"name": name, "payload": payload, "timeout": timeout}
    return asyncio.create_task(platform.control.router.request(device, DEVICE_METHOD, body, 20))


async def question(device: Client) -> tuple[str, str, object]:
    """The method's name, the request id, and the payload."""
    message = await device.take(Publish)
    name, _, request = message.topic.decode().removeprefix("$iothub/methods/POST/").partition("/?$rid=")
    return name, request, json.loads(message.payload)


async def test_a_method_is_asked_and_answered(platform: Platform, device: Client) -> None:
    asked = invoke(platform, "thermostat1*getReport", {"since": "now"})
    name, request, payload = await question(device)
    assert (name, payload) == ("thermostat1*getReport", {"since": "now"})
    device.send_publish(f"$iothub/methods/res/201/?$rid={request}", b'{"max":21.5}', qos=0)
    assert await asked == {"status": 201, "payload": {"max": 21.5}}


async def test_answers_find_their_questions(platform: Platform, device: Client) -> None:
    asked = {name: invoke(platform, name) for name in ("a", "b", "c")}
    questions = [await question(device) for _ in asked]
    for name, request, _ in reversed(questions):
        device.send_publish(f"$iothub/methods/res/200/?$rid={request}", json.dumps(name).encode(), qos=0)
    for name, task in asked.items():
        assert await task == {"status": 200, "payload": name}


async def test_an_empty_answer_is_null(platform: Platform, device: Client) -> None:
    asked = invoke(platform)
    _, request, _ = await question(device)
    device.send_publish(f"$iothub/methods/res/200/?$rid={request}", b"")
    assert (await asked)["payload"] is None


async def test_a_silent_device_is_given_up(platform: Platform, device: Client) -> None:
    with pytest.raises(UnavailableError, match="did not answer reboot"):
        await invoke(platform, timeout=0.01)
    _, request, _ = await question(device)
    device.send_publish(f"$iothub/methods/res/200/?$rid={request}", b"{}")  # too late: ignored
    device.send_publish("$iothub/methods/res/200/?$rid=unknown", b"{}")
    await device.next()
    await device.next()
    await device.ping()


async def test_a_device_that_goes_away_answers_nobody(platform: Platform, device: Client) -> None:
    asked = invoke(platform)
    await question(device)
    device.cut()
    with pytest.raises(NotConnectedError):
        await asked


async def test_a_device_that_is_not_there_is_not_asked(platform: Platform, device: Client) -> None:
    with pytest.raises(NotConnectedError):
        await invoke(platform, device="dev-2")


async def test_a_device_that_takes_no_methods_is_not_asked(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key)
    with pytest.raises(NotConnectedError):
        await invoke(platform)
    await device.ping()


@pytest.mark.parametrize("name", ["", "x"])
async def test_a_method_is_bounded(platform: Platform, device: Client, name: str) -> None:
    with pytest.raises(InvalidError):
        await invoke(platform, name, "x" * 131_072)


async def test_an_answer_that_is_no_json_is_an_error_of_the_device(
    platform: Platform, device: Client
) -> None:
    asked = invoke(platform)
    _, request, _ = await question(device)
    device.send_publish(f"$iothub/methods/res/200/?$rid={request}", b"{")
    with pytest.raises(HoldfastError, match="cannot be read"):
        await asked


async def test_a_device_is_asked_a_bounded_number_of_things_at_once(
    platform: Platform, device: Client
) -> None:
    asked = [invoke(platform, timeout=5) for _ in range(100)]
    for _ in asked:
        await question(device)
    with pytest.raises(TooManyRequestsError):
        await invoke(platform)
    device.cut()
    await asyncio.gather(*asked, return_exceptions=True)
