"""The outbox: what waits, what could not be delivered, and how far sources were read.

Instances that are older than this history have these tables already, and keep them.
"""

import sqlalchemy as sa
from alembic import op

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what `delivery.shelves` reads and writes."""
    op.create_table(
        "delivery_parcels",
        sa.Column("number", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("handed_in", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        if_not_exists=True,
    )
    _index("delivery_parcels_message", "delivery_parcels", ["destination", "message_id"], unique=True)
    _index("delivery_parcels_order", "delivery_parcels", ["destination", "number"])
    op.create_table(
        "delivery_dead_letters",
        sa.Column("number", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        if_not_exists=True,
    )
    _index("delivery_dead_letters_order", "delivery_dead_letters", ["destination", "number"])
    op.create_table(
        "delivery_positions",
        sa.Column("source", TEXT, primary_key=True),
        sa.Column("number", COUNTER, nullable=False),
        if_not_exists=True,
    )


def _index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, if_not_exists=True)
