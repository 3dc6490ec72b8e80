"""MQTT over WebSocket, spoken by a client library of its own."""

import asyncio

import pytest
import websockets
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect

from holdfast.gateway.network.link import Hold
from holdfast.gateway.network.websocket import MAXIMUM_HEAD, HttpFront
from holdfast.protocol.mqtt.connect import encode_connect
from holdfast.protocol.mqtt.disconnect import PINGREQ, PINGRESP
from holdfast.protocol.mqtt.publish import Publish, encode_publish
from holdfast.protocol.mqtt.wire import V311
from tests.gateway.client import hello
from tests.gateway.platform import Platform

PATH = "/$iothub/websocket"


def open_socket(platform: Platform, path: str = PATH, **options: object) -> connect:
    url = f"wss://{platform.address}:{platform.https_port}{path}"
    options = {"subprotocols": ["mqtt"], "ssl": platform.client_context, "proxy": None, **options}
    return connect(url, **options)  # type: ignore[arg-type]  # options by name


async def log_in(platform: Platform, socket: ClientConnection) -> None:
    key = platform.device_with_key("dev-1", platform.key_group())
    await socket.send(encode_connect(hello(platform, "dev-1", platform.token("dev-1", key))))
    assert await socket.recv() == b"\x20\x02\0\0"


@pytest.mark.parametrize("path", [PATH, f"{PATH}?iothub-no-client-cert=true"])
async def test_a_device_speaks_mqtt_in_binary_messages(platform: Platform, path: str) -> None:
    async with open_socket(platform, path) as socket:
        assert socket.subprotocol == "mqtt"
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers
        await log_in(platform, socket)
        message = Publish(b"devices/dev-1/messages/events/", b"x", 1, packet_id=7)
        data = encode_publish(message, V311)
        for piece in (data[:3], data[3:10], data[10:] + PINGREQ):  # packets and messages need not match
            await socket.send(piece)
        answers = await socket.recv() + await socket.recv()  # type: ignore[operator]  # bytes
        assert sorted((answers[:2], answers[2:])) == sorted((PINGRESP, b"\x40\x02\0\x07")) or answers in (
            PINGRESP + b"\x40\x02\0\x07",
            b"\x40\x02\0\x07" + PINGRESP,
        )
    assert platform.bodies() == [b"x"]
    (connected,) = platform.records("connected")
    assert b'"transport":"websocket"' in connected.body


async def test_a_fragmented_message_is_one_stream(platform: Platform) -> None:
    async with open_socket(platform) as socket:
        key = platform.device_with_key("dev-1", platform.key_group())
        data = encode_connect(hello(platform, "dev-1", platform.token("dev-1", key)))
        await socket.send([data[:5], data[5:50], data[50:]])
        assert await socket.recv() == b"\x20\x02\0\0"


async def test_a_ping_of_the_websocket_is_answered(platform: Platform) -> None:
    async with open_socket(platform) as socket:
        async with asyncio.timeout(60):
            await (await socket.ping())


async def test_text_is_not_mqtt(platform: Platform) -> None:
    async with open_socket(platform) as socket:
        await socket.send("hello")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003


async def test_a_refused_device_is_told_and_the_websocket_closed(platform: Platform) -> None:
    async with open_socket(platform) as socket:
        await socket.send(encode_connect(hello(platform, "dev-1", "no token")))
        assert await socket.recv() == b"\x20\x02\0\x05"
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()


@pytest.mark.parametrize("path", ["/", "/other", "/$iothub/websocket/x"])
async def test_there_is_no_websocket_elsewhere(platform: Platform, path: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with open_socket(platform, path):
            pass
    assert refused.value.response.status_code == 404


async def test_another_subprotocol_is_refused(platform: Platform) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with open_socket(platform, subprotocols=["AMQPWSB10"]):
            pass
    assert refused.value.response.status_code == 400


class Recorder:
    """A link and an application that only write down what happens."""

    address = "192.0.2.1"
    transport_name = "https"

    def __init__(self) -> None:
        self.received = b""
        self.sent = b""
        self.closed = False

    def receive(self, data: bytes) -> None:
        self.received += data

    def send(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def hold(self, reason: Hold) -> None: ...

    def release(self, reason: Hold) -> None: ...

    def is_held_back(self) -> bool:
        return False

    def lost(self) -> None: ...

    def overdue(self, now: float) -> bool:
        return False

    def peer_chain(self) -> tuple[bytes, ...]:
        return ()


UPGRADE = (
    b"GET /$iothub/websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


def run(chunks: list[bytes]) -> tuple[bytes, bytes, bool]:
    link, above, other = Recorder(), Recorder(), Recorder()
    front = HttpFront(link, {PATH: lambda _link: above}, lambda _link: other, 15.0)
    for chunk in chunks:
        if not link.closed:
            front.receive(chunk)
    return above.received, other.received, link.closed


@given(st.sampled_from([b"", UPGRADE, UPGRADE + b"\x82\x83\0\0\0\0abc"]), st.binary(max_size=60))
def test_any_bytes_give_the_same_whole_and_one_by_one(opening: bytes, rest: bytes) -> None:
    data = opening + rest
    assert run([data]) == run([data[at : at + 1] for at in range(len(data))])


def test_a_head_that_does_not_come_is_waited_for_only_so_long() -> None:
    front = HttpFront(Recorder(), {}, lambda _link: Recorder(), 15.0)
    assert not front.overdue(1000.0)
    front.receive(b"GET /")
    assert not front.overdue(1015.0)
    assert front.overdue(1015.1)


def test_a_head_without_end_is_cut() -> None:
    assert run([b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * MAXIMUM_HEAD]) == (b"", b"", True)
