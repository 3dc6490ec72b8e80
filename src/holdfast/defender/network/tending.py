"""What time does to what sensors saw: retention, room, and devices that came after their assets."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select

from holdfast.defender.network.assets import Linked, Said, remove, renew
from holdfast.defender.network.packets import PacketStore
from holdfast.defender.network.tables import (
    alert_origins,
    assets,
    captures,
    connections,
    events,
    links,
    parts,
    sightings,
)
from holdfast.kernel.clock import Clock
from holdfast.storage.database import Database

DAY: Final = 86_400.0
BATCH: Final = 200
"""Assets of one transaction."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept; the defaults are the documented ones, our timeline also goes by count."""

    assets: float = 90 * DAY
    """Since an asset was seen last."""
    connections: float = 90 * DAY
    alerts: float = 400 * DAY
    """What single sensors said of alerts; the alerts themselves have a retention of their own."""
    events: float = 400 * DAY
    maximum_events: int = 10_000_000


class Tending:
    """Runs once an hour in the worker that takes messages in."""

    def __init__(
        self, database: Database, packets: PacketStore, clock: Clock, said: Said, linked: Linked
    ) -> None:
        self._database = database
        self._packets = packets
        self._clock = clock
        self._said = said
        self._linked = linked

    def run(self, kept: Retention = Retention()) -> None:
        """Forget what is too old or too much, and link what was not linked.

        What a capture shows stays as long as the capture.
        """
        now = self._clock.now()
        with self._database.write() as connection:
            replayed = select(captures.c.capture)
            shown = select(sightings.c.asset).where(sightings.c.sensor.in_(replayed))
            old = (assets.c.last < now - kept.assets) & assets.c.number.not_in(shown)
            for number in connection.execute(select(assets.c.number).where(old)).scalars().all():
                remove(connection, number)
            silent = (connections.c.last < now - kept.connections) & connections.c.sensor.not_in(replayed)
            connection.execute(delete(connections).where(silent))
            quiet = links.c.last < now - kept.connections
            replaying = links.c.organization.in_(select(captures.c.organization))
            connection.execute(delete(links).where(quiet & ~replaying))
            told = (alert_origins.c.first < now - kept.alerts) & alert_origins.c.sensor.not_in(replayed)
            connection.execute(delete(alert_origins).where(told))
            connection.execute(delete(parts).where(parts.c.alert.not_in(select(alert_origins.c.alert))))
            past = (events.c.time < now - kept.events) & events.c.sensor.not_in(replayed)
            connection.execute(delete(events).where(past))
            _keep_newest(connection, events, events.c.number, kept.maximum_events)
            self._packets.sweep(connection)
        self._relink()

    def _relink(self) -> None:
        """Ask again for assets that are no known device: it may have been enrolled since."""
        after = 0
        while True:
            with self._database.write() as connection:
                unlinked = (assets.c.device == "") & (assets.c.number > after)
                numbers = (
                    connection.execute(
                        select(assets.c.number).where(unlinked).order_by(assets.c.number).limit(BATCH)
                    )
                    .scalars()
                    .all()
                )
                renew(connection, numbers, self._said, self._linked, relink=True)
            if not numbers:
                return
            after = numbers[-1]


def _keep_newest(connection: Connection, table: Table, number: ColumnElement[int], maximum: int) -> None:
    newest = connection.execute(select(func.max(number))).scalar()
    if newest is not None:
        connection.execute(delete(table).where(number <= newest - maximum))
