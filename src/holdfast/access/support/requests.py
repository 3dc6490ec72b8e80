"""Support access: asked for with scope and reason, approved by a role of the customer, for some hours.

It is off until an administrator switches it on. The engineer's account by itself allows nothing but to ask;
what is approved is added to it for the time of the approval, and each request made with it is recorded.
"""

import msgspec

from holdfast.access.bodies import read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.escalation import refuse_escalation
from holdfast.access.people.assignments import Assignment, check_assignments
from holdfast.access.people.users import KIND as USER
from holdfast.access.reading import everything
from holdfast.access.settings import application_settings
from holdfast.access.timeboxed import Check, State, TimeBoxed, begun, moved
from holdfast.kernel.errors import ConflictError, ForbiddenError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import OrganizationPath, contains
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal, PrincipalKind
from holdfast.resources.model import Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.query import All, Compare, Operator

KIND = "supportRequest"
ON_BEHALF = "support:"
"""Begins the `on_behalf_of` of a principal that acts with approved support access."""


class SupportRequest(TimeBoxed, frozen=True, kw_only=True):
    """The body. The engineer names the role and the organization that the work needs."""

    role: str
    organization: str = ""
    engineer: str = ""
    engineer_since: float = 0.0

    @property
    def assignment(self) -> Assignment:
        """The role and place, as an assignment."""
        return Assignment(self.role, self.organization)


def read_request(stored: Resource) -> SupportRequest:
    """The body of a stored request."""
    return read_body(stored.body, SupportRequest)


def held_support(reader: Reader, user: Resource, now: float) -> list[tuple[str, SupportRequest]]:
    """The approved requests that give an engineer access at `now` (Unix seconds), with their ids."""
    if not application_settings(reader).support.enabled:
        return []
    where = All(
        (
            Compare("engineer", Operator.EQUAL, user.id),
            Compare("state", Operator.EQUAL, State.ACTIVE.value),
            Compare("ends", Operator.GREATER, now),
        )
    )
    found = ((stored.id, read_request(stored)) for stored in everything(reader, KIND, where))
    return [
        (identity, request)
        for identity, request in found
        if request.holds(now) and request.engineer_since == user.created
    ]


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    asked = read_body(draft.body, SupportRequest)
    before = None if draft.before is None else read_request(draft.before)
    (granted,) = check_assignments(reader, [(before or asked).assignment], "")
    if draft.organization != granted.organization:
        raise AccessInvalidError("A support request lives at its organization.", "/organization")
    rules = application_settings(reader).support
    if before is not None:
        return to_body(moved(draft, before, asked, _Moves(rules.approver_role, reader).table))
    if not rules.enabled:
        raise ConflictError("Support access is switched off here; an administrator has to switch it on.")
    if asked.minutes > rules.maximum_hours * 60:
        raise AccessInvalidError(
            f"/minutes: support access lasts {rules.maximum_hours} hours at most.", "/minutes"
        )
    engineer = reader.get(USER, draft.principal.id)
    if draft.principal.kind is not PrincipalKind.USER or engineer is None:
        raise ForbiddenError("Only a person asks for support access, for themselves.")
    filled = msgspec.structs.replace(
        asked, engineer=engineer.id, engineer_since=engineer.created, decided_by="", decision=""
    )
    return to_body(begun(filled, draft.now, needs_approval=True))


class _Moves:
    """Every way from one state to another, and who may go it."""

    def __init__(self, approver_role: str, reader: Reader) -> None:
        self._role = approver_role
        self._reader = reader
        self.table: dict[tuple[State, State], Check[SupportRequest]] = {
            (State.PENDING, State.ACTIVE): self._by_an_approver_who_has_it,
            (State.PENDING, State.DENIED): self._by_an_approver,
            (State.PENDING, State.ENDED): self._by_the_engineer,
            (State.ACTIVE, State.ENDED): self._by_anyone_concerned,
        }

    def _by_an_approver_who_has_it(self, draft: Draft, before: SupportRequest) -> None:
        self._by_an_approver(draft, before)
        if not application_settings(self._reader).support.enabled:
            raise ConflictError("Support access is switched off here.")
        engineer = self._reader.get(USER, before.engineer)
        if engineer is None or engineer.created != before.engineer_since:
            raise NotFoundError("The engineer's account is not there any more.")
        granted = check_assignments(self._reader, [before.assignment], "")
        refuse_escalation(draft.principal, granted, "approve support access with this role")

    def _by_an_approver(self, draft: Draft, before: SupportRequest) -> None:
        if not holds_role(draft.principal, self._role, draft.organization):
            raise ForbiddenError("Only the role that the settings name decides on support access.")
        if draft.principal.id == before.engineer:
            raise ForbiddenError("Nobody decides on their own request.")

    def _by_the_engineer(self, draft: Draft, before: SupportRequest) -> None:
        if draft.principal.id != before.engineer or draft.principal.kind is not PrincipalKind.USER:
            raise ForbiddenError("Only the engineer withdraws a request.")

    def _by_anyone_concerned(self, draft: Draft, before: SupportRequest) -> None:
        acting = draft.principal
        own = acting.kind is PrincipalKind.USER and acting.id == before.engineer
        if not (
            own
            or holds_role(acting, self._role, draft.organization)
            or acting.allows(Permission.ACCESS_MANAGE, draft.organization)
        ):
            raise ForbiddenError("Support access is ended by the engineer, an approver or an administrator.")


def holds_role(principal: Principal, role: str, organization: OrganizationPath) -> bool:
    """Whether a person holds the role at the organization or above it."""
    return (
        principal.kind is PrincipalKind.USER
        and bool(role)
        and any(g.role == role and contains(g.organization, organization) for g in principal.grants)
    )


SUPPORT_REQUEST = Kind(
    name=KIND,
    read=Permission.ACCESS_READ,
    create=Permission.SUPPORT_REQUEST,
    update=Permission.PROFILE_MANAGE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    indexed={"engineer": IndexType.TEXT, "state": IndexType.TEXT, "ends": IndexType.NUMBER},
    policy_type="Holdfast.Access/supportRequests",
)
