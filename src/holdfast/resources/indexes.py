"""The side table of indexed paths: which there are, and what a resource has there.

Declared paths have small numbers, given by the database. Paths below an open one (`cloud.*`) are as many as
people invent, so their number is a digest of the path: no table of them is kept in any process.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

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

OPEN = ".*"
MAXIMUM_OPEN_VALUES = 400
"""Values of one resource below its open paths that are indexed."""
MAXIMUM_OPEN_DEPTH = 4


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
        """One declared path, or one below an open path; InvalidError when the kind does not index it."""
        found = self.of(kind).get(path) or self._below_open(kind, path)
        if found is None:
            raise InvalidError(f"A {kind} cannot be searched or sorted by “{path}”.", path)
        return found

    def values(self, kind: str, identity: str, body: JsonObject) -> list[Values]:
        """The side table's rows for a resource."""
        rows: list[Values] = []
        for indexed in self.of(kind).values():
            if indexed.path.endswith(OPEN):
                rows += open_values(kind, identity, indexed.path[: -len(OPEN)], body)
            elif row := _row(indexed.number, identity, indexed.type, at_path(body, indexed.path)):
                rows.append(row)
        return rows

    def _below_open(self, kind: str, path: str) -> IndexedPath | None:
        for indexed in self.of(kind).values():
            if indexed.path.endswith(OPEN) and path.startswith(indexed.path[:-1]):
                return IndexedPath(open_number(kind, path), path, IndexType.ANY)
        return None

    def _load(self, connection: Connection) -> None:
        paths: dict[str, dict[str, IndexedPath]] = {}
        for number, kind, path, kind_of_index in connection.execute(_ALL_PATHS):
            paths.setdefault(kind, {})[path] = IndexedPath(number, path, IndexType(kind_of_index))
        self._paths = paths

    def _synchronize_kind(self, connection: Connection, kind: Kind) -> None:
        present = {path.path: path.type for path in self.of(kind.name).values()}
        if present == dict(kind.indexed):
            return
        gone = [path for path, type_ in present.items() if kind.indexed.get(path) != type_]
        for path in gone:
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
                connection.execute(DELETE_VALUES, addresses(values))  # below open paths some may stand
                connection.execute(INSERT_VALUES, values)


def open_number(kind: str, path: str) -> int:
    """The number of a path below an open one: negative, so that it never meets a declared path's."""
    digest = hashlib.sha256(f"{kind}\0{path}".encode()).digest()
    return -1 - (int.from_bytes(digest[:8], "big") >> 1)


def open_values(kind: str, identity: str, prefix: str, body: JsonObject) -> list[Values]:
    """The rows of every value below an open path."""
    rows: list[Values] = []
    for path, value in _leaves(at_path(body, prefix), prefix, 0):
        row = _row(open_number(kind, path), identity, IndexType.ANY, value)
        if row and len(rows) < MAXIMUM_OPEN_VALUES:
            rows.append(row)
    return rows


def _leaves(value: JsonValue, path: str, depth: int) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, dict):
        if depth < MAXIMUM_OPEN_DEPTH:
            for name, inner in value.items():
                yield from _leaves(inner, f"{path}.{name}", depth + 1)
    elif depth:
        yield path, value


def _row(number: int, identity: str, type_: IndexType, value: JsonValue) -> Values | None:
    text, amount = encode(type_, value)
    if text is None and amount is None:
        return None
    return {"path": number, "id": identity, "text": text, "number": amount}


def encode(type_: IndexType, value: JsonValue | Scalar) -> tuple[str | None, float | None]:
    """A value as (text, number) of the side table; nothing where its type is not the declared one."""
    match type_:
        case IndexType.TEXT if isinstance(value, str):
            return shortened(value), None
        case IndexType.NUMBER if isinstance(value, int | float) and not isinstance(value, bool):
            return None, float(value)
        case IndexType.BOOLEAN if isinstance(value, bool):
            return None, float(value)
        case IndexType.ANY if isinstance(value, str):
            return shortened(value), None
        case IndexType.ANY if isinstance(value, int | float):
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


def addresses(rows: list[Values]) -> list[dict[str, Any]]:  # Any: numbers and texts as parameters
    """The parameters of `DELETE_VALUES` for rows."""
    return [{"path_number": row["path"], "identity": row["id"]} for row in rows]


DELETE_VALUES = tables.indexed_value.delete().where(
    tables.indexed_value.c.path == bindparam("path_number"),
    tables.indexed_value.c.id == bindparam("identity"),
)
