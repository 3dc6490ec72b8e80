"""Making audit records, and reading them as the events that they are."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from holdfast.kernel.clock import Clock
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.principal import Principal
from holdfast.resources import tables
from holdfast.resources.comparisons import within
from holdfast.resources.model import Event
from holdfast.resources.rows import LAST_SEQUENCE, to_event
from holdfast.storage.database import Database

OK = "ok"
REFUSED = "refused"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
POLL_SECONDS = 0.02
"""How often a waiting reader looks after there was news; one look costs some 300 µs."""
QUIET_LOOKS = 100
"""After so many looks without news the next ones come further apart."""
QUIET_POLL_SECONDS = 0.1


class _Look(NamedTuple):
    number: int
    value: int
    unchanged: int
    """How many looks before it had the same value."""


class _SharedLook:
    """One look for all the readers of a process that wait at the same time: whoever comes first looks, the
    others take what that one saw since their own last look."""

    def __init__(self, look: Callable[[], int]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._latest = _Look(0, -1, 0)

    def now(self) -> _Look:
        """A fresh look."""
        with self._lock:
            number, value, unchanged = self._latest
            fresh = self._look()
            self._latest = _Look(number + 1, fresh, unchanged + 1 if fresh == value else 0)
            return self._latest

    def after(self, own: _Look) -> _Look:
        """The newest look, if somebody looked since `own`; a fresh one otherwise."""
        latest = self._latest
        return latest if latest.number > own.number else self.now()


def event_of(
    principal: Principal,
    *,
    name: str,
    kind: str,
    resource: str = "",
    organization: OrganizationPath = ROOT,
    outcome: str = OK,
    before_digest: str = "",
    after_digest: str = "",
    data: JsonObject | None = None,
    detail: str = "",
) -> Event:
    """A record of what `principal` did; sequence, id and time come with the transaction."""
    return Event(
        sequence=0,
        id="",
        time=0.0,
        name=name,
        kind=kind,
        resource=storable(resource),
        organization=organization,
        actor=storable(principal.id),
        actor_kind=principal.kind.value,
        actor_name=storable(principal.name),
        on_behalf_of=principal.on_behalf_of,
        address=principal.address,
        outcome=outcome,
        before_digest=before_digest,
        after_digest=after_digest,
        data=_storable_data(data or {}),
        detail=storable(detail),
    )


def storable(text: str) -> str:
    """Text that every database takes: what strangers send may hold NUL or half a surrogate pair."""
    return text.replace("\0", REPLACEMENT).encode(errors="replace").decode()


def _storable_data(data: JsonObject) -> JsonObject:
    try:
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        text = storable(json.dumps(data, ensure_ascii=False))
        cleaned: JsonObject = json.loads(text, parse_constant=lambda _nan_or_infinity: None)
        return cleaned
    return data


class AuditFeed:
    """See `resources.port.EventFeed`. Sequences are drawn under the write lock, so none appears later behind
    one that was read already."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._newest = _SharedLook(self.last)

    def read(self, after: int, limit: int = 500) -> list[Event]:
        """See `EventFeed.read`."""
        statement = select(tables.audit.c.record).where(tables.audit.c.sequence > after)
        return self._events(statement.order_by(tables.audit.c.sequence).limit(limit))

    def last(self) -> int:
        """The newest sequence, 0 when there is none."""
        with self._database.read() as connection:
            return connection.execute(LAST_SEQUENCE).scalar_one()

    def wait(self, after: int, timeout: float) -> bool:
        """See `EventFeed.wait`."""
        deadline = self._clock.monotonic() + timeout
        looked = self._newest.now()
        while looked.value <= after:
            if self._clock.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS if looked.unchanged < QUIET_LOOKS else QUIET_POLL_SECONDS)
            looked = self._newest.after(looked)
        return True

    def search(
        self,
        *,
        reach: tuple[OrganizationPath, ...] = (ROOT,),
        before: int | None = None,
        limit: int = 100,
        actor: str = "",
        kind: str = "",
        resource: str = "",
        outcome: str = "",
        name: str = "",
        since: float = 0.0,
        until: float | None = None,
    ) -> list[Event]:
        """See `EventFeed.search`."""
        columns = tables.audit.c
        statement = select(columns.record).where(within(reach, columns.organization))
        statement = statement.order_by(columns.sequence.desc()).limit(limit)
        if before is not None:
            statement = statement.where(columns.sequence < before)
        if since:
            statement = statement.where(columns.time >= since)
        if until is not None:
            statement = statement.where(columns.time < until)
        wanted = {"actor": actor, "kind": kind, "resource": resource, "outcome": outcome, "name": name}
        for column, value in wanted.items():
            if value:
                statement = statement.where(columns[column] == value)
        return self._events(statement)

    def _events(self, statement: Select[Any]) -> list[Event]:  # Any: a one-column selection
        with self._database.read() as connection:
            return [to_event(record) for record in connection.execute(statement).scalars()]
