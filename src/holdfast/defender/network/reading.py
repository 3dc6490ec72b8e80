"""What sensors saw, as pages, API and reports read it. Every question names the reader's reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, case, func, select, tuple_

from holdfast.defender.findings.risk import ORDINARY
from holdfast.defender.network.filters import (
    EVERY_ASSET,
    EVERY_CONNECTION,
    EVERY_EVENT,
    AssetFilter,
    ConnectionFilter,
    EventFilter,
    asset_condition,
    asset_order,
    connection_condition,
    event_condition,
)
from holdfast.defender.network.graph import Graph, filtered_map, links_of, map_of, nodes_of
from holdfast.defender.network.risk import Weak, ZoneSums
from holdfast.defender.network.rows import in_parts, within
from holdfast.defender.network.source import place_of
from holdfast.defender.network.tables import (
    addresses,
    asset_documents,
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
Place = tuple[str, str]
"""An organization, and an address there."""

MAXIMUM_PAGE = 1000


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
        wanted: AssetFilter = EVERY_ASSET,
        limit: int = 100,
        offset: int = 0,
        order: str = "name",
    ) -> Listing:
        """Assets with their risk; by name, or by what `filters.ASSET_ORDERS` offers, downwards with a `-`."""
        where = within(assets.c.organization, reach) & asset_condition(wanted)
        page = select(assets).where(where).order_by(*asset_order(order))
        with self._database.read() as connection:
            rows = connection.execute(page.limit(min(limit, MAXIMUM_PAGE)).offset(offset)).all()
            total = connection.execute(select(func.count()).select_from(assets).where(where)).scalar_one()
            known = _documents(connection, [row.number for row in rows])
        return Listing([_asset(row, known[row.number]) for row in rows if row.number in known], total)

    def asset(self, reach: Reach, number: int) -> JsonObject:
        """One asset. NotFoundError when there is none within reach."""
        found = self._first(within(assets.c.organization, reach) & (assets.c.number == number))
        if found is None:
            raise NotFoundError(f"There is no asset {number}, or you may not see it.")
        return found

    def asset_at(self, reach: Reach, address: str) -> JsonObject | None:
        """The asset that has an address; the first one where several zones have it."""
        own = select(addresses.c.asset).where(addresses.c.address == address)
        return self._first(within(assets.c.organization, reach) & assets.c.number.in_(own))

    def numbers_at(self, reach: Reach, places: Sequence[Place]) -> dict[Place, int]:
        """The assets that have addresses in organizations."""
        found: dict[Place, int] = {}
        with self._database.read() as connection:
            for part in in_parts(places):
                at = tuple_(addresses.c.organization, addresses.c.address).in_(part)
                for row in connection.execute(
                    select(addresses).where(within(addresses.c.organization, reach) & at)
                ):
                    found[row.organization, row.address] = row.asset
        return found

    def asset_facets(self, reach: Reach) -> dict[str, dict[str, int]]:
        """How many assets have each `type`, `vendor` and `zone`, by value."""
        where = within(assets.c.organization, reach)
        found: dict[str, dict[str, int]] = {}
        with self._database.read() as connection:
            for facet, column in (
                ("type", assets.c.type),
                ("vendor", assets.c.vendor),
                ("zone", assets.c.organization),
            ):
                grouped = select(column, func.count()).where(where).group_by(column).order_by(column)
                counts: dict[str, int] = {}
                for value, number in connection.execute(grouped):
                    shown = name(OrganizationPath(value)) if facet == "zone" else value
                    counts[shown] = counts.get(shown, 0) + number
                found[facet] = counts
        return found

    def zone_sums(self, reach: Reach) -> list[ZoneSums]:
        """What the scores of zones are made of; see `risk.zones`."""
        table = assets.c
        weakest = func.min(case((table.weight > ORDINARY, table.score)))
        sums = (func.count(), func.sum(table.score * table.weight), func.sum(table.weight), weakest)
        rated = within(table.organization, reach) & table.score.is_not(None)
        with self._database.read() as connection:
            rows = connection.execute(
                select(table.organization, *sums).where(rated).group_by(table.organization)
            ).all()
        return [ZoneSums(*row) for row in rows]

    def weak(self, reach: Reach) -> list[tuple[int, str, Weak]]:
        """Number, address and weak points of every asset that has some; see `risk.findings`."""
        table = assets.c
        where = within(table.organization, reach) & (table.score < 100)
        query = (
            select(table.number, table.address, asset_documents.c.document)
            .join(asset_documents, asset_documents.c.asset == table.number)
            .where(where)
            .order_by(table.name, table.number)
        )
        with self._database.read() as connection:
            return [
                (number, address, _decode_weak(document))
                for number, address, document in connection.execute(query)
            ]

    def connections(
        self,
        reach: Reach,
        wanted: ConnectionFilter = EVERY_CONNECTION,
        limit: int = 100,
        offset: int = 0,
    ) -> Listing:
        """Connections, those that were active last first."""
        where = within(connections.c.organization, reach) & connection_condition(wanted)
        order = connections.c.last.desc(), connections.c.client, connections.c.server, connections.c.port
        query = select(connections).where(where).order_by(*order)
        return self._listing(query, where, connections, _connection, limit, offset)

    def graph(self, reach: Reach) -> Graph:
        """Every asset and who talks to whom."""
        with self._database.read() as connection:
            return Graph(nodes_of(connection, reach), links_of(connection, reach))

    def map(self, reach: Reach, wanted: ConnectionFilter = EVERY_CONNECTION) -> JsonObject:
        """Assets as nodes and who talks to whom as edges, one for each pair of assets.

        An edge names its protocols and commands; `truncated` says that there are more connections than a map
        holds, those that were active last are in it. A filter leaves out assets without a connection.
        """
        with self._database.read() as connection:
            if wanted == EVERY_CONNECTION:
                return map_of(connection, reach)
            return filtered_map(connection, reach, wanted)

    def events(
        self,
        reach: Reach,
        wanted: EventFilter = EVERY_EVENT,
        limit: int = 100,
        offset: int = 0,
    ) -> Listing:
        """The timeline, newest first."""
        where = within(events.c.organization, reach) & event_condition(wanted)
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
            return {
                alert
                for part in in_parts(alerts)
                for alert in connection.execute(
                    select(packets.c.alert).where(packets.c.alert.in_(part))
                ).scalars()
            }

    def pcap(self, reach: Reach, alert: str) -> bytes:
        """The packets behind an alert as a capture file. NotFoundError when there are none within reach."""
        where = within(packets.c.organization, reach) & (packets.c.alert == alert)
        with self._database.read() as connection:
            blob = connection.execute(select(packets.c.blob).where(where)).scalar()
        if blob is None:
            raise NotFoundError(f"There are no packets of the alert {alert}, or you may not see them.")
        return self._blobs.get(blob)

    def _first(self, where: ColumnElement[bool]) -> JsonObject | None:
        with self._database.read() as connection:
            row = connection.execute(select(assets).where(where).order_by(assets.c.number)).first()
            known = _documents(connection, [row.number] if row is not None else [])
        return None if row is None or row.number not in known else _asset(row, known[row.number])

    def _listing(
        self, query: Any, where: ColumnElement[bool], table: Any, form: Any, limit: int, offset: int
    ) -> Listing:  # Any: a select of one of the tables above, and its form
        page = query.limit(min(limit, MAXIMUM_PAGE)).offset(offset)
        with self._database.read() as connection:
            rows = connection.execute(page).all()
            total = connection.execute(select(func.count()).select_from(table).where(where)).scalar_one()
        return Listing([form(row) for row in rows], total)


_decode_weak = msgspec.json.Decoder(Weak).decode


def _documents(connection: Connection, numbers: Sequence[int]) -> dict[int, Row[Any]]:  # Any: whole rows
    """Document and risk by asset."""
    return {
        row.asset: row
        for part in in_parts(numbers)
        for row in connection.execute(select(asset_documents).where(asset_documents.c.asset.in_(part)))
    }


def _asset(row: Row[Any], known: Row[Any]) -> JsonObject:  # Any: whole rows
    document: JsonObject = msgspec.json.decode(known.document)
    return {
        **document,
        "id": row.number,
        "address": row.address,
        "sensors": list(row.sensors.split()),
        "risk": msgspec.json.decode(known.risk) if known.risk else None,
        **place_of(row.organization),
    }


def _connection(row: Row[Any]) -> JsonObject:  # Any: a whole row
    document: JsonObject = msgspec.json.decode(row.document)
    return {**document, "sensors": [row.sensor], **place_of(row.organization)}


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
        **place_of(row.organization),
    }


def _source(row: Row[Any]) -> JsonObject:  # Any: a whole row
    return {
        "id": row.sensor,
        "last_message": isoformat(row.seen),
        "messages": row.number,
        "refused_messages": row.refused,
        "health": msgspec.json.decode(row.health) if row.health else None,
        **place_of(row.organization),
    }
