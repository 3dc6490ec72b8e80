"""The tables of compliance: what is, what was, and how much of it."""

from typing import Any

import sqlalchemy
from sqlalchemy import Column, Index, Integer, LargeBinary, Row, Table

from holdfast.policy.compliance.model import Transition
from holdfast.storage.columns import COUNTER, MOMENT, TEXT

metadata = sqlalchemy.MetaData()

states = Table(
    "policy_states",
    metadata,
    Column("assignment", TEXT, primary_key=True),
    Column("reference", TEXT, primary_key=True),
    Column("resource", TEXT, primary_key=True),
    Column("type", TEXT, nullable=False),
    Column("organization", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("definition", TEXT, nullable=False),
    Column("initiative", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("effect", TEXT, nullable=False),
    Column("because", TEXT, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("exemption", TEXT, nullable=False),
    Column("since", MOMENT, nullable=False),
    Column("evaluated", MOMENT, nullable=False),
    Index("policy_states_resource", "resource"),
    Index("policy_states_evaluated", "evaluated"),
    Index("policy_states_stored", "kind", "name"),
)
"""What each policy in force says of each resource it is applicable to."""

history = Table(
    "policy_history",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    Column("time", MOMENT, nullable=False),
    Column("assignment", TEXT, nullable=False),
    Column("reference", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("organization", TEXT, nullable=False),
    Column("definition", TEXT, nullable=False),
    Column("before", TEXT, nullable=False),
    Column("after", TEXT, nullable=False),
    Index("policy_history_resource", "resource", "id"),
    Index("policy_history_time", "time"),
)
"""Every change of a state; empty texts stand for what was not judged."""

trend = Table(
    "policy_trend",
    metadata,
    Column("time", MOMENT, primary_key=True),
    Column("assignment", TEXT, primary_key=True),
    Column("state", TEXT, primary_key=True),
    Column("resources", Integer, nullable=False),
)
"""How many resources were in which state after each sweep."""

positions = Table(
    "policy_positions",
    metadata,
    Column("consumer", TEXT, primary_key=True),
    Column("history", COUNTER, nullable=False),
)
"""Up to which row of the history a consumer is done."""


def transition_of(row: Row[Any]) -> Transition:  # Any: a whole row
    """The transition of a row of the history."""
    return Transition(**{name: getattr(row, name) for name in Transition._fields})
