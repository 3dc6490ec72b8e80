"""Elevations: an eligible role, taken for a while. Who may move one from which state to which is a table.

An elevation ends by its own time: nothing has to run for that, and nothing that fails can prolong it.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.conditional.model import Strength
from holdfast.access.conditional.strength import satisfies
from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.eligible import Eligible, read_eligible
from holdfast.access.errors import AccessInvalidError
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import ConflictError, ForbiddenError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal, PrincipalKind
from holdfast.resources.model import Draft, IndexType, Kind, Reader, Resource

KIND = "elevation"
PENDING_SECONDS = 86_400.0
"""A request that nobody decided within a day lapses."""


class State(StrEnum):
    """Where an elevation stands. Whether an active one still holds is a matter of its `ends`."""

    PENDING = "pending"
    ACTIVE = "active"
    DENIED = "denied"
    ENDED = "ended"


class Elevation(Body, frozen=True):
    """The body. A person fills in `eligible`, `reason` and `minutes`; the rest is filled in."""

    eligible: str
    reason: Annotated[str, Meta(min_length=3, max_length=1000)]
    minutes: Annotated[int, Meta(ge=5, le=1440)] = 60
    state: State = State.PENDING
    user: str = ""
    user_since: float = 0.0
    role: str = ""
    organization: str = ""
    requested: float = 0.0
    starts: float = 0.0
    ends: float = 0.0
    decided_by: str = ""
    decision: Annotated[str, Meta(max_length=1000)] = ""
    """What the approver says to it."""

    @property
    def assignment(self) -> Assignment:
        """The role and place, as an assignment."""
        return Assignment(self.role, self.organization)

    def holds(self, now: float) -> bool:
        """Whether it gives its role now."""
        return self.state is State.ACTIVE and self.starts <= now < self.ends


def read_elevation(stored: Resource) -> Elevation:
    """The body of a stored elevation."""
    return read_body(stored.body, Elevation)


def still_eligible(reader: Reader, elevation: Elevation, now: float) -> bool:
    """Whether the eligible assignment behind an elevation is still there, and for the same role."""
    stored = reader.get(ELIGIBLE, elevation.eligible)
    if stored is None:
        return False
    eligible = read_eligible(stored)
    return (
        eligible.user == elevation.user
        and eligible.user_since == elevation.user_since
        and (eligible.role, eligible.organization) == (elevation.role, elevation.organization)
        and (not eligible.expires or parse_isoformat(eligible.expires) > now)
    )


def is_approver(principal: Principal, eligible: Resource, reader: Reader) -> bool:
    """Whether the principal may decide on requests for this eligible assignment; never its own person."""
    body = read_eligible(eligible)
    if principal.kind is not PrincipalKind.USER or principal.id == body.user:
        return False
    if body.approvers:
        approver = reader.get(USER, principal.id)
        return principal.id in body.approvers and approver is not None and read_user(approver).enabled
    return principal.allows(Permission.ELEVATION_APPROVE, eligible.organization)


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    asked = read_body(draft.body, Elevation)
    eligible = reader.get(ELIGIBLE, asked.eligible)
    if eligible is None:
        raise NotFoundError(f"There is no eligible assignment “{asked.eligible}”.")
    if draft.organization != eligible.organization:
        raise AccessInvalidError("An elevation lives at its assignment's organization.", "/organization")
    if draft.before is None:
        return to_body(_requested(draft, asked, read_eligible(eligible)))
    before = read_elevation(draft.before)
    check = _MOVES.get((before.state, asked.state))
    if check is None:
        raise ConflictError(f"An elevation that is {before.state.value} cannot become {asked.state.value}.")
    check(draft, before, eligible, reader)
    return to_body(_moved(draft, before, asked))


def _requested(draft: Draft, asked: Elevation, eligible: Eligible) -> Elevation:
    principal = draft.principal
    if principal.kind is not PrincipalKind.USER or principal.id != eligible.user:
        raise ForbiddenError("Only the person who is eligible asks for the role.")
    if asked.minutes > eligible.maximum_minutes:
        raise AccessInvalidError(
            f"/minutes: this role is given for {eligible.maximum_minutes} minutes at most.", "/minutes"
        )
    if eligible.expires and parse_isoformat(eligible.expires) <= draft.now:
        raise ConflictError(f"The eligibility for this role ended at {eligible.expires}.")
    if eligible.mfa and not satisfies(principal.methods, Strength.MFA):
        raise ForbiddenError("This role takes a sign-in with two factors; sign in again with both.")
    return Elevation(
        eligible=asked.eligible,
        reason=asked.reason,
        minutes=asked.minutes,
        state=State.PENDING if eligible.approval else State.ACTIVE,
        user=eligible.user,
        user_since=eligible.user_since,
        role=eligible.role,
        organization=eligible.organization,
        requested=draft.now,
        starts=0.0 if eligible.approval else draft.now,
        ends=0.0 if eligible.approval else draft.now + asked.minutes * 60,
    )


def _moved(draft: Draft, before: Elevation, asked: Elevation) -> Elevation:
    kept = msgspec.structs.replace(
        before, state=asked.state, decision=asked.decision, decided_by=draft.principal.id
    )
    match asked.state:
        case State.ACTIVE:
            return msgspec.structs.replace(kept, starts=draft.now, ends=draft.now + before.minutes * 60)
        case State.ENDED:
            return msgspec.structs.replace(kept, ends=min(before.ends, draft.now))
        case _:
            return kept


_Check = Callable[[Draft, Elevation, Resource, Reader], None]


def _by_an_approver_in_time(draft: Draft, before: Elevation, eligible: Resource, reader: Reader) -> None:
    _by_an_approver(draft, before, eligible, reader)
    if draft.now > before.requested + PENDING_SECONDS:
        raise ConflictError("This request lapsed after a day; it has to be made again.")
    if not still_eligible(reader, before, draft.now):
        raise ConflictError("The person is not eligible for this role any more.")


def _by_an_approver(draft: Draft, _before: Elevation, eligible: Resource, reader: Reader) -> None:
    if not is_approver(draft.principal, eligible, reader):
        raise ForbiddenError("Only an approver of this role decides, and nobody on their own request.")


def _by_oneself(draft: Draft, before: Elevation, _eligible: Resource, _reader: Reader) -> None:
    if draft.principal.kind is not PrincipalKind.USER or draft.principal.id != before.user:
        raise ForbiddenError("Only the person who asked withdraws a request.")


def _by_anyone_concerned(draft: Draft, before: Elevation, eligible: Resource, reader: Reader) -> None:
    acting = draft.principal
    if not (
        (acting.kind is PrincipalKind.USER and acting.id == before.user)
        or acting.allows(Permission.USER_UPDATE, eligible.organization)
        or is_approver(acting, eligible, reader)
    ):
        raise ForbiddenError("An elevation is ended by the person, an approver or an administrator.")


_MOVES: dict[tuple[State, State], _Check] = {
    (State.PENDING, State.ACTIVE): _by_an_approver_in_time,
    (State.PENDING, State.DENIED): _by_an_approver,
    (State.PENDING, State.ENDED): _by_oneself,
    (State.ACTIVE, State.ENDED): _by_anyone_concerned,
}
"""Every way from one state to another, and who may go it."""


ELEVATION = Kind(
    name=KIND,
    read=Permission.USER_READ,
    create=Permission.ELEVATION_REQUEST,
    update=Permission.ELEVATION_REQUEST,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    indexed={
        "user": IndexType.TEXT,
        "eligible": IndexType.TEXT,
        "state": IndexType.TEXT,
        "ends": IndexType.NUMBER,
    },
    policy_type="Holdfast.Access/elevations",
)
