"""What sensors saw: assets, connections, events, alerts with packets, and captures.

Instances that are older than this history have some of these tables already, and keep them.
"""

import sqlalchemy as sa
from alembic import op

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what `defender.network` reads and writes."""
    _sources()
    _assets()
    _traffic()
    _alerts()
    _positions()


def _sources() -> None:
    _table(
        "defender_sensors",
        sa.Column("sensor", TEXT, primary_key=True),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("spool", TEXT, nullable=False),
        sa.Column("number", COUNTER, nullable=False),
        sa.Column("seen", MOMENT, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("health", sa.LargeBinary, nullable=False),
    )
    _table(
        "defender_captures",
        sa.Column("capture", TEXT, primary_key=True),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("done", sa.Float, nullable=False),
        sa.Column("problems", TEXT, nullable=False),
        sa.Column("began", MOMENT, nullable=False),
        sa.Column("ended", MOMENT, nullable=False),
    )
    _table(
        "defender_learned",
        sa.Column("organization", TEXT, primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )


def _assets() -> None:
    _table(
        "defender_sightings",
        sa.Column("sensor", TEXT, primary_key=True),
        sa.Column("address", TEXT, primary_key=True),
        sa.Column("asset", COUNTER, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        indexed=["asset"],
    )
    _table(
        "defender_assets",
        sa.Column("number", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("vendor", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("level", sa.Float, nullable=True),
        sa.Column("first", MOMENT, nullable=False),
        sa.Column("last", MOMENT, nullable=False),
        sa.Column("authorized", sa.Boolean, nullable=False),
        sa.Column("important", sa.Boolean, nullable=False),
        sa.Column("device", TEXT, nullable=False),
        sa.Column("search", TEXT, nullable=False),
        sa.Column("sensors", TEXT, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        indexed=["organization", "last"],
    )
    _table(
        "defender_addresses",
        sa.Column("organization", TEXT, primary_key=True),
        sa.Column("address", TEXT, primary_key=True),
        sa.Column("asset", COUNTER, nullable=False),
        indexed=["asset"],
    )


def _traffic() -> None:
    _table(
        "defender_connections",
        sa.Column("sensor", TEXT, primary_key=True),
        sa.Column("client", TEXT, primary_key=True),
        sa.Column("server", TEXT, primary_key=True),
        sa.Column("transport", TEXT, primary_key=True),
        sa.Column("port", sa.Integer, primary_key=True),
        sa.Column("protocol", TEXT, primary_key=True),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("first", MOMENT, nullable=False),
        sa.Column("last", MOMENT, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        indexed=["organization", "last"],
    )
    _table(
        "defender_events",
        sa.Column("number", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("sensor", TEXT, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("devices", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        indexed=["time"],
    )


def _alerts() -> None:
    _table(
        "defender_alert_origins",
        sa.Column("alert", TEXT, primary_key=True),
        sa.Column("sensor", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("matter", TEXT, nullable=False),
        sa.Column("first", MOMENT, nullable=False),
        sa.Column("shown", TEXT, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        indexed=["matter", "first"],
    )
    _table(
        "defender_packets",
        sa.Column("alert", TEXT, primary_key=True),
        sa.Column("blob", TEXT, nullable=False),
        sa.Column("organization", TEXT, nullable=False),
        sa.Column("octets", sa.Integer, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        indexed=["time"],
    )
    _table(
        "defender_packet_parts",
        sa.Column("alert", TEXT, primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    _table(
        "defender_platform_memory",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )


def _positions() -> None:
    for name in ("defender_positions", "defender_platform_positions"):
        _table(
            name,
            sa.Column("partition", sa.Integer, primary_key=True),
            sa.Column("offset", sa.BigInteger, nullable=False),
        )


def _table(name: str, *columns: sa.Column[object], indexed: list[str] | None = None) -> None:
    op.create_table(name, *columns, if_not_exists=True)
    for column in indexed or []:
        op.create_index(f"ix_{name}_{column}", name, [column], if_not_exists=True)
