"""Sessions: what is kept, what is taken over, what ends, and what a device leaves behind."""

import asyncio
import json

import pytest

from holdfast.cluster.hub import SUPERSEDED
from holdfast.cluster.port import Claim
from holdfast.devices.messages import DEVICE_DISCONNECT
from holdfast.protocol.bags import decode_bag
from holdfast.protocol.mqtt.connect import Will
from holdfast.protocol.mqtt.disconnect import Disconnect, encode_disconnect
from holdfast.protocol.mqtt.properties import Property
from holdfast.protocol.mqtt.publish import Publish
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.wire import frame
from tests.gateway.client import V5, Client, connect, connect_device, hello
from tests.gateway.platform import Platform
from tests.gateway.test_hub_devicebound import enqueue

EVENTS = "devices/dev-1/messages/events/"
DEVICEBOUND = "devices/dev-1/messages/devicebound/#"
RESPONSES = "$iothub/twin/res/#"
SHARED = ("$iothub/methods/POST/#", "$iothub/twin/PATCH/properties/desired/#")


@pytest.fixture
def key(platform: Platform) -> bytes:
    return platform.device_with_key("dev-1", platform.key_group())


async def drained(platform: Platform) -> None:
    """Wait until the gateway has done and stored what follows from what happened."""
    await asyncio.sleep(0)
    await platform.gateway.services.tasks.finish()
    await platform.gateway.services.ingest.drain()


async def gone(platform: Platform) -> None:
    """Wait until no session is open."""
    async with asyncio.timeout(60):
        while len(platform.gateway.services.live):
            await asyncio.sleep(0.001)
    await drained(platform)


# ---- persistence


async def test_a_kept_session_needs_no_new_subscription(platform: Platform, key: bytes) -> None:
    packet = hello(platform, "dev-1", platform.token("dev-1", key), clean=False)
    device, answer = await connect(platform, packet)
    assert not answer.session_present
    await device.subscribe(DEVICEBOUND, RESPONSES)
    device.cut()
    await gone(platform)
    await enqueue(platform, "1")
    device, answer = await connect(platform, packet)
    assert answer.session_present
    assert (await device.take(Publish)).topic.endswith(b"1")
    device.send_publish("$iothub/twin/GET/?$rid=1", b"", qos=0)
    assert (await device.take(Publish)).topic.startswith(b"$iothub/twin/res/200")


async def test_an_unsubscription_is_kept_too(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key, [DEVICEBOUND, RESPONSES], clean=False)
    assert await device.unsubscribe(DEVICEBOUND, "unknown") == ()
    await enqueue(platform, "1")
    again = await connect_device(platform, "dev-1", key, clean=False)
    await again.ping()
    stored = platform.state.session("dev-1")
    assert stored is not None
    assert stored.subscriptions == {RESPONSES: 1}


async def test_a_clean_session_forgets(platform: Platform, key: bytes) -> None:
    await connect_device(platform, "dev-1", key, [DEVICEBOUND], clean=False)
    await connect_device(platform, "dev-1", key, clean=True)
    packet = hello(platform, "dev-1", platform.token("dev-1", key), clean=False)
    _, answer = await connect(platform, packet)
    assert not answer.session_present


async def test_version_5_keeps_a_session_by_its_expiry(platform: Platform, key: bytes) -> None:
    expiry = {Property.SESSION_EXPIRY_INTERVAL: 3600}
    packet = hello(platform, "dev-1", platform.token("dev-1", key), version=V5, properties=expiry)
    device, _ = await connect(platform, packet)
    await device.subscribe(RESPONSES)
    device.cut()
    again, answer = await connect(platform, packet._replace(clean_start=False))
    assert answer.session_present
    goodbye = frame(0xE0, b"\0\x05", bytes((Property.SESSION_EXPIRY_INTERVAL,)), bytes(4))
    again.send(goodbye)
    await again.closed()
    _, answer = await connect(platform, packet._replace(clean_start=False))
    assert not answer.session_present


# ---- subscriptions


