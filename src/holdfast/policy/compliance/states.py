"""The kept states: written by the one worker that judges, read by everybody."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, func, insert, select, update

from holdfast.keys.port import KeyRing
from holdfast.policy.compliance.judging import Judgement
from holdfast.policy.compliance.model import PolicyState, Transition
from holdfast.policy.compliance.tables import history, positions, states, transition_of, trend
from holdfast.policy.engine import words
from holdfast.policy.types.documents import PolicyDocument
from holdfast.storage import postgresql, sqlcipher
from holdfast.storage.database import Database
from holdfast.storage.migrate import migrate

FILE: Final = "policy.db"
KEY_PURPOSE: Final = "policy"
HISTORY_SECONDS: Final = 400 * 86_400.0
"""A year and a bit, so that a yearly audit sees the whole of it."""
HISTORY_ROWS: Final = 500_000
_REASON_BYTES: Final = 16_384
_BATCH: Final = 500

Judged = tuple[PolicyDocument, Sequence[Judgement]]
_Key = tuple[str, str, str]


def open_states(data: Path, ring: KeyRing, url: str = "") -> "States":
    """The states of an instance; `prepare` them in the supervisor before anybody reads.

    `url` is the instance's PostgreSQL, or empty for the file in the data folder.
    """
    if url:
        return States(postgresql.open_database(url))
    return States(sqlcipher.open_database(data / FILE, ring.data_key(KEY_PURPOSE)))


class States:
    """See the module."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def prepare(self) -> None:
        """Bring the tables to this version."""
        migrate(self.database, "policy")

    def record(self, judged: Sequence[Judged], now: float) -> list[Transition]:
        """Keep what was said of some resources, and all of it; what changed."""
        fresh = {state[:3]: state for state in _rows(judged, now)}
        resources = [document.id for document, _ in judged]
        with self.database.write() as connection:
            known = _known(connection, resources)
            changed = _write(connection, known, fresh, now)
            _note(connection, changed)
        return changed

    def forget_others(self, kept: Mapping[tuple[str, str], Sequence[str]], now: float) -> list[Transition]:
        """Forget what stored resources (by kind and id) were before: they are gone, moved, or lost a part.

        `kept` has the documents that are left of each.
        """
        gone: list[Transition] = []
        with self.database.write() as connection:
            for (kind, name), resources in kept.items():
                stored = and_(states.c.kind == kind, states.c.name == name)
                gone += _remove(connection, and_(stored, states.c.resource.not_in(resources)), now)
        return gone

    def forget_unseen(self, since: float, now: float) -> list[Transition]:
        """Forget whatever was not judged since a sweep began."""
        with self.database.write() as connection:
            return _remove(connection, states.c.evaluated < since, now)

    def keep_trend(self, numbers: Mapping[str, Iterable[tuple[str, int]]], now: float) -> None:
        """Keep how many resources were in which state, by assignment; and drop what is too old."""
        rows = [
            {"time": now, "assignment": assignment, "state": state, "resources": number}
            for assignment, counted in numbers.items()
            for state, number in counted
        ]
        with self.database.write() as connection:
            connection.execute(delete(trend).where(trend.c.time == now))
            if rows:
                connection.execute(insert(trend), rows)
            connection.execute(delete(trend).where(trend.c.time < now - HISTORY_SECONDS))
            connection.execute(delete(history).where(history.c.time < now - HISTORY_SECONDS))
            newest = connection.execute(select(history.c.id).order_by(history.c.id.desc()).limit(1)).scalar()
            if newest is not None:
                connection.execute(delete(history).where(history.c.id <= newest - HISTORY_ROWS))

    def follow(self, consumer: str, handle: Callable[[list[Transition]], None]) -> int:
        """Hand over what changed since `consumer` was here last; how much that was.

        Its position is kept after `handle` returned: what raises is handed over again. A new consumer begins
        with what changes from now on.
        """
        with self.database.read() as connection:
            known = select(positions.c.history).where(positions.c.consumer == consumer)
            done = connection.execute(known).scalar()
            after = history.c.id > (done or 0)
            rows = connection.execute(select(history).where(after).order_by(history.c.id).limit(_BATCH)).all()
            newest = connection.execute(select(func.max(history.c.id))).scalar() or 0
        if done is None:
            self._keep(consumer, newest)
        elif rows:
            handle([transition_of(row) for row in rows])
            self._keep(consumer, rows[-1].id)
        return len(rows) if done is not None else 0

    def _keep(self, consumer: str, number: int) -> None:
        with self.database.write() as connection:
            connection.execute(delete(positions).where(positions.c.consumer == consumer))
            connection.execute(insert(positions).values(consumer=consumer, history=number))

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def _rows(judged: Sequence[Judged], now: float) -> Iterator[PolicyState]:
    for document, judgements in judged:
        for each in judgements:
            assignment, reference = each.policy.key
            yield PolicyState(
                assignment=assignment,
                reference=reference,
                resource=document.id,
                type=document.type,
                organization=document.organization,
                kind=document.kind,
                name=document.name,
                definition=each.policy.definition,
                initiative=each.policy.initiative,
                state=each.state,
                effect=each.effect,
                because=each.error or words.because(each.reason),
                reason=None if each.reason is None else each.reason.to_json(),  # type: ignore[arg-type]  # JSON
                exemption=each.exemption,
                since=now,
                evaluated=now,
            )


