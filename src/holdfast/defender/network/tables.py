"""What sensors saw, in the defender's database: written by the worker that takes their messages in."""

import sqlalchemy
from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, Table

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

metadata = sqlalchemy.MetaData()

sensors = Table(
    "defender_sensors",
    metadata,
    Column("sensor", TEXT, primary_key=True),
    Column("organization", TEXT, nullable=False),
    Column("spool", TEXT, nullable=False),
    Column("number", COUNTER, nullable=False),
    Column("seen", MOMENT, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("health", LargeBinary, nullable=False),
)
"""Every source of what is known: sensors, and captures that were uploaded. `number` is the last message taken
from `spool`; `refused` counts messages that could not be read."""

sightings = Table(
    "defender_sightings",
    metadata,
    Column("sensor", TEXT, primary_key=True),
    Column("address", TEXT, primary_key=True),
    Column("asset", COUNTER, nullable=False, index=True),
    Column("document", LargeBinary, nullable=False),
)
"""What one sensor knows of one asset."""

assets = Table(
    "defender_assets",
    metadata,
    Column("number", COUNTER, primary_key=True, autoincrement=True),
    Column("organization", TEXT, nullable=False, index=True),
    Column("name", TEXT, nullable=False),
    Column("type", TEXT, nullable=False),
    Column("vendor", TEXT, nullable=False),
    Column("address", TEXT, nullable=False),
    Column("level", Float, nullable=True),
    Column("first", MOMENT, nullable=False),
    Column("last", MOMENT, nullable=False, index=True),
    Column("authorized", Boolean, nullable=False),
    Column("important", Boolean, nullable=False),
    Column("device", TEXT, nullable=False),
    Column("search", TEXT, nullable=False),
    Column("sensors", TEXT, nullable=False),
    Column("score", Float, nullable=True, index=True),
    Column("weight", Float, nullable=False, server_default="1"),
    Column("alarm", Integer, nullable=False, server_default="0"),
    Column("document", LargeBinary, nullable=False, default=b""),
)
"""Assets as all sensors of their zone see them together, with what people said of them: what lists are
filtered and sorted by, in rows so short that twelve thousand are read at once.

`score` is the risk score (null until it is rated, see `rating`), `weight` what it counts in its zone, `alarm`
the rank of the worst severity among its open alerts, 0 without any. `document` is where earlier versions kept
what is in `asset_documents` now; it is empty, and goes when no instance writes it any more.
"""

asset_documents = Table(
    "defender_asset_documents",
    metadata,
    Column("asset", COUNTER, primary_key=True, autoincrement=False),
    Column("document", LargeBinary, nullable=False),
    Column("risk", LargeBinary, nullable=False),
)
"""Everything known of an asset, and the reasons of its score."""

open_alerts = Table(
    "defender_open_alerts",
    metadata,
    Column("alert", TEXT, primary_key=True),
    Column("address", TEXT, primary_key=True),
    Column("organization", TEXT, nullable=False),
    Column("rank", Integer, nullable=False),
    sqlalchemy.Index("ix_defender_open_alerts_party", "organization", "address"),
)
"""A copy of which alerts are open and about whom, so that scores are made here; see `rating`."""

addresses = Table(
    "defender_addresses",
    metadata,
    Column("organization", TEXT, primary_key=True),
    Column("address", TEXT, primary_key=True),
    Column("asset", COUNTER, nullable=False, index=True),
)

device_addresses = Table(
    "defender_device_addresses",
    metadata,
    Column("device", TEXT, primary_key=True),
    Column("address", TEXT, nullable=False, index=True),
    Column("time", MOMENT, nullable=False),
)
"""Where each enrolled device came from when it connected last."""

connections = Table(
    "defender_connections",
    metadata,
    Column("sensor", TEXT, primary_key=True),
    Column("client", TEXT, primary_key=True),
    Column("server", TEXT, primary_key=True),
    Column("transport", TEXT, primary_key=True),
    Column("port", Integer, primary_key=True),
    Column("protocol", TEXT, primary_key=True),
    Column("organization", TEXT, nullable=False, index=True),
    Column("first", MOMENT, nullable=False),
    Column("last", MOMENT, nullable=False, index=True),
    Column("document", LargeBinary, nullable=False),
)

links = Table(
    "defender_links",
    metadata,
    Column("organization", TEXT, primary_key=True),
    Column("client", TEXT, primary_key=True),
    Column("server", TEXT, primary_key=True),
    Column("octets", sqlalchemy.BigInteger, nullable=False),
    Column("last", MOMENT, nullable=False, index=True),
    Column("protocols", TEXT, nullable=False),
    Column("commands", TEXT, nullable=False),
)
"""Who talks to whom, over all sensors, protocols and ports: what a map is drawn from. `protocols` and
`commands` are JSON lists."""

events = Table(
    "defender_events",
    metadata,
    Column("number", COUNTER, primary_key=True, autoincrement=True),
    Column("organization", TEXT, nullable=False),
    Column("sensor", TEXT, nullable=False),
    Column("time", MOMENT, nullable=False, index=True),
    Column("type", TEXT, nullable=False),
    Column("severity", TEXT, nullable=False),
    Column("title", TEXT, nullable=False),
    Column("devices", TEXT, nullable=False),
    Column("owner", TEXT, nullable=False),
    Column("count", Integer, nullable=False),
)
"""`devices` holds addresses between blanks, with one before the first and behind the last."""

alert_origins = Table(
    "defender_alert_origins",
    metadata,
    Column("alert", TEXT, primary_key=True),
    Column("sensor", TEXT, nullable=False),
    Column("organization", TEXT, nullable=False),
    Column("matter", TEXT, nullable=False, index=True),
    Column("first", MOMENT, nullable=False, index=True),
    Column("shown", TEXT, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
"""Alerts as single sensors raised them. `shown` is the alert that people see: the same, or one that another
sensor of the zone raised about the same matter within ten minutes."""

packets = Table(
    "defender_packets",
    metadata,
    Column("alert", TEXT, primary_key=True),
    Column("blob", TEXT, nullable=False),
    Column("organization", TEXT, nullable=False),
    Column("octets", Integer, nullable=False),
    Column("time", MOMENT, nullable=False, index=True),
)
"""Which blob holds the packets behind an alert, as a capture file."""

parts = Table(
    "defender_packet_parts",
    metadata,
    Column("alert", TEXT, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("parts", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Parts of captures whose others have not come yet."""

learned = Table(
    "defender_learned",
    metadata,
    Column("organization", TEXT, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)
"""The learned traffic by which captures that are uploaded to a zone are judged."""

positions = Table(
    "defender_positions",
    metadata,
    Column("partition", Integer, primary_key=True),
    Column("offset", sqlalchemy.BigInteger, nullable=False),
)
"""Where in the log the taking in of messages stands."""

captures = Table(
    "defender_captures",
    metadata,
    Column("capture", TEXT, primary_key=True),
    Column("organization", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("done", Float, nullable=False),
    Column("problems", TEXT, nullable=False),
    Column("began", MOMENT, nullable=False),
    Column("ended", MOMENT, nullable=False),
)
"""How the analysis of an uploaded capture stands: `analyzing`, `done` or `failed`; `done` is a share of 1."""

platform_memory = Table(
    "defender_platform_memory",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)
"""What the detectors of the platform's own log and audit remember."""

platform_positions = Table(
    "defender_platform_positions",
    metadata,
    Column("partition", Integer, primary_key=True),
    Column("offset", sqlalchemy.BigInteger, nullable=False),
)
