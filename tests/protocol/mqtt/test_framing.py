"""Packets are cut alike however the stream was chopped, and nothing is kept beyond the limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.protocol.mqtt.framing import Framer
from holdfast.protocol.mqtt.reasons import Reason
from holdfast.protocol.mqtt.wire import frame

MAXIMUM = 20_000
bodies = st.lists(st.binary(max_size=300) | st.integers(0, MAXIMUM).map(lambda n: b"x" * n), max_size=6)


def cut(framer: Framer, chunks: list[bytes]) -> tuple[list[tuple[int, bytes]], Reason | None]:
    packets = []
    for chunk in chunks:
        buffer, spans, failure = framer.feed(chunk)
        packets += [(first, buffer[start:stop]) for first, start, stop in spans]
        if failure is not None:
            return packets, failure.reason
    return packets, None


def single_bytes(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@given(bodies, st.data())
def test_packets_survive_any_chopping(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frame(0x30, body) for body in parts)
    places = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    assert cut(Framer(MAXIMUM), chunks) == ([(0x30, body) for body in parts], None)


@given(st.binary(max_size=200))
def test_any_bytes_give_the_same_whole_and_one_by_one(data: bytes) -> None:
    assert cut(Framer(50), [data]) == cut(Framer(50), single_bytes(data))


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        (b"\xff\xff\xff\xff", Reason.MALFORMED_PACKET),
        (b"\xff\xff\xff\x80", Reason.MALFORMED_PACKET),
        (b"\x80\x00", Reason.MALFORMED_PACKET),
        (b"\xff\x80\x00", Reason.MALFORMED_PACKET),
        (b"\xff\xff\xff\x7f", Reason.PACKET_TOO_LARGE),
        (b"\x33", Reason.PACKET_TOO_LARGE),
    ],
)
def test_a_bad_length_ends_the_stream_behind_what_was_whole(length: bytes, reason: Reason) -> None:
    stream = frame(0x30, b"good") + b"\x30" + length
    for chunks in ([stream], single_bytes(stream)):
        assert cut(Framer(50), chunks) == ([(0x30, b"good")], reason)


def test_an_announced_giant_is_refused_before_its_body_comes() -> None:
    framer = Framer(100)
    assert framer.feed(b"\x30\xff\xff\xff\x7f")[2] is not None
    assert framer.pending == 0


def test_an_unfinished_packet_is_kept_up_to_the_maximum() -> None:
    framer = Framer(100)
    framer.feed(frame(0x30, b"x" * 100)[:-1])
    assert framer.pending == 101
    framer.feed(b"x")
    assert framer.pending == 0


def test_single_stops_behind_the_first_packet_and_goes_on_when_told() -> None:
    framer = Framer(100, single=True)
    stream = frame(0x10, b"connect") + frame(0x30, b"a") + frame(0x30, b"b")
    assert cut(framer, [stream[:-1]]) == ([(0x10, b"connect")], None)
    framer.hold(stream[-1:])
    framer.single = False
    assert cut(framer, [b""]) == ([(0x30, b"a"), (0x30, b"b")], None)
