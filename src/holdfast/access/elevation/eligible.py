"""Eligible assignments: a role that somebody may take for some hours, when they need it and say why."""

from typing import Annotated

from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.escalation import refuse_escalation
from holdfast.access.people.assignments import Assignment, check_assignments
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user, refuse_taking_over
from holdfast.kernel.clock import parse_isoformat
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

KIND = "eligibleAssignment"
MAXIMUM_APPROVERS = 100


class Eligible(Body, frozen=True):
    """The body."""

    user: str
    role: str
    organization: str = ""
    approval: bool = True
    """Whether somebody else has to agree each time."""
    approvers: tuple[str, ...] = ()
    """Ids of users; when empty, whoever holds `application:elevation:approve` at the organization."""
    maximum_minutes: Annotated[int, Meta(ge=5, le=1440)] = 480
    mfa: bool = True
    """Whether the present session must have two factors."""
    expires: str = ""
    """RFC 3339; empty for no end."""
    user_since: float = 0.0
    """When the user was made; filled in."""

    @property
    def assignment(self) -> Assignment:
        """The role and place, as an assignment."""
        return Assignment(self.role, self.organization)


def read_eligible(stored: Resource) -> Eligible:
    """The body of a stored eligible assignment."""
    return read_body(stored.body, Eligible)


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    asked = read_body(draft.body, Eligible)
    user = reader.get(USER, asked.user)
    if user is None or read_user(user).type != "email":
        raise AccessInvalidError(f"/user: there is no person with the id “{asked.user}”.", "/user")
    (granted,) = check_assignments(reader, [asked.assignment], "")
    if draft.organization != granted.organization:
        raise AccessInvalidError("An eligible assignment lives at its organization.", "/organization")
    if len(asked.approvers) > MAXIMUM_APPROVERS:
        raise AccessInvalidError(f"/approvers: at most {MAXIMUM_APPROVERS}.", "/approvers")
    for index, approver in enumerate(asked.approvers):
        if approver == asked.user or reader.get(USER, approver) is None:
            raise AccessInvalidError(
                f"/approvers/{index}: “{approver}” is nobody else whom we know.", f"/approvers/{index}"
            )
    _check_expiry(asked.expires)
    body = to_body(asked)
    body["userSince"] = user.created
    return body


def _check_expiry(text: str) -> None:
    try:
        if text:
            parse_isoformat(text)
    except ValueError:
        raise AccessInvalidError(f"/expires: {text!r} is no moment.", "/expires") from None


def _guard(draft: Draft, reader: Reader) -> None:
    """Whoever makes somebody eligible hands out the role; approvers are part of what is handed out."""
    if draft.change.action is Action.DELETE:
        return
    asked = read_body(draft.body, Eligible)
    granted = check_assignments(reader, [asked.assignment], "")
    refuse_escalation(draft.principal, granted, "make somebody eligible for this role")
    if draft.before is not None:
        user = reader.get(USER, read_eligible(draft.before).user)
        if user is not None:
            refuse_taking_over(draft, reader, read_user(user), "change what this person is eligible for")


ELIGIBLE_ASSIGNMENT = Kind(
    name=KIND,
    read=Permission.USER_READ,
    create=Permission.USER_UPDATE,
    update=Permission.USER_UPDATE,
    delete=Permission.USER_UPDATE,
    validate=_validate,
    guard=_guard,
    indexed={"user": IndexType.TEXT, "role": IndexType.TEXT, "expires": IndexType.TEXT},
    policy_type="Holdfast.Access/eligibleAssignments",
)
