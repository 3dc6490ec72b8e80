"""The platform watches its own devices and people: what is done to a running instance is told, and what is
grave reaches conditional access."""

import base64
import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from holdfast.access.oidc.flow import CALLBACK
from holdfast.kernel.clock import SystemClock
from holdfast.protocol.sas import decode_key, derive_key, sign_sas
from tests.support.openid_provider import AUDIENCE, CLIENT, CLIENT_SECRET, run_provider, sign_in
from tests.support.pki import Identity, issue
from tests.support.running import RunningInstance, running
from tests.support.tapped import EXPIRY, TappedDevice
from tests.support.waiting import until

VERSION = {"api-version": "2022-07-31"}
ADMINISTRATOR, ANALYST, AUDITOR = "admin", "sensor-security-analyst", "auditor"
WRONG_KEY = base64.b64encode(bytes(32)).decode()


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningInstance]:
    with running(tmp_path_factory.mktemp("platform") / "data") as instance:
        yield instance


def client_of(instance: RunningInstance, token: str, address: str = "127.0.0.1") -> httpx.Client:
    """Somebody with a token at an address."""
    trust = ssl.create_default_context(cafile=instance.root_ca)
    transport = httpx.HTTPTransport(verify=trust, local_address=address)
    headers = {"authorization": token} if token else {"sec-fetch-site": "same-origin"}
    return httpx.Client(base_url=instance.url, transport=transport, headers=headers, timeout=60)


@pytest.fixture
def admin(instance: RunningInstance) -> Iterator[httpx.Client]:
    with client_of(instance, instance.token) as client:
        yield client


def told(admin: httpx.Client, kind: str, source: str) -> Any:  # any JSON
    """The alert of a kind about somebody, once it is there."""
    found: list[Any] = []

    def look() -> bool:
        listed = admin.get(
            "/api/defender/alerts", params={"engine": "platform", "type": kind, "limit": "500"}
        )
        found[:] = [
            item for item in listed.json()["value"] if source in (item["source"], item["destination"])
        ]
        return bool(found)

    until(look)
    return found[0]


def token_for(admin: httpx.Client, name: str, role: str) -> str:
    answer = admin.put(f"/api/apiTokens/{name}", params=VERSION, json={"roles": [{"role": role}]})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


# Devices


def made(admin: httpx.Client, device: str) -> str:
    """A new device's key."""
    assert admin.put(f"/api/devices/{device}", params=VERSION, json={}).status_code == 200
    known = admin.get(f"/api/devices/{device}/credentials", params=VERSION).json()
    return str(known["symmetricKey"]["primaryKey"])


def certified(admin: httpx.Client, device: str, identity: Identity) -> None:
    """A new device that is known by its certificate."""
    assert admin.put(f"/api/devices/{device}", params=VERSION, json={}).status_code == 200
    clients = {"primary": {"certificate": identity.pem}}
    body = {"type": "x509", "x509": {"clientCertificates": clients}}
    answer = admin.put(f"/api/devices/{device}/attestation", params=VERSION, json=body)
    assert answer.status_code == 200, answer.text


def sent(
    instance: RunningInstance, device: str, key: str = "", expiry: int = EXPIRY, identity: Path | None = None
) -> int:
    """The status of a message over HTTPS."""
    trust = ssl.create_default_context(cafile=instance.root_ca)
    if identity is not None:
        trust.load_cert_chain(identity)
    headers = {}
    if key:
        headers["authorization"] = sign_sas(f"{instance.address}/devices/{device}", decode_key(key), expiry)
    with httpx.Client(base_url=f"https://{instance.address}", verify=trust, timeout=60) as client:
        path = f"/devices/{device}/messages/events"
        return client.post(
            path, params={"api-version": "2020-03-13"}, headers=headers, content=b"{}"
        ).status_code


def registered(instance: RunningInstance, device: str, key: bytes) -> int:
    """The status of a registration over HTTPS."""
    resource = f"{instance.id_scope}/registrations/{device}"
    headers = {"authorization": sign_sas(resource, key, EXPIRY, "registration")}
    trust = ssl.create_default_context(cafile=instance.root_ca)
    with httpx.Client(base_url=f"https://{instance.address}", verify=trust, timeout=60) as client:
        return client.put(
            f"/{resource}/register",
            params={"api-version": "2019-03-31"},
            headers=headers,
            json={"registrationId": device},
        ).status_code


