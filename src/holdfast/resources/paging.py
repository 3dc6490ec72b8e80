"""Pages in a stable order: a page's token says after which value and id the next one begins.

Changes between two pages move nothing else: no resource comes twice, none that stays is left out.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, not_, or_, select

from holdfast.kernel.errors import InvalidError
from holdfast.resources import tables
from holdfast.resources.comparisons import BUILT_IN, Column, Expression, column_of
from holdfast.resources.conditions import Plan
from holdfast.resources.indexes import IndexedPath, Indexes
from holdfast.resources.model import IndexType
from holdfast.resources.query import Query, Scalar
from holdfast.resources.rows import SELECT_RESOURCE


class Place(NamedTuple):
    """Where a page ended."""

    bare: bool
    """Among the resources without a value at the path, which come last."""
    value: Scalar
    id: str


BEGINNING = Place(False, None, "")


class Found(NamedTuple):
    """A row with its place in the order."""

    columns: Sequence[Any]  # Any: untyped column values of `SELECT_RESOURCE`
    place: Place


@dataclass(frozen=True, slots=True)
class Ordering:
    """What a query sorts by."""

    column: Column | None
    """A column beside the id; None sorts by id alone."""
    descending: bool = False
    indexed: IndexedPath | None = None
    """The side table's path when `column` is the side table's."""


def ordering(query: Query, indexes: Indexes) -> Ordering:
    """The order of a query. InvalidError for a path that is not indexed."""
    if query.order is None:
        return Ordering(None)
    descending = query.order.descending
    if query.order.path == "@id":
        return Ordering(None, descending)
    if query.order.path in BUILT_IN:
        return Ordering(BUILT_IN[query.order.path][0], descending)
    indexed = indexes.path(query.kind, query.order.path)
    if indexed.type is IndexType.ANY:
        raise InvalidError(f"Lists cannot be sorted by “{indexed.path}”.", "orderby")
    return Ordering(column_of(indexed.type), descending, indexed)


def rows_from(
    connection: Connection, kind: str, plan: Plan, order: Ordering, place: Place, limit: int
) -> list[Found]:
    """Up to `limit` rows behind `place`."""
    if order.column is None:
        if plan.merge is not None:
            ids = plan.merge.page(connection, place.id, order.descending, limit)
            merged = SELECT_RESOURCE.where(tables.resource.c.kind == kind, tables.resource.c.id.in_(ids))
            return _by_id(connection, merged, order, BEGINNING, limit)
        return _by_id(connection, SELECT_RESOURCE.where(plan.rows), order, place, limit)
    found: list[Found] = []
    if not place.bare:
        found = _by_value(connection, plan.rows, order, order.column, place, limit)
        place = BEGINNING
    if order.indexed is not None and len(found) < limit:
        bare = SELECT_RESOURCE.where(plan.rows, not_(tables.resource.c.id.in_(_valued(order.indexed))))
        found += _by_id(connection, bare, order, place, limit - len(found))
    return found


def _by_id(
    connection: Connection,
    statement: Select[Any],  # Any: columns of mixed types
    order: Ordering,
    place: Place,
    limit: int,
) -> list[Found]:
    column = tables.resource.c.id
    if place.id:
        statement = statement.where(column < place.id if order.descending else column > place.id)
    statement = statement.order_by(column.desc() if order.descending else column).limit(limit)
    return [Found(row, Place(True, None, row.id)) for row in connection.execute(statement)]


def _by_value(
    connection: Connection,
    wanted: Expression,
    order: Ordering,
    column: Column,
    place: Place,
    limit: int,
) -> list[Found]:
    statement = SELECT_RESOURCE.add_columns(column.label("sort_value")).where(wanted)
    identity: ColumnElement[str] = tables.resource.c.id
    if order.indexed is not None:
        identity = tables.indexed_value.c.id
        statement = statement.where(
            tables.indexed_value.c.path == order.indexed.number, identity == tables.resource.c.id
        )
    if place.id:
        statement = statement.where(_behind(column, identity, place, order.descending))
    sort = (column.desc(), identity.desc()) if order.descending else (column, identity)
    rows = connection.execute(statement.order_by(*sort).limit(limit))
    return [Found(row[:-1], Place(False, row.sort_value, row.id)) for row in rows]


def _behind(
    column: Column,
    identity: ColumnElement[str],
    place: Place,
    descending: bool,
) -> Expression:
    if descending:
        return or_(column < place.value, and_(column == place.value, identity < place.id))
    return or_(column > place.value, and_(column == place.value, identity > place.id))


def _valued(indexed: IndexedPath) -> Select[Any]:  # Any: a one-column selection
    return select(tables.indexed_value.c.id).where(tables.indexed_value.c.path == indexed.number)


def token(query: Query, place: Place) -> str:
    """The text that a caller sends back for the page behind `place`."""
    content = msgspec.json.encode((_fingerprint(query), *place))
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def open_token(query: Query) -> Place:
    """The place of a token. InvalidError when it belongs to another query or was made by nobody here."""
    try:
        padded = query.after + "=" * (-len(query.after) % 4)
        content = base64.b64decode(padded, altchars=b"-_", validate=True)
        fingerprint, bare, value, identity = msgspec.json.decode(content, type=tuple[str, bool, Scalar, str])
    except (ValueError, msgspec.DecodeError):
        raise _not_ours() from None
    if fingerprint != _fingerprint(query):
        raise _not_ours()
    return Place(bare, value, identity)


def _not_ours() -> InvalidError:
    return InvalidError("The page token does not belong to this search; start from the first page.", "after")


def _fingerprint(query: Query) -> str:
    """Ties a token to kind, condition and order; not to reach or page size, which may change on the way."""
    content = repr((query.kind, query.where, query.order)).encode()
    return hashlib.sha256(content).hexdigest()[:12]
