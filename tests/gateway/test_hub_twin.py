"""Device twins over MQTT."""

import json

import pytest

from holdfast.devices.messages import STATE_PATCH_DESIRED
from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.protocol.mqtt.publish import Acknowledgement, Publish
from tests.gateway.client import Client, connect_device
from tests.gateway.platform import Platform

GET = "$iothub/twin/GET/?$rid="
PATCH = "$iothub/twin/PATCH/properties/reported/?$rid="
RESPONSES = "$iothub/twin/res/#"
DESIRED = "$iothub/twin/PATCH/properties/desired/#"


@pytest.fixture
async def device(platform: Platform) -> Client:
    key = platform.device_with_key("dev-1", platform.key_group())
    return await connect_device(platform, "dev-1", key, [RESPONSES, DESIRED])


async def answer(device: Client) -> tuple[str, object]:
    """The next message that is no acknowledgement: its topic and JSON."""
    packet = await device.next()
    while isinstance(packet, Acknowledgement):
        packet = await device.next()
    assert isinstance(packet, Publish)
    assert packet.qos == 0
    return packet.topic.decode(), json.loads(packet.payload) if packet.payload else None


async def patch_desired(platform: Platform, patch: object, event: str) -> object:
    body = {"device": "dev-1", "module": "", "patch": patch, "event": event}
    return await platform.control.bus.request("gateway", STATE_PATCH_DESIRED, body, 5.0)  # type: ignore[arg-type]  # also wrong ones


async def test_a_new_device_has_an_empty_twin(device: Client) -> None:
    device.send_publish(f"{GET}1", b"")
    assert await answer(device) == (
        "$iothub/twin/res/200/?$rid=1",
        {"desired": {"$version": 1}, "reported": {"$version": 1}},
    )


async def test_a_reported_patch_is_merged_logged_and_numbered(platform: Platform, device: Client) -> None:
    device.send_publish(f"{PATCH}1", b'{"a":1,"b":{"c":2}}')
    assert await answer(device) == ("$iothub/twin/res/204/?$rid=1&$version=2", None)
    device.send_publish(f"{PATCH}2", b'{"a":null,"b":{"d":3}}')
    assert await answer(device) == ("$iothub/twin/res/204/?$rid=2&$version=3", None)
    device.send_publish(f"{GET}3", b" ")
    _, twin = await answer(device)
    assert twin == {"desired": {"$version": 1}, "reported": {"b": {"c": 2, "d": 3}, "$version": 3}}
    assert [json.loads(r.body) for r in platform.records("reported")] == [
        {"a": 1, "b": {"c": 2}, "$version": 2},
        {"a": None, "b": {"d": 3}, "$version": 3},
    ]


BAD_PATCHES = [b"", b"{", b"[]", b'{"a.b":1}', b'{"$version":1}', b'{"a":' + b"9" * 30 + b"}"]


@pytest.mark.parametrize("body", BAD_PATCHES)
async def test_a_bad_patch_is_answered_and_acknowledged(
    platform: Platform, device: Client, body: bytes
) -> None:
    packet_id = device.send_publish(f"{PATCH}1", body)
    topic, explanation = await answer(device)
    assert topic == "$iothub/twin/res/400/?$rid=1"
    assert isinstance(explanation, dict)
    assert explanation["errorCode"] == 400_000
    assert await device.take(Acknowledgement) == Acknowledgement(packet_id)
    assert platform.records("reported") == []


async def test_reported_properties_are_bounded_as_a_whole(platform: Platform, device: Client) -> None:
    for number in range(9):
        device.send_publish(f"{PATCH}{number}", json.dumps({f"k{number}": "x" * 4000}).encode())
        topic, _ = await answer(device)
        expected = 204 if number < 8 else 400
        assert topic.startswith(f"$iothub/twin/res/{expected}/?$rid={number}")
    assert platform.state.twin("dev-1").reported_version == 9
    assert len(platform.records("reported")) == 8


async def test_a_desired_patch_reaches_a_listening_device_once(platform: Platform, device: Client) -> None:
    assert await patch_desired(platform, {"target": 20}, "event-1") == {"version": 2}
    assert await answer(device) == (
        "$iothub/twin/PATCH/properties/desired/?$version=2",
        {"target": 20, "$version": 2},
    )
    assert await patch_desired(platform, {"target": 20}, "event-1") == {"version": 2}
    assert await patch_desired(platform, {"target": None}, "event-2") == {"version": 3}
    topic, change = await answer(device)
    if topic.endswith("=2"):  # the same news again does no harm: the version says so
        topic, change = await answer(device)
    assert (topic, change) == (
        "$iothub/twin/PATCH/properties/desired/?$version=3",
        {"target": None, "$version": 3},
    )


async def test_a_device_that_does_not_listen_is_not_told(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key, [RESPONSES])
    await patch_desired(platform, {"target": 20}, "event-1")
    device.send_publish(f"{GET}1", b"")
    topic, twin = await answer(device)
    assert topic == "$iothub/twin/res/200/?$rid=1"
    assert twin == {"desired": {"target": 20, "$version": 2}, "reported": {"$version": 1}}


async def test_a_device_that_takes_no_responses_gets_none(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key)
    packet_id = device.send_publish(f"{PATCH}1", b'{"a":1}')
    assert await device.take(Acknowledgement) == Acknowledgement(packet_id)
    await device.ping()
    assert platform.state.twin("dev-1").reported == {"a": 1}


async def test_a_bad_desired_patch_is_refused_to_who_asked(platform: Platform) -> None:
    patches: list[object] = [None, [], {"a.b": 1}, {f"k{n}": "x" * 4000 for n in range(9)}]
    for patch in patches:
        with pytest.raises(InvalidError):
            await patch_desired(platform, patch, "event-1")
    assert platform.state.twin("dev-1").desired_version == 1


async def test_a_module_has_a_twin_of_its_own(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group(), modules=["m"])
    module = await connect_device(platform, "dev-1", key, [RESPONSES, DESIRED], module="m")
    module.send_publish(f"{PATCH}1", b'{"a":1}')
    await answer(module)
    assert platform.state.twin("dev-1", "m").reported == {"a": 1}
    assert platform.state.twin("dev-1").reported == {}
    body: JsonObject = {"device": "dev-1", "module": "m", "patch": {"b": 2}, "event": "e"}
    await platform.control.bus.request("gateway", STATE_PATCH_DESIRED, body, 5.0)
    assert (await answer(module))[1] == {"b": 2, "$version": 2}