def test_a_refused_token_is_told_by_its_reason(instance: RunningInstance, admin: httpx.Client) -> None:
    key = made(admin, "late"), made(admin, "forged")
    assert sent(instance, "late", key[0]) == 204
    assert sent(instance, "late", key[0], expiry=1_700_000_000) == 401
    assert told(admin, "expired-sas-token", "late")["severity"] == "low"
    assert sent(instance, "forged", WRONG_KEY) == 401
    assert told(admin, "invalid-sas-signature", "forged")
    assert sent(instance, "nobody", WRONG_KEY) == 401
    assert told(admin, "unknown-device", "nobody")
    assert registered(instance, "stray", derive_key(bytes(32), "stray")) == 401
    assert told(admin, "invalid-sas-signature", "stray")


def test_a_refused_certificate_is_told_by_its_reason(
    instance: RunningInstance, admin: httpx.Client, tmp_path: Path
) -> None:
    good, other, old = issue("certified"), issue("certified"), issue("aged", ends=1_710_000_000.0)
    certified(admin, "certified", good)
    certified(admin, "aged", old)
    files = {"good": good, "other": other, "old": old}
    for name, identity in files.items():
        (tmp_path / name).write_text(identity.pem + identity.key_pem)
    assert sent(instance, "certified", identity=tmp_path / "good") == 204
    assert sent(instance, "certified", identity=tmp_path / "other") == 401
    assert told(admin, "certificate-mismatch", "certified")["severity"] == "medium"
    assert sent(instance, "aged", identity=tmp_path / "old") == 401
    assert told(admin, "certificate-expired", "aged")


def test_a_devices_key_in_two_places_is_told(instance: RunningInstance, admin: httpx.Client) -> None:
    key = made(admin, "doubled")
    for address in ("127.66.1.1", "127.66.1.2", "127.66.1.1"):
        TappedDevice(instance, "doubled", key, address).close()
    assert told(admin, "credential-used-from-two-addresses", "doubled")["severity"] == "high"


# People


def test_an_api_token_in_two_places_is_a_risk(instance: RunningInstance, admin: httpx.Client) -> None:
    token = token_for(admin, "copied", ANALYST)
    query = {"displayName": "q", "subject": "assets"}
    for address in ("127.66.2.1", "127.66.2.2", "127.66.2.1"):
        with client_of(instance, token, address) as client:
            assert client.put("/api/defender/queries/mine", json=query).status_code == 200
    assert told(admin, "credential-used-from-two-addresses", "copied")
    until(lambda: "principal:copied" in risks(admin))


def risks(admin: httpx.Client) -> dict[str, str]:
    """The level of every signal."""
    found = admin.get("/api/access/riskSignals").json()["value"]
    return {signal["id"]: signal["level"] for signal in found}


def test_guessing_from_one_address_is_a_risk(instance: RunningInstance, admin: httpx.Client) -> None:
    with client_of(
        instance, "SharedAccessSignature sr=x&sig=y&skn=z&se=4000000000", "127.66.3.1"
    ) as stranger:
        for _attempt in range(25):
            assert stranger.get("/api/access/me").status_code in (401, 429)
    assert told(admin, "brute-force", "127.66.3.1")["severity"] == "high"
    until(lambda: risks(admin).get("address:127.66.3.1") == "high")


def test_changes_of_where_things_go_and_who_may_enter_are_told(admin: httpx.Client) -> None:
    syslog = {"type": "syslog", "host": "192.0.2.1", "transport": "tcp"}
    siem = {"displayName": "SIEM", "connection": syslog, "audit": True}
    answer = admin.put("/api/alerts/destinations/siem", json=siem)
    assert answer.status_code == 200, answer.text
    assert told(admin, "destination-changed", "siem")
    authority = base64.b64encode(issue("plant authority", authority=True).der).decode()
    body = {
        "displayName": "Plant",
        "type": "iot",
        "attestation": {
            "type": "x509",
            "x509": {"signingCertificates": {"primary": {"certificate": authority}}},
        },
    }
    answer = admin.put("/api/enrollmentGroups/plant", params=VERSION, json=body)
    assert answer.status_code == 200, answer.text
    assert told(admin, "certificate-authority-changed", "plant")


