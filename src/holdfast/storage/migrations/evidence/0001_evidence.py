"""The chain of signed evidence.

Instances that are older than this history have the table already, and keep it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what `baseline.evidence` reads and writes."""
    op.create_table(
        "evidence",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("collected", sa.Float, nullable=False),
        sa.Column("probe", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    by_subject = ["probe", "subject", "collected"]
    op.create_index("evidence_by_subject", "evidence", by_subject, if_not_exists=True)
    op.create_index("evidence_by_time", "evidence", ["collected"], if_not_exists=True)
