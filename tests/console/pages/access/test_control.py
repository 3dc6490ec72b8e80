"""Conditions, providers, local methods and sessions at the console."""

import pytest

from holdfast.access.roles.builtin import OPERATOR, ORGANIZATION_ADMINISTRATOR
from tests.api.access.http import Http
from tests.console.pages.access.browser import Browser

POLICY = {
    "name": "Only from the plant",
    "state": "reportOnly",
    "principals-include": "ada",
    "networks-exclude": "10.0.0.0/8",
    "hours": "mon,tue,wed,thu,fri,sat,sun 00:00-24:00 Europe/Berlin",
    "client-browser": "on",
    "risk": "none",
    "action": "block",
}


def test_a_policy_is_made_tried_and_enforced(http: Http, browser: Browser) -> None:
    http.here.user("ada", OPERATOR.id)
    ada = Browser(http, "ada")
    page = browser.post("/access/conditions", **POLICY)
    assert "Only from the plant" in page
    assert "10.0.0.0/8" in page
    question = "/access/conditions?principal=ada&methods=pwd+otp&address="
    assert "only reports; it would refuse" in browser.get(question + "192.0.2.9")
    assert "No policy applies" in browser.get(question + "10.1.1.1")
    (policy,) = http.here.access.directory.current().policies
    assert ada.request("GET", "/access/sessions").status_code == 200
    browser.post(f"/access/conditions/{policy.id}", **{**POLICY, "state": "enabled"})
    refused = ada.request("GET", "/access/sessions")
    assert refused.status_code == 403
    assert "Only from the plant" in refused.text
    assert "They would be refused" in browser.get(question + "192.0.2.9")
    assert "There is no policy" in browser.post(f"/access/conditions/{policy.id}", do="delete")
    assert ada.request("GET", "/access/sessions").status_code == 200


