"""The tables of the outbox: what waits, what could not be delivered, and how far sources were read."""

import sqlalchemy
from sqlalchemy import Column, Index, Integer, Table

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

metadata = sqlalchemy.MetaData()

parcels = Table(
    "delivery_parcels",
    metadata,
    Column("number", COUNTER, primary_key=True, autoincrement=True),
    Column("destination", TEXT, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("handed_in", MOMENT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", TEXT, nullable=False),
    Index("delivery_parcels_message", "destination", "message_id", unique=True),
    Index("delivery_parcels_order", "destination", "number"),
)

dead_letters = Table(
    "delivery_dead_letters",
    metadata,
    Column("number", COUNTER, primary_key=True, autoincrement=True),
    Column("destination", TEXT, nullable=False),
    Column("message_id", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", TEXT, nullable=False),
    Column("time", MOMENT, nullable=False),
    Index("delivery_dead_letters_order", "destination", "number"),
)

positions = Table(
    "delivery_positions",
    metadata,
    Column("source", TEXT, primary_key=True),
    Column("number", COUNTER, nullable=False),
)
