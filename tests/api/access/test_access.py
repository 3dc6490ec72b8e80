"""`/api/access`: collections, decisions, explanations and sign-in over HTTP."""

import json
from typing import Any

import pytest

from holdfast.access.people.assignments import Assignment
from holdfast.access.roles.builtin import OPERATOR, ORGANIZATION_ADMINISTRATOR, SUPPORT_ENGINEER
from holdfast.access.sessions.cookies import SESSION, STEP
from holdfast.api.access.resources import COLLECTIONS
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM
from tests.access.local.authenticator_device import SoftwarePasskey
from tests.access.oidc.issuer import run_issuer
from tests.access.world import HOME
from tests.api.access.http import SAME_SITE, Http

POLICY = {
    "displayName": "Two factors",
    "state": "enabled",
    "control": {"strength": "mfa"},
    "conditions": {"clients": ["browser"]},
}
IDP = {"displayName": "I", "issuer": "https://id.example.org", "clientId": "c", "clientSecret": "hidden"}


def test_a_collection_is_put_read_listed_changed_and_deleted(http: Http) -> None:
    path = "/api/access/conditionalAccessPolicies/mfa"
    made = http.root("PUT", path, POLICY).json()
    assert http.root("GET", path).json() == made
    assert [item["id"] for item in http.root("GET", path.rpartition("/")[0]).json()["value"]] == ["mfa"]
    changed = http.root("PATCH", path, {"state": "disabled"}).json()
    assert (changed["state"], changed["displayName"]) == ("disabled", "Two factors")
    assert http.root("PUT", path, {**POLICY, "etag": made["etag"]}).status_code == 412
    assert http.root("DELETE", path).status_code == 204
    assert http.root("GET", path).status_code == 404


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda c: c.name)
def test_no_collection_is_shown_or_changed_without_permission(http: Http, collection: Any) -> None:
    http.here.user("ada")
    ada = http.person("ada")
    path = f"/api/access/{collection.name}"
    assert http.nobody("GET", path).status_code == 401
    assert ada("GET", path).status_code == 403
    for method in ("PUT", "PATCH", "DELETE") if collection.writable else ():
        assert ada(method, f"{path}/x", {}).status_code in (403, 404)
    assert http.root("GET", path).status_code == 200


def test_a_secret_is_not_shown_and_stays_when_it_is_left_out(http: Http) -> None:
    path = "/api/access/identityProviders/idp"
    for body in (IDP, {k: v for k, v in IDP.items() if k != "clientSecret"}, {"displayName": "J"}):
        answer = http.root("PATCH" if len(body) == 1 else "PUT", path, body)
        assert "hidden" not in answer.text
        stored = http.here.world.store.get("identityProvider", "idp")
        assert stored is not None
        assert stored.body["clientSecret"] == "hidden"


def test_one_knows_who_one_is_and_ends_ones_own_sessions_only(http: Http) -> None:
    http.here.user("ada", OPERATOR.id)
    http.here.user("bob", OPERATOR.id)
    ada, other, bob = http.person("ada"), http.person("ada"), http.person("bob")
    me = ada("GET", "/api/access/me").json()
    assert (me["id"], me["methods"]) == ("ada", ["otp", "pwd"])
    sessions = ada("GET", "/api/access/me/sessions").json()["value"]
    assert len(sessions) == 2
    assert all("digest" not in session for session in sessions)
    their = next(s["id"] for s in sessions if s["id"] != me["session"])
    assert bob("DELETE", f"/api/access/sessions/{their}").status_code in (403, 404)
    assert ada("DELETE", f"/api/access/sessions/{their}").status_code == 204
    assert other("GET", "/api/access/me").status_code == 401
    assert http.root("DELETE", "/api/access/users/ada/sessions").json() == {"ended": 1}
    assert ada("GET", "/api/access/me").status_code == 401


def test_a_sign_in_link_is_made_and_a_reset_takes_everything_away(http: Http) -> None:
    http.here.user("ada", OPERATOR.id)
    link = http.root("POST", "/api/access/users/ada/signInLink").json()["link"]
    assert link.startswith("https://app.example.org/sign-in/link#")
    http.here.sign_in_method("ada")
    ada = http.person("ada")
    assert http.root("DELETE", "/api/access/users/ada/credential").status_code == 204
    assert ada("GET", "/api/access/me").status_code == 401
    assert http.here.world.store.get("credential", "ada") is None


