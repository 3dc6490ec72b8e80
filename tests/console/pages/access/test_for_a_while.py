"""Elevation, access reviews and support access at the console."""

from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR, SUPPORT_ENGINEER
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
