"""The log and the device state, where the instance's database is PostgreSQL; otherwise they are files."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables that `log.postgresql` reads and writes."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE TABLE log_batch (sequence BIGINT PRIMARY KEY, partitions BIGINT NOT NULL, "
        "time DOUBLE PRECISION NOT NULL, data BYTEA NOT NULL) PARTITION BY RANGE (sequence)"
    )
    op.execute("CREATE TABLE log_counter (sequence BIGINT NOT NULL)")
    op.execute("INSERT INTO log_counter VALUES (0)")
    op.execute('CREATE TABLE log_end ("partition" INTEGER PRIMARY KEY, "offset" BIGINT NOT NULL)')
    op.execute(
        'CREATE TABLE device_state (space TEXT COLLATE "C", key TEXT COLLATE "C", value BYTEA NOT NULL, '
        "PRIMARY KEY (space, key))"
    )
