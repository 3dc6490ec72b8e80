"""${message}."""

import sqlalchemy
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Expand the schema; what is no longer used is dropped one release later."""
    ${upgrades if upgrades else "pass"}
