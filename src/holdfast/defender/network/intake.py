"""Takes the messages of sensors in: each once, in order, together with the place in the log it came from.

What people must see elsewhere (alerts) is handed on before the transaction ends; both sides take the same
twice without harm, so a worker that is killed in between loses nothing and doubles nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import DataError

from holdfast.alerts.model import Alert
from holdfast.defender.network.alerts import Unwanted, take_alerts
from holdfast.defender.network.assets import Linked, Said, forget_assets, remove, renew, take_assets
from holdfast.defender.network.links import add_to_links, rebuild_links
from holdfast.defender.network.packets import PacketStore
from holdfast.defender.network.rows import upsert
from holdfast.defender.network.source import Source
from holdfast.defender.network.tables import connections, events, metadata, positions, sensors, sightings
from holdfast.defender.uplink import messages
from holdfast.defender.uplink.documents import ConnectionDocument, EventDocument, HealthDocument
from holdfast.defender.uplink.messages import Message, MessageError, unpack
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.organizations import Move
from holdfast.log.port import Position
from holdfast.resources.relocation import relocate_rows
from holdfast.storage.database import Database, savepoint

encode = msgspec.json.Encoder().encode


class Arrived(NamedTuple):
    """A message as it came."""

    source: Source
    spool: str
    number: int
    data: bytes
    time: float


class Heard(NamedTuple):
    """Health that came in, for those who judge it."""

    source: Source
    health: HealthDocument


@dataclass(frozen=True)
class Surroundings:
    """What the intake asks of the rest of the product."""

    hand_on: Callable[[Sequence[Alert]], None]
    """Takes alerts as people shall see them; blocks until they are kept."""
    said: Said
    linked: Linked
    unwanted: Callable[[], Unwanted]


class Intake:
    """The writing end of the defender's database."""

    def __init__(self, database: Database, packets: PacketStore, around: Surroundings) -> None:
        self._database = database
        self._packets = packets
        self._around = around
        self._log = structlog.get_logger()

    def take(self, arrived: Sequence[Arrived], moved: Mapping[int, Position] | None = None) -> list[Heard]:
        """Take messages in, and keep how far the log was read; the health that was among them."""
        alerts: dict[str, Alert] = {}
        heard: list[Heard] = []
        unwanted = self._around.unwanted() if arrived else Unwanted()
        with self._database.write() as connection:
            for each in arrived:
                if not self._is_next(connection, each):
                    continue
                taken = self._take_one(connection, each, unwanted)
                alerts |= {alert.id: alert for alert in taken.alerts}
                heard += taken.heard
            if alerts:
                self._around.hand_on(list(alerts.values()))
            rows = [{"partition": p.partition, "offset": p.offset} for p in (moved or {}).values()]
            upsert(connection, positions, rows)
        return heard

    def positions(self) -> dict[int, Position]:
        """How far the log was read."""
        with self._database.read() as connection:
            rows = connection.execute(select(positions)).all()
        return {row.partition: Position(row.partition, row.offset) for row in rows}

    def renew_asset(self, number: int) -> None:
        """What people say of an asset changed."""
        with self._database.write() as connection:
            renew(connection, [number], self._around.said, self._around.linked)

    def forget_sensor(self, sensor: str) -> None:
        """A sensor or capture is gone, with what only it knew; alerts and events stay."""
        with self._database.write() as connection:
            own = sightings.c.sensor == sensor
            numbers = set(connection.execute(select(sightings.c.asset).where(own)).scalars())
            connection.execute(delete(sightings).where(own))
            renew(connection, sorted(numbers), self._around.said, self._around.linked)
            its = connections.c.sensor == sensor
            places = connection.execute(select(connections.c.organization).where(its).distinct()).scalars()
            left = list(places)
            connection.execute(delete(connections).where(its))
            for organization in left:
                rebuild_links(connection, organization)
            connection.execute(delete(sensors).where(sensors.c.sensor == sensor))

    def remove_asset(self, number: int) -> None:
        """Forget an asset, until it is seen again."""
        with self._database.write() as connection:
            remove(connection, number)

    def relocate(self, move: Move) -> None:
        """An organization moved: so did what was seen in it. Doing it again changes nothing."""
        with self._database.write() as connection:
            for table in metadata.sorted_tables:
                if "organization" in table.c:
                    relocate_rows(connection, table, move)

    def _is_next(self, connection: Connection, arrived: Arrived) -> bool:
        known = connection.execute(
            select(sensors.c.spool, sensors.c.number).where(sensors.c.sensor == arrived.source.sensor)
        ).first()
        if known is not None and known.spool == arrived.spool and arrived.number <= known.number:
            return False
        row = {
            "sensor": arrived.source.sensor,
            "organization": arrived.source.organization,
            "spool": arrived.spool,
            "number": arrived.number,
            "seen": arrived.time,
        }
        if known is None:
            connection.execute(insert(sensors).values(**row, refused=0, health=b""))
        else:
            connection.execute(sensors.update().where(sensors.c.sensor == arrived.source.sensor).values(row))
        return True

    def _take_one(self, connection: Connection, arrived: Arrived, unwanted: Unwanted) -> "_Taken":
        """One message; one that cannot be taken leaves nothing but a count behind."""
        try:
            message = unpack(arrived.data)
            with savepoint(connection):
                return self._dispatch(connection, arrived, message, unwanted)
        except (MessageError, ValueError, DataError) as error:  # DataError: a number that fits no column
            self._log.warning(
                "a sensor's message was refused", sensor=arrived.source.sensor, reason=str(error)
            )
            own = sensors.c.sensor == arrived.source.sensor
            connection.execute(sensors.update().where(own).values(refused=sensors.c.refused + 1))
            return _Taken()

    def _dispatch(
        self, connection: Connection, arrived: Arrived, message: Message, unwanted: Unwanted
    ) -> "_Taken":
        source, around = arrived.source, self._around
        match message:
            case messages.Assets(items):
                take_assets(connection, source, items, around.said, around.linked)
            case messages.Gone(items):
                forget_assets(connection, source, items, around.said, around.linked)
            case messages.Connections(items):
                add_to_links(connection, source.organization, source.sensor, items)
                upsert(connection, connections, [_connection_row(source, each) for each in items])
            case messages.Events(items):
                connection.execute(insert(events), [_event_row(source, each) for each in items])
            case messages.Alerts(items):
                return _Taken(alerts=take_alerts(connection, source, items, unwanted))
            case messages.Packets(items):
                for part in items:
                    self._packets.take(connection, source, part, arrived.time)
            case messages.Health(items):
                own = sensors.c.sensor == source.sensor
                connection.execute(sensors.update().where(own).values(health=encode(items[-1])))
                return _Taken(heard=[Heard(source, each) for each in items])
        return _Taken()


class _Taken(NamedTuple):
    alerts: Sequence[Alert] = ()
    heard: Sequence[Heard] = ()


def _connection_row(source: Source, document: ConnectionDocument) -> dict[str, object]:
    return {
        "sensor": source.sensor,
        "client": document.client,
        "server": document.server,
        "transport": document.transport,
        "port": document.port,
        "protocol": document.protocol,
        "organization": source.organization,
        "first": parse_isoformat(document.first_seen),
        "last": parse_isoformat(document.last_seen),
        "document": encode(document),
    }


def _event_row(source: Source, document: EventDocument) -> dict[str, object]:
    return {
        "organization": source.organization,
        "sensor": source.sensor,
        "time": parse_isoformat(document.time),
        "type": document.type,
        "severity": document.severity,
        "title": document.title,
        "devices": f" {' '.join(document.devices)} ",
        "owner": document.owner,
        "count": document.count,
    }