def test_removing_a_user_leaves_nothing_of_theirs(http: Http) -> None:
    http.here.user("ada", OPERATOR.id)
    http.here.sign_in_method("ada")
    http.here.world.put("eligibleAssignment", "e", {"user": "ada", "role": OPERATOR.id})
    http.person("ada")
    assert http.root("DELETE", "/api/access/users/ada").status_code == 204
    census = http.here.world.store.census("/")  # type: ignore[arg-type]  # a literal path
    assert {kind: n for kind, n in census.items() if kind in ("session", "eligibleAssignment")} == {}
    assert http.here.world.store.get("credential", "ada") is None
    assert http.root("DELETE", "/api/access/users/ada").status_code == 404


def test_a_role_is_asked_for_approved_and_given_back(http: Http) -> None:
    http.here.user("ada")
    http.here.user("boss", OPERATOR.id)
    eligible = {"user": "ada", "role": OPERATOR.id, "approvers": ["boss"]}
    assert http.root("PUT", "/api/access/eligibleAssignments/e", eligible).status_code == 200
    ada, boss = http.person("ada"), http.person("boss")
    assert [e["id"] for e in ada("GET", "/api/access/me/eligibleAssignments").json()["value"]] == ["e"]
    asked = ada("POST", "/api/access/elevations", {"eligible": "e", "reason": "pump 7", "state": "active"})
    assert (asked.status_code, asked.json()["state"]) == (201, "pending")
    path = f"/api/access/elevations/{asked.json()['id']}"
    assert ada("POST", f"{path}/approve").status_code == 403
    assert boss("POST", f"{path}/approve", {"decision": "go"}).json()["state"] == "active"
    assert ada("GET", "/api/access/me").json()["permissions"]["/"]
    assert ada("POST", f"{path}/end").json()["state"] == "ended"
    assert ada("POST", f"{path}/end").status_code == 409


def test_support_is_let_in_and_every_request_of_it_is_on_the_audit_log(http: Http) -> None:
    permissions = [p.value for p in OPERATOR.permissions]
    role = {"displayName": "Lockbox", "permissions": permissions}
    assert http.root("PUT", "/api/access/roles/lockbox", role).status_code == 200
    rules = {"support": {"enabled": True, "approverRole": "lockbox"}}
    assert http.root("PUT", "/api/access/settings/application", rules).status_code == 200
    http.here.user("lock", "lockbox")
    http.here.user("engineer", SUPPORT_ENGINEER.id)
    engineer, lock = http.person("engineer"), http.person("lock")
    asked = engineer(
        "POST", "/api/access/supportRequests", {"role": OPERATOR.id, "reason": "case 4711"}
    ).json()
    assert engineer("GET", "/api/roles/nothing").status_code == 404
    assert lock("POST", f"/api/access/supportRequests/{asked['id']}/approve").status_code == 200
    assert engineer("GET", "/api/access/me").json()["onBehalfOf"] == f"support:{asked['id']}"
    (used,) = http.here.events("supportRequest.used")
    assert (used.actor, used.resource, used.data["path"]) == ("engineer", asked["id"], "/api/access/me")


def test_a_review_is_begun_answered_and_closed(http: Http) -> None:
    http.here.user("ada", OPERATOR.id)
    body = {"id": "q", "displayName": "Q", "reviewers": ["root"], "due": 1.9e9, "roles": [OPERATOR.id]}
    assert http.root("POST", "/api/access/reviews", body).status_code == 201
    root = http.person("root")
    assert http.root("POST", "/api/access/reviews/q/items/0", {"decision": "keep"}).status_code == 403
    assert root("POST", "/api/access/reviews/q/items/0", {"decision": "perhaps"}).status_code == 400
    assert root("POST", "/api/access/reviews/q/items/x", {"decision": "keep"}).status_code == 404
    assert root("POST", "/api/access/reviews/q/items/0", {"decision": "remove"}).status_code == 204
    assert http.root("POST", "/api/access/reviews/q/close").json() == {"problems": []}
    assert http.root("GET", "/api/access/principals/ada/permissions").json()["permissions"] == {}


