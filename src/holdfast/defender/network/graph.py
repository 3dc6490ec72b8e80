"""The network as nodes and links, read so that twelve thousand assets cost milliseconds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, select

from holdfast.defender.network.filters import ConnectionFilter, connection_condition
from holdfast.defender.network.links import MAXIMUM_COMMANDS, Sum
from holdfast.defender.network.rows import within
from holdfast.defender.network.source import place_of
from holdfast.defender.network.tables import addresses, assets, connections, links
from holdfast.defender.uplink.documents import ConnectionDocument
from holdfast.kernel.clock import isoformat
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.organizations import OrganizationPath

MAXIMUM_MAP: Final = 20_000
"""Links, or connections that match a filter, of which a map is made."""
Reach = Sequence[OrganizationPath]
_texts = msgspec.json.Decoder(list[str]).decode
_decode = msgspec.json.Decoder(ConnectionDocument).decode


class GraphNode(NamedTuple):
    """What a map shows of an asset."""

    number: int
    organization: str
    name: str
    address: str
    type: str
    level: float | None
    authorized: bool
    important: bool
    score: float | None
    """100 without any risk; None until it is rated."""
    alarm: int
    """Rank of the worst severity among its open alerts; 0 without any."""


class GraphLink(NamedTuple):
    """Two assets, in the order of asking."""

    source: int
    target: int
    protocols: str
    """A JSON list; kept as text because most are not looked at."""
    octets: int
    last: float


class Graph(NamedTuple):
    """A whole network."""

    nodes: list[GraphNode]
    links: list[GraphLink]
    """Those that were active last, at most `MAXIMUM_MAP`."""


def nodes_of(connection: Connection, reach: Reach) -> list[GraphNode]:
    """The assets within reach, by name."""
    columns = (assets.c[name] for name in GraphNode._fields)
    query = select(*columns).where(within(assets.c.organization, reach)).order_by(assets.c.name)
    return list(map(GraphNode._make, connection.execute(query).all()))


def links_of(connection: Connection, reach: Reach) -> list[GraphLink]:
    """Who talks to whom within reach."""
    table = links.c
    query = _joined(reach, table.protocols, table.octets, table.last).limit(MAXIMUM_MAP)
    return list(map(GraphLink._make, connection.execute(query).all()))


def _joined(reach: Reach, *columns: ColumnElement[Any]) -> Select[Any]:  # Any: columns of every type
    """The assets at both ends of every link, those that were active last first, with columns of the link."""
    client, server, table = addresses.alias(), addresses.alias(), links.c
    asking = (client.c.organization == table.organization) & (client.c.address == table.client)
    answering = (server.c.organization == table.organization) & (server.c.address == table.server)
    return (
        select(client.c.asset, server.c.asset, *columns)
        .join_from(links, client, asking)
        .join(server, answering)
        .where(within(table.organization, reach))
        .order_by(table.last.desc())
    )


def map_of(connection: Connection, reach: Reach) -> JsonObject:
    """The whole map as a document."""
    table = links.c
    query = _joined(reach, table.octets, table.last, table.protocols, table.commands).limit(MAXIMUM_MAP + 1)
    rows = connection.execute(query).all()
    edges: dict[tuple[int, int], Sum] = {}
    for source, target, octets, last, protocols, commands in rows[:MAXIMUM_MAP]:
        edge = edges.get((source, target))
        if edge is None:  # as nearly all: two assets have one address each
            edges[source, target] = Sum(octets, last, set(_texts(protocols)), set(_texts(commands)))
        else:
            edge.octets += octets
            edge.protocols.update(_texts(protocols))
            edge.commands.update(_texts(commands))
    return _document(nodes_of(connection, reach), edges, len(rows) > MAXIMUM_MAP)


def filtered_map(connection: Connection, reach: Reach, wanted: ConnectionFilter) -> JsonObject:
    """The map of the connections that a filter lets through, and of the assets that they join."""
    where = within(connections.c.organization, reach) & connection_condition(wanted)
    newest = select(connections.c.organization, connections.c.document).where(where)
    rows = connection.execute(newest.order_by(connections.c.last.desc()).limit(MAXIMUM_MAP + 1)).all()
    known = _addresses(connection, reach)
    edges: dict[tuple[int, int], Sum] = {}
    for organization, content in rows[:MAXIMUM_MAP]:
        document = _decode(content)
        source, target = (known.get((organization, end)) for end in (document.client, document.server))
        if source is not None and target is not None:
            edges.setdefault((source, target), Sum()).add(document)
    joined = {end for pair in edges for end in pair}
    nodes = [node for node in nodes_of(connection, reach) if node.number in joined]
    return _document(nodes, edges, len(rows) > MAXIMUM_MAP)


def _addresses(connection: Connection, reach: Reach) -> Mapping[tuple[str, str], int]:
    own = select(addresses).where(within(addresses.c.organization, reach))
    return {(place, address): asset for place, address, asset in connection.execute(own)}


def _document(
    nodes: Sequence[GraphNode], edges: Mapping[tuple[int, int], Sum], truncated: bool
) -> JsonObject:
    places = {place: place_of(place) for place in {node.organization for node in nodes}}
    return {
        "nodes": [_node(node, places[node.organization]) for node in nodes],
        "edges": [_edge(pair, edge) for pair, edge in edges.items()],
        "truncated": truncated,
    }


def _node(node: GraphNode, place: JsonObject) -> JsonObject:
    return {
        "id": node.number,
        "name": node.name,
        "address": node.address,
        "type": node.type,
        "purdue_level": node.level,
        "authorized": node.authorized,
        "important": node.important,
        "score": node.score,
        **place,
    }


def _edge(pair: tuple[int, int], edge: Sum) -> JsonObject:
    return {
        "source": pair[0],
        "target": pair[1],
        "protocols": list[JsonValue](sorted(edge.protocols)),
        "commands": list[JsonValue](sorted(edge.commands)[:MAXIMUM_COMMANDS]),
        "octets": edge.octets,
        "last_seen": isoformat(edge.last),
    }
