"""Reminders as alerts, so that they go wherever alerts go: the console, e-mail, a SIEM."""

from typing import Final

from holdfast.access.reviews.reviews import AccessReview
from holdfast.alerts.model import AlertType, Matter, Origin, Report, Severity, Sighting
from holdfast.kernel.clock import isoformat
from holdfast.resources.model import Resource

REVIEW_DUE: Final = AlertType(
    id="access-review-due",
    title="An access review waits for its reviewers",
    engine="access",
    severity=Severity.LOW,
    category="Access",
    meaning="Somebody has to say by a day who keeps which role, and not everything is answered.",
    steps=(
        "Let its reviewers answer what is pending: Access, Access reviews, or holdfast review answer.",
        "Close it; what nobody answered is then taken away or kept, as the review says.",
    ),
)
"""The parties of its alerts are the review and its reviewers."""


def pending(review: AccessReview) -> int:
    """How many answers are missing."""
    return sum(item.decision == "pending" for item in review.items)


def reminder(stored: Resource, review: AccessReview, now: float) -> Sighting:
    """What a reminder says."""
    matter = matter_of(stored, review)
    report = Report(
        type=matter.type,
        time=now,
        source=matter.source,
        destination=matter.destination,
        protocol="",
        observed=f"“{review.display_name}”: {pending(review)} of {len(review.items)} are not answered",
        expected=f"everything is answered by {isoformat(review.due)}",
    )
    return Sighting(report, Origin(organization=stored.organization))


def matter_of(stored: Resource, review: AccessReview) -> Matter:
    """What the alert of a review is about."""
    return Matter(REVIEW_DUE.id, stored.id, ", ".join(review.reviewers), stored.organization)
