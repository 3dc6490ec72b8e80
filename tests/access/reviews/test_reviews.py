"""Access reviews: a snapshot, an answer for each, and what nobody wanted is taken away."""

from typing import Any

import pytest

from holdfast.access.errors import EscalationError
from holdfast.access.people.assignments import Assignment
from holdfast.access.reviews.reminders import REVIEW_DUE
from holdfast.access.reviews.reviews import DAY, KIND, AccessReview, read_review
from holdfast.access.reviews.service import Reviews
from holdfast.access.roles.builtin import (
    ADMINISTRATOR,
    OPERATOR,
    ORGANIZATION_ADMINISTRATOR,
    ORGANIZATION_VIEWER,
)
from holdfast.alerts.store.reading import AlertFilter, AlertReader
from holdfast.alerts.store.writing import AlertStore
from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import SYSTEM
from tests.access.world import AccessWorld


@pytest.fixture
def reviews(here: AccessWorld) -> Reviews:
    """Two administrators, two operators and an API token."""
    here.user("root", ADMINISTRATOR.id)
    here.user("second", ADMINISTRATOR.id)
    here.user("ada", OPERATOR.id)
    here.user("bob", OPERATOR.id)
    here.access.tokens.issue(SYSTEM, "ci", [Assignment(OPERATOR.id)])
    return Reviews(here.access.ports)


def asked(here: AccessWorld, **more: Any) -> AccessReview:
    members = {"display_name": "Quarter", "reviewers": ("root",), "due": here.clock.now() + 14 * DAY, **more}
    return AccessReview(**members)


def items(here: AccessWorld, id: str = "q") -> list[tuple[str, str]]:
    stored = here.world.store.get(KIND, id)
    assert stored is not None
    return [(item.holder, item.decision) for item in read_review(stored).items]


def test_a_review_holds_what_is_assigned_now(here: AccessWorld, reviews: Reviews) -> None:
    reviews.begin(here.as_user("root"), "q", asked(here, roles=(OPERATOR.id,)))
    assert items(here) == [("ada", "pending"), ("bob", "pending"), ("ci", "pending")]


def test_closing_takes_away_what_was_not_wanted_and_what_nobody_answered(
    here: AccessWorld, reviews: Reviews
) -> None:
    root = here.as_user("root")
    reviews.begin(root, "q", asked(here, roles=(OPERATOR.id,)))
    reviews.decide(root, "q", 0, keep=True, remark="on call")
    reviews.decide(root, "q", 1, keep=False)
    assert reviews.close(root, "q") == []
    assert here.as_user("ada").grants != here.as_user("bob").grants
    assert here.world.store.get("apiToken", "ci") is None
    with pytest.raises(ConflictError, match="closed"):
        reviews.decide(root, "q", 0, keep=False)


def test_a_review_can_keep_what_nobody_answered(here: AccessWorld, reviews: Reviews) -> None:
    root = here.as_user("root")
    reviews.begin(root, "q", asked(here, roles=(OPERATOR.id,), unanswered="keep"))
    reviews.close(root, "q")
    assert here.world.store.get("apiToken", "ci") is not None


def test_the_last_administrator_survives_a_review_and_the_review_says_so(
    here: AccessWorld, reviews: Reviews
) -> None:
    root = here.as_user("root")
    reviews.begin(root, "q", asked(here, roles=(ADMINISTRATOR.id,)))
    (problem,) = reviews.close(root, "q")
    assert "without an administrator" in problem


def test_nobody_confirms_their_own_access(here: AccessWorld, reviews: Reviews) -> None:
    root = here.as_user("root")
    reviews.begin(root, "q", asked(here, roles=(ADMINISTRATOR.id,), reviewers=("root", "second")))
    with pytest.raises(ForbiddenError, match="own access"):
        reviews.decide(root, "q", 0, keep=True)
    reviews.decide(here.as_user("second"), "q", 0, keep=True)
    assert items(here)[0] == ("root", "keep")


def test_only_reviewers_decide_and_only_on_what_is_there(here: AccessWorld, reviews: Reviews) -> None:
    reviews.begin(here.as_user("root"), "q", asked(here))
    with pytest.raises(ForbiddenError, match="Only a reviewer"):
        reviews.decide(here.as_user("ada"), "q", 0, keep=True)
    with pytest.raises(NotFoundError):
        reviews.decide(here.as_user("root"), "q", 99, keep=True)
    with pytest.raises(NotFoundError):
        reviews.decide(here.as_user("root"), "nothing", 0, keep=True)


