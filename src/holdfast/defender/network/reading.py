"""What sensors saw, as pages, API and reports read it. Every question names the reader's reach."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true

from holdfast.defender.network.rows import within
from holdfast.defender.network.source import site_of
from holdfast.defender.network.tables import (
    addresses,
    assets,
    captures,
    connections,
    events,
    packets,
    sensors,
)
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath, name
from holdfast.storage.blobs import Blobs
from holdfast.storage.database import Database

Reach = Sequence[OrganizationPath]

MAXIMUM_PAGE = 1000
MAXIMUM_MAP = 20_000
"""Connections that a map is made of."""


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Which assets; parts that are not set do not matter."""

    search: str = ""
    type: str = ""
    vendor: str = ""
    protocol: str = ""
    authorized: bool | None = None
    important: bool | None = None
    sensor: str = ""
    device: str = ""
    since: float | None = None
    """Seen at or after this moment."""
    before: float | None = None
    """Not seen since this moment."""


@dataclass(frozen=True, slots=True)
class ConnectionFilter:
    """Which connections."""

    asset: int | None = None
    address: str = ""
    protocol: str = ""
    port: int | None = None
    sensor: str = ""
    since: float | None = None
    before: float | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events."""

    type: str = ""
    severity: str = ""
    address: str = ""
    sensor: str = ""
    search: str = ""
    since: float | None = None
    before: float | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of documents and how many there are in all."""

    items: list[JsonObject]
    total: int


