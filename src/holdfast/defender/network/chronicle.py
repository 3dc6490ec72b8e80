"""What people do about the network, in the timeline beside what the network does: from the audit log."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, and_, insert, select

from holdfast.defender.catalogue.table import alert_types
from holdfast.defender.network.kinds import ASSET, EXCLUSION, RULE
from holdfast.defender.network.tables import addresses, assets, events
from holdfast.defender.timeline.model import EventSeverity, EventType
from holdfast.resources.model import Event
from holdfast.storage.database import Database

_DEEDS: Final[Mapping[str, tuple[EventType, str]]] = {
    "alert.closed": (EventType.ALERT_UPDATED, "closed"),
    "alert.learned": (EventType.ALERT_UPDATED, "learned"),
    "alert.rated": (EventType.ALERT_UPDATED, "judged differently"),
    f"{ASSET}.created": (EventType.DEVICE_UPDATE, "Device edited"),
    f"{ASSET}.updated": (EventType.DEVICE_UPDATE, "Device edited"),
    f"{ASSET}.removed": (EventType.DELETE_DEVICE, "Device deleted"),
    f"{EXCLUSION}.created": (EventType.EXCLUSION_RULE_CREATED, "Exclusion rule made"),
    f"{EXCLUSION}.updated": (EventType.EXCLUSION_RULE_UPDATED, "Exclusion rule changed"),
    f"{EXCLUSION}.deleted": (EventType.EXCLUSION_RULE_REMOVED, "Exclusion rule deleted"),
    f"{RULE}.created": (EventType.USER_DEFINED_RULE_CREATED, "Custom rule made"),
    f"{RULE}.updated": (EventType.USER_DEFINED_RULE_EDITED, "Custom rule changed"),
    f"{RULE}.deleted": (EventType.USER_DEFINED_RULE_DELETED, "Custom rule deleted"),
}
"""Audit records that are events of the timeline. Muting is none, as in the reference."""


class Chronicle:
    """Writes the timeline; taking an audit record twice writes it once. Blocking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, event: Event) -> None:
        """Note an audit record, if it is about the network."""
        kind, words = _DEEDS.get(event.name, (None, ""))
        if kind is None or event.outcome != "ok":
            return
        about = str(event.data.get("type", ""))
        if event.kind == "alert" and about not in alert_types():
            return  # of another part of the product
        with self._database.write() as connection:
            row = {
                "organization": str(event.data.get("organization") or event.organization),
                "sensor": "",
                "time": event.time,
                "type": kind.value,
                "severity": EventSeverity.NOTICE.value,
                "title": _title(connection, event, words),
                "devices": f" {' '.join(_parties(connection, event))} ",
                "owner": event.actor_name,
                "count": 1,
            }
            same = (events.c[name] == row[name] for name in ("time", "type", "owner", "title", "devices"))
            if connection.execute(select(events.c.number).where(and_(*same))).first() is None:
                connection.execute(insert(events).values(row))


def _title(connection: Connection, event: Event, words: str) -> str:
    if event.kind == "alert":
        return f"{alert_types()[str(event.data['type'])].title}: {words}"
    if event.kind != ASSET:
        return f"{words}: {event.data.get('displayName') or event.data.get('name') or event.resource}"
    known = select(assets.c.name).where(assets.c.number == _number(event))
    return f"{words}: {connection.execute(known).scalar() or event.resource}"


def _parties(connection: Connection, event: Event) -> list[str]:
    if event.kind == "alert":
        return [str(event.data[end]) for end in ("source", "destination") if event.data.get(end)]
    own = select(addresses.c.address).where(addresses.c.asset == _number(event))
    return list(connection.execute(own).scalars()) if event.kind == ASSET else []


def _number(event: Event) -> int:
    """Of an asset; 0, which none has, when the id is no number."""
    return int(event.resource) if event.resource.isascii() and event.resource.isdigit() else 0
