"""The last value of each telemetry of each device: a consumer of the log, and what the API asks.

Values and the consumer's positions are written in one transaction, so each record counts exactly once
however often the consumer is killed. The table outlives the log's retention.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy
from sqlalchemy.dialects import postgresql, sqlite

from holdfast.kernel.json import JsonValue
from holdfast.log.port import PARTITIONS, LogReader, Position, Record
from holdfast.storage.database import Database
from holdfast.storage.migrate import migrate
from holdfast.telemetry.decode import measurement
from holdfast.telemetry.message_counts import add_counts, by_minute, counts_table, read_counts

BATCH = 20_000
"""Records a transaction: under load each name of a device is written once for all of them."""

metadata = sqlalchemy.MetaData()

last_values = sqlalchemy.Table(
    "last_values",
    metadata,
    sqlalchemy.Column("device", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("module", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("component", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("name", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("value", sqlalchemy.LargeBinary, nullable=False),
    sqlalchemy.Column("time", sqlalchemy.Float, nullable=False),
)

positions = sqlalchemy.Table(
    "last_values_positions",
    metadata,
    sqlalchemy.Column("partition", sqlalchemy.Integer, primary_key=True),
    sqlalchemy.Column("offset", sqlalchemy.BigInteger, nullable=False),
)

message_counts = counts_table(metadata)

_Latest = dict[tuple[str, str, str], dict[str, tuple[JsonValue, float]]]
"""Device, module and component → name → its newest value and when it was measured."""


class LastValue(NamedTuple):
    """What a device said last under one name."""

    name: str
    value: JsonValue
    time: float


class LastValues:
    """Reads and, in one worker, keeps the table of last values."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self) -> None:
        """Bring the tables to this version."""
        migrate(self._database, "telemetry")

    def consume(self, log: LogReader) -> int:
        """Take in what the log has beyond the kept positions; how many records that was."""
        done = {number: Position(number, 0) for number in range(PARTITIONS)} | self._positions()
        total = 0
        complete = False
        while not complete:
            chunk = log.poll(done, BATCH, "telemetry")
            if chunk.records:
                self._store(_latest(chunk.records), chunk.positions, by_minute(chunk.records))
            done.update(chunk.positions)
            total += len(chunk.records)
            complete = chunk.complete
        return total

    def _positions(self) -> dict[int, Position]:
        with self._database.read() as connection:
            rows = connection.execute(sqlalchemy.select(positions)).all()
        return {row.partition: Position(row.partition, row.offset) for row in rows}

    def _store(self, latest: _Latest, moved: dict[int, Position], received: Counter[int]) -> None:
        encode = msgspec.json.encode
        rows = [
            {"device": d, "module": m, "component": c, "name": name, "value": encode(value), "time": time}
            for (d, m, c), named in latest.items()
            for name, (value, time) in named.items()
        ]
        with self._database.write() as connection:
            if rows:
                insert = self._insert(last_values)
                connection.execute(
                    insert.on_conflict_do_update(
                        index_elements=list(last_values.primary_key),
                        set_={"value": insert.excluded.value, "time": insert.excluded.time},
                        where=last_values.c.time <= insert.excluded.time,
                    ),
                    rows,
                )
            add_counts(connection, message_counts, self._insert, received)
            mark = self._insert(positions)
            connection.execute(
                mark.on_conflict_do_update(
                    index_elements=[positions.c.partition], set_={"offset": mark.excluded.offset}
                ),
                [{"partition": p.partition, "offset": p.offset} for p in moved.values()],
            )

    def received(self, begins: float, ends: float) -> dict[int, int]:
        """How many messages all devices sent in each minute (Unix time) between two moments."""
        with self._database.read() as connection:
            return read_counts(connection, message_counts, begins, ends)

    def _insert(self, table: sqlalchemy.Table) -> postgresql.Insert | sqlite.Insert:
        if self._database.dialect == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def get(self, device: str, name: str, module: str = "", component: str = "") -> LastValue | None:
        """The last value under one name, None when the device never said it."""
        return next(iter(self._select(device, module, component, name)), None)

    def all(self, device: str, module: str = "", component: str | None = None) -> list[LastValue]:
        """Every last value of a device, of one component when named (`""`: the root), by name."""
        return self._select(device, module, component, None)

    def _select(self, device: str, module: str, component: str | None, name: str | None) -> list[LastValue]:
        wanted = [last_values.c.device == device, last_values.c.module == module]
        if component is not None:
            wanted.append(last_values.c.component == component)
        if name is not None:
            wanted.append(last_values.c.name == name)
        query = sqlalchemy.select(last_values).where(*wanted).order_by(last_values.c.name)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [LastValue(row.name, msgspec.json.decode(row.value), row.time) for row in rows]

    def last_times(self, devices: Sequence[str]) -> dict[str, float]:
        """When each of some devices last said anything; those that never did are absent."""
        query = sqlalchemy.select(last_values.c.device, sqlalchemy.func.max(last_values.c.time))
        query = query.where(last_values.c.device.in_(devices)).group_by(last_values.c.device)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def forget(self, device: str) -> None:
        """Drop the values of a deleted device."""
        with self._database.write() as connection:
            connection.execute(last_values.delete().where(last_values.c.device == device))


def _latest(records: Sequence[Record]) -> _Latest:
    """The newest value under each name; of two with the same time the later record wins."""
    latest: _Latest = {}
    for record in reversed(records):  # so that most values are found to be old, and dropped at once
        component, time, values = measurement(record)
        named = latest.setdefault((record.device, record.module, component), {})
        for name, value in values.items():
            if name not in named or named[name][1] < time:
                named[name] = (value, time)
    return latest
