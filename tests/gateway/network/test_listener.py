"""Listeners: addresses are judged before TLS, and nobody holds a place for ever."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from holdfast.gateway.limits import GatewayLimits
from holdfast.kernel.errors import StartupError
from holdfast.kernel.network import IpRule, NetworkRules, parse_network
from holdfast.protocol.mqtt.connect import Connack, encode_connect
from holdfast.protocol.mqtt.publish import Acknowledgement
from holdfast.protocol.proxy import encode_proxy
from tests.gateway.client import Client, connect, connect_device, hello, open_client
from tests.gateway.platform import Platform, open_platform

NOBODY = NetworkRules("Deny")
PROXY = "127.0.0.1"


async def is_refused(platform: Platform, port: int) -> bool:
    """Whether the connection ends before a byte of TLS came back."""
    try:
        reader, writer = await asyncio.open_connection(platform.address, port)
        writer.write(b"\x16\x03\x01\x00\x05hello")
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def test_a_refused_address_gets_no_byte_of_tls_on_any_port(platform: Platform) -> None:
    platform.rules.append(NOBODY)
    for port in (platform.mqtt_port, platform.https_port):
        assert await is_refused(platform, port)
    assert platform.gateway.services.refusals.total == 2
    platform.rules.append(NetworkRules("Deny", (IpRule("here", parse_network("127.0.0.0/8")),)))
    client = await open_client(platform)
    client.cut()


async def test_disabled_public_access_lets_private_networks_in_only(platform: Platform) -> None:
    platform.rules.append(NetworkRules(public_access=False, private_networks=(parse_network("10.0.0.0/8"),)))
    assert await is_refused(platform, platform.mqtt_port)
    platform.rules.append(NetworkRules(public_access=False, private_networks=(parse_network("127.0.0.0/8"),)))
    client = await open_client(platform)
    client.cut()


async def test_a_change_of_rules_bites_on_live_connections(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key)
    assert platform.gateway.enforce_network_rules() == 0
    platform.rules.append(NOBODY)
    assert platform.gateway.enforce_network_rules() == 1
    await device.closed()


async def test_a_taken_port_is_one_sentence(platform: Platform) -> None:
    with socket.create_server((platform.address, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=f"port {port}"):
            await platform.gateway.listen_mqtt("devices", [platform.address], port)


# ---- balancers


@pytest.fixture
async def balanced(tmp_path: Path) -> AsyncIterator[Platform]:
    async with open_platform(tmp_path, proxies=(f"{PROXY}/32",)) as platform:
        yield platform


async def through_proxy(platform: Platform, source: str, cut_at: int = 100) -> Client:
    """A connection as a balancer makes it for `source`, its header in two pieces."""
    reader, writer = await asyncio.open_connection(platform.address, platform.mqtt_port)
    target = "2001:db8::1" if ":" in source else platform.address
    header = encode_proxy(source, 1234, target, platform.mqtt_port)
    writer.write(header[:cut_at])
    await writer.drain()
    await asyncio.sleep(0)
    writer.write(header[cut_at:])
    await writer.start_tls(platform.client_context, server_hostname=platform.address)
    return Client(reader, writer)


@pytest.mark.parametrize("source", ["203.0.113.7", "2001:db8::7"])
async def test_a_trusted_balancer_names_the_device(balanced: Platform, source: str) -> None:
    key = balanced.device_with_key("dev-1", balanced.key_group())
    client = await through_proxy(balanced, source, cut_at=7)
    client.send(encode_connect(hello(balanced, "dev-1", balanced.token("dev-1", key))))
    assert (await client.take(Connack)).code == 0
    assert balanced.gateway.admission.connections == {source: 1}
    await balanced.gateway.services.ingest.drain()
    (record,) = balanced.records("connected")
    assert f'"address":"{source}"'.encode() in record.body


async def test_rules_judge_the_device_behind_the_balancer(balanced: Platform) -> None:
    balanced.rules.append(NetworkRules("Deny", (IpRule("plant", parse_network("203.0.113.0/24")),)))
    client = await through_proxy(balanced, "203.0.113.7")
    client.cut()
    with pytest.raises((ConnectionError, OSError)):
        await through_proxy(balanced, "198.51.100.7")


async def test_a_balancer_without_a_header_is_cut(balanced: Platform) -> None:
    with pytest.raises((ConnectionError, OSError)):
        await open_client(balanced)


async def test_a_header_from_anybody_else_is_not_believed(platform: Platform) -> None:
    with pytest.raises((ConnectionError, OSError)):
        await through_proxy(platform, "203.0.113.7")


# ---- time and number


async def test_a_silent_stranger_is_cut_and_frees_its_place(tmp_path: Path) -> None:
    async with open_platform(tmp_path, GatewayLimits(concurrent_handshakes=2)) as platform:
        silent = [await asyncio.open_connection(platform.address, platform.mqtt_port) for _ in range(3)]
        gate = platform.gateway.admission.gate
        while gate.active + gate.waiting < 3:
            await asyncio.sleep(0.001)
        assert (gate.active, gate.waiting) == (1, 2), "one address gets half of the places"
        for left in (2, 1, 0):
            platform.clock.advance(platform.gateway.limits.handshake_seconds + 1)
            platform.gateway.sweep()
            while gate.active + gate.waiting > left:
                await asyncio.sleep(0.001)
        for reader, _ in silent:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        client = await open_client(platform)
        client.cut()


async def test_more_handshakes_than_places_all_get_through(tmp_path: Path) -> None:
    """Those that wait have sent their ClientHello already."""
    async with open_platform(tmp_path, GatewayLimits(concurrent_handshakes=4)) as platform:
        clients = await asyncio.gather(*(open_client(platform) for _ in range(30)))
        assert len(clients) == 30
        for client in clients:
            client.cut()


async def test_a_connection_without_connect_is_closed(platform: Platform) -> None:
    client = await open_client(platform)
    await asyncio.sleep(0)
    platform.clock.advance(platform.gateway.limits.handshake_seconds + 1)
    while platform.gateway.listeners[0].channels:
        platform.gateway.sweep()
        await asyncio.sleep(0.001)
    await client.closed()


async def test_an_address_has_a_bounded_number_of_connections(tmp_path: Path) -> None:
    async with open_platform(tmp_path, GatewayLimits(connections_per_address=2)) as platform:
        clients = [await open_client(platform) for _ in range(2)]
        assert await is_refused(platform, platform.mqtt_port)
        clients[0].cut()
        while platform.gateway.admission.connections["127.0.0.1"] > 1:
            await asyncio.sleep(0.001)
        another = await open_client(platform)
        another.cut()


async def test_a_handshake_of_garbage_without_end_is_cut(platform: Platform) -> None:
    reader, writer = await asyncio.open_connection(platform.address, platform.mqtt_port)
    # A handshake record that announces a ClientHello of 16 MB, and then goes on and on.
    record = b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes(0x4000 - 4)
    try:
        for _ in range(64):
            writer.write(record)
            await writer.drain()
        assert (await reader.read())[:1] in (b"", b"\x15")
    except ConnectionError:
        pass


async def test_a_device_that_does_not_read_is_cut(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    packet = hello(platform, "dev-1", platform.token("dev-1", key))
    client, _ = await connect(platform, packet)
    (channel,) = platform.gateway.listeners[0].channels
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a reading transport
    sent = 0
    while channel in platform.gateway.listeners[0].channels:
        channel.send(bytes(100_000))
        sent += 100_000
        await asyncio.sleep(0)
        assert sent < 100_000_000
    assert platform.gateway.services.live.get("dev-1") is None


async def test_a_refusal_arrives_whatever_was_sent_behind_the_connect(platform: Platform) -> None:
    platform.device_with_key("dev-1", platform.key_group())
    client = await open_client(platform)
    client.send(encode_connect(hello(platform, "dev-1", "SharedAccessSignature none")) + bytes(200_000))
    assert (await client.take(Connack)).code == 5
    assert await client.closed() == []


async def test_records_of_any_number_and_size_arrive_whole(platform: Platform) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    device = await connect_device(platform, "dev-1", key)
    bodies = [bytes([size % 251]) * size for size in (1, 30_000, 2, 100_000, *range(100))]
    for body in bodies:  # a record each, none waiting for an answer
        device.send_publish("devices/dev-1/messages/events/", body)
    for _ in bodies:
        await device.take(Acknowledgement)
    assert platform.bodies() == bodies
