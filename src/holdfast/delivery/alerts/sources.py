"""What leaves the platform: alerts as they are opened, and records of the audit log."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from holdfast.alerts.model import Alert
from holdfast.alerts.store.reading import AlertReader
from holdfast.delivery.alerts.message import MacOf, SensorOrigin, alert_message
from holdfast.delivery.alerts.rule import ForwardingRule
from holdfast.delivery.model import Message, Urgency
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath, contains
from holdfast.resources.model import Event
from holdfast.resources.port import EventFeed

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """What a destination wants to hear."""

    destination: str
    organization: OrganizationPath
    alerts: ForwardingRule | None
    audit: bool


class Taken(NamedTuple):
    """What a source has for destinations, and up to where that goes."""

    position: int
    entries: list[tuple[str, Message]]


class Source(Protocol):
    """Something that happens in an order and is followed at a position."""

    name: str

    def newest(self) -> int:
        """The position of what happened last."""
        ...

    def after(self, position: int, wishes: Sequence[Wish]) -> Taken:
        """What happened after `position`, for those who want it; the same position when nothing did."""
        ...


class OpenedAlerts:
    """Alerts in the order in which they were opened."""

    name = "alerts"

    def __init__(self, reader: AlertReader, mac_of: MacOf = lambda _, address: "") -> None:
        self._reader = reader
        self._mac_of = mac_of

    def newest(self) -> int:
        """See `Source.newest`."""
        return self._reader.newest()

    def after(self, position: int, wishes: Sequence[Wish]) -> Taken:
        """See `Source.after`."""
        found = self._reader.opened_after(position, BATCH)
        entries = [
            (wish.destination, message_of(alert, self._mac_of))
            for _, alert in found
            for wish in wishes
            if wish.alerts is not None and wish.alerts.wants(alert)
        ]
        return Taken(found[-1].number if found else position, entries)


class AuditRecords:
    """The audit log."""

    name = "audit"

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed

    def newest(self) -> int:
        """See `Source.newest`."""
        return self._feed.last()

    def after(self, position: int, wishes: Sequence[Wish]) -> Taken:
        """See `Source.after`."""
        events = self._feed.read(position, BATCH)
        entries = [
            (wish.destination, audit_message(event))
            for event in events
            for wish in wishes
            if wish.audit and contains(wish.organization, event.organization)
        ]
        return Taken(events[-1].sequence if events else position, entries)


def message_of(alert: Alert, mac_of: MacOf) -> Message:
    """The message about an alert of the platform."""
    sensor = alert.sensors[0] if alert.sensors else "platform"
    return alert_message(alert, SensorOrigin(sensor, zone=alert.zone, site=alert.site), mac_of)


def audit_message(event: Event) -> Message:
    """The message about a record of the audit log. Its id is the record's."""
    refused = event.outcome != "ok"
    told = event.detail or f"{event.actor_name} did this to {event.resource or 'the application'}"
    body: JsonObject = {
        "id": event.id,
        "sequence": event.sequence,
        "time": int(event.time * 1000),
        "event": event.name,
        "resource": event.resource,
        "organization": event.organization,
        "actor": event.actor_name,
        "actorKind": event.actor_kind,
        "onBehalfOf": event.on_behalf_of,
        "address": event.address,
        "outcome": event.outcome,
        "detail": event.detail,
        "data": event.data,
    }
    return Message(
        id=event.id,
        time=event.time,
        kind=event.name,
        title=event.name,
        text=told,
        urgency=Urgency.WARNING if refused else Urgency.INFORMATIONAL,
        score=5 if refused else 1,
        fields={
            "suser": event.actor_name,
            "src": event.address if _is_address(event.address) else "",
            "outcome": event.outcome,
            "resource": event.resource,
            "organization": event.organization,
            "sequence": str(event.sequence),
        },
        body=body,
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