def test_it_is_explained_who_may_do_what(http: Http) -> None:
    http.here.organization("north")
    http.here.organization("south")
    http.here.user("boss", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    question = {"principal": "boss", "permission": "organization:device:read", "organization": "north"}
    assert http.root("POST", "/api/access/why", question).json()["allowed"] is True
    answer = http.root("POST", "/api/access/why", {**question, "organization": "south"}).json()
    assert answer["allowed"] is False
    assert answer["elsewhere"][0]["organization"] == "/north/"
    boss = http.person("boss")
    assert boss("POST", "/api/access/why", {**question, "principal": "root"}).status_code == 404
    assert http.root("POST", "/api/access/why", {**question, "permission": "x"}).status_code == 400


def test_what_if_is_answered_with_policies_that_do_not_exist_yet(http: Http) -> None:
    http.here.user("ada")
    question = {"principal": "ada", "address": "192.0.2.1", "methods": ["pwd"], "policies": [POLICY]}
    answer = http.root("POST", "/api/access/conditionalAccessPolicies/whatIf", question).json()
    assert answer["allowed"] is False
    assert answer["refused"][0]["needs"] == "mfa"
    for wrong in ({"time": "soon"}, {"client": "fax"}, {"policies": [1]}, {"methods": "pwd"}):
        bad = http.root("POST", "/api/access/conditionalAccessPolicies/whatIf", {**question, **wrong})
        assert bad.status_code == 400


def test_what_still_uses_a_local_method_is_listed(http: Http) -> None:
    found = http.root("GET", "/api/access/localMethods/apiTokens/usage").json()
    assert [item["id"] for item in found["value"]] == ["root-token"]
    assert found["value"][0]["lastUsed"]
    assert http.root("GET", "/api/access/localMethods/fax/usage").status_code == 404


def test_what_uses_a_local_method_is_listed_where_access_may_be_read_and_nowhere_beside(http: Http) -> None:
    here, path = http.here, "/api/access/localMethods/apiTokens/usage"
    permissions: JsonObject = {"permissions": ["application:access:read"]}
    here.world.put("role", "keeper", {"displayName": "Keeper", "scope": "organization", **permissions})
    for place in ("north", "south"):
        here.organization(place)
        roles = [Assignment(ORGANIZATION_ADMINISTRATOR.id, place)]
        here.access.tokens.issue(SYSTEM, f"token-{place}", roles)
    here.user("ada", ("keeper", "north"))
    ada = http.person("ada")
    own = ada("GET", f"{path}?organization=north").json()["value"]
    assert [item["id"] for item in own] == ["token-north"]
    assert [ada("GET", at).status_code for at in (path, f"{path}?organization=south")] == [403, 403]
    page = ada("GET", "/access/local-methods").text
    assert ("token-north" in page, "token-south" in page) == (True, False)


def test_a_method_in_use_goes_off_once_what_uses_it_was_looked_at(http: Http) -> None:
    path = "/api/access/localMethods/localAccounts/switch"
    http.here.organization("north")
    http.here.user("ada", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    http.here.sign_in_method("ada")
    session = http.person("ada")
    body = {"organization": "north", "on": False}
    refused = http.root("POST", path, body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "MethodInUse")
    assert [used["id"] for used in refused.json()["value"]] == ["ada"]
    assert session("GET", "/api/access/me").status_code == 200
    assert http.root("POST", path, {**body, "confirm": 1}).json()["on"] is False
    assert session("GET", "/api/access/me").status_code == 401
    assert http.root("POST", path, {"organization": "north", "on": True}).json()["on"] is True
    for wrong in ({"on": "no"}, {"on": False, "confirm": True}, {"on": False, "organization": "nowhere"}):
        assert http.root("POST", path, wrong).status_code == 400


def test_a_passkey_is_set_up_from_a_link_and_signs_in(http: Http) -> None:
    http.here.user("ada", OPERATOR.id)
    ticket, _ = http.here.access.enrolment.open_link(http.here.access.links.make(SYSTEM, "ada"), HOME)
    device = SoftwarePasskey()
    offered = http.nobody("POST", "/sign-in/passkey/new/options", cookie=f"{STEP}={ticket}")
    step = offered.cookies[STEP]
    made = _post(http, "/sign-in/passkey/new?name=Key", device.register(offered.json()), step)
    assert made.status_code == 201
    http.client.cookies.clear()
    options = http.nobody("POST", "/sign-in/passkey/options")
    answer = _post(http, "/sign-in/passkey", device.answer(options.json()), options.cookies[STEP])
    assert answer.json() == {"id": "ada"}
    cookies = answer.headers.get_list("set-cookie")
    attributes = next(value for value in cookies if value.startswith(f"{SESSION}="))
    assert all(part in attributes for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    cookie = attributes.partition(";")[0]
    assert http.nobody("GET", "/api/access/me", cookie=cookie).json()["id"] == "ada"


def test_a_provider_is_gone_to_and_come_back_from(http: Http) -> None:
    with run_issuer() as issuer:
        body = {"displayName": "Test", "issuer": issuer.issuer, "clientId": "holdfast"}
        assert http.root("PUT", "/api/access/identityProviders/test", body).status_code == 200
        listed = http.nobody("GET", "/sign-in/providers").json()["value"]
        assert listed == [{"id": "test", "displayName": "Test"}]
        left = http.nobody("GET", "/sign-in/provider/test?back=/devices")
        assert (left.status_code, left.headers["location"].startswith(issuer.issuer)) == (303, True)
        sent = dict(p.split("=", 1) for p in left.headers["location"].partition("?")[2].split("&"))
        http.here.user("ada", OPERATOR.id)
        claims = {
            "iss": issuer.issuer,
            "aud": "holdfast",
            "sub": "s",
            "exp": int(http.here.clock.now()) + 60,
            "nonce": sent["nonce"],
            "email": "ada@example.org",
            "email_verified": True,
            "groups": [],
        }
        issuer.answer("/token", 200, {"id_token": issuer.token(claims)})
        back = http.nobody(
            "GET",
            f"/sign-in/callback?code=c&state={sent['state']}",
            cookie=f"{STEP}={left.cookies[STEP]}",
        )
        assert (back.status_code, back.headers["location"]) == (303, "/devices")
        again = http.nobody(
            "GET",
            f"/sign-in/callback?code=c&state={sent['state']}",
            cookie=f"{STEP}={left.cookies[STEP]}",
        )
        assert again.status_code == 401
        http.client.cookies.clear()
        form = {"content-type": "application/x-www-form-urlencoded"}
        refused = http.client.post("/sign-in/back-channel-logout", content="logout_token=x", headers=form)
        assert refused.status_code == 400


def test_verifiers_read_our_issuers_documents_without_an_account(http: Http) -> None:
    document = http.nobody("GET", "/.well-known/openid-configuration").json()
    assert document["issuer"] == "https://app.example.org"
    assert document["jwks_uri"].startswith(document["issuer"])
    assert http.root("POST", "/api/access/issuer/replaceKeys").status_code == 204
    (key,) = http.nobody("GET", "/.well-known/jwks.json").json()["keys"]
    assert "d" not in key
    assert http.nobody("POST", "/api/access/issuer/replaceKeys").status_code == 401


def test_a_federation_is_tried_with_a_token_and_the_auditor_sees_it(http: Http) -> None:
    http.here.access.issuer_keys.rotate()
    path = "/api/access/managedIdentities/export"
    body = {"displayName": "Export", "audiences": ["api://storage"]}
    assert http.root("PUT", path, body).status_code == 200
    made = http.root("POST", f"{path}/token", {"audience": "api://storage"})
    assert made.status_code == 201
    assert made.json()["token"].count(".") == 2
    assert http.root("POST", f"{path}/token", {"audience": "api://other"}).status_code == 403
    (event,) = http.here.events("managedIdentity.token-issued")
    assert (event.resource, event.actor) == ("export", "root-token")
    assert made.json()["token"] not in str(event)
    http.here.user("ada", OPERATOR.id)
    assert http.person("ada")("POST", f"{path}/token", {"audience": "api://storage"}).status_code == 403
    manage: JsonObject = {"permissions": ["application:access:manage"]}
    http.here.world.put("role", "keeper", {"displayName": "Keeper", "scope": "organization", **manage})
    http.here.organization("north")
    http.here.user("ada", ("keeper", "north"))
    assert http.person("ada")("POST", f"{path}/token", {"audience": "api://storage"}).status_code == 404


def test_an_expired_session_still_reaches_what_is_open_and_nothing_else(http: Http) -> None:
    cookie = f"{SESSION}=gone.secret"
    assert http.nobody("GET", "/sign-in/providers", cookie=cookie).status_code == 200
    assert http.nobody("GET", "/api/access/me", cookie=cookie).status_code == 401


def test_conditions_refuse_over_http_with_their_own_code(http: Http) -> None:
    http.here.user("ada", OPERATOR.id)
    ada = http.person("ada")
    body = {**POLICY, "control": {"action": "block"}, "conditions": {"principals": {"include": ["ada"]}}}
    assert http.root("PUT", "/api/access/conditionalAccessPolicies/p", body).status_code == 200
    answer = ada("GET", "/api/access/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ConditionalAccess")


def test_locking_everyone_out_is_a_conflict_with_a_way_out(http: Http) -> None:
    body = {**POLICY, "control": {"action": "block"}, "conditions": {}}
    answer = http.root("PUT", "/api/access/conditionalAccessPolicies/p", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "LastAdministrator")
    assert "breakGlass" in json.dumps(answer.json())


def _post(http: Http, path: str, body: str, step: str) -> Any:
    http.client.cookies.clear()
    headers = {**SAME_SITE, "cookie": f"{STEP}={step}"}
    return http.client.post(path, content=body, headers=headers)
