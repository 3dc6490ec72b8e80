"""What is searched for can be read in the order of ids from indexes alone: searches merge such streams."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Index places by id; on PostgreSQL, whose tables are not in the order of their keys, let the key of the
    side table have its values along."""
    op.create_index("resource_place", "resource", ["kind", "id", "organization"])
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE indexed_value DROP CONSTRAINT indexed_value_pkey, "
            "ADD PRIMARY KEY (path, id) INCLUDE (text, number)"
        )
