"""Provisioning over MQTT: the exchange that the SDKs know, with the real provisioning service behind it."""

import json

import pytest

from holdfast.protocol.mqtt.connect import Connect
from holdfast.protocol.mqtt.publish import Acknowledgement, Publish
from holdfast.protocol.sas import derive_key, sign_sas
from tests.gateway.client import V5, V311, Client, Closed, connect, open_client
from tests.gateway.platform import SCOPE, Platform
from tests.support.pki import issue

RESPONSES = "$dps/registrations/res/#"
REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid="
POLL = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid="


def greeting(platform: Platform, id: str, key: bytes | None, version: int = V311) -> Connect:
    expiry = int(platform.clock.now()) + 3600
    token = sign_sas(f"{SCOPE}/registrations/{id}", key, expiry, "registration") if key else ""
    return Connect(
        id,
        version,
        user_name=f"{SCOPE}/registrations/{id}/api-version=2019-03-31&ClientVersion=test",
        password=token.encode() or None,
        keep_alive=60,
    )


async def answer(client: Client) -> tuple[str, dict]:
    packet = await client.next()
    while isinstance(packet, Acknowledgement):
        packet = await client.next()
    assert isinstance(packet, Publish)
    return packet.topic.decode(), json.loads(packet.payload)


async def register(client: Client, id: str, payload: object = None) -> tuple[str, dict]:
    body = {"registrationId": id, **({"payload": payload} if payload is not None else {})}
    client.send_publish(f"{REGISTER}1", json.dumps(body).encode())
    return await answer(client)


async def opened(platform: Platform, id: str, key: bytes | None, version: int = V311) -> Client:
    client, connack = await connect(platform, greeting(platform, id, key, version))
    assert connack.code == 0
    assert await client.subscribe(RESPONSES, qos=1) == (1,)
    return client


@pytest.mark.parametrize("version", [V311, V5])
async def test_a_device_registers_polls_and_is_told_its_hub(platform: Platform, version: int) -> None:
    group_key = platform.key_group()
    client = await opened(platform, "dev-1", derive_key(group_key, "dev-1"), version)
    topic, accepted = await register(client, "dev-1", {"modelId": "dtmi:a:b;1"})
    assert topic == "$dps/registrations/res/202/?$rid=1&retry-after=1"
    assert accepted["status"] == "assigning"
    client.send_publish(f"{POLL}2&operationId={accepted['operationId']}", b" ")
    topic, result = await answer(client)
    assert topic == "$dps/registrations/res/200/?$rid=2"
    assert result["operationId"] == accepted["operationId"]
    state = result["registrationState"]
    assert (state["status"], state["assignedHub"], state["deviceId"]) == (
        "assigned",
        platform.address,
        "dev-1",
    )
    assert await client.unsubscribe(RESPONSES) == ((0,) if version == V5 else ())
    await client.disconnect()
    credentials = platform.registry.credentials("dev-1")
    assert credentials is not None
    assert credentials.enabled


async def test_a_wrong_key_is_refused_by_an_answer(platform: Platform) -> None:
    platform.key_group()
    client = await opened(platform, "dev-1", bytes(32))
    topic, error = await register(client, "dev-1")
    assert topic == "$dps/registrations/res/401/?$rid=1"
    assert (error["errorCode"], error["message"]) == (401002, "Unauthorized")
    assert error["trackingId"]
    await client.ping()


async def test_a_blocked_device_waits(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group(), enabled=False)
    client = await opened(platform, "dev-1", key)
    topic, error = await register(client, "dev-1")
    assert topic == "$dps/registrations/res/400/?$rid=1"
    assert error["errorCode"] == 400209


async def test_a_chain_is_judged_by_the_nearest_authority(platform: Platform) -> None:
    root = issue("root", authority=True)
    intermediate = issue("intermediate", root, authority=True)
    platform.certificate_group("root", root)
    platform.certificate_group("near", intermediate)
    leaf = issue("dev-1", intermediate)
    client, connack = await connect(
        platform, greeting(platform, "dev-1", None), platform.context_for(leaf, intermediate)
    )
    assert connack.code == 0
    await client.subscribe(RESPONSES)
    topic, _ = await register(client, "dev-1")
    assert topic.startswith("$dps/registrations/res/202/")
    device = platform.world.store.get("device", "dev-1")
    assert device is not None
    assert device.body["group"] == "near"