def test_what_the_form_does_not_have_stays_in_the_policy(http: Http, browser: Browser) -> None:
    body = {
        "displayName": "P",
        "conditions": {"kinds": ["user"], "principals": {"include": ["ada"]}},
        "control": {"action": "block"},
    }
    assert http.root("PUT", "/api/access/conditionalAccessPolicies/p", body).status_code == 200
    browser.post("/access/conditions/p", **{**POLICY, "client-browser": "on"})
    stored = http.root("GET", "/api/access/conditionalAccessPolicies/p").json()
    assert stored["conditions"]["kinds"] == ["user"]
    assert stored["conditions"]["clients"] == ["browser"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hours": "always"}, "write hours as"),
        ({"networks-exclude": "the plant"}, "the plant"),
        ({"action": "require", "strength": "any"}, "requires nothing"),
        (
            {"principals-include": "", "networks-exclude": "", "hours": "", "state": "enabled"},
            "lock everyone out",
        ),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_a_sentence(
    browser: Browser, changed: dict[str, str], said: str
) -> None:
    assert said in browser.refused("/access/conditions", **{**POLICY, **changed})


REFUSED = [
    ("/access/conditions", {**POLICY, "hours": "mon 25:00-26:00"}, 'value="Only from the plant"'),
    (
        "/access/providers/corp",
        {"name": "Other", "issuer": "http://far.example"},
        'value="http://far.example"',
    ),
    ("/tokens", {"id": "no good id", "role": OPERATOR.id, "organization": ""}, 'value="no good id"'),
    ("/people", {"email": "nonsense", "name": "Ada L.", "role": OPERATOR.id}, 'value="Ada L."'),
    ("/people", {"type": "adGroup", "tenantId": "", "objectId": "team-7"}, 'value="team-7"'),
    ("/roles", {"id": "BAD", "name": "Fitter", "scope": "anywhere"}, 'value="Fitter"'),
    ("/access/organizations", {"id": "BAD", "name": "Plant", "parent": ""}, 'value="Plant"'),
    ("/access/elevation/eligible", {"user": "nobody", "minutes": "77", "mfa": "on"}, 'value="77"'),
    ("/access/reviews", {"name": "Yearly", "due": "someday"}, 'value="Yearly"'),
    ("/access/support", {"hours": "999", "enabled": "on"}, 'value="999"'),
]


@pytest.mark.parametrize(("path", "fields", "kept"), REFUSED)
def test_what_was_filled_in_is_still_there_after_a_refusal(
    http: Http, browser: Browser, path: str, fields: dict[str, str], kept: str
) -> None:
    body = {"displayName": "Corp", "issuer": "https://login.example.org", "clientId": "holdfast"}
    http.root("PUT", "/api/access/identityProviders/corp", body)
    refused = browser.submit(path, fields)
    assert (refused.status_code // 100, kept in refused.text) == (4, True)
    assert path.endswith("corp") or '<details class="panel" open>' in refused.text


def test_a_question_that_is_none_is_answered_with_a_sentence(browser: Browser) -> None:
    answer = browser.request("GET", "/access/conditions?principal=root&address=192.0.2.1&time=soon")
    assert answer.status_code == 400
    assert "write it as" in answer.text


def test_a_provider_is_entered_and_keeps_its_secret(http: Http, browser: Browser) -> None:
    form = {
        "id": "corp",
        "name": "Corp",
        "issuer": "https://login.example.org",
        "client": "holdfast",
        "secret": "hush",
        "scopes": "openid email",
        "algorithm-RS256": "on",
        "enabled": "on",
    }
    page = browser.post("/access/providers", **form)
    assert "hush" not in page
    assert "https://app.example.org/sign-in/callback" in page
    browser.post("/access/providers/corp", **{**form, "secret": "", "name": "Corporation"})
    assert http.here.access.directory.current().providers["corp"].client_secret == "hush"
    assert "Corporation" in browser.get("/access/providers")
    assert "https:// address" in browser.refused(
        "/access/providers/corp", **{**form, "issuer": "http://far.example"}
    )
    assert "There is none yet" in browser.post("/access/providers/corp", action="delete")


def test_a_method_goes_off_after_what_uses_it_was_looked_at(http: Http, browser: Browser) -> None:
    http.here.organization("north")
    http.here.user("ada", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    http.here.sign_in_method("ada")
    here = "/access/local-methods?organization=north"
    assert "ada@example.org" in browser.get(here)
    off = {"organization": "north", "on": "no"}
    assert "still use it" in browser.refused("/access/local-methods/localAccounts", **off)
    assert "switched off" in browser.post("/access/local-methods/localAccounts", **off, anyway="1")
    on = {"organization": "north", "on": "yes"}
    assert "switched off" not in browser.post("/access/local-methods/localAccounts", **on)
    assert browser.submit("/access/local-methods/fax", off).status_code == 404


def test_sessions_are_listed_and_ended(http: Http, browser: Browser) -> None:
    http.here.user("ada", OPERATOR.id)
    ada = Browser(http, "ada")
    assert "Of others" not in ada.get("/access/sessions")
    assert "ada@example.org" in browser.get("/access/sessions")
    (session,) = http.here.access.sessions.of("ada")
    mine = http.here.access.sessions.of("root")[0]
    assert ada.submit(f"/access/sessions/{mine.id}/end", {}).status_code == 403
    assert "Nobody else is signed in" in browser.post(f"/access/sessions/{session.id}/end")
    assert ada.request("GET", "/access/sessions").status_code == 303


def test_signing_out_offers_to_sign_out_at_the_provider_too(http: Http) -> None:
    body = {"displayName": "Corp", "issuer": "https://login.example.org", "clientId": "holdfast"}
    assert http.root("PUT", "/api/access/identityProviders/corp", body).status_code == 200
    http.here.user("ada", OPERATOR.id)
    local, federated = Browser(http, "ada"), Browser(http, "ada", frozenset({"fed"}), provider="corp")
    assert local.submit("/sign-out", {}).headers["location"] == "/sign-in"
    left = federated.submit("/sign-out", {}).headers["location"]
    page = federated.get(left)
    assert "Your session at Corp goes on" in page
    assert federated.request("GET", "/access/sessions").headers["location"] == "/sign-in"
    assert "goes on" not in federated.get("/sign-in?left=nobody")