def _known(connection: Connection, resources: Sequence[str]) -> dict[_Key, Row[Any]]:  # Any: a whole row
    found = connection.execute(select(states).where(states.c.resource.in_(resources)))
    return {(row.assignment, row.reference, row.resource): row for row in found}


def _write(
    connection: Connection, known: Mapping[_Key, Row[Any]], fresh: Mapping[_Key, PolicyState], now: float
) -> list[Transition]:
    """Bring the rows to what is fresh; transitions are in the order of the rows."""
    resources = {key[2] for key in (*known, *fresh)}
    connection.execute(update(states).where(states.c.resource.in_(resources)).values(evaluated=now))
    changed: list[Transition] = []
    new: list[dict[str, object]] = []
    other: list[dict[str, object]] = []
    for key, state in fresh.items():
        before = known.get(key)
        row = _stored(state)
        if before is None:
            new.append(row)
        elif _differs(before, row):
            row["since"] = before.since if before.state == state.state else now
            other.append({**row, **_at(key)})
        if before is None or before.state != state.state:
            changed.append(_transition(state, before.state if before is not None else "", state.state, now))
    gone = known.keys() - fresh.keys()
    changed += [_transition(known[key], known[key].state, "", now) for key in gone]
    for statement, rows in ((insert(states), new), (_RENEW, other), (_FORGET, [_at(key) for key in gone])):
        if rows:
            connection.execute(statement, rows)
    return changed


_KEY: Final = (states.c.assignment, states.c.reference, states.c.resource)
_AT: Final = and_(*(column == bindparam(f"at_{column.name}") for column in _KEY))
_RENEW: Final = update(states).where(_AT)
_FORGET: Final = delete(states).where(_AT)


def _at(key: _Key) -> dict[str, object]:
    """The row that `_RENEW` and `_FORGET` are about; they take many at once."""
    return {f"at_{column.name}": value for column, value in zip(_KEY, key, strict=True)}


def _stored(state: PolicyState) -> dict[str, object]:
    reason = b"" if state.reason is None else msgspec.json.encode(state.reason, enc_hook=str)
    kept = reason if len(reason) <= _REASON_BYTES else b""
    return {**state._asdict(), "state": state.state.value, "reason": kept}


def _differs(before: Row[Any], row: Mapping[str, object]) -> bool:
    return any(getattr(before, name) != value for name, value in row.items() if name not in _TIMES)


_TIMES: Final = frozenset({"since", "evaluated"})


def _transition(of: PolicyState | Row[Any], before: str, after: str, now: float) -> Transition:
    return Transition(
        now, of.assignment, of.reference, of.resource, of.organization, of.definition, before, after
    )


def _remove(connection: Connection, where: ColumnElement[bool], now: float) -> list[Transition]:
    gone = connection.execute(select(states).where(where)).all()
    connection.execute(delete(states).where(where))
    changed = [_transition(row, row.state, "", now) for row in gone]
    _note(connection, changed)
    return changed


def _note(connection: Connection, changed: Sequence[Transition]) -> None:
    if changed:
        connection.execute(insert(history), [each._asdict() for each in changed])
