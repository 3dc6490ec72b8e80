"""Column types that mean the same on SQLite and PostgreSQL."""

import sqlalchemy
from sqlalchemy.dialects import postgresql

TEXT = sqlalchemy.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that compares and sorts by bytes on both."""

COUNTER = sqlalchemy.BigInteger().with_variant(sqlalchemy.Integer(), "sqlite")
"""A 64-bit number; as a single primary key it is SQLite's rowid."""

MOMENT: sqlalchemy.Double[float] = sqlalchemy.Double()
"""Unix seconds."""
