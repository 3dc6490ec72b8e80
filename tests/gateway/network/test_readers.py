"""One watch for all sockets."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest

from holdfast.gateway.network import readers
from holdfast.gateway.network.readers import Readers

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
async def watch() -> AsyncIterator[Readers]:
    made = Readers()
    yield made
    made.close()


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    """What the watch sees, and the peer of it."""
    made = [socket.socketpair() for _ in range(3)]
    yield made
    for pair in made:
        for end in pair:
            end.close()


async def _turns() -> None:
    """Enough for everything that is ready to be called."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_socket_is_called_for_while_it_has_something_to_read(
    watch: Readers, pairs: list[Pair]
) -> None:
    read: list[bytes] = []
    (near, far), *_ = pairs
    watch.watch(near, lambda: read.append(near.recv(1)))
    await _turns()
    assert read == []
    far.send(b"ab")
    await _turns()
    assert read == [b"a", b"b"]


async def test_the_newest_callback_is_called(watch: Readers, pairs: list[Pair]) -> None:
    called: list[str] = []
    (near, far), *_ = pairs
    watch.watch(near, lambda: called.append("first"))
    watch.watch(near, lambda: called.append("second"))
    far.send(b"a")
    await _turns()
    assert set(called) == {"second"}


async def test_an_ignored_socket_is_called_for_again_once_it_is_watched(
    watch: Readers, pairs: list[Pair]
) -> None:
    read: list[bytes] = []
    (near, far), *_ = pairs
    watch.watch(near, lambda: read.append(near.recv(1)))
    watch.ignore(near)
    watch.ignore(near)
    far.send(b"a")
    await _turns()
    assert read == []
    watch.watch(near, lambda: read.append(near.recv(1)))
    await _turns()
    assert read == [b"a"]


async def test_who_ends_the_others_waiting_is_the_only_one_called(watch: Readers, pairs: list[Pair]) -> None:
    called: list[int] = []

    def ready(number: int) -> None:
        called.append(number)
        for near, _ in pairs:
            watch.ignore(near)
            near.close()

    for number, (near, far) in enumerate(pairs):
        watch.watch(near, partial(ready, number))
        far.send(b"a")
    await _turns()
    assert len(called) == 1


async def test_one_that_fails_does_not_hinder_the_others(
    watch: Readers, pairs: list[Pair], caplog: pytest.LogCaptureFixture
) -> None:
    (first, first_peer), (second, second_peer), _ = pairs
    read: list[bytes] = []

    def fail() -> None:
        watch.ignore(first)
        raise LookupError("on purpose")

    watch.watch(first, fail)
    watch.watch(second, lambda: read.append(second.recv(1)))
    first_peer.send(b"a")
    second_peer.send(b"a")
    with caplog.at_level(logging.ERROR):
        await _turns()
    assert read == [b"a"]
    assert "a connection failed" in caplog.text


async def test_everybody_has_a_turn_however_many_there_are(
    watch: Readers, pairs: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "TURN_SOCKETS", 1)
    called: list[int] = []
    for number, (near, far) in enumerate(pairs):
        watch.watch(near, partial(called.append, number))
        far.send(b"a")  # nobody reads it: all are ready all the time
    await _turns()
    assert set(called[: len(pairs)]) == {0, 1, 2}
