"""The platform's alerts, kept: written by the role that writes the control database, read by every role.

Every method is one transaction, and what it did is durable when it returns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, bindparam, case, delete, func, insert, select, update

from holdfast.alerts import lifecycle
from holdfast.alerts.folding import add, opened
from holdfast.alerts.model import (
    Alert,
    AlertType,
    Key,
    Matter,
    Origin,
    Report,
    Resolution,
    Sighting,
    Status,
    alert_id,
)
from holdfast.alerts.store import rows
from holdfast.alerts.store.tables import alert as table
from holdfast.alerts.store.tables import muted
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import ConflictError, InvalidError, NotFoundError
from holdfast.kernel.organizations import OrganizationPath, contains
from holdfast.resources.events import storable
from holdfast.storage.database import Database

MAXIMUM_ALERTS: Final = 200_000
"""Open and closed ones; the least important of the oldest go first."""
RETENTION: Final = 400 * 86_400.0
"""Seconds for which closed alerts are kept: a year and a bit, for the auditor who comes once a year."""
BATCH: Final = 500
"""Sightings and alerts of one transaction."""

Change = Callable[[Alert], None]
"""Does something to an alert by the rules of `lifecycle`."""
Hides = Callable[[AlertType, Report, Origin], bool]
"""Whether exclusions or maintenance windows keep an alert about a report from being opened."""


class AlertStore:
    """See the module; `port.AlertSink` and what people do with alerts. Thread-safe, blocking."""

    def __init__(
        self,
        database: Database,
        types: Mapping[str, AlertType],
        clock: Clock,
        maximum: int = MAXIMUM_ALERTS,
        hiding: Callable[[], Hides] = lambda: _nothing_hidden,
    ) -> None:
        """`types` are those that may be reported; alerts that sensors folded bring their own.

        `hiding` gives what people exclude now.
        """
        self._database = database
        self._types = types
        self._clock = clock
        self._maximum = maximum
        self._hiding = hiding

    # What producers bring

    def raise_alerts(self, sightings: Sequence[Sighting]) -> None:
        """See `port.AlertSink.raise_alerts`."""
        for sighting in sightings:
            if sighting.report.type not in self._types:
                raise InvalidError(f"There is no alert type '{sighting.report.type}'.", "type")
        for start in range(0, len(sightings), BATCH):
            self._raise(sightings[start : start + BATCH])

    def resolve_alerts(self, matters: Iterable[Matter]) -> None:
        """See `port.AlertSink.resolve_alerts`."""
        now = self._clock.now()
        with self._database.write() as connection:
            found = list(_open_of(connection, matters).values())
            for alert in found:
                lifecycle.close(alert, now, Resolution.RESOLVED)
            _save(connection, found)

    def take_alerts(self, alerts: Sequence[Alert]) -> None:
        """See `port.AlertSink.take_alerts`."""
        with self._database.write() as connection:
            known = _by_id(connection, [alert.id for alert in alerts])
            silent = _muted(connection, {alert.matter for alert in alerts})
            fresh: dict[str, Alert] = {}
            for alert in alerts:
                before = known.get(alert.id) or fresh.get(alert.id)
                if before is not None:
                    _progress(before, alert)
                elif rows.folds(alert.matter) not in silent:
                    fresh[alert.id] = alert
            _save(connection, known.values(), folding=False)
            _insert(connection, fresh.values(), folding=False)

    def _raise(self, sightings: Sequence[Sighting]) -> None:
        hides = self._hiding()
        with self._database.write() as connection:
            wanted = [_storable(each) for each in sightings if self._types[each.report.type].enabled]
            matters = {_matter(*each) for each in wanted}
            silent = _muted(connection, matters)
            known = _open_of(connection, matters)
            fresh: dict[Matter, Alert] = {}
            for report, origin in wanted:
                matter = _matter(report, origin)
                if rows.folds(matter) in silent:
                    continue
                found = known.get(matter) or fresh.get(matter)
                if found is not None:
                    add(found, report, origin.sensor)
                elif not hides(self._types[report.type], report, origin):
                    fresh[matter] = opened(self._types[report.type], report, origin)
            _save(connection, known.values())
            taken = _by_id(connection, [alert.id for alert in fresh.values()])
            for alert in fresh.values():
                if alert.id in taken:
                    alert.id = _free_id(connection, alert)
            _insert(connection, fresh.values(), folding=True)

    # What people do

    def edit(self, identity: str, reach: Sequence[OrganizationPath], change: Change) -> Alert:
        """Do something to an alert within `reach`; the alert afterwards.

        NotFoundError where there is none; what `change` raises leaves everything as it was.
        """
        with self._database.write() as connection:
            alert, folding = _one(connection, identity, reach)
            change(alert)
            _save(connection, [alert], folding=folding)
            return alert

    def mute(self, identity: str, reach: Sequence[OrganizationPath], by: str) -> Alert:
        """Close it and raise nothing of the kind between these parties until it is unmuted."""
        now = self._clock.now()
        with self._database.write() as connection:
            alert, folding = _one(connection, identity, reach)
            lifecycle.close(alert, now, Resolution.MUTED)
            _save(connection, [alert], folding=folding)
            matter = rows.folds(alert.matter)
            connection.execute(delete(muted).where(muted.c.matter == matter))
            connection.execute(insert(muted).values(matter=matter, time=now, by=by))
            return alert

    def unmute(self, identity: str, reach: Sequence[OrganizationPath]) -> Alert:
        """Let the kind be raised again between these parties. ConflictError when it is not muted."""
        with self._database.write() as connection:
            alert, folding = _one(connection, identity, reach)
            matter = rows.folds(alert.matter)
            if not connection.execute(delete(muted).where(muted.c.matter == matter)).rowcount:
                raise ConflictError(f"The alert {identity} is not muted.")
            lifecycle.unmute(alert)
            _save(connection, [alert], folding=folding)
            return alert

    # What time does

    def tend(self, retention: float = RETENTION) -> int:
        """Close what was not seen for long, forget what is old or too much; how many were forgotten."""
        now = self._clock.now()
        with self._database.write() as connection:
            unseen = table.c.last <= now - lifecycle.AUTO_CLOSE_AFTER
            found = connection.execute(select(table).where(_IS_OPEN, unseen).limit(self._maximum))
            expired = [rows.to_alert(row) for row in found]
            for alert in expired:
                lifecycle.close(alert, now, Resolution.EXPIRED)
            _save(connection, expired)
            old = (table.c.status == Status.CLOSED.value) & (table.c.last < now - retention)
            gone = connection.execute(delete(table).where(old, _NOT_NEWEST)).rowcount
            return gone + self._evict(connection)

    def _evict(self, connection: Connection) -> int:
        """Make room for a tenth of the maximum: closed before open, low before high, old before new."""
        surplus = connection.execute(select(func.count()).select_from(table)).scalar_one() - self._maximum
        if surplus <= 0:
            return 0
        is_open = case((_IS_OPEN, 1), else_=0)
        least = select(table.c.number).where(_NOT_NEWEST).order_by(is_open, table.c.severity, table.c.last)
        number = surplus + self._maximum // 10
        return connection.execute(delete(table).where(table.c.number.in_(least.limit(number)))).rowcount


_IS_OPEN: Final[ColumnElement[bool]] = table.c.status != Status.CLOSED.value
_NOT_NEWEST: Final[ColumnElement[bool]] = (
    table.c.number < select(func.max(table.alias().c.number)).scalar_subquery()
)
"""The newest stays, so that no number is given twice: whoever follows the table would miss an alert."""


def _storable(sighting: Sighting) -> Sighting:
    """With texts that every database takes: what comes from a wire may hold anything."""
    report, origin = sighting
    cleaned = report._replace(
        source=storable(report.source),
        destination=storable(report.destination),
        protocol=storable(report.protocol),
        observed=storable(report.observed),
        expected=storable(report.expected),
    )
    return Sighting(cleaned, origin._replace(site=storable(origin.site)))


def _matter(report: Report, origin: Origin) -> Matter:
    return Matter(report.type, report.source, report.destination, origin.organization, origin.site)


def _open_of(connection: Connection, matters: Iterable[Matter]) -> dict[Matter, Alert]:
    wanted = [rows.folds(matter) for matter in matters]
    found = connection.execute(select(table).where(table.c.folds.in_(wanted)).order_by(table.c.number))
    return {alert.matter: alert for alert in map(rows.to_alert, found)}


def _by_id(connection: Connection, identities: Sequence[str]) -> dict[str, Alert]:
    found = connection.execute(select(table).where(table.c.id.in_(identities)))
    return {row.id: rows.to_alert(row) for row in found}


def _muted(connection: Connection, matters: Iterable[Matter]) -> set[str]:
    wanted = [rows.folds(matter) for matter in matters]
    return set(connection.execute(select(muted.c.matter).where(muted.c.matter.in_(wanted))).scalars())


def _one(connection: Connection, identity: str, reach: Sequence[OrganizationPath]) -> tuple[Alert, bool]:
    """The alert, and whether reports are folded into it here."""
    row = connection.execute(select(table).where(table.c.id == storable(identity))).one_or_none()
    if row is None or not any(contains(node, row.organization) for node in reach):
        raise NotFoundError(f"There is no alert {identity}.")
    return rows.to_alert(row), row.folds is not None


def _progress(before: Alert, after: Alert) -> None:
    """Take over what a sensor knows newer of its own alert; what people decided here stays."""
    before.first, before.last = min(before.first, after.first), max(before.last, after.last)
    if after.count >= before.count:
        before.count, before.violations = after.count, after.violations
        before.dropped_violations = after.dropped_violations
    before.sensors = list(dict.fromkeys([*before.sensors, *after.sensors]))
    if before.open and not after.open:
        lifecycle.close(before, after.closed_at, after.resolution)


def _free_id(connection: Connection, alert: Alert) -> str:
    """The alert's id; another one when the same was opened and closed at the same moment before."""
    identity, turn = alert.id, 1
    while connection.execute(select(table.c.number).where(table.c.id == identity)).first() is not None:
        turn += 1
        identity = alert_id(f"{alert.id}\x1f{turn}", Key("", "", ""), alert.first)
    return identity


def _insert(connection: Connection, alerts: Iterable[Alert], *, folding: bool) -> None:
    last = connection.execute(select(func.coalesce(func.max(table.c.number), 0))).scalar_one()
    fresh = [
        {"number": number, **rows.values(alert, folding=folding)}
        for number, alert in enumerate(alerts, last + 1)
    ]
    if fresh:
        connection.execute(insert(table), fresh)


def _save(connection: Connection, alerts: Iterable[Alert], *, folding: bool = True) -> None:
    changed = [rows.values(alert, folding=folding) for alert in alerts]
    for row in changed:
        row["identity"] = row.pop("id")
    if changed:
        connection.execute(_SAVED, changed)


_SAVED: Final = update(table).where(table.c.id == bindparam("identity"))


def _nothing_hidden(_kind: AlertType, _report: Report, _origin: Origin) -> bool:
    return False
