"""The people listener: rules before TLS, live enforcement, proxies, a clean stop."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from holdfast.kernel.network import NetworkRules, parse_network
from holdfast.protocol.proxy import encode_proxy
from holdfast.runtime.people_listener import PeopleListener, server_context


async def who(request: Request) -> PlainTextResponse:
    assert request.client is not None
    return PlainTextResponse(request.client.host)


class World:
    """A listener with rules that tests change, and a client that trusts it."""

    def __init__(self) -> None:
        authority = trustme.CA()
        context = server_context()
        authority.issue_cert("localhost").configure_cert(context)
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        self.rules = NetworkRules()
        self.refused: list[str] = []
        self.listener = PeopleListener(
            Starlette(routes=[Route("/", who)]),
            context,
            self._rules,
            (parse_network("127.0.0.9"),),
            lambda address, _reason: self.refused.append(address),
        )
        self.port = 0
        self.asked = 0
        """How often the rules were looked at."""

    def _rules(self) -> NetworkRules:
        self.asked += 1
        return self.rules

    async def connect(self, source: str = "127.0.0.1", hello: bytes = b"") -> socket.socket:
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        connection.setblocking(False)
        connection.bind((source, 0))
        await loop.sock_connect(connection, ("127.0.0.1", self.port))
        await loop.sock_sendall(connection, hello)
        return connection

    async def open(
        self, source: str = "127.0.0.1", hello: bytes = b""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = await self.connect(source, hello)
        return await asyncio.open_connection(sock=connection, ssl=self.trust, server_hostname="localhost")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    world.port = await world.listener.start(["127.0.0.1"], 0)
    yield world
    await world.listener.stop(grace=0.1)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.splitlines() if line.startswith(b"content-length")
    )
    return await reader.readexactly(length)


async def test_the_application_sees_the_address_that_connects(world: World) -> None:
    assert await ask(*await world.open("127.0.0.5")) == b"127.0.0.5"


async def test_a_refused_address_does_not_even_get_a_tls_greeting(world: World) -> None:
    world.rules = NetworkRules(default_action="Deny")
    connection = await world.connect("127.0.0.5")
    assert await asyncio.get_running_loop().sock_recv(connection, 1) == b""
    assert world.refused == ["127.0.0.5"]


async def test_changed_rules_close_the_live_connections_that_they_no_longer_admit(world: World) -> None:
    inside, outside = await world.open("127.0.0.5"), await world.open("127.0.0.6")
    assert [await ask(*inside), await ask(*outside)] == [b"127.0.0.5", b"127.0.0.6"]
    world.rules = replace(world.rules, public_access=False, private_networks=(parse_network("127.0.0.5"),))
    assert world.listener.enforce() == 1
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await ask(*outside)
    assert await ask(*inside) == b"127.0.0.5"


async def test_rules_that_change_during_a_handshake_are_looked_at_after_it(world: World) -> None:
    connection = await world.connect("127.0.0.6")
    while not world.asked:
        await asyncio.sleep(0)
    world.rules = NetworkRules(default_action="Deny")
    assert world.listener.enforce() == 0, "there is no connection yet"
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await ask(
            *await asyncio.open_connection(sock=connection, ssl=world.trust, server_hostname="localhost")
        )
    assert world.refused == ["127.0.0.6"]


async def test_a_trusted_proxy_names_the_client_and_the_rules_judge_that_one(world: World) -> None:
    hello = encode_proxy("192.0.2.44", 5000, "192.0.2.1", 443)
    assert await ask(*await world.open("127.0.0.9", hello)) == b"192.0.2.44"
    world.rules = NetworkRules("Deny", (), True, ())
    connection = await world.connect("127.0.0.9", hello)
    assert await asyncio.get_running_loop().sock_recv(connection, 1) == b""
    assert world.refused == ["192.0.2.44"]


async def test_a_proxy_header_from_anybody_else_is_not_believed(world: World) -> None:
    hello = encode_proxy("192.0.2.44", 5000, "192.0.2.1", 443)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await world.open("127.0.0.5", hello)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_old_tls_is_refused(world: World, version: ssl.TLSVersion) -> None:
    world.trust.minimum_version = version
    world.trust.maximum_version = version
    world.trust.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await world.open()


async def test_plaintext_gets_no_answer(world: World) -> None:
    connection = await world.connect(hello=b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    received = b""
    while more := await asyncio.get_running_loop().sock_recv(connection, 4096):
        received += more
    assert b"HTTP" not in received
