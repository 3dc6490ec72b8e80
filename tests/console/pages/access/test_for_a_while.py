"""Elevation, access reviews and support access at the console."""

from types import SimpleNamespace
from typing import cast

from holdfast.access.reviews.reviews import AccessReview
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR, SUPPORT_ENGINEER
from holdfast.access.support.requests import KIND as SUPPORT
from holdfast.api.frame import ApiRequest
from holdfast.api.services import Services
from holdfast.console.decisions import _my_reviews, _reviews, _support
from holdfast.resources.model import Action
from tests.api.access.http import Http
from tests.console.pages.access.browser import Browser


def test_a_role_is_asked_for_approved_and_ended(http: Http, browser: Browser) -> None:
    http.here.user("ada", OPERATOR.id)
    ada = Browser(http, "ada")
    assert "eligible for no further role" in ada.get("/access/elevation")
    form = {"user": "ada", "role": ADMINISTRATOR.id, "approval": "on", "mfa": "on", "minutes": "120"}
    assert "ada@example.org" in browser.post("/access/elevation/eligible", **form)
    (eligible,) = http.root("GET", "/api/access/eligibleAssignments").json()["value"]
    ask = {"eligible": eligible["id"], "reason": "pump 7 is down", "minutes": "60"}
    assert "at most" in ada.refused("/access/elevation", **{**ask, "minutes": "121"})
    assert "pending" in ada.post("/access/elevation", **ask)
    assert "Waiting for you" in browser.get("/access/elevation")
    (request,) = http.root("GET", "/api/access/elevations").json()["value"]
    decide = f"/access/elevation/{request['id']}/decide"
    assert "nobody on their own request" in ada.refused(decide, decision="approve")
    assert ada.request("GET", "/access/conditions").status_code == 403
    assert "Active now" in browser.post(decide, decision="approve", remark="seen")
    assert ada.request("GET", "/access/conditions").status_code == 200
    ada.post(decide, decision="end")
    assert ada.request("GET", "/access/conditions").status_code == 403
    assert "Nobody yet" in browser.post(f"/access/elevation/eligible/{eligible['id']}/remove")


def test_a_review_is_begun_answered_and_closed(http: Http, browser: Browser) -> None:
    http.here.user("ada", OPERATOR.id)
    page = browser.post("/access/reviews", name="Quarter", due="2099-12-31", role=OPERATOR.id)
    assert "1 of 1 not answered" in page
    (review,) = http.root("GET", "/api/access/reviews").json()["value"]
    here = f"/access/reviews/{review['id']}"
    ada = Browser(http, "ada")
    assert ada.request("GET", here).status_code == 403
    assert "remove" in browser.post(f"{here}/answer", item="0", decision="remove", remark="left")
    assert "closed" in browser.post(f"{here}/close")
    assert ada.request("GET", "/devices").status_code == 403
    assert "by which day" in browser.refused("/access/reviews", name="Quarter", due="soon")


def test_support_is_allowed_asked_for_approved_and_ended(http: Http, browser: Browser) -> None:
    http.here.user("engineer", SUPPORT_ENGINEER.id)
    engineer = Browser(http, "engineer")
    assert "Nobody from outside" in engineer.get("/access/support/mine")
    ask = {"role": OPERATOR.id, "reason": "case 4711", "minutes": "60"}
    assert "switched off" in engineer.refused("/access/support/mine", **ask)
    assert "needs the role" in browser.refused("/access/support", enabled="on", role="")
    assert "allowed" in browser.post("/access/support", enabled="on", role=ADMINISTRATOR.id, hours="4")
    assert "pending" in engineer.post("/access/support/mine", **ask)
    (request,) = http.root("GET", "/api/access/supportRequests").json()["value"]
    decide = f"/access/support/{request['id']}/decide"
    assert "Only the role" in engineer.refused(decide, decision="approve")
    assert "active" in browser.post(decide, decision="approve")
    assert engineer.request("GET", f"/api/access/supportRequests/{request['id']}").status_code == 403
    assert "ended" in engineer.post(decide, decision="end")
    assert "engineer@example.org" in browser.get("/access/support")


def test_every_administrator_sees_at_the_bell_who_is_in(http: Http) -> None:
    """The table of decisions, asked as the pages ask it."""
    here = http.here
    here.user("engineer", SUPPORT_ENGINEER.id)
    here.user("second", ADMINISTRATOR.id)
    here.world.put(
        "accessSettings", "application", {"support": {"enabled": True, "approverRole": ADMINISTRATOR.id}}
    )
    here.world.put(SUPPORT, "s", {"role": OPERATOR.id, "reason": "case 7"}, here.as_user("engineer"))

    def told(user: str) -> list[str]:
        services = SimpleNamespace(store=here.world.store, clock=here.clock)
        request = ApiRequest(cast(Services, services), here.as_user(user), "GET", "https://app/", {}, {}, {})
        return [d.text for source in (_support, _my_reviews, _reviews) for d in source(request) if d.number]

    assert told("second") == ["engineer asks for support access"]
    here.world.change(Action.MERGE, SUPPORT, "s", {"state": "active"}, here.as_user("root"))
    assert told("second") == ["engineer has support access now"]
    here.clock.advance(3600)
    assert told("second") == []
    body = AccessReview(display_name="Quarter", reviewers=("root",), due=here.clock.now() + 60)
    here.access.reviews.begin(here.as_user("root"), "q", body)
    assert told("root") == ["access review asks you"]
    assert told("second") == []
    here.clock.advance(61)
    assert told("root") == ["access review asks you", "access review is overdue"]
    assert told("second") == ["access review is overdue"]
