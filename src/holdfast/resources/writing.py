"""Writing inside the transaction: the resource's row, its indexed values and its audit record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import sqlalchemy
from sqlalchemy import Connection, bindparam

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.ids import new_id
from holdfast.kernel.json import JsonObject, digest
from holdfast.kernel.organizations import Move
from holdfast.keys.port import KeyRing
from holdfast.resources import secrets, tables
from holdfast.resources.events import event_of
from holdfast.resources.indexes import DELETE_VALUES, INSERT_VALUES, Indexes, addresses
from holdfast.resources.model import Action, Applied, Change, Event, Kind, Resource
from holdfast.resources.prepare import Prepared
from holdfast.resources.relocation import relocated
from holdfast.resources.rows import LAST_SEQUENCE, Values, from_event, from_resource
from holdfast.resources.store import RowReader

_INSERT = sqlalchemy.insert(tables.resource)
_UPDATE = (
    sqlalchemy.update(tables.resource)
    .where(tables.resource.c.kind == bindparam("of_kind"), tables.resource.c.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("organization", "body", "etag", "modified")})
)
_DELETE = tables.resource.delete().where(
    tables.resource.c.kind == bindparam("of_kind"), tables.resource.c.id == bindparam("of_id")
)
_INSERT_AUDIT = sqlalchemy.insert(tables.audit)

RelocateBeside = Callable[[Connection, Move], None]
"""Moves what other packages keep in the same database, by place, when an organization moves."""


class Transaction:
    """One writing transaction over resources and audit. Sequences are drawn here, under the write lock."""

    def __init__(
        self,
        connection: Connection,
        kinds: Mapping[str, Kind],
        indexes: Indexes,
        ring: KeyRing,
        clock: Clock,
        randomness: Randomness,
        beside: Sequence[RelocateBeside] = (),
    ) -> None:
        self._connection = connection
        self._kinds = kinds
        self._indexes = indexes
        self._ring = ring
        self._clock = clock
        self._randomness = randomness
        self._beside = beside
        self.sequence: int = connection.execute(LAST_SEQUENCE).scalar_one()
        """The last audit sequence; a caller that rolls back to a savepoint puts it back."""

    def write(self, prepared: Prepared) -> Applied:
        """Write a prepared change with its audit record."""
        draft, change = prepared.draft, prepared.draft.change
        sequence = self.sequence + 1
        after = None if change.action is Action.DELETE else self._after(prepared, sequence)
        if change.action is not Action.EMIT:
            self._write_row(prepared.kind, draft.before, after)
        event = self._event(prepared, after)
        move = move_of(prepared)
        if move is not None:
            data: JsonObject = {**event.data, "from": move.before, "to": move.after}
            event = replace(event, name=f"{prepared.kind.name}.moved", data=data)
        self.audit(event)
        applied = Applied(after, draft.before, self.sequence, prepared.effects)
        if move is not None:
            self._relocate(prepared, move)
        return applied

    def _relocate(self, prepared: Prepared, move: Move) -> None:
        """Move what lies at and below a node along; what changes otherwise is recorded on its own."""
        reader = RowReader(self._connection, self._kinds, self._indexes, self._ring)
        for kind, before, after in relocated(self._connection, self._kinds, reader, move):
            draft = replace(
                prepared.draft,
                change=Change(Action.PUT, kind.name, before.id),
                organization=after.organization,
                before=before,
                body=after.body,
            )
            self.write(Prepared(kind, draft, (), prepared.epoch))
        for relocate in self._beside:
            relocate(self._connection, move)

    def audit(self, event: Event) -> None:
        """Append one record; its sequence, id and time are given here."""
        self.sequence += 1
        numbered = replace(
            event,
            sequence=self.sequence,
            id=new_id(self._clock, self._randomness),
            time=self._clock.now(),
        )
        self._connection.execute(_INSERT_AUDIT, from_event(numbered))

    def _after(self, prepared: Prepared, sequence: int) -> Resource | None:
        draft = prepared.draft
        before = draft.before
        if draft.change.action is Action.EMIT:
            return before
        return Resource(
            kind=prepared.kind.name,
            id=before.id if before else draft.change.id,
            organization=draft.organization,
            body=draft.body,
            etag=f"{sequence:x}",
            created=before.created if before else draft.now,
            modified=draft.now,
        )

    def _write_row(self, kind: Kind, before: Resource | None, after: Resource | None) -> None:
        if after is None:
            if before is not None:
                self._forget_values(before)
                self._connection.execute(_DELETE, {"of_kind": before.kind, "of_id": before.id})
            return
        values = from_resource(after, kind, self._ring)
        if before is None:
            self._connection.execute(_INSERT, values)
        else:
            key = {"of_kind": values.pop("kind"), "of_id": values.pop("id")}
            del values["created"]
            self._connection.execute(_UPDATE, {**values, **key})
        self._write_values(before, after)

    def _write_values(self, before: Resource | None, after: Resource) -> None:
        new = self._indexes.values(after.kind, after.id, after.body)
        if before is not None:
            old = self._indexes.values(before.kind, before.id, before.body)
            gone = [row for row in old if row not in new]
            new = [row for row in new if row not in old]
            self._delete_values(gone)
        if new:
            self._connection.execute(INSERT_VALUES, new)

    def _forget_values(self, before: Resource) -> None:
        self._delete_values(self._indexes.values(before.kind, before.id, before.body))

    def _delete_values(self, rows: list[Values]) -> None:
        if rows:
            self._connection.execute(DELETE_VALUES, addresses(rows))

    def _event(self, prepared: Prepared, after: Resource | None) -> Event:
        draft, kind = prepared.draft, prepared.kind
        before = draft.before
        emitted = draft.change.action is Action.EMIT
        visible_before = secrets.without(before.body, kind.secrets) if before else None
        visible_after = secrets.without(after.body, kind.secrets) if after and not emitted else None
        data = secrets.without(draft.change.body, kind.secrets) if emitted else visible_after or {}
        return event_of(
            draft.principal,
            name=f"{kind.name}.{_verb(prepared)}",
            kind=kind.name,
            resource=before.id if before else draft.change.id,
            organization=draft.organization,
            before_digest=digest(visible_before) if visible_before is not None else "",
            after_digest=digest(visible_after) if visible_after is not None else "",
            data=data,
            detail="; ".join(prepared.effects),
        )


def move_of(prepared: Prepared) -> Move | None:
    """The move that a change of a node of the organization tree is; None for any other change."""
    draft = prepared.draft
    if not prepared.kind.is_node or draft.before is None or draft.organization == draft.before.organization:
        return None
    return Move(draft.before.organization, draft.organization)


def _verb(prepared: Prepared) -> str:
    change = prepared.draft.change
    if change.action is Action.EMIT:
        return change.verb
    if change.action is Action.DELETE:
        return "deleted"
    return "created" if prepared.draft.before is None else "updated"
