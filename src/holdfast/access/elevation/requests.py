"""Elevations: an eligible role, taken for a while. Who may move one from which state to which is a table."""

import math

import msgspec

from holdfast.access.bodies import read_body, to_body
from holdfast.access.conditional.model import Strength
from holdfast.access.conditional.strength import satisfies
from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.eligible import Eligible, read_eligible
from holdfast.access.errors import AccessInvalidError
from holdfast.access.people.assignments import Assignment
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.access.timeboxed import Check, State, TimeBoxed, begun, moved
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.errors import ConflictError, ForbiddenError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal, PrincipalKind
from holdfast.resources.model import Draft, IndexType, Kind, Reader, Resource

KIND = "elevation"


class Elevation(TimeBoxed, frozen=True, kw_only=True):
    """The body. A person names the eligible assignment; the rest is filled in from it."""

    eligible: str
    user: str = ""
    user_since: float = 0.0
    role: str = ""
    organization: str = ""

    @property
    def assignment(self) -> Assignment:
        """The role and place, as an assignment."""
        return Assignment(self.role, self.organization)


def read_elevation(stored: Resource) -> Elevation:
    """The body of a stored elevation."""
    return read_body(stored.body, Elevation)


def eligible_until(reader: Reader, elevation: Elevation) -> float:
    """Until when (Unix seconds) the eligible assignment behind an elevation allows it; 0 when it is gone."""
    stored = reader.get(ELIGIBLE, elevation.eligible)
    if stored is None:
        return 0.0
    eligible = read_eligible(stored)
    same = (
        eligible.user == elevation.user
        and eligible.user_since == elevation.user_since
        and eligible.assignment == elevation.assignment
    )
    if not same:
        return 0.0
    return parse_isoformat(eligible.expires) if eligible.expires else math.inf


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
    before = None if draft.before is None else read_elevation(draft.before)
    eligible = reader.get(ELIGIBLE, before.eligible if before else asked.eligible)
    if eligible is None:
        raise NotFoundError("There is no such eligible assignment (any more).")
    if draft.organization != eligible.organization:
        raise AccessInvalidError("An elevation lives at its assignment's organization.", "/organization")
    if before is None:
        return to_body(_requested(draft, asked, read_eligible(eligible)))
    return to_body(moved(draft, before, asked, _Moves(eligible, reader).table))


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
    filled = msgspec.structs.replace(
        asked,
        user=eligible.user,
        user_since=eligible.user_since,
        role=eligible.role,
        organization=eligible.organization,
        decided_by="",
        decision="",
    )
    return begun(filled, draft.now, needs_approval=eligible.approval)


class _Moves:
    """Every way from one state to another, and who may go it."""

    def __init__(self, eligible: Resource, reader: Reader) -> None:
        self._eligible = eligible
        self._reader = reader
        self.table: dict[tuple[State, State], Check[Elevation]] = {
            (State.PENDING, State.ACTIVE): self._by_an_approver_while_eligible,
            (State.PENDING, State.DENIED): self._by_an_approver,
            (State.PENDING, State.ENDED): self._by_oneself,
            (State.ACTIVE, State.ENDED): self._by_anyone_concerned,
        }

    def _by_an_approver_while_eligible(self, draft: Draft, before: Elevation) -> None:
        self._by_an_approver(draft, before)
        if eligible_until(self._reader, before) <= draft.now:
            raise ConflictError("The person is not eligible for this role any more.")

    def _by_an_approver(self, draft: Draft, _before: Elevation) -> None:
        if not is_approver(draft.principal, self._eligible, self._reader):
            raise ForbiddenError("Only an approver of this role decides, and nobody on their own request.")

    def _by_oneself(self, draft: Draft, before: Elevation) -> None:
        if draft.principal.kind is not PrincipalKind.USER or draft.principal.id != before.user:
            raise ForbiddenError("Only the person who asked withdraws a request.")

    def _by_anyone_concerned(self, draft: Draft, before: Elevation) -> None:
        acting = draft.principal
        if not (
            (acting.kind is PrincipalKind.USER and acting.id == before.user)
            or acting.allows(Permission.USER_UPDATE, self._eligible.organization)
            or is_approver(acting, self._eligible, self._reader)
        ):
            raise ForbiddenError("An elevation is ended by the person, an approver or an administrator.")


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
