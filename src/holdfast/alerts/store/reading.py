"""What is known of alerts: found by what they are about, and only within a reach of the organization tree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from holdfast.alerts.model import Alert, Severity, Status
from holdfast.alerts.store import rows
from holdfast.alerts.store.tables import alert as table
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.resources.events import storable
from holdfast.storage.database import Database

EVERYWHERE: Final = (ROOT,)


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts; what is empty asks for any."""

    reach: tuple[OrganizationPath, ...]
    """Where the asker may read alerts; nothing outside is found."""
    id: str = ""
    organization: str = ""
    """At or below this node."""
    statuses: frozenset[Status] = frozenset()
    minimum: Severity = Severity.LOW
    engine: str = ""
    type: str = ""
    site: str = ""
    zone: str = ""
    sensor: str = ""
    """The sensor that saw it first."""
    party: str = ""
    """Source or destination."""
    since: float | None = None
    """Last seen at or after this moment, Unix seconds."""
    until: float | None = None
    """First seen before this moment."""


class Numbered(NamedTuple):
    """An alert with its number in the order of opening."""

    number: int
    alert: Alert


class OpenParty(NamedTuple):
    """One side of an open alert."""

    alert: str
    organization: str
    address: str
    rank: int
    """Of its severity."""


OpenParties = Sequence[OpenParty]


class AlertReader:
    """Reads the kept alerts. Thread-safe, blocking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, wanted: AlertFilter, limit: int = 100, before: int | None = None) -> list[Numbered]:
        """The newest first, with numbers below `before`."""
        statement = select(table).where(*_conditions(wanted)).order_by(table.c.number.desc()).limit(limit)
        if before is not None:
            statement = statement.where(table.c.number < before)
        with self._database.read() as connection:
            return [Numbered(row.number, rows.to_alert(row)) for row in connection.execute(statement)]

    def get(self, identity: str, reach: Sequence[OrganizationPath]) -> Alert:
        """The alert. NotFoundError also where it is out of reach."""
        statement = select(table).where(table.c.id == storable(identity), _within(tuple(reach)))
        with self._database.read() as connection:
            row = connection.execute(statement).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no alert {identity}.")
        return rows.to_alert(row)

    def opened_after(self, number: int, limit: int = 500) -> list[Numbered]:
        """The alerts that were opened after the one with this number, oldest first; none is ever missed."""
        statement = select(table).where(table.c.number > number).order_by(table.c.number).limit(limit)
        with self._database.read() as connection:
            return [Numbered(row.number, rows.to_alert(row)) for row in connection.execute(statement)]

    def newest(self) -> int:
        """The number of the alert that was opened last; 0 when there never was one."""
        with self._database.read() as connection:
            newest: int = connection.execute(select(func.coalesce(func.max(table.c.number), 0))).scalar_one()
            return newest

    def open_state(self) -> tuple[object, ...]:
        """Something that changes when an alert opens, closes, is judged differently or goes on. Cheap."""
        key = (table.c.status, table.c.severity)
        sums = (func.count(), func.sum(table.c["last"]), func.max(table.c["last"]))
        statement = select(*key, *sums).where(_IS_OPEN).group_by(*key).order_by(*key)
        with self._database.read() as connection:
            groups = connection.execute(statement).all()
            newest = connection.execute(select(func.max(table.c.number))).scalar()
        return newest, *map(tuple, groups)

    def open_parties(self) -> OpenParties:
        """Whom the open alerts are about; one that names two parties is there twice."""
        columns = (table.c.id, table.c.organization, table.c.source, table.c.destination, table.c.severity)
        with self._database.read() as connection:
            found = connection.execute(select(*columns).where(_IS_OPEN)).all()
        return [
            OpenParty(identity, organization, address, rank)
            for identity, organization, source, destination, rank in found
            for address in dict.fromkeys((source, destination))
            if address
        ]

    def counts(self, wanted: AlertFilter) -> dict[tuple[Status, Severity], int]:
        """How many of each status and severity; those of which there is none are absent."""
        key = (table.c.status, table.c.severity)
        statement = select(*key, func.count()).where(*_conditions(wanted)).group_by(*key)
        with self._database.read() as connection:
            found = connection.execute(statement).all()
        return {(Status(status), _BY_RANK[rank]): number for status, rank, number in found}


_IS_OPEN: Final = table.c.status.in_([Status.NEW.value, Status.ACTIVE.value])
_BY_RANK: Final = {severity.rank: severity for severity in Severity}


def _conditions(wanted: AlertFilter) -> Iterable[ColumnElement[bool]]:
    columns = table.c
    yield _within(wanted.reach)
    if wanted.organization:
        if not (wanted.organization.startswith("/") and wanted.organization.endswith("/")):
            raise InvalidError("An organization is a path such as /north/.", "organization")
        yield columns.organization.startswith(storable(wanted.organization), autoescape=True)
    if wanted.statuses:
        yield columns.status.in_([status.value for status in wanted.statuses])
    if wanted.minimum is not Severity.LOW:
        yield columns.severity >= wanted.minimum.rank
    for name in ("id", "engine", "type", "site", "zone", "sensor"):
        if value := getattr(wanted, name):
            yield columns[name] == storable(value)
    if wanted.party:
        party = storable(wanted.party)
        yield or_(columns.source == party, columns.destination == party)
    if wanted.since is not None:
        yield columns["last"] >= wanted.since
    if wanted.until is not None:
        yield columns.first < wanted.until


def _within(reach: tuple[OrganizationPath, ...]) -> ColumnElement[bool]:
    column = table.c.organization
    if ROOT in reach:
        return column.is_not(None)
    return or_(column.is_(None), *(column.startswith(node, autoescape=True) for node in reach))
