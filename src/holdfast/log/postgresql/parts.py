"""The parts of the log's table: ranges of sequences that are dropped whole when they are old or too many."""

from typing import NamedTuple

import structlog
from psycopg import sql

from holdfast.log.backend import Limits
from holdfast.log.port import PARTITIONS
from holdfast.log.postgresql.connection import LogConnection
from holdfast.log.rows import last_offsets, mask_of

ROWS = 16_384
"""Rows of a part: about 300 MB at full load, so a log of the default size has fewer than a hundred parts."""
_PREFIX = "log_batch_"

logger = structlog.get_logger(__name__)


class _Part(NamedTuple):
    number: int
    name: str
    size: int


def make_room(connection: LogConnection, sequence: int) -> int:
    """Make the parts for the row behind `sequence` and for as many rows as a part has after it; the first
    sequence that has no part. Ahead of need, because making one waits for the readers of the moment."""
    number = (sequence + 1) // ROWS
    for part in (number, number + 1):
        connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} PARTITION OF log_batch FOR VALUES FROM ({}) TO ({})"
            ).format(
                sql.Identifier(f"{_PREFIX}{part}"), sql.Literal(part * ROWS), sql.Literal((part + 1) * ROWS)
            )
        )
    return (number + 2) * ROWS


def expire(connection: LogConnection, limits: Limits, now: float) -> None:
    """Drop the parts that are too much, and one that is too old, so that a clock that jumps costs little. The
    part of the newest row stays."""
    present = _parts(connection)
    total = sum(part.size for part in present)
    for place, part in enumerate(present[:-2]):
        too_old = place == 0 and now - _newest(connection, part) > limits.keep_seconds
        if not too_old and total <= limits.keep_bytes:
            return
        _keep_ends(connection, part)
        connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(part.name)))
        logger.info("part of the log expired", part=part.name)
        total -= part.size


def ends(connection: LogConnection) -> dict[int, int]:
    """The last offset of each partition that has records."""
    known = {int(number): int(offset) for number, offset in connection.execute("SELECT * FROM log_end")}
    return known | _ends_in(connection, sql.Identifier("log_batch"))


def _parts(connection: LogConnection) -> list[_Part]:
    rows = connection.execute(
        "SELECT inhrelid::regclass::text, pg_total_relation_size(inhrelid) FROM pg_inherits "
        "WHERE inhparent = 'log_batch'::regclass"
    )
    return sorted(_Part(int(name.removeprefix(_PREFIX)), name, size) for name, size in rows)


def _newest(connection: LogConnection, part: _Part) -> float:
    statement = sql.SQL("SELECT max(time) FROM {}").format(sql.Identifier(part.name))
    row = connection.execute(statement).fetchone()
    return float(row[0]) if row and row[0] is not None else 0.0


def _ends_in(connection: LogConnection, table: sql.Identifier) -> dict[int, int]:
    found: dict[int, int] = {}
    missing = mask_of(range(PARTITIONS))
    statement = sql.SQL("SELECT sequence, partitions, data FROM {} ORDER BY sequence DESC").format(table)
    with connection.transaction(), connection.cursor("log_ends") as cursor:
        for sequence, partitions, data in cursor.execute(statement):
            if partitions & missing:
                found = last_offsets(sequence, data) | found
                missing &= ~partitions
            if not missing:
                break
    return found


def _keep_ends(connection: LogConnection, part: _Part) -> None:
    """Remember where the partitions ended, before the rows that say so are gone."""
    for partition, offset in _ends_in(connection, sql.Identifier(part.name)).items():
        connection.execute(
            'INSERT INTO log_end VALUES (%s, %s) ON CONFLICT ("partition") '
            'DO UPDATE SET "offset" = greatest(log_end."offset", excluded."offset")',
            (partition, offset),
        )
