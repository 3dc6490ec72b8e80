"""The side table of indexed paths: which there are, and what a resource has there."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import sqlalchemy
from sqlalchemy import Connection, bindparam

from holdfast.kernel.errors import InvalidError
from holdfast.kernel.json import JsonObject, JsonValue, at_path
from holdfast.resources import tables
from holdfast.resources.model import IndexType, Kind
from holdfast.resources.query import Scalar
from holdfast.resources.rows import Values
from holdfast.storage.database import Database

MAXIMUM_TEXT = 512
"""Longer text is indexed by its beginning and a digest of the whole: equality and beginnings stay exact."""
_KEPT_TEXT = MAXIMUM_TEXT - 64


class IndexedPath(NamedTuple):
    """A declared path and its number in the side table."""

    number: int
    path: str
    type: IndexType


class Indexes:
    """The indexed paths of all kinds. `synchronize` runs once at start, in the role that writes."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._paths: dict[str, dict[str, IndexedPath]] = {}

    def load(self, database: Database) -> None:
        """Read the numbers that the database gave to the paths."""
        with database.read() as connection:
            self._load(connection)

    def synchronize(self, database: Database) -> None:
        """Give numbers to newly declared paths and index what is stored; forget paths no longer declared."""
        with database.write() as connection:
            self._load(connection)
            for kind in self._kinds.values():
                self._synchronize_kind(connection, kind)
            self._load(connection)

    def of(self, kind: str) -> dict[str, IndexedPath]:
        """The paths of a kind by name."""
        return self._paths.get(kind, {})

    def path(self, kind: str, path: str) -> IndexedPath:
        """One declared path; InvalidError when the kind does not index it."""
        found = self.of(kind).get(path)
        if found is None:
            raise InvalidError(f"A {kind} cannot be searched or sorted by “{path}”.", path)
        return found

    def values(self, kind: str, identity: str, body: JsonObject) -> list[Values]:
        """The side table's rows for a resource."""
        rows: list[Values] = []
        for indexed in self.of(kind).values():
            text, number = encode(indexed.type, at_path(body, indexed.path))
            if text is not None or number is not None:
                rows.append({"path": indexed.number, "id": identity, "text": text, "number": number})
        return rows

    def _load(self, connection: Connection) -> None:
        paths: dict[str, dict[str, IndexedPath]] = {}
        for number, kind, path, kind_of_index in connection.execute(_ALL_PATHS):
            paths.setdefault(kind, {})[path] = IndexedPath(number, path, IndexType(kind_of_index))
        self._paths = paths

    def _synchronize_kind(self, connection: Connection, kind: Kind) -> None:
        present = {path.path: path.type for path in self.of(kind.name).values()}
        if present == dict(kind.indexed):
            return
        for path in [path for path, type_ in present.items() if kind.indexed.get(path) != type_]:
            number = self.path(kind.name, path).number
            connection.execute(tables.indexed_value.delete().where(tables.indexed_value.c.path == number))
            connection.execute(tables.indexed_path.delete().where(tables.indexed_path.c.number == number))
        for path, type_ in kind.indexed.items():
            if present.get(path) != type_:
                connection.execute(
                    tables.indexed_path.insert().values(kind=kind.name, path=path, type=type_.value)
                )
        self._load(connection)
        self._index_again(connection, kind.name)

    def _index_again(self, connection: Connection, kind: str) -> None:
        numbers = [path.number for path in self.of(kind).values()]
        connection.execute(tables.indexed_value.delete().where(tables.indexed_value.c.path.in_(numbers)))
        rows = connection.execute(
            sqlalchemy.select(tables.resource.c.id, tables.resource.c.body).where(
                tables.resource.c.kind == kind
            )
        )
        for identity, body in rows.all():
            if values := self.values(kind, identity, msgspec.json.decode(body)):
                connection.execute(INSERT_VALUES, values)


def encode(type_: IndexType, value: JsonValue | Scalar) -> tuple[str | None, float | None]:
    """A value as (text, number) of the side table; nothing where its type is not the declared one."""
    match type_:
        case IndexType.TEXT if isinstance(value, str):
            return shortened(value), None
        case IndexType.NUMBER if isinstance(value, int | float) and not isinstance(value, bool):
            return None, float(value)
        case IndexType.BOOLEAN if isinstance(value, bool):
            return None, float(value)
        case _:
            return None, None


def shortened(text: str) -> str:
    """Text as it is indexed; see `MAXIMUM_TEXT`. NUL, which PostgreSQL cannot store, is left out."""
    text = text.replace("\0", "")
    if len(text) <= MAXIMUM_TEXT:
        return text
    return text[:_KEPT_TEXT] + hashlib.sha256(text.encode()).hexdigest()


_ALL_PATHS = sqlalchemy.select(
    tables.indexed_path.c.number,
    tables.indexed_path.c.kind,
    tables.indexed_path.c.path,
    tables.indexed_path.c.type,
)
INSERT_VALUES = sqlalchemy.insert(tables.indexed_value)
DELETE_VALUES = tables.indexed_value.delete().where(
    tables.indexed_value.c.path == bindparam("path_number"),
    tables.indexed_value.c.id == bindparam("identity"),
)
