"""Making, deciding, reminding of and closing access reviews."""

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from holdfast.access.bodies import to_body
from holdfast.access.people.organizations import path_of
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user, user_change
from holdfast.access.ports import Ports
from holdfast.access.reading import everything
from holdfast.access.reviews.reminders import matter_of, pending, reminder
from holdfast.access.reviews.reviews import DAY, KIND, AccessReview, Item, read_review, refuse_stranger
from holdfast.access.roles.custom import HOLDERS, assigned_roles
from holdfast.alerts.port import AlertSink
from holdfast.kernel.errors import ConflictError, ForbiddenError, HoldfastError, NotFoundError
from holdfast.kernel.json import JsonObject, JsonValue
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal, PrincipalKind
from holdfast.resources.model import Action, Change, Reader, Resource
from holdfast.resources.query import Compare, Operator

REMIND_BEFORE = (7 * DAY, 1 * DAY)
"""Reviewers are reminded a week and a day before the review is due, and daily afterwards."""


class Reviews:
    """Blocking."""

    def __init__(self, ports: Ports, alerts: AlertSink | None = None) -> None:
        """`alerts` is told of reminders, and when they are over."""
        self._ports = ports
        self._alerts = alerts

    def begin(self, principal: Principal, review_id: str, asked: AccessReview) -> Resource:
        """Make a review of what is assigned now.

        ForbiddenError unless the principal may decide on access at the review's organization.
        """
        node = path_of(self._ports.store, asked.organization)
        if not principal.allows(Permission.REVIEW_DECIDE, node):
            raise ForbiddenError(f"To begin an access review takes {Permission.REVIEW_DECIDE} at {node}.")
        items = tuple(assignments_under(self._ports.store, asked))
        body = msgspec.structs.replace(asked, items=items, state="open", reminded=0.0)
        change = Change(Action.CREATE, KIND, review_id, to_body(body), organization=node)
        made = self._ports.changes.apply(self._for(principal), change).resource
        assert made is not None  # a creation always leaves a resource
        return made

    def decide(
        self, principal: Principal, review_id: str, index: int, *, keep: bool, remark: str = ""
    ) -> None:
        """Answer for one item. ForbiddenError for others than reviewers, and for one's own access."""
        stored, review = self._open(review_id)
        if principal.kind is not PrincipalKind.USER:
            raise ForbiddenError("People review access, with an account of their own.")
        refuse_stranger(principal.id, review)
        if not 0 <= index < len(review.items):
            raise NotFoundError(f"The review has no item {index}.")
        item = review.items[index]
        if keep and (item.holder_kind, item.holder) == (USER, principal.id):
            raise ForbiddenError("Nobody confirms their own access; another reviewer has to.")
        decided = msgspec.structs.replace(
            item,
            decision="keep" if keep else "remove",
            by=principal.id,
            at=self._ports.clock.now(),
            remark=remark,
        )
        items = (*review.items[:index], decided, *review.items[index + 1 :])
        self._put(principal, stored, msgspec.structs.replace(review, items=items))

    def close(self, principal: Principal, review_id: str) -> list[str]:
        """Carry out the decisions; what could not be carried out, in sentences.

        The principal has to hold what it takes away (`user.delete` would take no less).
        """
        stored, review = self._open(review_id)
        if not principal.allows(Permission.REVIEW_DECIDE, stored.organization):
            raise ForbiddenError(f"To close an access review takes {Permission.REVIEW_DECIDE}.")
        problems: list[str] = []
        for item in review.items:
            answer = review.unanswered if item.decision == "pending" else item.decision
            if answer == "remove":
                problems += self._remove(principal, item)
        self._put(principal, stored, msgspec.structs.replace(review, state="closed"))
        if self._alerts is not None:
            self._alerts.resolve_alerts([matter_of(stored, review)])
        self._repeat(principal, review_id, review)
        return problems

    def remind(self) -> int:
        """Tell of each review whose reviewers should hear of it, as an alert and as the record
        `accessReview.reminder`; how many."""
        now = self._ports.clock.now()
        due = [
            (stored, review)
            for stored in everything(self._ports.store, KIND, Compare("state", Operator.EQUAL, "open"))
            if _should_remind(review := read_review(stored), now)
        ]
        for stored, review in due:
            self._put(SYSTEM, stored, msgspec.structs.replace(review, reminded=now))
            reviewers: list[JsonValue] = list(review.reviewers)
            data: JsonObject = {
                "reviewers": reviewers,
                "due": review.due,
                "pending": pending(review),
            }
            self._ports.changes.record(SYSTEM, "accessReview.reminder", resource=stored.id, data=data)
        if due and self._alerts is not None:
            self._alerts.raise_alerts([reminder(stored, review, now) for stored, review in due])
        return len(due)

    def _open(self, review_id: str) -> tuple[Resource, AccessReview]:
        stored = self._ports.store.get(KIND, review_id)
        if stored is None:
            raise NotFoundError(f"There is no access review “{review_id}”.")
        review = read_review(stored)
        if review.state != "open":
            raise ConflictError("This access review is closed.")
        return stored, review

    def _put(self, principal: Principal, stored: Resource, review: AccessReview) -> None:
        change = Change(Action.PUT, KIND, stored.id, to_body(review), if_match=stored.etag)
        self._ports.changes.apply(self._for(principal), change)

    def _for(self, principal: Principal) -> Principal:
        """The product, acting for the principal: only it changes reviews, see their validator."""
        return replace(SYSTEM, on_behalf_of=principal.id, address=principal.address)

    def _remove(self, principal: Principal, item: Item) -> list[str]:
        change = removal(self._ports.store, item)
        if change is None:
            return []
        try:
            self._ports.changes.apply(principal, change)
        except HoldfastError as error:
            return [f"{item.holder_kind} “{item.holder}” keeps {item.role}: {error}"]
        return []

    def _repeat(self, principal: Principal, review_id: str, review: AccessReview) -> None:
        if review.repeat_days:
            due = max(review.due, self._ports.clock.now()) + review.repeat_days * DAY
            again = msgspec.structs.replace(review, due=due)
            base, _, number = review_id.rpartition("-r")
            next_id = f"{base}-r{int(number) + 1}" if base and number.isdigit() else f"{review_id}-r2"
            self.begin(principal, next_id, again)


