"""From which address each device connects, so that assets are linked to devices."""

import sqlalchemy as sa
from alembic import op

from holdfast.storage.columns import MOMENT, TEXT

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of `defender.network.presence`."""
    op.create_table(
        "defender_device_addresses",
        sa.Column("device", TEXT, primary_key=True),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        if_not_exists=True,
    )
    name = "ix_defender_device_addresses_address"
    op.create_index(name, "defender_device_addresses", ["address"], if_not_exists=True)
