"""HTTP of devices, bytes in and events out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.https.server import (
    MAXIMUM_HEADERS,
    End,
    Event,
    Head,
    HttpError,
    HttpServer,
    path_segments,
)

REQUEST = (
    b"POST /devices/a%20b/messages/events?api-version=1&x=%C3%A9&flag HTTP/1.1\r\n"
    b"Host: hub\r\niothub-app-Key: caf\xc3\xa9\r\niothub-app-key: \xe9\r\nContent-Length: 5\r\n\r\nhello"
)


def events(*pieces: bytes) -> list[Event]:
    server, found = HttpServer(), list[Event]()
    for piece in pieces:
        server.receive(piece)
        for event in server.events():
            if isinstance(event, bytes) and found and isinstance(found[-1], bytes):
                found[-1] += event
            else:
                found.append(event)
    return found


def test_a_request_is_taken_apart() -> None:
    head, body, end = events(REQUEST)
    assert isinstance(head, Head)
    assert (head.method, head.path) == ("POST", "/devices/a%20b/messages/events")
    assert head.query == {"api-version": "1", "x": "é", "flag": ""}
    assert head.headers["iothub-app-key"] == "café", "the first counts"
    assert head.pairs[1:3] == (("iothub-app-Key", "café"), ("iothub-app-key", "é"))
    assert (head.length, body, end) == (5, b"hello", End())
    assert path_segments(head.path) == ("devices", "a b", "messages", "events")


def test_byte_by_byte_it_is_the_same() -> None:
    assert events(*(REQUEST[place : place + 1] for place in range(len(REQUEST)))) == events(REQUEST)


@given(st.binary(max_size=200), st.integers(0, len(REQUEST)))
def test_anything_is_a_request_or_an_http_error(data: bytes, place: int) -> None:
    for text in (data, REQUEST[:place] + data + REQUEST[place:]):
        status = 400
        try:
            events(text)
        except HttpError as error:
            status = error.status
        assert 400 <= status < 600


def test_the_next_request_waits_until_the_present_one_is_answered() -> None:
    server = HttpServer()
    server.receive(REQUEST + REQUEST)
    assert len(list(server.events())) == 3
    assert list(server.events()) == []
    assert not server.next_request(), "it is not answered"
    server.response_head(204, [])
    server.response_end()
    assert server.next_request()
    assert len(list(server.events())) == 3


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"Host: x\r\n" * (MAXIMUM_HEADERS + 1) + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * (MAXIMUM_HEADERS + 1) + b"\r\n", 431),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    ],
)
def test_what_is_beyond_a_bound_is_refused(target: bytes, status: int) -> None:
    with pytest.raises(HttpError) as refused:
        events(target)
    assert refused.value.status == status


@pytest.mark.parametrize("path", ["/../x", "/a/./b", "/a/%2E%2e/b", "/a%00"])
def test_a_path_that_climbs_is_refused(path: str) -> None:
    with pytest.raises(HttpError):
        path_segments(path)


def test_an_encoded_slash_stays_in_its_part() -> None:
    assert path_segments("/a%2Fb/c") == ("a/b", "c")
