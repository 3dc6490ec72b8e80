"""Access for a while, asked for and decided on: what elevations and support access have in common.

It ends by its own time: nothing has to run for that, and nothing that fails can prolong it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from holdfast.access.bodies import Body
from holdfast.access.errors import AccessInvalidError
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import ConflictError
from holdfast.resources.model import Draft

PENDING_SECONDS = 86_400.0
"""A request that nobody decided within a day lapses."""

Reason = Annotated[str, Meta(min_length=3, max_length=1000)]
Remark = Annotated[str, Meta(max_length=1000)]


class State(StrEnum):
    """Where a request stands. Whether an active one still holds is a matter of its `ends`."""

    PENDING = "pending"
    ACTIVE = "active"
    DENIED = "denied"
    ENDED = "ended"


class TimeBoxed(Body, frozen=True, kw_only=True):
    """The members that every such request has. A person fills in the reason and the minutes."""

    reason: Reason
    minutes: Annotated[int, Meta(ge=5, le=4320)] = 60
    until: str = ""
    """RFC 3339: it ends then at the latest, however many minutes are left; empty for no such moment."""
    state: State = State.PENDING
    requested: float = 0.0
    """Unix seconds, like the next two."""
    starts: float = 0.0
    ends: float = 0.0
    decided_by: str = ""
    decision: Remark = ""
    """What the approver says to it."""

    def holds(self, now: float) -> bool:
        """Whether it gives access now."""
        return self.state is State.ACTIVE and self.starts <= now < self.ends


T = TypeVar("T", bound=TimeBoxed)
Check = Callable[[Draft, T], None]
"""Raises ForbiddenError or ConflictError when this draft may not make the move."""


def begun(asked: T, now: float, *, needs_approval: bool) -> T:
    """A new request: it waits, or holds from now on."""
    if needs_approval:
        _end(asked, now)  # what could never begin is refused at once
        return msgspec.structs.replace(asked, state=State.PENDING, requested=now, starts=0.0, ends=0.0)
    return msgspec.structs.replace(
        asked, state=State.ACTIVE, requested=now, starts=now, ends=_end(asked, now)
    )


def _end(asked: TimeBoxed, starts: float) -> float:
    """When it ends that begins at `starts`. AccessInvalidError when that is past already."""
    ends = starts + asked.minutes * 60
    try:
        ends = min(ends, parse_isoformat(asked.until)) if asked.until else ends
    except ValueError:
        raise AccessInvalidError(f"/until: {asked.until!r} is no moment.", "/until") from None
    if ends <= starts:
        raise AccessInvalidError("/until is past already.", "/until")
    return ends


def moved(draft: Draft, before: T, asked: T, moves: Mapping[tuple[State, State], Check[T]]) -> T:
    """The request after a move that the table allows and whose check passes."""
    check = moves.get((before.state, asked.state))
    if check is None:
        raise ConflictError(f"What is {before.state.value} cannot become {asked.state.value}.")
    if asked.state is State.ACTIVE and draft.now > before.requested + PENDING_SECONDS:
        raise ConflictError("This request lapsed after a day; it has to be made again.")
    check(draft, before)
    after = msgspec.structs.replace(
        before, state=asked.state, decision=asked.decision, decided_by=draft.principal.id
    )
    if asked.state is State.ACTIVE:  # for as long as was asked for, or for less when the approver says so
        shorter = min(before, asked, key=lambda given: _end(given, draft.now))
        ends = _end(shorter, draft.now)
        return msgspec.structs.replace(after, until=shorter.until, starts=draft.now, ends=ends)
    if asked.state is State.ENDED:
        return msgspec.structs.replace(after, ends=min(before.ends, draft.now))
    return after
