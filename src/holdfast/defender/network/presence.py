"""From where enrolled devices connect: one sign by which an asset on the wire is known as a device."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from holdfast.defender.network.assets import Linked, Said, renew
from holdfast.defender.network.rows import in_parts, upsert
from holdfast.defender.network.tables import addresses, device_addresses
from holdfast.storage.database import Database


class Arrival(NamedTuple):
    """A device that connected."""

    address: str
    time: float


class Presence:
    """Keeps the address that each device came from last. Blocking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, arrived: Mapping[str, Arrival], said: Said, linked: Linked) -> None:
        """Devices connected; the assets at addresses that are new for a device are linked again."""
        moved = self._keep(arrived)
        if not moved:
            return
        with self._database.write() as connection:
            renew(connection, _assets_at(connection, moved), said, linked, relink=True)

    def devices_at(self, known: Sequence[str]) -> list[str]:
        """The devices that came from one of some addresses last; two at most, because one is wanted."""
        query = select(device_addresses.c.device).where(device_addresses.c.address.in_(known)).limit(2)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def _keep(self, arrived: Mapping[str, Arrival]) -> list[str]:
        """The addresses, old and new, between which devices moved."""
        table = device_addresses.c
        known: dict[str, str] = {}
        with self._database.read() as connection:
            for part in in_parts(list(arrived)):
                own = select(table.device, table.address).where(table.device.in_(part))
                known.update({row.device: row.address for row in connection.execute(own)})
        moved = {device: now for device, now in arrived.items() if known.get(device) != now.address}
        rows = [{"device": device, **now._asdict()} for device, now in moved.items()]
        if rows:
            with self._database.write() as connection:
                upsert(connection, device_addresses, rows)
        before = [known[device] for device in moved if device in known]
        return sorted({*before, *(now.address for now in moved.values())})


def _assets_at(connection: Connection, known: Sequence[str]) -> list[int]:
    found: set[int] = set()
    for part in in_parts(known):
        own = select(addresses.c.asset).where(addresses.c.address.in_(part))
        found.update(connection.execute(own).scalars())
    return sorted(found)
