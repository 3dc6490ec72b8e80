"""Indexed values that do not stand in bodies: what devices report is searched for, and is no resource.

The values belong to open paths of a kind (`reported.*`). Whoever keeps them follows their source and repeats
an update freely: writing the same again changes nothing. They go when `forget` is called after a deletion.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy
from sqlalchemy import Connection, bindparam

from holdfast.kernel.json import JsonObject
from holdfast.resources import tables
from holdfast.resources.indexes import DELETE_VALUES, INSERT_VALUES, OPEN, addresses, open_number, open_values
from holdfast.resources.model import Kind
from holdfast.storage.database import Database

_DELETE_BELOW = tables.indexed_value.delete().where(
    tables.indexed_value.c.id == bindparam("identity"),
    tables.indexed_value.c.path.in_(
        sqlalchemy.select(tables.indexed_path.c.number).where(tables.indexed_path.c.kind == bindparam("kind"))
    ),
)


class ValuesBeside:
    """Writes values below one open path of a kind. In the role that writes the database."""

    def __init__(self, database: Database, kind: Kind, prefix: str) -> None:
        if f"{prefix}{OPEN}" not in kind.indexed:
            raise ValueError(f"{kind.name} has no open path {prefix}{OPEN}")
        self._database = database
        self._kind = kind.name
        self._prefix = prefix
        self._source = f"{kind.name}/{prefix}"
        """Under this name the paths that were ever written are kept, to be found again by `forget`."""
        self._known: set[str] = set()

    def put(self, values: Mapping[str, JsonObject], gone: Mapping[str, Iterable[str]]) -> None:
        """Set values and take others away, for many resources in one transaction.

        `values`: resource id → nested values below the prefix. `gone`: resource id → paths (with the prefix)
        that have no value any more, and everything below them.
        """
        rows = [
            row
            for identity, below in values.items()
            for row in open_values(self._kind, identity, self._prefix, {self._prefix: below})
        ]
        paths = {
            path
            for below in values.values()
            for path in _paths(below, self._prefix)
            if path not in self._known
        }
        deleted = addresses(rows) + [
            {"path_number": open_number(self._kind, path), "identity": identity}
            for identity, lost in gone.items()
            for path in lost
        ]
        with self._database.write() as connection:
            self._remember(connection, paths)
            if deleted:
                connection.execute(DELETE_VALUES, deleted)
            if rows:
                connection.execute(INSERT_VALUES, rows)
        self._known |= paths

    def forget(self, identities: Iterable[str]) -> None:
        """Take away every value of resources that are deleted."""
        parameters = [{"identity": identity, "kind": self._source} for identity in identities]
        with self._database.write() as connection:
            if parameters:
                connection.execute(_DELETE_BELOW, parameters)

    def _remember(self, connection: Connection, paths: set[str]) -> None:
        """Keep the numbers of paths: their digests cannot be turned back."""
        table = tables.indexed_path
        numbers = {open_number(self._kind, path): path for path in paths}
        known = connection.execute(
            sqlalchemy.select(table.c.number).where(table.c.kind == self._source)
        ).scalars()
        for number in set(known):
            numbers.pop(number, None)
        if numbers:
            connection.execute(
                table.insert(),
                [
                    {"number": number, "kind": self._source, "path": path, "type": "any"}
                    for number, path in numbers.items()
                ],
            )


def _paths(value: JsonObject, prefix: str) -> Iterable[str]:
    for name, inner in value.items():
        path = f"{prefix}.{name}"
        if isinstance(inner, dict):
            yield from _paths(inner, path)
        else:
            yield path
