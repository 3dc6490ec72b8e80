"""Which assets, connections and events somebody asks for, and in which order: as conditions on their rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select, true

from holdfast.defender.findings.risk import Grade, bounds
from holdfast.defender.network.tables import addresses, assets, connections, events
from holdfast.kernel.errors import InvalidError


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Which assets; parts that are not set do not matter."""

    search: str = ""
    type: str = ""
    vendor: str = ""
    protocol: str = ""
    zone: str = ""
    """Id of the zone, at whatever site."""
    authorized: bool | None = None
    important: bool | None = None
    grade: str = ""
    """A `findings.risk.Grade`."""
    sensor: str = ""
    device: str = ""
    since: float | None = None
    """Seen at or after this moment."""
    before: float | None = None
    """Not seen since this moment."""


@dataclass(frozen=True, slots=True)
class ConnectionFilter:
    """Which connections."""

    asset: int | None = None
    address: str = ""
    protocol: str = ""
    port: int | None = None
    sensor: str = ""
    since: float | None = None
    before: float | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events."""

    type: str = ""
    severity: str = ""
    address: str = ""
    sensor: str = ""
    search: str = ""
    since: float | None = None
    before: float | None = None


EVERY_ASSET: Final = AssetFilter()
EVERY_CONNECTION: Final = ConnectionFilter()
EVERY_EVENT: Final = EventFilter()

ASSET_ORDERS: Final[Mapping[str, ColumnElement[Any]]] = {  # Any: columns of every type
    "name": assets.c.name,
    "type": assets.c.type,
    "vendor": assets.c.vendor,
    "address": assets.c.address,
    "level": assets.c.level,
    "zone": assets.c.organization,
    "authorized": assets.c.authorized,
    "important": assets.c.important,
    "risk": assets.c.score,
    "device": assets.c.device,
    "first": assets.c.first,
    "last": assets.c.last,
}
"""What assets can be sorted by. `risk` begins with the lowest score: the asset that is worst off."""


def asset_order(text: str) -> list[ColumnElement[Any]]:  # Any: as above
    """The order that a name asks for, downwards with `-` before it; assets that have no value come last.

    InvalidError for another name.
    """
    name = text.removeprefix("-")
    column = ASSET_ORDERS.get(name)
    if column is None:
        raise InvalidError(f"Assets are sorted by {', '.join(ASSET_ORDERS)}.", "sort")
    ordered = column.desc() if text.startswith("-") else column.asc()
    return [ordered.nulls_last(), assets.c.name, assets.c.number]


def asset_condition(wanted: AssetFilter) -> ColumnElement[bool]:
    """The rows of `assets` that are wanted."""
    table = assets.c
    return _all(
        [
            table.search.contains(wanted.search.lower(), autoescape=True) if wanted.search else None,
            table.search.contains(wanted.protocol.lower(), autoescape=True) if wanted.protocol else None,
            table.type == wanted.type if wanted.type else None,
            table.vendor == wanted.vendor if wanted.vendor else None,
            table.device == wanted.device if wanted.device else None,
            table.organization.endswith(f"/{wanted.zone}/", autoescape=True) if wanted.zone else None,
            table.authorized.is_(wanted.authorized) if wanted.authorized is not None else None,
            table.important.is_(wanted.important) if wanted.important is not None else None,
            _graded(wanted.grade) if wanted.grade else None,
            (" " + table.sensors + " ").contains(f" {wanted.sensor} ", autoescape=True)
            if wanted.sensor
            else None,
            table.last >= wanted.since if wanted.since is not None else None,
            table.last < wanted.before if wanted.before is not None else None,
        ]
    )


def connection_condition(wanted: ConnectionFilter) -> ColumnElement[bool]:
    """The rows of `connections` that are wanted."""
    table = connections.c
    conditions = [
        table.protocol == wanted.protocol if wanted.protocol else None,
        table.sensor == wanted.sensor if wanted.sensor else None,
        table.port == wanted.port if wanted.port is not None else None,
        table.last >= wanted.since if wanted.since is not None else None,
        table.last < wanted.before if wanted.before is not None else None,
        or_(table.client == wanted.address, table.server == wanted.address) if wanted.address else None,
    ]
    if wanted.asset is not None:
        own = select(addresses.c.address).where(addresses.c.asset == wanted.asset)
        home = select(assets.c.organization).where(assets.c.number == wanted.asset)
        conditions.append(or_(table.client.in_(own), table.server.in_(own)) & table.organization.in_(home))
    return _all(conditions)


def event_condition(wanted: EventFilter) -> ColumnElement[bool]:
    """The rows of `events` that are wanted."""
    table = events.c
    return _all(
        [
            table.type == wanted.type if wanted.type else None,
            table.severity == wanted.severity if wanted.severity else None,
            table.sensor == wanted.sensor if wanted.sensor else None,
            table.devices.contains(f" {wanted.address} ", autoescape=True) if wanted.address else None,
            table.title.icontains(wanted.search, autoescape=True) if wanted.search else None,
            table.time >= wanted.since if wanted.since is not None else None,
            table.time < wanted.before if wanted.before is not None else None,
        ]
    )


def _graded(text: str) -> ColumnElement[bool]:
    if text not in list(Grade):
        raise InvalidError(f"grade is {', '.join(Grade)}.", "grade")
    least, above = bounds(Grade(text))
    return (assets.c.score >= least) & (assets.c.score < above)


def _all(conditions: Iterable[ColumnElement[bool] | None]) -> ColumnElement[bool]:
    return and_(true(), *(condition for condition in conditions if condition is not None))