@pytest.mark.parametrize(
    "name", ["#", "devices/dev-2/messages/devicebound/#", "devices/+/messages/devicebound/#", "a"]
)
async def test_a_filter_that_is_not_the_devices_closes(platform: Platform, key: bytes, name: str) -> None:
    device = await connect_device(platform, "dev-1", key, version=V5)
    packet_closed = device.subscribe(name)
    with pytest.raises(AssertionError):
        await packet_closed
    await device.closed()


async def test_a_module_may_have_the_five_subscriptions_that_there_are(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group(), modules=["m"])
    module = await connect_device(platform, "dev-1", key, module="m")
    own = ("devices/dev-1/modules/m/#", "devices/dev-1/modules/m/inputs/#")
    assert await module.subscribe(*own, RESPONSES, *SHARED) == (1,) * 5
    await module.ping()


async def test_a_qos_2_subscription_is_granted_1(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key)
    assert await device.subscribe(RESPONSES, qos=2) == (1,)


# ---- one connection a device


@pytest.mark.parametrize("version", [4, V5])
async def test_a_new_connection_takes_the_session_over(platform: Platform, key: bytes, version: int) -> None:
    first = await connect_device(platform, "dev-1", key, version=version)
    second = await connect_device(platform, "dev-1", key)
    said = await first.closed()
    reasons = [packet.reason for packet in said if isinstance(packet, Disconnect)]
    assert reasons == ([Reason.SESSION_TAKEN_OVER] if version == V5 else [])
    await second.publish(EVENTS, b"x")
    kinds = [json.loads(r.body) for r in platform.records() if r.kind in ("connected", "disconnected")]
    assert [entry["epoch"] for entry in kinds] == sorted(entry["epoch"] for entry in kinds)


async def test_a_claim_elsewhere_closes_the_session_here(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key)
    claim = await platform.control.sessions.claim("dev-1")
    await device.closed()
    assert platform.gateway.services.live.get("dev-1") is None
    assert await platform.control.sessions.owner("dev-1") == platform.control.node
    assert claim.epoch > 0


