"""Managed identities, certificates and keys at the console and over the API."""

from holdfast.access.issuer.keys import OVERLAP, SIGNING
from holdfast.access.roles.builtin import ADMINISTRATOR, AUDITOR, OPERATOR
from holdfast.console.pages.access.keys import TITLES
from holdfast.delivery.kind import DESTINATION
from holdfast.devices.enrollment_group import ENROLLMENT_GROUP
from holdfast.kernel.json import JsonObject
from tests.api.access.http import Http
from tests.console.pages.access.browser import Browser
from tests.support.pki import DAY, issue

IDENTITY = {"id": "siem", "name": "SIEM", "audiences": "https://siem.example", "enabled": "on"}


def test_an_identity_is_made_changed_and_deleted_and_says_what_the_other_side_is_told(
    browser: Browser,
) -> None:
    page = browser.post("/access/identities", **IDENTITY)
    assert "issuer https://app.example.org Subject identity:siem" in page
    changed = browser.post("/access/identities/siem", name="SIEM", audiences="https://siem.example\napi://x")
    assert "disabled" in changed
    assert "https://siem.example, api://x" in browser.get("/access/identities")
    assert "name 1 to 20" in browser.refused("/access/identities/siem", name="SIEM", audiences="")
    assert "There is none yet" in browser.post("/access/identities/siem", action="delete")


def test_who_calls_whom_is_listed_with_the_subject_to_trust(http: Http, browser: Browser) -> None:
    browser.post("/access/identities", **IDENTITY)
    hook: JsonObject = {"type": "webhook", "url": "https://siem.example/a", "identity": "siem"}
    put = http.here.world.put
    put(DESTINATION, "shared", {"displayName": "S", "connection": hook, "alerts": {}})
    own: JsonObject = {**hook, "identity": "system"}
    put(DESTINATION, "own", {"displayName": "O", "connection": own, "alerts": {}})
    provider: JsonObject = {
        "displayName": "Corp",
        "issuer": "https://login.example.org",
        "clientId": "c",
        "clientIdentity": "system",
        "clientAudience": "api://exchange",
    }
    put("identityProvider", "corp", provider)
    page = browser.get("/access/identities")
    assert "alert destination shared siem identity:siem https://siem.example" in page
    assert "alert destination own its own resource:alertDestination/own https://siem.example" in page
    assert "identity provider corp its own resource:identityProvider/corp api://exchange" in page
    one = browser.get("/access/identities/siem")
    assert ("1 call uses it and will fail" in one, "corp" in one) == (True, False)


def test_a_provider_is_entered_without_a_secret(http: Http, browser: Browser) -> None:
    form = {"name": "Corp", "issuer": "https://login.example.org", "client": "holdfast", "enabled": "on"}
    form |= {"scopes": "openid", "algorithm-RS256": "on", "secret": "hush"}
    browser.post("/access/providers", id="corp", **form)
    form |= {"secret": "", "identity": "system", "audience": "api://exchange"}
    browser.post("/access/providers/corp", **form)
    provider = http.here.access.directory.current().providers["corp"]
    assert (provider.client_secret, provider.client_identity) == ("", "system")


def enrollment(http: Http, days: float) -> None:
    now = http.here.clock.now()
    root = issue("Plant root", authority=True, begins=now - DAY, ends=now + days * DAY)
    certificates: JsonObject = {"primary": {"certificate": root.pem, "verified": True}}
    attestation: JsonObject = {"type": "x509", "x509": {"signingCertificates": certificates}}
    body: JsonObject = {"displayName": "Pumps", "type": "iot", "attestation": attestation}
    http.here.world.put(ENROLLMENT_GROUP, "pumps", body)


def test_every_key_is_listed_with_its_end_and_never_itself(http: Http, browser: Browser) -> None:
    http.here.access.tend()
    enrollment(http, days=365)
    found = {each["kind"]: each for each in http.root("GET", "/api/access/keys").json()["value"]}
    assert set(found) == set(TITLES)
    assert found["listenerCertificate"]["detail"] == "app.example.org"
    assert found["enrollmentCertificate"]["detail"] == "CN=Plant root"
    ends = {kind: (each["until"] is not None, each["renewedBy"]) for kind, each in found.items()}
    assert ends["issuerKey"] == ends["listenerCertificate"] == (True, "itself")
    assert ends["authority"] == (True, "operator")
    assert ends["rootKey"] == (False, "operator")
    text = browser.request("GET", "/access/keys").text
    assert ("PRIVATE" in text, "ends soon" in text) == (False, False)
    assert "issuerKey" not in browser.request("GET", "/access/keys?format=csv").text


def test_what_a_person_has_to_renew_is_told_a_month_before_its_end(http: Http, browser: Browser) -> None:
    enrollment(http, days=20)
    assert "Devices of “Pumps”, primary ends" in browser.get("/access/keys")
    enrollment(http, days=31)
    assert "Devices of “Pumps”, primary ends" not in browser.get("/access/keys")
    enrollment(http, days=-0.5)
    assert "Devices of “Pumps”, primary is over" in browser.get("/access/keys")


def test_the_successor_of_a_signing_key_is_seen_before_it_signs(http: Http, browser: Browser) -> None:
    http.here.access.issuer_keys.rotate()
    http.here.clock.advance(SIGNING - OVERLAP)
    http.here.access.issuer_keys.rotate()
    browser = Browser(http, "root")  # a session ends meanwhile
    assert "published, signs later" in browser.get("/access/keys")


def test_keys_are_listed_for_whoever_may_read_them(http: Http) -> None:
    http.here.user("aud", AUDITOR.id)
    http.here.user("ada", OPERATOR.id)
    http.here.user("boss", ADMINISTRATOR.id)
    assert http.person("ada")("GET", "/api/access/keys").status_code == 403
    assert http.person("boss")("GET", "/api/access/keys").status_code == 200
    assert Browser(http, "ada").request("GET", "/access/identities").status_code == 403
    assert http.person("aud")("GET", "/api/access/managedIdentities").status_code == 200
