"""Taking in alerts: those that nobody wants now are left out, and those of several sensors become one.

Two sensors of a zone that raise the same alert between the same parties within ten minutes saw the same
thing; people see one alert that names both.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, select

from holdfast.alerts.exclusion import ExclusionRule, Window
from holdfast.alerts.model import (
    Alert,
    AlertType,
    Key,
    Origin,
    Report,
    Resolution,
    Severity,
    Status,
    Violation,
)
from holdfast.defender.catalogue.table import alert_types
from holdfast.defender.network.rows import upsert
from holdfast.defender.network.source import Source
from holdfast.defender.network.tables import alert_origins
from holdfast.defender.uplink.documents import AlertDocument, ViolationDocument
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.organizations import OrganizationPath, contains

SAME_SECONDS = 600.0
"""As in the documented product."""

_decode = msgspec.json.Decoder(AlertDocument).decode
_encode = msgspec.json.Encoder().encode


class Unwanted(NamedTuple):
    """What people do not want to be told, and where."""

    exclusions: Sequence[tuple[OrganizationPath, ExclusionRule]] = ()
    windows: Sequence[tuple[OrganizationPath, Window]] = ()

    def covers(self, source: Source, document: AlertDocument) -> bool:
        """Whether an alert of a sensor is not to be shown."""
        origin = Origin(source.sensor, source.organization)
        return self.hides(alert_types()[document.type], _report(document), origin)

    def hides(self, kind: AlertType, report: Report, origin: Origin) -> bool:
        """Whether an alert about a report is not to be raised."""
        return any(
            contains(node, origin.organization) and rule.matches(kind, report, origin.sensor)
            for node, rule in self.exclusions
        ) or any(
            contains(node, origin.organization) and window.covers(kind, report, origin.sensor)
            for node, window in self.windows
        )


def take_alerts(
    connection: Connection, source: Source, documents: Iterable[AlertDocument], unwanted: Unwanted
) -> list[Alert]:
    """Keep what a sensor says of its alerts; the alerts as people shall see them now."""
    shown: dict[str, None] = {}
    for document in documents:
        if document.type not in alert_types():
            continue  # a newer sensor's
        known = connection.execute(select(alert_origins).where(alert_origins.c.alert == document.id)).first()
        if known is None and unwanted.covers(source, document):
            continue
        if known is not None and known.sensor != source.sensor:
            continue  # no sensor speaks for another
        visible = known.shown if known is not None else _same(connection, source, document) or document.id
        upsert(connection, alert_origins, [_row(source, document, visible)])
        shown[visible] = None
    return [_alert(connection, source, identity) for identity in shown]


def _row(source: Source, document: AlertDocument, visible: str) -> dict[str, object]:
    return {
        "alert": document.id,
        "sensor": source.sensor,
        "organization": source.organization,
        "matter": _matter(document),
        "first": parse_isoformat(document.first_seen),
        "shown": visible,
        "document": _encode(document),
    }


def _matter(document: AlertDocument) -> str:
    return "\x1f".join(Key(document.type, document.source, document.destination))


def _same(connection: Connection, source: Source, document: AlertDocument) -> str | None:
    """The alert that another sensor of the zone raised about the same."""
    first = parse_isoformat(document.first_seen)
    found = connection.execute(
        select(alert_origins.c.shown)
        .where(
            alert_origins.c.matter == _matter(document),
            alert_origins.c.organization == source.organization,
            alert_origins.c.sensor != source.sensor,
            alert_origins.c.first.between(first - SAME_SECONDS, first + SAME_SECONDS),
        )
        .order_by(alert_origins.c.first)
    ).first()
    return None if found is None else str(found.shown)


def _alert(connection: Connection, source: Source, identity: str) -> Alert:
    """The alert with what all its sensors know."""
    rows = connection.execute(
        select(alert_origins).where(alert_origins.c.shown == identity).order_by(alert_origins.c.first)
    ).all()
    documents = [_decode(row.document) for row in rows]
    own = documents[0]
    return Alert(
        id=identity,
        type=alert_types()[own.type],
        severity=_severity(documents),
        source=own.source,
        destination=own.destination,
        protocol=own.protocol,
        first=min(parse_isoformat(each.first_seen) for each in documents),
        last=max(source.replayed_at, *(parse_isoformat(each.last_seen) for each in documents)),
        sensors=_sensors(rows),
        zone=source.zone,
        count=max(each.count for each in documents),
        status=Status.CLOSED if all(each.status == Status.CLOSED for each in documents) else Status.NEW,
        resolution=_resolution(own),
        violations=_violations(documents),
        dropped_violations=max(each.violations_dropped for each in documents),
        organization=source.organization,
        site=source.site,
    )


def _sensors(rows: Sequence[Row[Any]]) -> list[str]:  # Any: a whole row
    return list(dict.fromkeys(str(row.sensor) for row in rows))


def _severity(documents: Sequence[AlertDocument]) -> Severity:
    known = [Severity(each.severity) for each in documents if each.severity in list(Severity)]
    return max(known or [Severity.MEDIUM], key=lambda severity: severity.rank)


def _resolution(document: AlertDocument) -> Resolution:
    return Resolution(document.resolution) if document.resolution in list(Resolution) else Resolution.HANDLED


def _violations(documents: Sequence[AlertDocument]) -> list[Violation]:
    """Each distinct one once; several sensors that count the same packets do not count twice."""
    found: dict[str, Violation] = {}
    for violation in (each for document in documents for each in document.violations):
        known = found.get(violation.observed)
        if known is None:
            found[violation.observed] = _violation(violation)
        else:
            known.count = max(known.count, violation.count)
            known.last = max(known.last, parse_isoformat(violation.last_seen))
    return list(found.values())


def _violation(document: ViolationDocument) -> Violation:
    return Violation(
        document.observed,
        document.expected,
        parse_isoformat(document.first_seen),
        parse_isoformat(document.last_seen),
        document.count,
        list(document.frames),
        tuple(document.learn),
    )


def _report(document: AlertDocument) -> Report:
    first = document.violations[0] if document.violations else None
    return Report(
        document.type,
        parse_isoformat(document.first_seen),
        document.source,
        document.destination,
        document.protocol,
        first.observed if first else "",
        first.expected if first else "",
    )
