"""Alerts follow an organization that moves, within the transaction that moves it."""

from sqlalchemy import Column, Connection, Table, select, update

from holdfast.alerts.store import rows
from holdfast.alerts.store.tables import alert as table
from holdfast.alerts.store.tables import muted
from holdfast.kernel.organizations import Move, OrganizationPath, site_of
from holdfast.resources.relocation import relocate_rows


def relocate_alerts(connection: Connection, move: Move) -> None:
    """Give alerts their new places; the matters of open and muted ones too, so that reports still fold."""
    relocate_rows(connection, table, move)
    zone = (table.c.organization == move.after, table.c.site != "")
    connection.execute(update(table).where(*zone).values(site=site_of(move.after)))
    _relocate_matters(connection, table, table.c.folds, move)
    _relocate_matters(connection, muted, muted.c.matter, move)


def _relocate_matters(connection: Connection, of: Table, column: Column[str], move: Move) -> None:
    open_ones = select(column).where(column.contains(rows.SEPARATOR + move.before, autoescape=True))
    for matter in connection.execute(open_ones).scalars().all():
        moved = _moved(matter, move)
        connection.execute(update(of).where(column == matter).values({column.name: moved}))


def _moved(matter: str, move: Move) -> str:
    """A matter as `rows.folds` has it; its place and site are last."""
    about, place, site = matter.rsplit(rows.SEPARATOR, 2)
    if place == move.before and site:
        site = site_of(move.after)
    return rows.SEPARATOR.join((about, move.of(OrganizationPath(place)), site))