async def test_a_certificate_for_another_id_is_refused(platform: Platform) -> None:
    root = issue("root", authority=True)
    platform.certificate_group("root", root)
    context = platform.context_for(issue("dev-2", root))
    client, _ = await connect(platform, greeting(platform, "dev-1", None), context)
    await client.subscribe(RESPONSES)
    _, error = await register(client, "dev-1")
    assert error["errorCode"] == 401002


async def test_another_devices_operation_is_not_told(platform: Platform) -> None:
    group_key = platform.key_group()
    first = await opened(platform, "dev-1", derive_key(group_key, "dev-1"))
    _, accepted = await register(first, "dev-1")
    second = await opened(platform, "dev-2", derive_key(group_key, "dev-2"))
    second.send_publish(f"{POLL}1&operationId={accepted['operationId']}", b" ")
    topic, error = await answer(second)
    assert topic == "$dps/registrations/res/404/?$rid=1"
    assert error["errorCode"] == 404201


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"registrationId":"dev-2"}', b'{"payload":1}'])
async def test_a_bad_body_is_answered(platform: Platform, body: bytes) -> None:
    client = await opened(platform, "dev-1", bytes(32))
    client.send_publish(f"{REGISTER}1", body)
    topic, error = await answer(client)
    assert topic == "$dps/registrations/res/400/?$rid=1"
    assert error["errorCode"] == 400000


@pytest.mark.parametrize(
    "topic", ["devices/dev-1/messages/events/", "$dps/other", "$iothub/twin/GET/?$rid=1"]
)
async def test_any_other_topic_closes(platform: Platform, topic: str) -> None:
    client = await opened(platform, "dev-1", bytes(32))
    client.send_publish(topic, b"")
    await client.closed()


async def test_any_other_filter_closes(platform: Platform) -> None:
    client = await opened(platform, "dev-1", bytes(32))
    with pytest.raises(Closed):
        await client.subscribe("$dps/registrations/PUT/#")


async def test_the_client_identifier_is_the_registration_id(platform: Platform) -> None:
    packet = greeting(platform, "dev-1", bytes(32))._replace(client_id="dev-2")
    _, answer = await connect(platform, packet)
    assert answer.code == 2


async def test_who_does_not_listen_is_not_answered(platform: Platform) -> None:
    group_key = platform.key_group()
    client, _ = await connect(platform, greeting(platform, "dev-1", derive_key(group_key, "dev-1")))
    client.send_publish(f"{REGISTER}1", b"{}", qos=0)
    await platform.gateway.services.tasks.finish()
    await client.ping()


async def test_a_registration_proves_nothing_at_the_hub(platform: Platform) -> None:
    """The provisioning token names a registration, not a device of the hub."""
    key = platform.device_with_key("dev-1", platform.key_group())
    expiry = int(platform.clock.now()) + 3600
    token = sign_sas(f"{SCOPE}/registrations/dev-1", key, expiry)
    packet = Connect("dev-1", user_name=f"{platform.address}/dev-1/?api-version=1", password=token.encode())
    _, answer = await connect(platform, packet)
    assert answer.code == 5


async def test_repeated_failures_lock_the_address_out(platform: Platform) -> None:
    group_key = platform.key_group()
    for _ in range(11):
        client = await opened(platform, "dev-1", bytes(32))
        _, error = await register(client, "dev-1")
        assert error["errorCode"] == 401002
        await client.disconnect()
    await platform.gateway.services.tasks.finish()
    client = await open_client(platform)
    good = greeting(platform, "dev-1", derive_key(group_key, "dev-1"))
    _, refused = await connect(platform, good)
    assert refused.code == 3, "this device, from this address, waits"
    _, accepted = await connect(platform, greeting(platform, "dev-2", derive_key(group_key, "dev-2")))
    assert accepted.code == 0, "another device does not"
    platform.clock.advance(60)
    _, accepted = await connect(platform, good)
    assert accepted.code == 0
