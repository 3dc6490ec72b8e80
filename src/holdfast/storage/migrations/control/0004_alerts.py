"""The alerts of the platform, and the matters of which none is raised any more."""

import sqlalchemy as sa
from alembic import op

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the two tables of `alerts.store`."""
    op.create_table(
        "alert",
        sa.Column("number", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("id", TEXT, nullable=False, unique=True),
        sa.Column("folds", TEXT, unique=True),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("engine", TEXT, nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("resolution", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("zone", TEXT, nullable=False),
        sa.Column("sensor", TEXT, nullable=False),
        sa.Column("first", MOMENT, nullable=False),
        sa.Column("last", MOMENT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
    )
    op.create_index("alert_place", "alert", ["organization", "number"])
    op.create_index("alert_life", "alert", ["status", "severity", "last"])
    op.create_table(
        "alert_muted",
        sa.Column("matter", TEXT, primary_key=True),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("by", TEXT, nullable=False),
    )
