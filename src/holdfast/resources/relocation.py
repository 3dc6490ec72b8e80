"""An organization moves: what lies in it and below it moves along, in the same transaction.

Places are paths in a column, so a subtree of any size is one statement a table. Resources keep their etags:
what people see of a place is the organization's id, which stays. What names a place in its body, or lives
where several of them meet, says so with `Kind.relocated` and is looked at one by one.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, Table, and_, delete, exists, func, literal, update

from holdfast.kernel.organizations import ROOT, Move
from holdfast.resources import tables
from holdfast.resources.comparisons import within
from holdfast.resources.model import Kind, Reader, Resource
from holdfast.resources.query import Query

_PAGE = 500


def relocate_rows(connection: Connection, table: Table, move: Move) -> None:
    """Give the rows of a table with a column `organization` their new places.

    Where the place is part of the primary key, a row that came to the new place meanwhile gives way to the
    one that it replaces there.
    """
    place = table.c.organization
    if place.primary_key:
        old = table.alias()
        same = (old.c[key.name] == key for key in table.primary_key if key.name != place.name)
        origin = literal(move.before) + func.substr(place, len(move.after) + 1)
        moving = exists().where(and_(old.c.organization == origin, *same))
        connection.execute(delete(table).where(within((move.after,), place), moving))
    moved = literal(move.after) + func.substr(place, len(move.before) + 1)
    connection.execute(update(table).where(within((move.before,), place)).values(organization=moved))


def relocated(
    connection: Connection, kinds: Mapping[str, Kind], reader: Reader, move: Move
) -> Iterator[tuple[Kind, Resource, Resource]]:
    """Move every resource; the ones that are otherwise changed by it, as they were and as they shall be."""
    relocate_rows(connection, tables.resource, move)
    for kind in kinds.values():
        if kind.relocated is None:
            continue
        for resource in _all(reader, kind):
            after = kind.relocated(resource, move, reader)
            if after != resource:
                yield kind, resource, after


def _all(reader: Reader, kind: Kind) -> list[Resource]:
    found: list[Resource] = []
    after = ""
    while True:
        page = reader.find(Query(kind.name, (ROOT,), limit=_PAGE, after=after))
        found += page.items
        after = page.next
        if not after:
            return found
