"""Access reviews: who holds which role, looked at by somebody, with an answer for each by a day.

A review is a snapshot of role assignments with a decision beside each. Closing it takes away what was
answered with *remove*, and what nobody answered when the review says so.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError, EscalationError
from holdfast.access.people.names import check_name
from holdfast.access.people.users import KIND as USER
from holdfast.access.timeboxed import Remark
from holdfast.kernel.errors import ConflictError, ForbiddenError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Draft, IndexType, Kind, Reader, Resource

KIND = "accessReview"
MAXIMUM_ITEMS = 20_000
MAXIMUM_REVIEWERS = 100
DAY = 86_400.0


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One assignment, and what the reviewers said of it."""

    holder_kind: Literal["user", "apiToken", "eligibleAssignment"]
    holder: str
    role: str
    organization: str = ""
    decision: Literal["pending", "keep", "remove"] = "pending"
    by: str = ""
    at: float = 0.0
    remark: Remark = ""


class AccessReview(Body, frozen=True):
    """The body. `items` are filled in when the review is made."""

    display_name: str
    reviewers: tuple[str, ...]
    """Ids of users."""
    due: float
    """Unix seconds."""
    roles: tuple[str, ...] = ()
    """Only assignments of these roles; all when empty."""
    organization: str = ""
    """Only assignments at or below it."""
    unanswered: Literal["keep", "remove"] = "remove"
    """What closing does with what nobody answered."""
    repeat_days: Annotated[int, Meta(ge=0, le=366)] = 0
    """A new review begins so many days after this one was due; 0 for none."""
    items: tuple[Item, ...] = ()
    state: Literal["open", "closed"] = "open"
    reminded: float = 0.0
    """When the reviewers were last reminded."""


def read_review(stored: Resource) -> AccessReview:
    """The body of a stored review."""
    return read_body(stored.body, AccessReview)


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    asked = read_body(draft.body, AccessReview)
    check_name(asked.display_name, "/displayName")
    if draft.principal.kind is not PrincipalKind.SYSTEM:
        # Items, decisions and the state are changed by `service.Reviews` alone, which checks who may.
        raise EscalationError("Reviews are made, decided and closed through their own operations.")
    if not 0 < len(asked.reviewers) <= MAXIMUM_REVIEWERS:
        raise AccessInvalidError(f"/reviewers: name 1 to {MAXIMUM_REVIEWERS} users.", "/reviewers")
    for index, reviewer in enumerate(asked.reviewers):
        if reader.get(USER, reviewer) is None:
            raise AccessInvalidError(f"/reviewers/{index}: there is no user “{reviewer}”.", "/reviewers")
    if len(asked.items) > MAXIMUM_ITEMS:
        raise ConflictError(
            f"This review would have {len(asked.items)} assignments, more than {MAXIMUM_ITEMS}; narrow it to "
            "some roles or an organization."
        )
    return to_body(asked)


def refuse_stranger(reviewer: str, review: AccessReview) -> None:
    """ForbiddenError for somebody who is no reviewer."""
    if reviewer not in review.reviewers:
        raise ForbiddenError("Only a reviewer of this access review decides.")


ACCESS_REVIEW = Kind(
    name=KIND,
    read=Permission.USER_READ,
    create=Permission.REVIEW_DECIDE,
    update=Permission.REVIEW_DECIDE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    indexed={"state": IndexType.TEXT, "due": IndexType.NUMBER},
    policy_type="Holdfast.Access/accessReviews",
)
