"""The packets behind alerts: put together from their parts, encrypted, the oldest out first."""

from sqlalchemy import Connection, delete, func, insert, select

from holdfast.defender.network.rows import upsert
from holdfast.defender.network.source import Source
from holdfast.defender.network.tables import alert_origins, packets, parts
from holdfast.defender.uplink.documents import PacketsDocument
from holdfast.kernel.clock import Randomness
from holdfast.storage.blobs import Blobs

MAXIMUM_OCTETS = 20 * 2**30
"""Bytes of all captures, as an appliance of the middle class keeps for a year."""
MAXIMUM_CAPTURE = 64 * 2**20
_PREFIX = "packets/"


class PacketStore:
    """Written by whoever takes messages in."""

    def __init__(self, blobs: Blobs, randomness: Randomness, maximum: int = MAXIMUM_OCTETS) -> None:
        self._blobs = blobs
        self._randomness = randomness
        self._maximum = maximum

    def take(self, connection: Connection, source: Source, part: PacketsDocument, now: float) -> None:
        """Keep a part; with the last one the capture is there. A later capture of an alert replaces it."""
        owner = select(alert_origins.c.sensor).where(alert_origins.c.alert == part.alert)
        if connection.execute(owner).scalar() != source.sensor or part.part >= part.parts:
            return  # packets of an alert that is not kept, or is another sensor's
        others = (parts.c.alert == part.alert) & (parts.c.parts != part.parts)
        connection.execute(delete(parts).where(others))
        row = {"alert": part.alert, "part": part.part, "parts": part.parts, "content": part.content}
        upsert(connection, parts, [row])
        own = parts.c.alert == part.alert
        count, octets = connection.execute(
            select(func.count(), func.sum(func.length(parts.c.content))).where(own)
        ).one()
        if octets > MAXIMUM_CAPTURE:
            connection.execute(delete(parts).where(own))
        elif count == part.parts:
            ordered = connection.execute(select(parts.c.content).where(own).order_by(parts.c.part))
            content = b"".join(ordered.scalars())
            connection.execute(delete(parts).where(own))
            self._keep(connection, source, part.alert, content, now)

    def sweep(self, connection: Connection) -> int:
        """Remove those of forgotten alerts, then the oldest until the rest fits; how many of these went."""
        kept = select(alert_origins.c.alert)
        for alert in (
            connection.execute(select(packets.c.alert).where(packets.c.alert.not_in(kept))).scalars().all()
        ):
            self.remove(connection, alert)
        total = connection.execute(select(func.coalesce(func.sum(packets.c.octets), 0))).scalar_one()
        removed = 0
        while total > self._maximum:
            row = connection.execute(select(packets).order_by(packets.c.time).limit(1)).first()
            if row is None:
                break
            self.remove(connection, row.alert)
            total -= row.octets
            removed += 1
        return removed

    def remove(self, connection: Connection, alert: str) -> None:
        """Forget the packets of an alert."""
        blob = connection.execute(select(packets.c.blob).where(packets.c.alert == alert)).scalar()
        if blob is not None:
            connection.execute(delete(packets).where(packets.c.alert == alert))
            self._blobs.delete(blob)

    def _keep(self, connection: Connection, source: Source, alert: str, content: bytes, now: float) -> None:
        self.remove(connection, alert)
        blob = f"{_PREFIX}{alert}.{self._randomness.bytes(8).hex()}"
        self._blobs.put(blob, content)
        row = {
            "alert": alert,
            "blob": blob,
            "organization": source.organization,
            "octets": len(content),
            "time": now,
        }
        connection.execute(insert(packets).values(row))
