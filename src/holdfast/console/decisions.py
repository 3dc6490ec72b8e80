"""What waits for a person: one table of sources for the bell of every page and for the overview."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from holdfast.access.elevation.requests import KIND as ELEVATION
from holdfast.access.reading import pages
from holdfast.access.reviews.reminders import pending
from holdfast.access.reviews.reviews import KIND as REVIEW
from holdfast.access.reviews.reviews import read_review
from holdfast.access.support.requests import KIND as SUPPORT
from holdfast.access.timeboxed import State as Asked
from holdfast.alerts.model import Severity, Status
from holdfast.alerts.store.reading import AlertFilter
from holdfast.api.defender.common import alert_reader
from holdfast.api.frame import ApiRequest
from holdfast.baseline.assessment.states import State
from holdfast.baseline.service import Baseline
from holdfast.devices.device import DEVICE
from holdfast.devices.jobs.kinds import JOB
from holdfast.devices.jobs.model import JobStatus
from holdfast.kernel.permissions import Permission
from holdfast.resources.query import All, Compare, Condition, Operator, Query

RECENT_SECONDS = 86_400.0


class Decision(NamedTuple):
    """Something that a person has to decide or look at."""

    number: int
    text: str
    """What it is, after the number: `devices wait for approval`."""
    link: str
    mood: str = "waiting"


class Source(NamedTuple):
    """One kind of decision, and who is told of it."""

    permission: Permission
    find: Callable[[ApiRequest], Iterator[Decision]]


def _number(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def _equal(path: str, value: str | bool | float) -> Compare:
    return Compare(path, Operator.EQUAL, value)


def _count(request: ApiRequest, kind: str, permission: Permission, *conditions: Condition) -> int:
    return request.services.store.count(kind, request.principal.reach(permission), All(conditions))


def _waiting_devices(request: ApiRequest) -> Iterator[Decision]:
    waiting = (_equal("enabled", False), _equal("provisioned", False))
    count = _count(request, DEVICE, Permission.DEVICE_READ, *waiting)
    text = _number(count, "device waits for approval", "devices wait for approval")
    yield Decision(count, text, "/devices?state=waiting")


def _unassigned_devices(request: ApiRequest) -> Iterator[Decision]:
    unassigned = (_equal("provisioned", True), _equal("enabled", True), _equal("template", ""))
    count = _count(request, DEVICE, Permission.DEVICE_READ, *unassigned)
    text = _number(count, "device has no template", "devices have no template")
    yield Decision(count, text, "/devices?state=unassigned", "")


def _failed_jobs(request: ApiRequest) -> Iterator[Decision]:
    since = request.services.clock.now() - RECENT_SECONDS
    failed = (_equal("status", JobStatus.FAILED), Compare("@modified", Operator.GREATER, since))
    count = _count(request, JOB, Permission.JOB_READ, *failed)
    yield Decision(count, _number(count, "job failed today", "jobs failed today"), "/jobs", "bad")


def _alerts(request: ApiRequest) -> Iterator[Decision]:
    """The worst ones that nobody looked at yet."""
    counts = alert_reader(request).counts(AlertFilter(request.principal.reach(Permission.ALERT_READ)))
    count = counts.get((Status.NEW, Severity.HIGH), 0)
    text = _number(count, "alert of high severity is new", "alerts of high severity are new")
    yield Decision(count, text, "/network/alerts?status=new&severity=high", "bad")


def _elevations(request: ApiRequest) -> Iterator[Decision]:
    asked = _equal("state", Asked.PENDING)
    count = _count(request, ELEVATION, Permission.ELEVATION_APPROVE, asked)
    text = _number(count, "person asks for a role", "people ask for a role")
    yield Decision(count, text, "/access/elevation")


def _support(request: ApiRequest) -> Iterator[Decision]:
    """Who asks, and who is in: nobody from outside is here without every administrator seeing it."""
    asked = _count(request, SUPPORT, Permission.ACCESS_READ, _equal("state", Asked.PENDING))
    text = _number(asked, "engineer asks for support access", "engineers ask for support access")
    yield Decision(asked, text, "/access/support")
    held = Compare("ends", Operator.GREATER, request.services.clock.now())
    inside = _count(request, SUPPORT, Permission.ACCESS_READ, _equal("state", Asked.ACTIVE), held)
    text = _number(inside, "engineer has support access now", "engineers have support access now")
    yield Decision(inside, text, "/access/support", "bad")


def _my_reviews(request: ApiRequest) -> Iterator[Decision]:
    """Reviews that ask this person, whatever they may do otherwise."""
    reach, me = request.principal.reach(Permission.USER_READ), request.principal.id
    open_ones = pages(request.services.store, Query(REVIEW, reach, _equal("state", "open")))
    count = sum(me in review.reviewers and pending(review) > 0 for review in map(read_review, open_ones))
    text = _number(count, "access review asks you", "access reviews ask you")
    yield Decision(count, text, "/access/reviews")


def _reviews(request: ApiRequest) -> Iterator[Decision]:
    late = Compare("due", Operator.LESS, request.services.clock.now())
    count = _count(request, REVIEW, Permission.REVIEW_DECIDE, _equal("state", "open"), late)
    yield Decision(
        count, _number(count, "access review is overdue", "access reviews are overdue"), "/access/reviews"
    )


def _baseline(request: ApiRequest) -> Iterator[Decision]:
    states = [c.state for c in request.services.extension(Baseline).assessment().controls]
    failing, due = states.count(State.NOT_SATISFIED), states.count(State.ATTESTATION_DUE)
    text = _number(failing, "control is not satisfied", "controls are not satisfied")
    yield Decision(failing, text, "/baseline", "bad")
    text = _number(due, "control waits for a statement", "controls wait for a statement")
    yield Decision(due, text, "/baseline")


SOURCES = (
    Source(Permission.DEVICE_READ, _waiting_devices),
    Source(Permission.DEVICE_READ, _unassigned_devices),
    Source(Permission.ALERT_READ, _alerts),
    Source(Permission.JOB_READ, _failed_jobs),
    Source(Permission.ELEVATION_APPROVE, _elevations),
    Source(Permission.ACCESS_READ, _support),
    Source(Permission.USER_READ, _my_reviews),
    Source(Permission.REVIEW_DECIDE, _reviews),
    Source(Permission.ASSESSMENT_READ, _baseline),
)
"""A new kind of decision is one entry and one function."""


def decisions(request: ApiRequest) -> list[Decision]:
    """What waits for this person, the worst first."""
    found = [
        decision
        for source in SOURCES
        if request.principal.reach(source.permission)
        for decision in source.find(request)
        if decision.number
    ]
    return sorted(found, key=lambda decision: decision.mood != "bad")
