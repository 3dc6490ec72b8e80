"""The risk score of every asset, kept beside it: made again when the asset, its weak points or its open
alerts change, so that lists are sorted and zones are scored without asking anew.

Alerts live in another database, which another process writes. `Ratings` copies which of them are open, and
about whom, whenever that changed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, delete, select, tuple_, update

from holdfast.alerts.model import Severity
from holdfast.alerts.store.reading import OpenParties
from holdfast.defender.findings.risk import AssetRisk
from holdfast.defender.network.risk import Assessed, assessed_risk, risk_json
from holdfast.defender.network.rows import in_parts, upsert
from holdfast.defender.network.tables import addresses, asset_documents, assets, open_alerts
from holdfast.storage.database import Database

BATCH: Final = 500
"""Assets of one transaction when all are rated."""
_BY_RANK: Final = {severity.rank: severity for severity in Severity}
_decode = msgspec.json.Decoder(Assessed).decode


class OpenAlerts(Protocol):
    """What is asked of the alerts; see `alerts.store.reading.AlertReader`."""

    def open_state(self) -> tuple[object, ...]:
        """Something that changes when they do."""
        ...

    def open_parties(self) -> OpenParties:
        """Whom those that are open are about."""
        ...


class Ratings:
    """Keeps scores as the open alerts are. Blocking; run by one worker."""

    def __init__(self, database: Database, alerts: OpenAlerts) -> None:
        self._database = database
        self._alerts = alerts
        self._seen: tuple[object, ...] | None = None

    def step(self) -> int:
        """Take the alerts over where they changed since the last step, and rate the assets for which that
        matters; how many."""
        state = self._alerts.open_state()
        if state == self._seen:
            return 0
        rated = self._follow()
        self._seen = state
        return rated

    def _follow(self) -> int:
        now = {
            (each.alert, each.address): (each.organization, each.rank) for each in self._alerts.open_parties()
        }
        with self._database.write() as connection:
            before = {
                (row.alert, row.address): (row.organization, row.rank)
                for row in connection.execute(select(open_alerts))
            }
            parties = _replace(connection, before, now)
            touched = sorted({*_at(connection, sorted(parties)), *_unrated(connection)})
            rate(connection, touched[:BATCH])
        for start in range(BATCH, len(touched), BATCH):
            with self._database.write() as connection:
                rate(connection, touched[start : start + BATCH])
        return len(touched)


Known = Mapping[tuple[str, str], tuple[str, int]]
"""Organization and rank by alert and address."""


def rate(connection: Connection, numbers: Iterable[int]) -> None:
    """Make the scores of some assets again."""
    for part in in_parts(list(numbers)):
        alerts = _open_alerts(connection, part)
        rows = connection.execute(
            select(asset_documents.c.asset, asset_documents.c.document).where(
                asset_documents.c.asset.in_(part)
            )
        ).all()
        risks = {row.asset: assessed_risk(_decode(row.document), alerts[row.asset]) for row in rows}
        if risks:
            _keep(connection, risks, alerts)


def _keep(
    connection: Connection, risks: Mapping[int, AssetRisk], alerts: Mapping[int, Counter[Severity]]
) -> None:
    scores = [
        {
            "asset": number,
            "new_score": risk.score,
            "new_weight": risk.weight,
            "new_alarm": max((severity.rank for severity in alerts[number]), default=0),
        }
        for number, risk in risks.items()
    ]
    changed: dict[str, BindParameter[float]] = {
        name: bindparam(f"new_{name}") for name in ("score", "weight", "alarm")
    }
    connection.execute(update(assets).where(assets.c.number == bindparam("asset")).values(changed), scores)
    reasons = [
        {"number": number, "new_risk": msgspec.json.encode(risk_json(risk))} for number, risk in risks.items()
    ]
    own = asset_documents.c.asset == bindparam("number")
    connection.execute(update(asset_documents).where(own).values(risk=bindparam("new_risk")), reasons)


def _open_alerts(connection: Connection, numbers: Sequence[int]) -> defaultdict[int, Counter[Severity]]:
    """How many alerts of which severity are open about each asset; each alert once."""
    same = (addresses.c.organization == open_alerts.c.organization) & (
        addresses.c.address == open_alerts.c.address
    )
    found = connection.execute(
        select(addresses.c.asset, open_alerts.c.alert, open_alerts.c.rank)
        .join(open_alerts, same)
        .where(addresses.c.asset.in_(numbers))
        .distinct()
    )
    counts: defaultdict[int, Counter[Severity]] = defaultdict(Counter)
    for row in found:
        counts[row.asset][_BY_RANK[row.rank]] += 1
    return counts


def _replace(connection: Connection, before: Known, now: Known) -> set[tuple[str, str]]:
    """Make the copy what is now; the parties (organization, address) for whom something changed."""
    gone = [key for key in before if key not in now]
    fresh = [key for key in now if before.get(key) != now[key]]
    table = open_alerts.c
    for part in in_parts(gone):
        connection.execute(delete(open_alerts).where(tuple_(table.alert, table.address).in_(part)))
    for part in in_parts(fresh):
        rows = [
            {"alert": alert, "address": address, "organization": place, "rank": rank}
            for alert, address in part
            for place, rank in (now[alert, address],)
        ]
        upsert(connection, open_alerts, rows)
    return {(before[key][0], key[1]) for key in gone} | {(now[key][0], key[1]) for key in fresh}


def _at(connection: Connection, parties: Sequence[tuple[str, str]]) -> set[int]:
    found: set[int] = set()
    ends = tuple_(addresses.c.organization, addresses.c.address)
    for part in in_parts(parties):
        found.update(connection.execute(select(addresses.c.asset).where(ends.in_(part))).scalars())
    return found


def _unrated(connection: Connection) -> set[int]:
    """Assets that an earlier version kept without a score."""
    return set(connection.execute(select(assets.c.number).where(assets.c.score.is_(None))).scalars())
