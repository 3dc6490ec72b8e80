"""What access control keeps beside its configuration: used one-time values, and last use."""

import sqlalchemy as sa
from alembic import op

from holdfast.storage.columns import MOMENT, TEXT

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the two tables of `access.traces`."""
    op.create_table(
        "access_used",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("until", MOMENT, nullable=False),
    )
    op.create_index("access_used_until", "access_used", ["until"])
    op.create_table(
        "access_activity",
        sa.Column("kind", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("last", MOMENT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
    )