def test_a_person_at_risk_has_to_prove_more(instance: RunningInstance, admin: httpx.Client) -> None:
    """From the directory with one factor; after a mass deletion only two factors let the person in."""
    redirect = instance.url + CALLBACK
    policy = {
        "displayName": "Who is at risk uses two factors",
        "state": "enabled",
        "conditions": {"principals": {"include": ["ada"]}, "risk": "high"},
        "control": {"strength": "mfa"},
    }
    with client_of(instance, "") as administrator:  # who can always get in: no policy may lock everybody out
        with_two_factors(administrator, instance.link)
    with run_provider(redirect) as issuer, client_of(instance, "") as ada:
        directory = {
            "displayName": "Directory",
            "issuer": issuer,
            "clientId": CLIENT,
            "clientSecret": CLIENT_SECRET,
            "audiences": [AUDIENCE],
            "algorithms": ["RS256", "RS512"],
            "matchEmail": "trusted",
        }
        for path, body in (
            ("/api/access/identityProviders/directory", directory),
            ("/api/access/conditionalAccessPolicies/risk", policy),
        ):
            answer = admin.put(path, json=body)
            assert answer.status_code == 200, answer.text
        roles = [{"role": ANALYST}, {"role": AUDITOR}]
        person = {"type": "email", "email": "ada@example.org", "roles": roles}
        assert admin.put("/api/users/ada", params=VERSION, json=person).status_code == 200
        come_in(ada, redirect)
        assert ada.get("/api/access/me").json()["methods"] == ["fed"]
        query = {"displayName": "q", "subject": "assets"}
        with ada.stream("GET", "/api/audit/live", params={"kind": "networkQuery"}) as stream:
            lines = (json.loads(line) for line in stream.iter_lines() if line)
            for number in range(20):
                assert ada.put(f"/api/defender/queries/a{number}", json=query).status_code == 200
            for number in range(20):
                assert ada.delete(f"/api/defender/queries/a{number}").status_code == 204
            *_, last = lines  # the stream is ended by what it now takes to read it
        assert last["error"]["code"] == "ConditionalAccess"
        assert told(admin, "mass-deletion", "ada@example.org")["severity"] == "high"
        assert risks(admin)["principal:ada"] == "high"
        refused = ada.get("/api/access/me")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "ConditionalAccess")
        assert "two factors" in refused.json()["error"]["message"]
        with_two_factors(ada, str(admin.post("/api/access/users/ada/signInLink").json()["link"]))
        assert ada.get("/api/access/me").json()["methods"] == ["otp", "pwd"]


def come_in(browser: httpx.Client, redirect: str) -> None:
    """Sign in at the directory."""
    away = browser.get("/sign-in/provider/directory")
    assert away.status_code == 303, away.text
    answer = sign_in(away.headers["location"], "ada", redirect)
    back = browser.get(CALLBACK, params=answer)
    assert back.status_code == 303, back.text


def with_two_factors(browser: httpx.Client, link: str) -> None:
    """Use a sign-in link to set a password and one-time codes up, and sign in with both."""
    page = browser.post("/sign-in/link", data={"link": link.partition("#")[2]})
    offer = re.search(r'name="offer"[^>]*value="([^"]+)"', page.text)
    secret = re.search(r"\b([A-Z2-7]{32})\b", page.text)
    assert offer is not None
    assert secret is not None
    code = TOTP(base64.b32decode(secret[1]), 6, SHA1(), 30).generate(SystemClock().now()).decode()
    password = "nine quiet rivers"  # of a test instance
    fields = {"offer": offer[1], "password": password, "repeated": password, "code": code}
    answer = browser.post("/sign-in/password", data=fields)
    assert answer.status_code == 303, answer.text
