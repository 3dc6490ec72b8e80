"""Resources and events as rows: the only place that knows how they are encoded."""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy
from sqlalchemy import Select, bindparam, func

from holdfast.kernel.json import JsonObject, canonical
from holdfast.kernel.organizations import OrganizationPath
from holdfast.keys.port import KeyRing
from holdfast.resources import secrets, tables
from holdfast.resources.model import Event, Kind, Resource

Values = dict[str, Any]  # Any: column values of mixed types, bound by name

SELECT_RESOURCE = sqlalchemy.select(
    tables.resource.c.kind,
    tables.resource.c.id,
    tables.resource.c.organization,
    tables.resource.c.body,
    tables.resource.c.etag,
    tables.resource.c.created,
    tables.resource.c.modified,
)
GET_RESOURCE = SELECT_RESOURCE.where(
    tables.resource.c.kind == bindparam("kind"), tables.resource.c.id == bindparam("id")
)
LOOK_UP_RESOURCE = (
    SELECT_RESOURCE.join(tables.indexed_value, tables.indexed_value.c.id == tables.resource.c.id)
    .where(
        tables.resource.c.kind == bindparam("kind"),
        tables.indexed_value.c.path == bindparam("path"),
        tables.indexed_value.c.text == bindparam("text"),
    )
    .order_by(tables.indexed_value.c.id)
    .limit(1)
)
"""The first by id of those with a text at the path of a number."""

SEARCHED = ("sequence", "time", "name", "kind", "resource", "organization", "actor", "outcome")
"""Fields of an event that have a column of their own."""

LAST_SEQUENCE: Select[int] = sqlalchemy.select(func.coalesce(func.max(tables.audit.c.sequence), 0))
"""The newest audit record, 0 when there is none."""


def to_resource(row: Sequence[Any], kind: Kind, ring: KeyRing) -> Resource:  # Any: rows are untyped tuples
    """The resource of a row of `SELECT_RESOURCE`, its secrets opened."""
    name, identity, organization, body, etag, created, modified = row
    value: JsonObject = msgspec.json.decode(body)
    if kind.secrets:
        value = secrets.opened(value, kind.secrets, ring, f"{name}/{identity}")
    return Resource(name, identity, organization, value, etag, created, modified)


def from_resource(resource: Resource, kind: Kind, ring: KeyRing) -> Values:
    """The column values of a resource, its secrets sealed."""
    body = secrets.sealed(resource.body, kind.secrets, ring, f"{resource.kind}/{resource.id}")
    return {
        "kind": resource.kind,
        "id": resource.id,
        "organization": resource.organization,
        "body": msgspec.json.encode(body).decode(),
        "etag": resource.etag,
        "created": resource.created,
        "modified": resource.modified,
    }


def searched(event: Event) -> Values:
    """The columns that repeat parts of the record, for searches."""
    return {name: getattr(event, name) for name in SEARCHED}


def from_event(event: Event) -> Values:
    """The column values of an event: its record, the record's digest, and what is searched."""
    record = canonical(msgspec.to_builtins(event))
    return {
        **searched(event),
        "record": record.decode(),
        "digest": hashlib.sha256(record).hexdigest(),
    }


def to_event(record: str) -> Event:
    """The event of a row's record."""
    values = msgspec.json.decode(record)
    values["organization"] = OrganizationPath(values["organization"])
    return Event(**values)