def assignments_under(reader: Reader, review: AccessReview) -> Iterator[Item]:
    """What is assigned now and is in the review's scope."""
    node = path_of(reader, review.organization)
    for kind in HOLDERS:
        for holder in everything(reader, kind):
            for assignment in assigned_roles(holder.body):
                role, place = str(assignment["role"]), str(assignment.get("organization", ""))
                within = path_of(reader, place).startswith(node)
                if within and (not review.roles or role in review.roles):
                    yield Item(holder_kind=kind, holder=holder.id, role=role, organization=place)  # type: ignore[arg-type]  # HOLDERS are the literals


def removal(reader: Reader, item: Item) -> Change | None:
    """The change that takes an assignment away; None when it is gone already."""
    holder = reader.get(item.holder_kind, item.holder)
    if holder is None:
        return None
    if item.holder_kind != USER:
        return Change(Action.DELETE, item.holder_kind, item.holder)
    left = [
        role
        for role in read_user(holder).roles
        if (role.role, role.organization) != (item.role, item.organization)
    ]
    if len(left) == len(read_user(holder).roles):
        return None
    roles: list[JsonValue] = [msgspec.to_builtins(role) for role in left]
    return user_change(reader, Action.MERGE, item.holder, {"roles": roles}, organization=holder.organization)


def _should_remind(review: AccessReview, now: float) -> bool:
    left = review.due - now
    if left <= 0:
        return now - review.reminded >= DAY
    return any(left <= before and review.reminded < review.due - before for before in REMIND_BEFORE)
