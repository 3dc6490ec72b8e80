"""Where evidence is kept: an encrypted database of its own, written by the role that assesses."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import sqlalchemy
from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

from holdfast.baseline.evidence.bundle import write_bundle
from holdfast.baseline.evidence.chain import (
    CHANGE,
    DECISION,
    OBSERVATION,
    START,
    Item,
    Link,
    append,
    open_item,
)
from holdfast.baseline.evidence.envelope import Envelope, decode, encode
from holdfast.baseline.evidence.manifest import write_manifest
from holdfast.baseline.probes.observation import Observation
from holdfast.kernel.clock import Clock
from holdfast.kernel.json import JsonObject
from holdfast.keys.port import SigningKey
from holdfast.storage.database import Database
from holdfast.storage.migrate import migrate
from holdfast.storage.sqlcipher import open_database

DATABASE_FILE = "evidence.db"

metadata = MetaData()

_EVIDENCE = Table(
    "evidence",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("kind", Text, nullable=False),
    Column("collected", Float, nullable=False),
    Column("probe", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Index("evidence_by_subject", "probe", "subject", "collected"),
    Index("evidence_by_time", "collected"),
)


class EvidenceStore:
    """The evidence of one instance. Thread-safe and blocking; one process writes."""

    def __init__(self, database: Database, instance: str, key: SigningKey, clock: Clock) -> None:
        self._database = database
        self._instance = instance
        self._key = key
        self._clock = clock
        self._writing = threading.Lock()

    @property
    def public_key(self) -> bytes:
        """The raw Ed25519 key that verifies the evidence."""
        return self._key.public

    def head(self, at: float | None = None) -> Link:
        """The last link of the chain, now or at the moment `at`; a copy kept elsewhere shows a cut tail."""
        columns = (_EVIDENCE.c.sequence, _EVIDENCE.c.digest)
        last = sqlalchemy.select(*columns).order_by(_EVIDENCE.c.sequence.desc()).limit(1)
        if at is not None:
            last = last.where(_EVIDENCE.c.collected <= at)
        with self._database.read() as connection:
            row = connection.execute(last).first()
        return Link(row.sequence, row.digest) if row else START

    def add_observations(self, observations: Iterable[Observation]) -> Link:
        """Sign and append observations in one transaction; the new head."""
        entries = [
            (OBSERVATION, item.probe, item.subject, item.collected, item.content()) for item in observations
        ]
        return self._add(entries)

    def add_decision(self, subject: str, content: JsonObject) -> Link:
        """Sign and append an attestation or exemption about a control or feature; the new head."""
        return self._add([(DECISION, "", subject, self._clock.now(), content)])

    def decisions(self, at: float | None = None) -> Iterator[JsonObject]:
        """The newest content about each subject that was decided on until the moment `at`, or until now."""
        columns = _EVIDENCE.c
        newest = sqlalchemy.select(sqlalchemy.func.max(columns.sequence)).where(
            columns.kind == DECISION, columns.collected <= (self._clock.now() if at is None else at)
        )
        query = sqlalchemy.select(columns.envelope).where(
            columns.sequence.in_(newest.group_by(columns.subject))
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(columns.sequence)).scalars().all()
        for row in rows:
            yield open_item(decode(row), self._key.public).content

    def add_changes(self, changes: Iterable[JsonObject]) -> Link:
        """Sign and append changes of state (`service`, `control` or `recommendation`, `before`, `after`, …).

        The new head.
        """
        now = self._clock.now()
        return self._add([(CHANGE, "", f"{item['service']} {_about(item)}", now, item) for item in changes])

    def changes(self, since: float, until: float) -> Iterator[tuple[float, JsonObject]]:
        """The moment and content of each change of a control or recommendation in a period, oldest first."""
        query = sqlalchemy.select(_EVIDENCE.c.collected, _EVIDENCE.c.envelope).where(
            _EVIDENCE.c.kind == CHANGE, _EVIDENCE.c.collected.between(since, until)
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_EVIDENCE.c.sequence)).all()
        for row in rows:
            yield row.collected, open_item(decode(row.envelope), self._key.public).content

    def _add(self, entries: Sequence[tuple[str, str, str, float, JsonObject]]) -> Link:
        with self._writing, self._database.write() as connection:
            last = self.head()
            rows: list[dict[str, object]] = []
            for kind, probe, subject, collected, content in entries:
                last, envelope = append(last, self._instance, kind, subject, content, self._key)
                rows.append(
                    {
                        "sequence": last.sequence,
                        "digest": last.digest,
                        "kind": kind,
                        "collected": collected,
                        "probe": probe,
                        "subject": subject,
                        "envelope": encode(envelope),
                    }
                )
            if rows:
                connection.execute(_EVIDENCE.insert(), rows)
        return last

    def latest(self, at: float | None = None) -> tuple[Observation, ...]:
        """What each probe saw in its newest run, as things stood at the moment `at`.

        Subjects that the newest run did not meet any more (a file that is gone) do not count. Raises
        EvidenceError when what is stored was edited.
        """
        columns = _EVIDENCE.c
        newest = (
            sqlalchemy.select(columns.probe, sqlalchemy.func.max(columns.collected).label("collected"))
            .where(
                columns.kind == OBSERVATION,
                columns.collected <= (self._clock.now() if at is None else at),
            )
            .group_by(columns.probe)
            .subquery()
        )
        same_run = sqlalchemy.and_(columns.probe == newest.c.probe, columns.collected == newest.c.collected)
        last = sqlalchemy.select(sqlalchemy.func.max(columns.sequence)).join(newest, same_run)
        last = last.where(columns.kind == OBSERVATION).group_by(columns.probe, columns.subject)
        query = sqlalchemy.select(columns.envelope).where(columns.sequence.in_(last))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(columns.sequence)).scalars().all()
        return tuple(self._observation(decode(row)) for row in rows)

    def history(self, probe: str, since: float, until: float) -> Iterator[Observation]:
        """The observations of one probe in a period, oldest first. Raises EvidenceError as `latest` does."""
        query = sqlalchemy.select(_EVIDENCE.c.envelope).where(
            _EVIDENCE.c.probe == probe, _EVIDENCE.c.collected.between(since, until)
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_EVIDENCE.c.sequence)).scalars().all()
        for row in rows:
            yield self._observation(decode(row))

    def _observation(self, envelope: Envelope) -> Observation:
        return msgspec.convert(open_item(envelope, self._key.public).content, Observation)

    def item(self, sequence: int) -> Item | None:
        """One item of the chain, its signature checked. Raises EvidenceError when it was edited."""
        query = sqlalchemy.select(_EVIDENCE.c.envelope).where(_EVIDENCE.c.sequence == sequence)
        with self._database.read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else open_item(decode(found), self._key.public)

    def sequence_of(self, probe: str, subject: str, collected: float) -> int | None:
        """Where in the chain an observation stands."""
        columns = _EVIDENCE.c
        query = sqlalchemy.select(sqlalchemy.func.max(columns.sequence)).where(
            columns.probe == probe, columns.subject == subject, columns.collected == collected
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def manifest(self, files: Mapping[str, bytes]) -> bytes:
        """The signed list of files that are handed over beside a bundle."""
        return write_manifest(files, self._key)

    def bundle(self, since: float, until: float) -> Iterator[bytes]:
        """The lines of a bundle with everything from the first to the last item of the period."""
        sequence = _EVIDENCE.c.sequence
        ends = sqlalchemy.select(sqlalchemy.func.min(sequence), sqlalchemy.func.max(sequence)).where(
            _EVIDENCE.c.collected.between(since, until)
        )
        with self._database.read() as connection:
            first, last = connection.execute(ends).one()
            query = sqlalchemy.select(_EVIDENCE).where(sequence.between((first or 1) - 1, last or 0))
            rows = connection.execute(query.order_by(sequence)).all()
        before = START
        if rows and rows[0].sequence < (first or 1):
            before = Link(rows[0].sequence, rows[0].digest)
            rows = rows[1:]
        envelopes = [decode(row.envelope) for row in rows]
        return write_bundle(envelopes, before, self._instance, min(until, self._clock.now()), self._key)


def _about(change: JsonObject) -> object:
    """Whose state changed: a recommendation's, or a whole control's."""
    return change.get("recommendation") or change["control"]


def open_evidence(
    folder: Path, database_key: bytes, instance: str, key: SigningKey, clock: Clock
) -> EvidenceStore:
    """Open or make the evidence database in `folder`, at this version. StartupError says what is wrong."""
    database = open_database(folder / DATABASE_FILE, database_key)
    migrate(database, "evidence")
    return EvidenceStore(database, instance, key, clock)
