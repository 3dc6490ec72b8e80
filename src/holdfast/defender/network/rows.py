"""Writing rows that may be there already, on both databases; and the reach of a reader as a condition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import sqlalchemy
from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from holdfast.kernel.organizations import OrganizationPath

T = TypeVar("T")

PART: Final = 200
"""Values in one condition: far below what either database takes."""
_BEHIND_SLASH = "0"
"""The character that follows `/`: what begins with `/a/` sorts from `/a/` to before `/a0`."""


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows; those whose primary key is there are replaced in the columns that the rows have."""
    if not rows:
        return
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    keys = {column.name for column in table.primary_key}
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed), list(rows)
    )


def in_parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in parts that a condition can name."""
    for start in range(0, len(values), PART):
        yield values[start : start + PART]


def within(column: ColumnElement[str], reach: Iterable[OrganizationPath]) -> ColumnElement[bool]:
    """Whether an organization lies at or below one of `reach`."""
    nodes = [(column >= node) & (column < f"{node[:-1]}{_BEHIND_SLASH}") for node in reach]
    return sqlalchemy.or_(*nodes) if nodes else sqlalchemy.false()
