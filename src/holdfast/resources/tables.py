"""The tables of resources and audit, as the migrations in `storage` make them."""

import sqlalchemy
from sqlalchemy import Column, Table

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

metadata = sqlalchemy.MetaData()

resource = Table(
    "resource",
    metadata,
    Column("kind", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("organization", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Column("etag", TEXT, nullable=False),
    Column("created", MOMENT, nullable=False),
    Column("modified", MOMENT, nullable=False),
    sqlalchemy.Index("resource_organization", "kind", "organization", "id"),
    sqlalchemy.Index("resource_place", "kind", "id", "organization"),
)
"""Every resource of every kind; the body is JSON with its secrets sealed."""

indexed_path = Table(
    "indexed_path",
    metadata,
    Column("number", COUNTER, primary_key=True),
    Column("kind", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("type", TEXT, nullable=False),
    sqlalchemy.UniqueConstraint("kind", "path", name="indexed_path_name"),
)
"""The paths that kinds declare as indexed, each with a short number."""

indexed_value = Table(
    "indexed_value",
    metadata,
    Column("path", COUNTER, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("text", TEXT),
    Column("number", sqlalchemy.Double()),
    sqlalchemy.Index("indexed_value_text", "path", "text", "id"),
    sqlalchemy.Index("indexed_value_number", "path", "number", "id"),
    sqlite_with_rowid=False,
)
"""What resources have at indexed paths; no row where a resource has nothing there."""

audit = Table(
    "audit",
    metadata,
    Column("sequence", COUNTER, primary_key=True, autoincrement=False),
    Column("time", MOMENT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("organization", TEXT, nullable=False),
    Column("actor", TEXT, nullable=False),
    Column("outcome", TEXT, nullable=False),
    Column("record", TEXT, nullable=False),
    Column("digest", TEXT, nullable=False),
    sqlalchemy.Index("audit_resource", "kind", "resource", "sequence"),
    sqlalchemy.Index("audit_time", "time"),
)
"""The audit log, which is the outbox too. `record` is the whole event as canonical JSON, `digest` its
SHA-256; the columns between repeat what searches need."""

audit_head = Table(
    "audit_head",
    metadata,
    Column("last", COUNTER, primary_key=True, autoincrement=False),
    Column("first", COUNTER, nullable=False),
    Column("head", TEXT, nullable=False),
    Column("time", MOMENT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("signature", TEXT, nullable=False),
)
"""Signed heads of the chain over the audit log; see `resources.chain`."""
