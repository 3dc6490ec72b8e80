"""Compliance states, their history and trend, and how far the history was read.

Instances that are older than this history have these tables already, and keep them.
"""

import sqlalchemy as sa
from alembic import op

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what `policy.compliance` reads and writes."""
    _states()
    op.create_table(
        "policy_history",
        sa.Column("id", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("assignment", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("resource", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("definition", TEXT, nullable=False),
        sa.Column("before", TEXT, nullable=False),
        sa.Column("after", TEXT, nullable=False),
        if_not_exists=True,
    )
    _index("policy_history_resource", "policy_history", ["resource", "id"])
    _index("policy_history_time", "policy_history", ["time"])
    op.create_table(
        "policy_trend",
        sa.Column("time", MOMENT, primary_key=True),
        sa.Column("assignment", TEXT, primary_key=True),
        sa.Column("state", TEXT, primary_key=True),
        sa.Column("resources", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "policy_positions",
        sa.Column("consumer", TEXT, primary_key=True),
        sa.Column("history", COUNTER, nullable=False),
        if_not_exists=True,
    )


def _states() -> None:
    op.create_table(
        "policy_states",
        sa.Column("assignment", TEXT, primary_key=True),
        sa.Column("reference", TEXT, primary_key=True),
        sa.Column("resource", TEXT, primary_key=True),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("definition", TEXT, nullable=False),
        sa.Column("initiative", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("effect", TEXT, nullable=False),
        sa.Column("because", TEXT, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("exemption", TEXT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("evaluated", MOMENT, nullable=False),
        if_not_exists=True,
    )
    _index("policy_states_resource", "policy_states", ["resource"])
    _index("policy_states_evaluated", "policy_states", ["evaluated"])
    _index("policy_states_stored", "policy_states", ["kind", "name"])


def _index(name: str, table: str, columns: list[str]) -> None:
    op.create_index(name, table, columns, if_not_exists=True)