async def test_a_claim_elsewhere_that_is_heard_of_before_our_own_is_answered_counts(
    platform: Platform, key: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = platform.cluster.sessions.claim

    async def overtaken(device: str) -> Claim:
        own = await claim(device)
        platform.gateway.services.live.superseded(device, own.epoch + 1)
        return own

    monkeypatch.setattr(platform.cluster.sessions, "claim", overtaken)
    packet = hello(platform, "dev-1", platform.token("dev-1", key))
    _, answer = await connect(platform, packet)
    assert answer.code != 0
    assert platform.gateway.services.live.get("dev-1") is None
    monkeypatch.undo()
    _, answer = await connect(platform, packet)
    assert answer.code == 0


async def test_old_news_of_a_claim_closes_nothing(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key)
    await platform.control.bus.publish(SUPERSEDED, {"device": "dev-1", "epoch": 1})
    await device.ping()


async def test_a_module_and_its_device_are_two_sessions(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group(), modules=["m"])
    device = await connect_device(platform, "dev-1", key)
    module = await connect_device(platform, "dev-1", key, module="m")
    await device.ping()
    await module.ping()
    body = {"device": "dev-1", "reason": "maintenance"}
    await platform.control.router.request("dev-1", DEVICE_DISCONNECT, body, 5.0)  # type: ignore[arg-type]  # JSON
    await device.closed()
    await module.closed()


# ---- time


async def test_a_silent_device_is_closed_after_one_and_a_half_keep_alives(
    platform: Platform, key: bytes
) -> None:
    device = await connect_device(platform, "dev-1", key, keep_alive=10)
    platform.clock.advance(14)
    platform.gateway.sweep()
    await device.ping()
    platform.clock.advance(14)
    platform.gateway.sweep()
    await device.ping()
    platform.clock.advance(16)
    platform.gateway.sweep()
    await device.closed()


async def test_an_expired_token_closes_the_connection(platform: Platform, key: bytes) -> None:
    token = platform.token("dev-1", key, ttl=60)
    device, _ = await connect(platform, hello(platform, "dev-1", token, keep_alive=1000))
    platform.clock.advance(60 + 299)
    platform.gateway.sweep()
    await device.ping()
    platform.clock.advance(2)
    platform.gateway.sweep()
    await device.closed()


# ---- coming and going


async def test_coming_and_going_is_logged(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key, model="dtmi:a:b;1")
    await device.disconnect()
    await gone(platform)
    connected, disconnected = platform.records()
    assert (connected.kind, disconnected.kind) == ("connected", "disconnected")
    about = json.loads(connected.body)
    assert about.items() >= {"authentication": "sas", "transport": "mqtt", "modelId": "dtmi:a:b;1"}.items()
    assert json.loads(disconnected.body)["epoch"] == about["epoch"]
    assert platform.state.twin("dev-1").model == "dtmi:a:b;1"
    assert await platform.control.sessions.owner("dev-1") == ""


# ---- wills


def will(topic: str = f"{EVENTS}a=1", **fields: object) -> Will:
    return Will(topic, b"gone", 1, **fields)  # type: ignore[arg-type]  # fields of the tuple


async def test_a_broken_connection_publishes_the_will(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key, will=will(retain=True))
    device.cut()
    await gone(platform)
    (record,) = platform.records("telemetry")
    assert (record.device, record.body) == ("dev-1", b"gone")
    assert decode_bag(record.properties) == {"a": "1", "iothub-MessageType": "Will", "mqtt-retain": "true"}


async def test_a_goodbye_publishes_no_will(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key, will=will())
    await device.disconnect()
    await gone(platform)
    assert platform.records("telemetry") == []


async def test_a_goodbye_of_version_5_may_ask_for_the_will(platform: Platform, key: bytes) -> None:
    device = await connect_device(platform, "dev-1", key, will=will(), version=V5)
    device.send(encode_disconnect(Reason.DISCONNECT_WITH_WILL, V5))
    await device.closed()
    await gone(platform)
    assert platform.bodies() == [b"gone"]


@pytest.mark.parametrize(
    "topic", ["devices/dev-2/messages/events/", "$iothub/twin/GET/?$rid=1", "a", f"{EVENTS}#"]
)
async def test_a_will_for_anything_else_is_refused_with_the_connection(
    platform: Platform, key: bytes, topic: str
) -> None:
    packet = hello(platform, "dev-1", platform.token("dev-1", key), will=will(topic))
    _, answer = await connect(platform, packet)
    assert answer.code == 4


async def test_a_delayed_will_is_not_sent_when_the_device_is_back(platform: Platform, key: bytes) -> None:
    delayed = will(properties={Property.WILL_DELAY_INTERVAL: 3600})
    device = await connect_device(platform, "dev-1", key, will=delayed, version=V5)
    device.cut()
    await gone(platform)
    assert platform.bodies() == []
    device = await connect_device(platform, "dev-1", key)
    await device.disconnect()
    platform.gateway.services.live.end_will_delays()
    await gone(platform)
    assert platform.bodies() == []


async def test_a_delayed_will_is_sent_when_the_device_stays_away(platform: Platform, key: bytes) -> None:
    delayed = will(properties={Property.WILL_DELAY_INTERVAL: 3600})
    device = await connect_device(platform, "dev-1", key, will=delayed, version=V5)
    device.cut()
    await gone(platform)
    platform.gateway.services.live.end_will_delays()
    await drained(platform)
    assert platform.bodies() == [b"gone"]


async def test_a_device_that_was_blocked_meanwhile_leaves_no_will(platform: Platform, key: bytes) -> None:
    delayed = will(properties={Property.WILL_DELAY_INTERVAL: 3600})
    device = await connect_device(platform, "dev-1", key, will=delayed, version=V5)
    device.cut()
    await gone(platform)
    await platform.change("device", "dev-1", {"group": "keys", "enabled": False})
    platform.registry.invalidate("device", "dev-1")
    platform.gateway.services.live.end_will_delays()
    await drained(platform)
    assert platform.bodies() == []


# ---- stopping


async def test_a_stopping_gateway_acknowledges_what_came_in_and_says_goodbye(
    platform: Platform, key: bytes
) -> None:
    device: Client = await connect_device(platform, "dev-1", key, version=V5)
    await device.publish(EVENTS, b"x")
    await platform.gateway.stop()
    said = await device.closed()
    assert [p.reason for p in said if isinstance(p, Disconnect)] == [Reason.SERVER_SHUTTING_DOWN]
    assert [r.kind for r in platform.records()] == ["connected", "telemetry", "disconnected"]
