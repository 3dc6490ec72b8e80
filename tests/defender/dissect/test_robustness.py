"""No dissector falls over what comes from the wire."""

import random

import pytest

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


@named
def test_flipped_bytes_are_survived(exchange: Exchange) -> None:
    entry, chance = dissector(exchange), random.Random(20260601)
    for number, (to_server, payload) in enumerate(exchange.messages):
        before = exchange.messages[max(number - 1, 0) : number]
        for _ in range(16):
            broken = bytearray(payload)
            for _ in range(chance.randint(1, 4)):
                broken[chance.randrange(len(broken))] = chance.choice((0, 0xFF, 0x80, chance.randrange(256)))
            records = feed(entry, exchange.transport, (*before, Message(to_server, bytes(broken))))
            check(record for record in records if record.frame > len(before))


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
