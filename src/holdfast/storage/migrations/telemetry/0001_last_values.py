"""Last values, how many messages came each minute, and where in the log the reader stands.

Instances that are older than this history have some of these tables already, and keep them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what `telemetry.last_values` reads and writes."""
    op.create_table(
        "last_values",
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("module", sa.Text, primary_key=True),
        sa.Column("component", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("time", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "last_values_positions",
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("offset", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "message_counts",
        sa.Column("minute", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("messages", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