def test_an_organizations_review_covers_that_organization_alone(here: AccessWorld, reviews: Reviews) -> None:
    here.organization("north")
    here.organization("south")
    here.user("boss", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    here.user("nina", (ORGANIZATION_VIEWER.id, "north"))
    here.user("sven", (ORGANIZATION_VIEWER.id, "south"))
    boss = here.as_user("boss")
    reviews.begin(boss, "q", asked(here, organization="north", reviewers=("boss",)))
    assert [holder for holder, _ in items(here)] == ["boss", "nina"]
    with pytest.raises(ForbiddenError):
        reviews.begin(boss, "all", asked(here, reviewers=("boss",)))


def test_closing_takes_away_no_more_than_whoever_closes_could(here: AccessWorld, reviews: Reviews) -> None:
    decides: dict[str, Any] = {
        "displayName": "Reviewers",
        "permissions": ["application:access-review:decide"],
    }
    here.world.put("role", "reviewers", decides)
    here.user("rita", "reviewers")
    rita = here.as_user("rita")
    reviews.begin(rita, "q", asked(here, roles=(OPERATOR.id,), reviewers=("rita",)))
    problems = reviews.close(rita, "q")
    assert len(problems) == 3
    assert here.world.store.get("apiToken", "ci") is not None


def test_reviewers_are_reminded_a_week_and_a_day_before_and_daily_afterwards(
    here: AccessWorld, reviews: Reviews
) -> None:
    reviews.begin(here.as_user("root"), "q", asked(here))
    reminded = []
    for day in range(18):
        if reviews.remind():
            reminded.append(day)
        here.clock.advance(DAY)
    assert reminded == [7, 13, 14, 15, 16, 17]
    assert len(here.events("accessReview.reminder")) == 6


def test_a_reminder_is_an_alert_that_names_the_reviewers_until_the_review_is_closed(
    here: AccessWorld, reviews: Reviews
) -> None:
    alerts = AlertStore(here.world.database, {REVIEW_DUE.id: REVIEW_DUE}, here.clock)
    reader = AlertReader(here.world.database)
    telling = Reviews(here.access.ports, alerts)
    root = here.as_user("root")
    telling.begin(root, "q", asked(here, roles=(OPERATOR.id,), reviewers=("root", "second")))
    telling.decide(root, "q", 0, keep=True)

    def told() -> list[tuple[str, str, bool]]:
        found = reader.find(AlertFilter((ROOT,)), 10)
        return [(a.alert.destination, a.alert.violations[0].observed, a.alert.closed_at > 0) for a in found]

    telling.remind()
    assert told() == [], "two weeks before nobody is bothered"
    here.clock.advance(13.5 * DAY)
    telling.remind()
    telling.remind()
    (alert,) = told()
    assert alert == ("root, second", "“Quarter”: 2 of 3 are not answered", False)
    telling.close(root, "q")
    assert [closed for *_, closed in told()] == [True]


def test_a_repeated_review_begins_anew_with_what_is_assigned_then(
    here: AccessWorld, reviews: Reviews
) -> None:
    root = here.as_user("root")
    reviews.begin(root, "q", asked(here, roles=(OPERATOR.id,), repeat_days=90, unanswered="keep"))
    here.user("cleo", OPERATOR.id)
    reviews.close(root, "q")
    assert [holder for holder, _ in items(here, "q-r2")] == ["ada", "bob", "cleo", "ci"]
    reviews.close(root, "q-r2")
    stored = here.world.store.get(KIND, "q-r3")
    assert stored is not None
    assert read_review(stored).due == here.clock.now() + (14 + 90 + 90) * DAY


def test_reviews_are_not_changed_behind_the_back_of_their_operations(
    here: AccessWorld, reviews: Reviews
) -> None:
    stored = reviews.begin(here.as_user("root"), "q", asked(here))
    with pytest.raises(EscalationError):
        here.world.put(KIND, "q", {**stored.body, "items": []}, here.as_user("root"))


def test_reviewers_have_to_be_people_whom_we_know(here: AccessWorld, reviews: Reviews) -> None:
    for reviewers in ((), ("nobody",)):
        with pytest.raises(InvalidError):
            reviews.begin(here.as_user("root"), "q", asked(here, reviewers=reviewers))
