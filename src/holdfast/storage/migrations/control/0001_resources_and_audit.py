"""Resources with their index, the audit log with its chain, and the instance's identity."""

import sqlalchemy as sa
from alembic import op

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table of the first version."""
    op.create_table(
        "instance",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("value", TEXT, nullable=False),
    )
    _resources()
    _audit()


def _resources() -> None:
    op.create_table(
        "resource",
        sa.Column("kind", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("etag", TEXT, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("modified", MOMENT, nullable=False),
    )
    op.create_index("resource_organization", "resource", ["kind", "organization", "id"])
    op.create_table(
        "indexed_path",
        sa.Column("number", COUNTER, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.UniqueConstraint("kind", "path", name="indexed_path_name"),
    )
    op.create_table(
        "indexed_value",
        sa.Column("path", COUNTER, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("text", TEXT),
        sa.Column("number", sa.Double()),
        sqlite_with_rowid=False,
    )
    op.create_index("indexed_value_text", "indexed_value", ["path", "text", "id"])
    op.create_index("indexed_value_number", "indexed_value", ["path", "number", "id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("record", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
    )
    op.create_index("audit_resource", "audit", ["kind", "resource", "sequence"])
    op.create_index("audit_time", "audit", ["time"])
    op.create_table(
        "audit_head",
        sa.Column("last", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("first", COUNTER, nullable=False),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("signature", TEXT, nullable=False),
    )
