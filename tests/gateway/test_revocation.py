"""Revocation bites: live sessions close at once, on every transport, and stay refused."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from holdfast.devices.attestation import new_key
from holdfast.devices.directory import DeviceCredentials
from holdfast.devices.messages import STATE_DELETE
from holdfast.kernel.json import JsonObject
from holdfast.log.port import EMPTY_TWIN
from holdfast.protocol.mqtt.connect import Connect, encode_connect
from holdfast.protocol.mqtt.disconnect import Disconnect
from holdfast.protocol.mqtt.publish import Publish
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.sas import decode_key, sign_sas
from holdfast.resources.model import Action
from tests.gateway.client import V5, Client, Closed, connect, connect_device, hello, open_client
from tests.gateway.platform import Platform
from tests.support.pki import issue

GROUP: JsonObject = {"displayName": "keys", "type": "iot"}


async def block(platform: Platform) -> None:
    await platform.change("device", "dev-1", {"group": "keys", "enabled": False})


async def delete(platform: Platform) -> None:
    platform.world.change(Action.DELETE, "device", "dev-1")
    await platform.control.bus.publish("invalidate.device", {"id": "dev-1"})


def _group(platform: Platform) -> JsonObject:
    group = platform.world.store.get("enrollmentGroup", "keys")
    assert group is not None
    return {**GROUP, "attestation": group.body["attestation"]}


async def disable_group(platform: Platform) -> None:
    await platform.change("enrollmentGroup", "keys", {**_group(platform), "enabled": False})


async def rotate_key(platform: Platform) -> None:
    randomness = platform.world.randomness
    keys: JsonObject = {"primaryKey": new_key(randomness), "secondaryKey": new_key(randomness)}
    attestation: JsonObject = {"type": "symmetricKey", "symmetricKey": keys}
    await platform.change("enrollmentGroup", "keys", {**GROUP, "attestation": attestation})


async def delete_before_the_news(platform: Platform) -> None:
    """What is asked of the gateway may come before the news that empty the caches."""
    platform.world.change(Action.DELETE, "device", "dev-1")
    await platform.control.bus.request("gateway", STATE_DELETE, {"device": "dev-1"}, 5.0)


REVOCATIONS: list[Callable[[Platform], Awaitable[None]]] = [
    block,
    delete,
    delete_before_the_news,
    disable_group,
    rotate_key,
]


@pytest.mark.parametrize("revoke", REVOCATIONS)
@pytest.mark.parametrize("version", [4, V5])
async def test_a_device_with_a_key_is_out_at_once_and_stays_out(
    platform: Platform, revoke: Callable[[Platform], Awaitable[None]], version: int
) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key, version=version)
    await revoke(platform)
    said = await device.closed()  # no time passes on the platform's clock
    if version == V5:
        assert [p.reason for p in said if isinstance(p, Disconnect)] == [Reason.NOT_AUTHORIZED]
    _, answer = await connect(platform, hello(platform, "dev-1", platform.token("dev-1", key)))
    assert answer.code == 5


async def test_other_devices_stay(platform: Platform) -> None:
    group_key = platform.key_group()
    blocked = await connect_device(platform, "dev-1", platform.device_with_key("dev-1", group_key))
    other = await connect_device(platform, "dev-2", platform.device_with_key("dev-2", group_key))
    await block(platform)
    await blocked.closed()
    await other.ping()


async def test_a_change_that_concerns_nothing_leaves_the_session(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key)
    await platform.change("device", "dev-1", {"group": "keys", "displayName": "renamed"})
    await platform.change("enrollmentGroup", "keys", {**_group(platform), "displayName": "renamed"})
    await platform.gateway.services.tasks.finish()
    await device.ping()


async def test_a_revoked_certificate_is_out(platform: Platform) -> None:
    root = issue("root", authority=True)
    platform.certificate_group("certificates", root)
    platform.world.put("device", "dev-1", {"group": "certificates", "provisioned": True})
    leaf = issue("dev-1", root)
    context = platform.context_for(leaf)
    device, answer = await connect(platform, hello(platform, "dev-1", None), context)
    assert answer.code == 0
    certificates: JsonObject = {"primary": {"certificate": root.pem, "verified": True}}
    body: JsonObject = {
        "displayName": "certificates",
        "type": "iot",
        "attestation": {
            "type": "x509",
            "x509": {
                "signingCertificates": certificates,
                "revokedSerials": [f"{leaf.certificate.serial_number:x}"],
            },
        },
    }
    await platform.change("enrollmentGroup", "certificates", body)
    await device.closed()
    _, answer = await connect(platform, hello(platform, "dev-1", None), context)
    assert answer.code == 5


async def test_a_replaced_thumbprint_is_out(platform: Platform) -> None:
    old, new = issue("dev-1"), issue("dev-1")
    platform.device_with_thumbprint("dev-1", old)
    device, answer = await connect(platform, hello(platform, "dev-1", None), platform.context_for(old))
    assert answer.code == 0
    clients: JsonObject = {"clientCertificates": {"primary": {"certificate": new.pem}}}
    await platform.change("deviceAttestation", "dev-1", {"type": "x509", "x509": clients})
    await device.closed()
    _, answer = await connect(platform, hello(platform, "dev-1", None), platform.context_for(new))
    assert answer.code == 0


async def test_what_changes_while_a_device_is_let_in_counts(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    client: Client = await open_client(platform)
    packet: Connect = hello(platform, "dev-1", platform.token("dev-1", key))
    client.send(encode_connect(packet))
    await block(platform)
    said = await client.closed()
    assert platform.gateway.services.live.get("dev-1") is None
    assert len(said) <= 1


async def test_what_changes_while_another_change_is_looked_up_counts(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key)
    look_up = platform.registry.credentials
    looked, go_on = threading.Event(), threading.Event()

    def slow(name: str) -> DeviceCredentials | None:
        found = look_up(name)
        looked.set()
        go_on.wait(60)
        return found

    monkeypatch.setattr(platform.registry, "credentials", slow)
    await platform.change("device", "dev-1", {"group": "keys", "displayName": "renamed"})
    assert await asyncio.to_thread(looked.wait, 60)
    await block(platform)
    while not platform.gateway.services.live._pending:
        await asyncio.sleep(0.001)
    go_on.set()
    await device.closed()


async def test_a_silent_bus_makes_the_gateway_ask_the_store(platform: Platform) -> None:
    """The invalidation never comes; the device is out all the same."""
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key, keep_alive=1000)
    platform.world.put("device", "dev-1", {"group": "keys", "enabled": False})
    platform.registry.invalidate("device", "dev-1")
    await platform.hub.stop()
    platform.clock.advance(6)
    platform.gateway.sweep()
    await device.closed()


async def test_what_another_gateway_deleted_gets_no_state_from_a_session_that_is_still_open_here(
    platform: Platform,
) -> None:
    """The news is on its way: the deletion is in the log already, and the session does not know."""
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key, ["$iothub/twin/res/#"], clean=False)
    await asyncio.to_thread(platform.state.delete, "dev-1")
    platform.clock.advance(1)
    device.send_publish("$iothub/twin/PATCH/properties/reported/?$rid=1", b'{"t":1}')
    assert b"/500/" in (await device.take(Publish)).topic
    with pytest.raises(Closed):
        await device.next()
    assert platform.state.twin("dev-1") == EMPTY_TWIN
    assert platform.state.session("dev-1") is None
    again = await connect_device(platform, "dev-1", key, ["$iothub/twin/res/#"])
    again.send_publish("$iothub/twin/PATCH/properties/reported/?$rid=2", b'{"t":2}')
    assert b"/204/" in (await again.take(Publish)).topic


async def test_a_shared_access_policy_signs_for_every_device_until_it_is_deleted(platform: Platform) -> None:
    platform.device_with_key("dev-1", platform.key_group())
    key = new_key(platform.world.randomness)
    await platform.change("sharedAccessPolicy", "pool", {"primaryKey": key, "secondaryKey": key})
    token = sign_sas(platform.address, decode_key(key), int(platform.clock.now() + 60), "pool")
    client, answer = await connect(platform, hello(platform, "dev-1", token, version=V5))
    assert answer.code == 0
    platform.world.change(Action.DELETE, "sharedAccessPolicy", "pool")
    await platform.control.bus.publish("invalidate.sharedAccessPolicy", {"id": "pool"})
    assert (await client.take(Disconnect)).reason == Reason.NOT_AUTHORIZED
    _client, answer = await connect(platform, hello(platform, "dev-1", token))
    assert answer.code == 5
