"""HTTP itself: what a peer may send, in which pieces, how slowly, and how the connection ends."""

import asyncio
from collections.abc import Callable

import pytest

from holdfast.gateway.https.connection import EXCHANGE, IDLE_SECONDS, LINGER_BYTES, LINGER_SECONDS
from tests.gateway.https.client import SECONDS, HttpsClient, open_https
from tests.gateway.platform import Platform

EVENTS = "/devices/dev-1/messages/events"


@pytest.fixture
def token(platform: Platform) -> str:
    key = platform.device_with_key("dev-1", platform.key_group())
    return platform.token("dev-1", key)


def raw(token: str, body: bytes, *lines: str, length: bool = True) -> bytes:
    head = [f"POST {EVENTS} HTTP/1.1", "Host: x", f"Authorization: {token}", *lines]
    if length:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


async def said(client: HttpsClient) -> bytes:
    async with asyncio.timeout(SECONDS):
        return await client.reader.readuntil(b"\r\n\r\n")


async def test_a_request_byte_by_byte_is_a_request(platform: Platform, token: str) -> None:
    async with await open_https(platform) as client:
        for byte in raw(token, b"hello"):
            client.writer.write(bytes([byte]))
        assert (await said(client)).startswith(b"HTTP/1.1 204 ")
    assert platform.bodies() == [b"hello"]


async def test_requests_behind_each_other_are_answered_in_order(platform: Platform, token: str) -> None:
    bodies = [b"1", b"22", b"333"]
    async with await open_https(platform) as client:
        client.writer.write(b"".join(raw(token, body) for body in bodies))
        for _ in bodies:
            assert (await said(client)).startswith(b"HTTP/1.1 204 ")
    assert platform.bodies() == bodies


async def test_a_chunked_body_and_a_peer_that_waits_for_leave(platform: Platform, token: str) -> None:
    async with await open_https(platform) as client:
        lines = ("Transfer-Encoding: chunked", "Expect: 100-continue")
        client.writer.write(raw(token, b"", *lines, length=False))
        assert (await said(client)).startswith(b"HTTP/1.1 100 ")
        client.writer.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert (await said(client)).startswith(b"HTTP/1.1 204 ")
    assert platform.bodies() == [b"abcde"]


async def test_a_refused_peer_gets_no_leave_to_send(platform: Platform, token: str) -> None:
    async with await open_https(platform) as client:
        client.writer.write(raw("", bytes(0), "Expect: 100-continue", "Content-Length: 200000", length=False))
        answer = await said(client)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"close" in answer.lower()


async def test_a_refused_body_is_thrown_away_and_the_connection_ends(platform: Platform, token: str) -> None:
    async with await open_https(platform) as client:
        client.writer.write(raw("", b"", f"Content-Length: {10 * LINGER_BYTES}", length=False))
        assert (await said(client)).startswith(b"HTTP/1.1 401 ")
        client.writer.write(bytes(LINGER_BYTES + 70_000))
        await client.closed()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 nonsense\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET x HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET /a/%2e%2e/b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(201)) + b"\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_answered_and_the_connection_ends(platform: Platform, data: bytes) -> None:
    async with await open_https(platform) as client:
        client.writer.write(data)
        assert (await client.closed()).startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))


async def test_a_body_that_breaks_off_leaves_nothing(platform: Platform, token: str) -> None:
    async with await open_https(platform) as client:
        client.writer.write(raw(token, b"", "Content-Length: 10", length=False) + b"12345")
        await until(is_reading)
    await until(lambda: not any(listener.channels for listener in platform.gateway.listeners))
    await platform.gateway.services.tasks.finish()
    assert platform.bodies() == []


async def test_a_slow_or_silent_peer_is_cut(platform: Platform, token: str) -> None:
    async with await open_https(platform) as client:
        client.writer.write(raw(token, b"", "Content-Length: 10", length=False) + b"12345")
        await until(is_reading)
        platform.clock.advance(platform.gateway.limits.handshake_seconds + 1)
        platform.gateway.sweep()
        assert await client.closed() == b""


async def test_an_idle_connection_is_kept_for_a_while(platform: Platform, token: str) -> None:
    async with await open_https(platform) as client:
        assert (await client.request("POST", EVENTS, b"x", token)).status == 204
        platform.clock.advance(IDLE_SECONDS - 1)
        platform.gateway.sweep()
        assert (await client.request("POST", EVENTS, b"y", token)).status == 204
        platform.clock.advance(IDLE_SECONDS + 1)
        platform.gateway.sweep()
        assert await client.closed() == b""


async def test_a_peer_that_never_stops_sending_what_was_refused_is_cut(platform: Platform) -> None:
    async with await open_https(platform) as client:
        client.writer.write(raw("", b"", "Content-Length: 100000", length=False))
        assert (await said(client)).startswith(b"HTTP/1.1 401 ")
        platform.clock.advance(LINGER_SECONDS + 1)
        platform.gateway.sweep()
        await client.closed()


async def test_our_own_faults_are_told_without_their_cause(
    platform: Platform, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_device: str) -> None:
        raise ValueError("a secret of ours")

    monkeypatch.setattr(platform.registry, "cached", broken)
    async with await open_https(platform) as client:
        answer = await client.request("POST", EVENTS, b"x", token)
        assert (answer.status, answer.headers["iothub-errorcode"]) == (500, "ServerError")
        assert b"secret" not in answer.body


def is_reading() -> bool:
    """Whether the gateway works on a request."""
    return any(task.get_name() == EXCHANGE for task in asyncio.all_tasks())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)
