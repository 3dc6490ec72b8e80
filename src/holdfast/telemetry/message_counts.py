"""How many messages were received in each minute: kept by the consumer of last values, in its transaction."""

from collections import Counter
from collections.abc import Callable, Iterable

import sqlalchemy
from sqlalchemy.dialects import postgresql, sqlite

from holdfast.log.port import Record

KEPT_MINUTES = 8 * 24 * 60
"""A week and a day, so that weeks can be compared."""

Insert = Callable[[sqlalchemy.Table], postgresql.Insert | sqlite.Insert]


def counts_table(metadata: sqlalchemy.MetaData) -> sqlalchemy.Table:
    """The table: a row a minute (Unix time) in which anything was received."""
    return sqlalchemy.Table(
        "message_counts",
        metadata,
        sqlalchemy.Column("minute", sqlalchemy.BigInteger, primary_key=True, autoincrement=False),
        sqlalchemy.Column("messages", sqlalchemy.BigInteger, nullable=False),
    )


def by_minute(records: Iterable[Record]) -> Counter[int]:
    """How many telemetry records were received in each minute."""
    return Counter([int(record.time // 60) for record in records])


def add_counts(
    connection: sqlalchemy.Connection, table: sqlalchemy.Table, insert: Insert, received: Counter[int]
) -> None:
    """Add to what is counted, and forget what is older than is kept."""
    if not received:
        return
    statement = insert(table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.minute],
            set_={"messages": table.c.messages + statement.excluded.messages},
        ),
        [{"minute": minute, "messages": number} for minute, number in received.items()],
    )
    connection.execute(table.delete().where(table.c.minute < max(received) - KEPT_MINUTES))


def read_counts(
    connection: sqlalchemy.Connection, table: sqlalchemy.Table, begins: float, ends: float
) -> dict[int, int]:
    """Minute → messages between two moments (Unix seconds); minutes without any are absent."""
    wanted = table.c.minute.between(int(begins // 60), int(ends // 60))
    query = sqlalchemy.select(table).where(wanted).order_by(table.c.minute)
    return {row.minute: row.messages for row in connection.execute(query)}
