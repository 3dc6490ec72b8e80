"""People, roles, organizations and tokens at the console."""

import re

from holdfast.access.people.users import KIND as USER
from holdfast.access.reading import everything
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR, ORGANIZATION_ADMINISTRATOR
from tests.api.access.http import Http
from tests.console.pages.access.browser import Browser


def test_somebody_is_invited_and_gets_a_link_that_is_shown_once(http: Http, browser: Browser) -> None:
    page = browser.post("/people", email="ada@example.org", name="Ada", role=OPERATOR.id)
    assert "ada@example.org" in page
    assert "nothing local" in page
    (user,) = [u for u in everything(http.here.world.store, USER) if u.body["email"] == "ada@example.org"]
    shown = browser.submit(f"/people/{user.id}/link", {})
    link = re.search(r"/sign-in/link#([^<]+)<", shown.text)
    assert link is not None
    assert http.here.access.links.take(link[1]).id == user.id
    assert "sign-in/link#" not in browser.get(f"/people/{user.id}")


def test_roles_are_given_taken_and_explained(http: Http, browser: Browser) -> None:
    http.here.organization("north")
    http.here.user("ada")
    page = browser.post(
        "/people/ada", action="give", role=ORGANIZATION_ADMINISTRATOR.id, organization="north"
    )
    assert "Org Administrator north" in page
    question = "/people/ada?permission=organization:device:update&at="
    assert "not allowed" in browser.get(question)
    assert "Org Administrator at /north/" in browser.get(question + "north")
    taken = browser.post(
        "/people/ada", action="take", role=ORGANIZATION_ADMINISTRATOR.id, organization="north"
    )
    assert "None. Eligible roles" in taken


def test_a_blocked_person_is_out_at_once_and_can_come_back(http: Http, browser: Browser) -> None:
    http.here.user("ada", OPERATOR.id)
    ada = Browser(http, "ada")
    assert "blocked" in browser.post("/people/ada", action="block")
    assert ada.request("GET", "/access/sessions").headers["location"] == "/sign-in"
    assert "enabled" in browser.post("/people/ada", action="open")


def test_what_somebody_signs_in_with_is_taken_away_with_their_sessions(http: Http, browser: Browser) -> None:
    http.here.user("ada", OPERATOR.id)
    http.here.sign_in_method("ada")
    ada = Browser(http, "ada")
    assert "nothing local" in browser.post("/people/ada/reset")
    assert ada.request("GET", "/access/sessions").status_code == 303
    again = Browser(http, "ada")
    browser.post("/people/ada/sessions")
    assert again.request("GET", "/access/sessions").status_code == 303
    assert Browser(http, "ada").submit("/people/root/reset", {}).status_code == 403


def test_the_last_administrator_stays(browser: Browser) -> None:
    assert "without an administrator" in browser.refused("/people/root", action="block")
    assert "without an administrator" in browser.refused("/people/root/remove")


def test_a_person_is_removed(http: Http, browser: Browser) -> None:
    http.here.user("ada", OPERATOR.id)
    http.here.cookie("ada")
    assert "ada@example.org" in browser.get("/people")
    assert "ada@example.org" not in browser.post("/people/ada/remove")
    assert http.here.access.sessions.of("ada") == []


def test_a_program_of_the_provider_is_entered(browser: Browser) -> None:
    ids = {"tenantId": "t1", "objectId": "o1"}
    page = browser.post("/people", type="servicePrincipal", name="Export", role=OPERATOR.id, **ids)
    assert "Export" in page
    assert "o1" in page


def test_organizations_make_a_tree(http: Http, browser: Browser) -> None:
    browser.post("/access/organizations", id="north", name="North")
    page = browser.post("/access/organizations", id="plant", name="Plant 1", parent="north")
    assert page.index("North") < page.index("Plant 1")
    assert "Plant 2" in browser.post("/access/organizations/plant", action="rename", name="Plant 2")
    assert "not empty" in browser.refused("/access/organizations/north", action="remove")
    browser.post("/access/organizations", id="south", name="South")
    browser.post("/access/organizations/-/move", organization="plant", parent="south")
    moved = http.here.world.store.get("organization", "plant")
    assert moved is not None
    assert moved.organization == "/south/plant/"
    assert "below itself" in browser.refused(
        "/access/organizations/-/move", organization="south", parent="plant"
    )
    assert "Plant 2" not in browser.post("/access/organizations/plant", action="remove")


def test_siblings_see_nothing_of_each_other(http: Http) -> None:
    for id in ("north", "south"):
        http.here.organization(id)
    http.here.user("ada", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    http.here.user("bob", (ORGANIZATION_ADMINISTRATOR.id, "south"))
    ada = Browser(http, "ada")
    for path in ("/access/organizations", "/people", "/tokens", "/access/elevation", "/access/reviews"):
        page = ada.get(path)
        assert "South" not in page, path
        assert "bob@example.org" not in page, path
    assert ada.request("GET", "/people/bob").status_code == 404
    assert ada.submit("/people/bob", {"action": "block"}).status_code == 404


def test_a_role_of_ones_own_appears_in_the_matrix(browser: Browser) -> None:
    fields = {"organization:device:command": "on"}
    page = browser.post("/roles", id="fitter", name="Fitter", scope="application", **fields)
    assert "✓ Fitter" in page
    assert "looks the same" in browser.refused(
        "/roles", id="other", name="Fitter", scope="application", **fields
    )
    assert "Fitter" not in browser.post("/roles/fitter/delete")


def test_a_token_is_shown_once_used_and_deleted(http: Http, browser: Browser) -> None:
    http.here.organization("north")
    answer = browser.submit(
        "/tokens", {"id": "ci", "role": ORGANIZATION_ADMINISTRATOR.id, "organization": "north"}
    )
    shown = re.search(r'id="new-token">([^<]+)<', answer.text)
    assert shown is not None
    token = shown[1].replace("&amp;", "&")
    assert http.here.who(authorization=token).id == "ci"
    page = browser.get("/tokens")
    assert token not in page
    assert "Org Administrator at north" in page
    assert http.here.access.traces.last_use("apiToken", ["ci"])
    browser.post("/tokens/ci/delete")
    assert "/expiry" in browser.refused("/tokens", id="x", role=ADMINISTRATOR.id, days="4000")
