"""No dissector falls over what comes from the wire."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.defender.dissect.registry import DISSECTORS, PROTOCOLS
from holdfast.defender.dissect.session import Dissector, MalformedError
from holdfast.defender.flows.model import Endpoint, Flow
from holdfast.defender.record import Record, Role
from tests.defender.dissect.feeding import Exchange, Message, check, dissector, exchanges, feed

EXCHANGES = exchanges()
_PORTS = {"mdns": 5353, "llmnr": 5355}
"""Where the port tells the protocol."""
_MIXED = frozenset({"cotp", "rdp", "iec104"})
"""Samples of several conversations, some of them broken."""
named = pytest.mark.parametrize("exchange", EXCHANGES, ids=[f"{one[0]}-{one[1]}" for one in EXCHANGES])


@named
def test_samples_are_read_to_their_fields(exchange: Exchange) -> None:
    records = feed(dissector(exchange), exchange.transport, exchange.messages)
    check(records)
    assert records


def test_there_are_samples_of_every_dissector() -> None:
    assert {exchange.protocol for exchange in EXCHANGES} >= {each.name for each in DISSECTORS}


def test_every_protocol_comes_up_in_the_samples() -> None:
    found = {
        record.protocol
        for exchange in EXCHANGES
        for record in feed(
            dissector(exchange), exchange.transport, exchange.messages, _PORTS.get(exchange.protocol, 0)
        )
    }
    assert found == PROTOCOLS


@named
def test_truncation_at_every_byte_is_survived(exchange: Exchange) -> None:
    entry = dissector(exchange)
    for number, (to_server, payload) in enumerate(exchange.messages):
        before = exchange.messages[max(number - 1, 0) : number]
        for length in range(len(payload)):
            records = feed(entry, exchange.transport, (*before, Message(to_server, payload[:length])))
            check(record for record in records if record.frame > len(before))


_EDITS = st.lists(
    st.tuples(st.integers(0, 4095), st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)) | st.integers(0, 255)),
    max_size=6,
)


@st.composite
def broken_talks(draw: st.DrawFn, messages: tuple[Message, ...]) -> list[Message]:
    """Some of the messages in any order, with other bytes here and there, cut short or with more behind."""
    talk: list[Message] = []
    for to_server, payload in draw(st.lists(st.sampled_from(messages), min_size=1, max_size=4)):
        broken = bytearray(payload)
        for place, value in draw(_EDITS):
            broken[place % len(broken)] = value
        stop = draw(st.none() | st.integers(0, len(broken)))
        talk.append(Message(draw(st.just(to_server) | st.booleans()), bytes(broken[:stop]) + draw(_BEHIND)))
    return talk


_BEHIND = st.just(b"") | st.binary(max_size=24)


@named
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_broken_talks_are_survived(exchange: Exchange, data: st.DataObject) -> None:
    check(feed(dissector(exchange), exchange.transport, data.draw(broken_talks(exchange.messages))))


def _is_sound(entry: Dissector, message: Message) -> bool:
    """Whether a message is read to its end alone."""
    flow = Flow(1, "tcp", (), Endpoint("", "10.0.0.1", 40_000), Endpoint("", "10.0.0.2", 50_000))
    records: list[Record] = []
    session, direction = (
        entry.session(flow, records.append),
        flow.client if message.to_server else flow.server,
    )
    try:
        used = session.feed(message.payload, 0, len(message.payload), 1, 1, direction)
    except MalformedError:
        return False
    return used == len(message.payload) and not any(each.role is Role.MALFORMED for each in records)


@named
def test_a_stream_means_the_same_in_pieces(exchange: Exchange) -> None:
    if exchange.transport != "tcp":
        return
    entry = dissector(exchange)
    sound = exchange.messages
    if exchange.protocol in _MIXED:
        sound = tuple(each for each in sound if _is_sound(entry, each))
    bytewise = [
        Message(to_server, payload[at : at + 1]) for to_server, payload in sound for at in range(len(payload))
    ]
    assert sound
    whole = [(each.kind, each.role, each.key) for each in feed(entry, "tcp", sound)]
    pieces = [(each.kind, each.role, each.key) for each in feed(entry, "tcp", bytewise)]
    assert pieces == whole
