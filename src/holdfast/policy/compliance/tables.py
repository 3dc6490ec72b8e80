"""The tables of compliance: what is, what was, and how much of it."""

import sqlalchemy
from sqlalchemy import Column, Float, Index, Integer, LargeBinary, Table, Text

metadata = sqlalchemy.MetaData()

states = Table(
    "policy_states",
    metadata,
    Column("assignment", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("organization", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("initiative", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("exemption", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("evaluated", Float, nullable=False),
    Index("policy_states_resource", "resource"),
    Index("policy_states_evaluated", "evaluated"),
    Index("policy_states_stored", "kind", "name"),
)
"""What each policy in force says of each resource it is applicable to."""

history = Table(
    "policy_history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("time", Float, nullable=False),
    Column("assignment", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("organization", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Index("policy_history_resource", "resource", "id"),
    Index("policy_history_time", "time"),
)
"""Every change of a state; empty texts stand for what was not judged."""

trend = Table(
    "policy_trend",
    metadata,
    Column("time", Float, primary_key=True),
    Column("assignment", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("resources", Integer, nullable=False),
)
"""How many resources were in which state after each sweep."""