class Network:
    """Reads the defender's database. Thread-safe, blocking."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def assets(
        self,
        reach: Reach,
        wanted: AssetFilter = AssetFilter(),
        limit: int = 100,
        offset: int = 0,
    ) -> Listing:
        """Assets by name."""
        where = within(assets.c.organization, reach) & _asset_condition(wanted)
        query = select(assets).where(where).order_by(assets.c.name, assets.c.number)
        return self._listing(query, where, assets, _asset, limit, offset)

    def asset(self, reach: Reach, number: int) -> JsonObject:
        """One asset. NotFoundError when there is none within reach."""
        where = within(assets.c.organization, reach) & (assets.c.number == number)
        with self._database.read() as connection:
            row = connection.execute(select(assets).where(where)).first()
        if row is None:
            raise NotFoundError(f"There is no asset {number}, or you may not see it.")
        return _asset(row)

    def asset_at(self, reach: Reach, address: str) -> JsonObject | None:
        """The asset that has an address; the first one where several zones have it."""
        own = select(addresses.c.asset).where(addresses.c.address == address)
        where = within(assets.c.organization, reach) & assets.c.number.in_(own)
        with self._database.read() as connection:
            row = connection.execute(select(assets).where(where).order_by(assets.c.number)).first()
        return None if row is None else _asset(row)

    def connections(
        self,
        reach: Reach,
        wanted: ConnectionFilter = ConnectionFilter(),
        limit: int = 100,
        offset: int = 0,
    ) -> Listing:
        """Connections, those that were active last first."""
        where = within(connections.c.organization, reach) & self._connection_condition(wanted)
        order = connections.c.last.desc(), connections.c.client, connections.c.server, connections.c.port
        query = select(connections).where(where).order_by(*order)
        return self._listing(query, where, connections, _connection, limit, offset)

    def map(self, reach: Reach, wanted: ConnectionFilter = ConnectionFilter()) -> JsonObject:
        """Assets as nodes and who talks to whom as edges, one for each pair of assets.

        An edge names its protocols and commands; `truncated` says that there are more connections than a map
        holds, those that were active last are in it.
        """
        where = within(connections.c.organization, reach) & self._connection_condition(wanted)
        query = select(connections).where(where).order_by(connections.c.last.desc()).limit(MAXIMUM_MAP + 1)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            known = _addresses(connection.execute(select(addresses)).all())
            nodes = connection.execute(select(assets).where(within(assets.c.organization, reach))).all()
        edges = _edges(rows[:MAXIMUM_MAP], known)
        joined = {end for pair in edges for end in pair}
        return {
            "nodes": [_node(row) for row in nodes if row.number in joined or wanted == ConnectionFilter()],
            "edges": [_edge(pair, edge) for pair, edge in edges.items()],
            "truncated": len(rows) > MAXIMUM_MAP,
        }

    def events(
        self,
        reach: Reach,
        wanted: EventFilter = EventFilter(),
        limit: int = 100,
        offset: int = 0,
    ) -> Listing:
        """The timeline, newest first."""
        where = within(events.c.organization, reach) & _event_condition(wanted)
        query = select(events).where(where).order_by(events.c.time.desc(), events.c.number.desc())
        return self._listing(query, where, events, _event, limit, offset)

    def sources(self, reach: Reach) -> dict[str, JsonObject]:
        """What is known of every sensor and capture that ever told something, by id."""
        with self._database.read() as connection:
            rows = connection.execute(select(sensors).where(within(sensors.c.organization, reach))).all()
        return {row.sensor: _source(row) for row in rows}

    def counts(self, reach: Reach) -> JsonObject:
        """How many assets, unauthorized ones and connections there are."""
        mine, theirs = within(assets.c.organization, reach), within(connections.c.organization, reach)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(assets).where(mine)).scalar_one()
            unknown = connection.execute(
                select(func.count()).select_from(assets).where(mine & assets.c.authorized.is_(False))
            ).scalar_one()
            talks = connection.execute(
                select(func.count()).select_from(connections).where(theirs)
            ).scalar_one()
        return {"assets": total, "unauthorized": unknown, "connections": talks}

    def analysis(self, capture: str) -> JsonObject:
        """How the analysis of an uploaded capture stands."""
        with self._database.read() as connection:
            row = connection.execute(select(captures).where(captures.c.capture == capture)).first()
        if row is None:
            return {"status": "waiting", "done": 0.0, "problems": []}
        return {
            "status": row.status,
            "done": row.done,
            "problems": msgspec.json.decode(row.problems),
            "began": isoformat(row.began),
            "ended": isoformat(row.ended) if row.status != "analyzing" else None,
        }

    def keep_capture(self, blob: str, content: bytes) -> None:
        """Keep an uploaded capture, encrypted; what was left of an earlier one is replaced."""
        self._blobs.delete(blob)
        self._blobs.put(blob, content)

    def capture(self, blob: str) -> bytes:
        """An uploaded capture. NotFoundError."""
        return self._blobs.get(blob)

    def has_packets(self, alerts: Sequence[str]) -> set[str]:
        """Which of some alerts have packets."""
        with self._database.read() as connection:
            return set(
                connection.execute(select(packets.c.alert).where(packets.c.alert.in_(alerts))).scalars()
            )

    def pcap(self, reach: Reach, alert: str) -> bytes:
        """The packets behind an alert as a capture file. NotFoundError when there are none within reach."""
        where = within(packets.c.organization, reach) & (packets.c.alert == alert)
        with self._database.read() as connection:
            blob = connection.execute(select(packets.c.blob).where(where)).scalar()
        if blob is None:
            raise NotFoundError(f"There are no packets of the alert {alert}, or you may not see them.")
        return self._blobs.get(blob)

    def _connection_condition(self, wanted: ConnectionFilter) -> ColumnElement[bool]:
        table = connections.c
        conditions = [
            table.protocol == wanted.protocol if wanted.protocol else None,
            table.sensor == wanted.sensor if wanted.sensor else None,
            table.port == wanted.port if wanted.port is not None else None,
            table.last >= wanted.since if wanted.since is not None else None,
            table.last < wanted.before if wanted.before is not None else None,
            or_(table.client == wanted.address, table.server == wanted.address) if wanted.address else None,
        ]
        if wanted.asset is not None:
            own = select(addresses.c.address).where(addresses.c.asset == wanted.asset)
            home = select(assets.c.organization).where(assets.c.number == wanted.asset)
            conditions.append(
                or_(table.client.in_(own), table.server.in_(own)) & table.organization.in_(home)
            )
        return _all(conditions)

    def _listing(
        self, query: Any, where: ColumnElement[bool], table: Any, form: Any, limit: int, offset: int
    ) -> Listing:  # Any: a select of one of the tables above, and its form
        page = query.limit(min(limit, MAXIMUM_PAGE)).offset(offset)
        with self._database.read() as connection:
            rows = connection.execute(page).all()
            total = connection.execute(select(func.count()).select_from(table).where(where)).scalar_one()
        return Listing([form(row) for row in rows], total)


def _all(conditions: Iterable[ColumnElement[bool] | None]) -> ColumnElement[bool]:
    return and_(true(), *(condition for condition in conditions if condition is not None))


def _asset_condition(wanted: AssetFilter) -> ColumnElement[bool]:
    table = assets.c
    return _all(
        [
            table.search.contains(wanted.search.lower(), autoescape=True) if wanted.search else None,
            table.search.contains(wanted.protocol.lower(), autoescape=True) if wanted.protocol else None,
            table.type == wanted.type if wanted.type else None,
            table.vendor == wanted.vendor if wanted.vendor else None,
            table.device == wanted.device if wanted.device else None,
            table.authorized.is_(wanted.authorized) if wanted.authorized is not None else None,
            table.important.is_(wanted.important) if wanted.important is not None else None,
            (" " + table.sensors + " ").contains(f" {wanted.sensor} ", autoescape=True)
            if wanted.sensor
            else None,
            table.last >= wanted.since if wanted.since is not None else None,
            table.last < wanted.before if wanted.before is not None else None,
        ]
    )


def _event_condition(wanted: EventFilter) -> ColumnElement[bool]:
    table = events.c
    return _all(
        [
            table.type == wanted.type if wanted.type else None,
            table.severity == wanted.severity if wanted.severity else None,
            table.sensor == wanted.sensor if wanted.sensor else None,
            table.devices.contains(f" {wanted.address} ", autoescape=True) if wanted.address else None,
            table.title.icontains(wanted.search, autoescape=True) if wanted.search else None,
            table.time >= wanted.since if wanted.since is not None else None,
            table.time < wanted.before if wanted.before is not None else None,
        ]
    )


def _asset(row: Row[Any]) -> JsonObject:  # Any: a whole row
    document: JsonObject = msgspec.json.decode(row.document)
    return {
        **document,
        "id": row.number,
        "address": row.address,
        "sensors": list(row.sensors.split()),
        **_place(row.organization),
    }


def _connection(row: Row[Any]) -> JsonObject:  # Any: a whole row
    document: JsonObject = msgspec.json.decode(row.document)
    return {**document, "sensors": [row.sensor], **_place(row.organization)}


def _event(row: Row[Any]) -> JsonObject:  # Any: a whole row
    return {
        "id": row.number,
        "time": isoformat(row.time),
        "type": row.type,
        "severity": row.severity,
        "title": row.title,
        "devices": list(row.devices.split()),
        "owner": row.owner,
        "count": row.count,
        "sensor": row.sensor,
        **_place(row.organization),
    }


def _source(row: Row[Any]) -> JsonObject:  # Any: a whole row
    return {
        "id": row.sensor,
        "last_message": isoformat(row.seen),
        "messages": row.number,
        "refused_messages": row.refused,
        "health": msgspec.json.decode(row.health) if row.health else None,
        **_place(row.organization),
    }


def _place(organization: str) -> JsonObject:
    path = OrganizationPath(organization)
    return {"organization": path, "zone": name(path), "site": site_of(path)}


def _node(row: Row[Any]) -> JsonObject:  # Any: a whole row
    return {
        "id": row.number,
        "name": row.name,
        "address": row.address,
        "type": row.type,
        "purdue_level": row.level,
        "authorized": row.authorized,
        "important": row.important,
        **_place(row.organization),
    }


def _addresses(rows: Iterable[Row[Any]]) -> Mapping[tuple[str, str], int]:  # Any: whole rows
    return {(row.organization, row.address): row.asset for row in rows}


def _edges(
    rows: Iterable[Row[Any]],
    known: Mapping[tuple[str, str], int],  # Any: whole rows
) -> dict[tuple[int, int], list[JsonObject]]:
    edges: dict[tuple[int, int], list[JsonObject]] = defaultdict(list)
    for row in rows:
        client, server = (known.get((row.organization, end)) for end in (row.client, row.server))
        if client is not None and server is not None:
            edges[client, server].append(msgspec.json.decode(row.document))
    return edges


def _edge(pair: tuple[int, int], documents: Sequence[JsonObject]) -> JsonObject:
    protocols = sorted({str(each["protocol"] or each["transport"]) for each in documents})
    commands = sorted({str(command) for each in documents for command in _list(each["commands"])})
    octets = sum(_number(each["client_octets"]) + _number(each["server_octets"]) for each in documents)
    return {
        "source": pair[0],
        "target": pair[1],
        "protocols": list(protocols),
        "commands": list(commands[:100]),
        "octets": octets,
        "last_seen": max(str(each["last_seen"]) for each in documents),
    }


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
