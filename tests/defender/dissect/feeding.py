"""Gives payloads to one dissector as a flow would, and holds it to what every dissector promises."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from holdfast.defender.dissect.registry import DISSECTORS, PROTOCOLS
from holdfast.defender.dissect.session import Dissector, MalformedError
from holdfast.defender.flows.model import Endpoint, Flow
from holdfast.defender.record import Record, Role


class Message(NamedTuple):
    """A payload and who sent it."""

    to_server: bool
    payload: bytes


class Exchange(NamedTuple):
    """Payloads of one protocol: from the public captures of ICSNPP, Zeek, Suricata and ITI, and own ones."""

    protocol: str
    transport: str
    messages: tuple[Message, ...]


@cache
def exchanges() -> tuple[Exchange, ...]:
    """Every exchange of `samples.tsv`: protocol, transport, sender and payload in hexadecimal a line."""
    found: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for line in (Path(__file__).parent / "samples.tsv").read_text("ascii").splitlines():
        protocol, transport, sender, payload = line.split("\t")
        found[protocol, transport].append(Message(sender == "client", bytes.fromhex(payload)))
    return tuple(Exchange(*names, tuple(messages)) for names, messages in found.items())


def dissector(exchange: Exchange) -> Dissector:
    """The entry that reads an exchange."""
    named = [each for each in DISSECTORS if exchange.protocol in (each.name, *each.records)]
    return next((each for each in named if exchange.transport in each.over), named[0])


def feed(entry: Dissector, transport: str, messages: Iterable[Message], port: int = 0) -> list[Record]:
    """The records that a new session makes of the payloads, on the protocol's first port or on `port`."""
    server = Endpoint("00:00:00:00:00:02", "10.0.0.2", port or next(iter(entry.tcp + entry.udp), 0))
    flow = Flow(1, transport, (), Endpoint("00:00:00:00:00:01", "10.0.0.1", 40_000), server)
    flow.service = entry.name
    records: list[Record] = []
    flow.session = entry.session(flow, records.append)
    flow.client.reader = flow.server.reader = flow.session
    carried = {True: b"", False: b""}
    for frame, (to_server, payload) in enumerate(messages, 1):
        direction = flow.client if to_server else flow.server
        data = carried[to_server] + payload
        assert direction.reader is not None
        try:
            used = direction.reader.feed(data, 0, len(data), frame, frame, direction)
        except MalformedError:
            carried[to_server] = b""
            continue
        assert 0 <= used <= len(data)
        carried[to_server] = data[used:] if transport == "tcp" else b""
    return records


def check(records: Iterable[Record]) -> None:
    """Every record has a known protocol, a key that can be looked up, and fields that can be written down."""
    for record in records:
        assert record.protocol in PROTOCOLS
        assert record.kind
        assert record.role is not Role.FLOW
        hash(record.key)
        msgspec.json.encode(record.fields)
