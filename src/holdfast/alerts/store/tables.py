"""The tables of the platform's alerts, in the control database."""

import sqlalchemy
from sqlalchemy import Column, Index, Table

from holdfast.storage.columns import COUNTER, MOMENT, TEXT

metadata = sqlalchemy.MetaData()

alert = Table(
    "alert",
    metadata,
    Column("number", COUNTER, primary_key=True, autoincrement=False),
    Column("id", TEXT, nullable=False, unique=True),
    Column("folds", TEXT, unique=True),
    Column("type", TEXT, nullable=False),
    Column("engine", TEXT, nullable=False),
    Column("severity", sqlalchemy.SmallInteger, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("resolution", TEXT, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("destination", TEXT, nullable=False),
    Column("organization", TEXT, nullable=False),
    Column("site", TEXT, nullable=False),
    Column("zone", TEXT, nullable=False),
    Column("sensor", TEXT, nullable=False),
    Column("first", MOMENT, nullable=False),
    Column("last", MOMENT, nullable=False),
    Column("body", TEXT, nullable=False),
    Index("alert_place", "organization", "number"),
    Index("alert_life", "status", "severity", "last"),
)
"""`number` grows in the order of opening, so that whoever follows the table misses none. `folds` is what
further reports of an open alert have in common, and null once it is closed or when a sensor folds itself."""

muted = Table(
    "alert_muted",
    metadata,
    Column("matter", TEXT, primary_key=True),
    Column("time", MOMENT, nullable=False),
    Column("by", TEXT, nullable=False),
)
"""Matters of which no further alert is raised."""
