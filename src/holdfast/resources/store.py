"""The resource store: reads by id, pages and counts, in a transaction of their own or inside another."""

from collections.abc import Mapping

import sqlalchemy
from sqlalchemy import Connection, Select, func

from holdfast.kernel.organizations import OrganizationPath
from holdfast.keys.port import KeyRing
from holdfast.resources import tables
from holdfast.resources.comparisons import within
from holdfast.resources.conditions import MANY, Plan, planned
from holdfast.resources.indexes import Indexes, shortened
from holdfast.resources.model import Kind, Page, Resource
from holdfast.resources.paging import BEGINNING, open_token, ordering, rows_from, token
from holdfast.resources.query import Condition, Query
from holdfast.resources.rows import GET_RESOURCE, LOOK_UP_RESOURCE, to_resource
from holdfast.storage.database import Database

MAXIMUM_PAGE = 1000
"""What one page may hold at most, whatever was asked for."""


class RowReader:
    """Reads resources through one connection, inside its transaction; see `model.Reader`."""

    def __init__(
        self, connection: Connection, kinds: Mapping[str, Kind], indexes: Indexes, ring: KeyRing
    ) -> None:
        self._connection = connection
        self._kinds = kinds
        self._indexes = indexes
        self._ring = ring

    def get(self, kind: str, id: str) -> Resource | None:
        """See `Reader.get`."""
        row = self._connection.execute(GET_RESOURCE, {"kind": kind, "id": id}).first()
        return to_resource(row, self._kinds[kind], self._ring) if row else None

    def look_up(self, kind: str, path: str, text: str) -> Resource | None:
        """See `Reader.look_up`."""
        number = self._indexes.path(kind, path).number
        row = self._connection.execute(
            LOOK_UP_RESOURCE, {"kind": kind, "path": number, "text": shortened(text)}
        ).first()
        return to_resource(row, self._kinds[kind], self._ring) if row else None

    def find(self, query: Query) -> Page:
        """See `Reader.find`."""
        plan = self._planned(query.kind, query.reach, query.where)
        limit = max(1, min(query.limit, MAXIMUM_PAGE))
        order = ordering(query, self._indexes)
        place = open_token(query) if query.after else BEGINNING
        found = rows_from(self._connection, query.kind, plan, order, place, limit + 1)
        kind = self._kinds[query.kind]
        items = tuple(to_resource(row.columns, kind, self._ring) for row in found[:limit])
        return Page(items, token(query, found[limit - 1].place) if len(found) > limit else "")

    def count(self, kind: str, reach: tuple[OrganizationPath, ...], where: Condition | None = None) -> int:
        """See `Reader.count`."""
        plan = self._planned(kind, reach, where)
        if plan.merge is not None:
            return plan.merge.count(self._connection)
        statement = sqlalchemy.select(func.count()).select_from(tables.resource).where(plan.rows)
        return self._connection.execute(statement).scalar_one()

    def census(self, node: OrganizationPath) -> dict[str, int]:
        """See `Reader.census`."""
        kind = tables.resource.c.kind
        statement = sqlalchemy.select(kind, func.count()).where(within((node,))).group_by(kind)
        return {row[0]: row[1] for row in self._connection.execute(statement)}

    def _planned(self, kind: str, reach: tuple[OrganizationPath, ...], where: Condition | None) -> Plan:
        return planned(where, self._kinds[kind], reach, self._indexes, self._estimate)

    def _estimate(self, rows: Select[tuple[str]]) -> int:
        """How many rows there are, as far as it matters."""
        some = rows.limit(MANY).subquery()
        return self._connection.execute(sqlalchemy.select(func.count()).select_from(some)).scalar_one()


class SqlResourceStore:
    """See `resources.port.ResourceStore`. Any process may read; each call sees what was last committed."""

    def __init__(self, database: Database, kinds: Mapping[str, Kind], ring: KeyRing) -> None:
        self._database = database
        self._kinds = kinds
        self._ring = ring
        self.indexes = Indexes(kinds)
        self.indexes.load(database)

    def inside(self, connection: Connection) -> RowReader:
        """A reader of the rows as an open transaction sees them."""
        return RowReader(connection, self._kinds, self.indexes, self._ring)

    def get(self, kind: str, id: str) -> Resource | None:
        """See `Reader.get`."""
        with self._database.read() as connection:
            return self.inside(connection).get(kind, id)

    def look_up(self, kind: str, path: str, text: str) -> Resource | None:
        """See `Reader.look_up`."""
        with self._database.read() as connection:
            return self.inside(connection).look_up(kind, path, text)

    def find(self, query: Query) -> Page:
        """See `Reader.find`."""
        with self._database.read() as connection:
            return self.inside(connection).find(query)

    def count(self, kind: str, reach: tuple[OrganizationPath, ...], where: Condition | None = None) -> int:
        """See `Reader.count`."""
        with self._database.read() as connection:
            return self.inside(connection).count(kind, reach, where)

    def census(self, node: OrganizationPath) -> dict[str, int]:
        """See `Reader.census`."""
        with self._database.read() as connection:
            return self.inside(connection).census(node)
