"""Who talks to whom, summed up as connections come: so that a map of a large network needs no connections."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, select, tuple_

from holdfast.defender.network.rows import in_parts, upsert
from holdfast.defender.network.tables import connections, links
from holdfast.defender.uplink.documents import ConnectionDocument
from holdfast.kernel.clock import parse_isoformat

MAXIMUM_COMMANDS: Final = 100
"""Commands that a link names; the first of them by name."""
_decode = msgspec.json.Decoder(ConnectionDocument).decode
_texts = msgspec.json.Decoder(list[str]).decode
_KEY = (
    connections.c.client,
    connections.c.server,
    connections.c.transport,
    connections.c.port,
    connections.c.protocol,
)


class Pair(NamedTuple):
    """Two addresses of an organization, in the order of asking."""

    organization: str
    client: str
    server: str


@dataclass(slots=True)
class Sum:
    """What a pair exchanged."""

    octets: int = 0
    last: float = 0.0
    protocols: set[str] = field(default_factory=set)
    commands: set[str] = field(default_factory=set)

    def add(self, document: ConnectionDocument, known: int = 0) -> None:
        """One connection, of which so many octets are counted already."""
        self.octets += octets_of(document) - known
        self.last = max(self.last, parse_isoformat(document.last_seen))
        self.protocols.add(document.protocol or document.transport)
        self.commands.update(document.commands)


def octets_of(document: ConnectionDocument) -> int:
    """In both directions."""
    return document.client_octets + document.server_octets


def add_to_links(
    connection: Connection, organization: str, sensor: str, documents: Sequence[ConnectionDocument]
) -> None:
    """Count what a sensor says of connections, before their rows are replaced."""
    known = _known_octets(connection, sensor, documents)
    fresh = {_key(document): document for document in documents}  # the last word on each
    sums: dict[Pair, Sum] = defaultdict(Sum)
    for key, document in fresh.items():
        pair = Pair(organization, document.client, document.server)
        sums[pair].add(document, known.get(key, 0))
    _keep(connection, organization, sums)


def rebuild_links(connection: Connection, organization: str) -> None:
    """Sum an organization's connections up again, after some of them went."""
    connection.execute(delete(links).where(links.c.organization == organization))
    own = select(connections.c.document).where(connections.c.organization == organization)
    sums: dict[Pair, Sum] = defaultdict(Sum)
    for content in connection.execute(own).scalars():
        document = _decode(content)
        sums[Pair(organization, document.client, document.server)].add(document)
    upsert(connection, links, [_row(pair, total) for pair, total in sums.items()])


def _known_octets(
    connection: Connection, sensor: str, documents: Iterable[ConnectionDocument]
) -> dict[tuple[str | int, ...], int]:
    known: dict[tuple[str | int, ...], int] = {}
    for part in in_parts([_key(document) for document in documents]):
        own = (connections.c.sensor == sensor) & tuple_(*_KEY).in_(part)
        for content in connection.execute(select(connections.c.document).where(own)).scalars():
            document = _decode(content)
            known[_key(document)] = octets_of(document)
    return known


def _keep(connection: Connection, organization: str, sums: dict[Pair, Sum]) -> None:
    """Add sums to those that are kept."""
    for part in in_parts(list(sums)):
        ends = [(pair.client, pair.server) for pair in part]
        own = (links.c.organization == organization) & tuple_(links.c.client, links.c.server).in_(ends)
        for row in connection.execute(select(links).where(own)).all():
            total = sums[Pair(row.organization, row.client, row.server)]
            total.octets += row.octets
            total.last = max(total.last, row.last)
            total.protocols.update(_texts(row.protocols))
            total.commands.update(_texts(row.commands))
    upsert(connection, links, [_row(pair, total) for pair, total in sums.items()])


def _row(pair: Pair, total: Sum) -> dict[str, object]:
    return {
        **pair._asdict(),
        "octets": total.octets,
        "last": total.last,
        "protocols": _text(total.protocols),
        "commands": _text(sorted(total.commands)[:MAXIMUM_COMMANDS]),
    }


def _text(values: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(values)).decode()


def _key(document: ConnectionDocument) -> tuple[str | int, ...]:
    return document.client, document.server, document.transport, document.port, document.protocol
