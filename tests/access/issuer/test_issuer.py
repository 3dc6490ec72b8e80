"""Managed identities: a verifier that knows only the issuer's address believes their tokens."""

import base64
import json
from collections.abc import Iterator

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from holdfast.access.errors import EscalationError
from holdfast.access.issuer.identities import KIND, SYSTEM_ASSIGNED
from holdfast.access.issuer.keys import DAY, IssuerKeys, stored_keys
from holdfast.access.issuer.tokens import DISCOVERY_PATH, KEYS_PATH, LIFETIME, RENEWED_BEFORE, Issuer
from holdfast.access.oidc.tokens import unverified
from holdfast.access.roles.builtin import ADMINISTRATOR
from holdfast.kernel.errors import ForbiddenError, InvalidError, NotFoundError, UnavailableError
from holdfast.kernel.json import JsonObject
from tests.access.oidc.issuer import TestIssuer, run_issuer
from tests.access.world import AccessWorld

AZURE = "api://AzureADTokenExchange"


@pytest.fixture
def site() -> Iterator[TestIssuer]:
    with run_issuer() as running:
        yield running


@pytest.fixture
def issuer(here: AccessWorld, site: TestIssuer) -> Issuer:
    """The instance's issuer, whose documents are served over HTTP."""
    made = Issuer(site.issuer, here.world.store, here.clock, here.world.randomness)
    site.answers = {DISCOVERY_PATH: lambda: (200, made.discovery()), KEYS_PATH: lambda: (200, made.keys())}
    IssuerKeys(here.access.ports).rotate()
    body: JsonObject = {"displayName": "Exports", "audiences": [AZURE]}
    here.world.put(KIND, "exports", body)
    return made


class Verifier:
    """A service elsewhere with code of its own: it was told the issuer's address, nothing else."""

    def __init__(self, here: AccessWorld, issuer: Issuer) -> None:
        self._now = here.clock.now
        self._issuer = issuer.address

    def subject(self, token: str, audience: str = AZURE) -> object:
        """The verified subject. JoseError for any other token."""
        published = httpx.get(f"{self._issuer}/.well-known/openid-configuration").json()
        assert published["issuer"] == self._issuer
        keys = KeySet.import_key_set(httpx.get(published["jwks_uri"]).json())
        decoded = jwt.decode(token, keys, published["id_token_signing_alg_values_supported"])
        JWTClaimsRegistry(
            now=lambda: int(self._now()),
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        ).validate(decoded.claims)
        return decoded.claims["sub"]


@pytest.fixture
def verifier(here: AccessWorld, issuer: Issuer) -> Verifier:
    return Verifier(here, issuer)


def test_a_verifier_that_knows_only_the_address_believes_a_token(
    here: AccessWorld, issuer: Issuer, verifier: Verifier
) -> None:
    token = issuer.token("exports", AZURE)
    assert verifier.subject(token.text) == "identity:exports"
    assert token.expires == here.clock.now() + LIFETIME


def test_a_token_is_for_one_audience_and_ten_minutes(
    here: AccessWorld, issuer: Issuer, verifier: Verifier
) -> None:
    token = issuer.token("exports", AZURE).text
    with pytest.raises(JoseError):
        verifier.subject(token, "sts.amazonaws.com")
    here.clock.advance(LIFETIME)
    with pytest.raises(JoseError):
        verifier.subject(token)


def test_token_key_and_document_say_what_vault_and_clouds_ask_for(here: AccessWorld, issuer: Issuer) -> None:
    """The tables of `docs/federation.md`."""
    token = issuer.token("exports", AZURE).text
    header, claims, now = unverified(token, 0), unverified(token, 1), here.clock.now()
    (key,) = httpx.get(str(issuer.discovery()["jwks_uri"])).json()["keys"]
    assert header == {"alg": "RS256", "typ": "JWT", "kid": key["kid"]}
    assert {key[name] for name in ("kty", "use", "alg")} == {"RSA", "sig", "RS256"}
    assert len(base64.urlsafe_b64decode(key["n"] + "==")) == 256
    assert not issuer.address.endswith("/")
    expected = {"iss": issuer.address, "sub": "identity:exports", "aud": AZURE}
    assert claims | expected == claims
    assert [claims[name] for name in ("iat", "nbf", "exp")] == [int(now), int(now), int(now + LIFETIME)]
    assert claims["jti"] != unverified(issuer.token("exports", AZURE).text, 1)["jti"]
    required = {"response_types_supported", "subject_types_supported", "claims_supported"}
    assert required < set(issuer.discovery())


def test_an_altered_token_is_not_believed(issuer: Issuer, verifier: Verifier) -> None:
    text = issuer.token("exports", AZURE).text
    header, _, signature = text.split(".")
    claims = json.dumps({**unverified(text, 1), "sub": "identity:root"}).encode()
    forged = base64.urlsafe_b64encode(claims).decode().rstrip("=")
    with pytest.raises(JoseError):
        verifier.subject(f"{header}.{forged}.{signature}")


def test_an_identity_is_for_its_audiences_while_it_is_enabled(here: AccessWorld, issuer: Issuer) -> None:
    with pytest.raises(ForbiddenError, match="not for the audience"):
        issuer.token("exports", "https://evil.example.org")
    with pytest.raises(NotFoundError):
        issuer.token("nobody", AZURE)
    here.world.put(KIND, "exports", {"displayName": "E", "audiences": [AZURE], "enabled": False})
    with pytest.raises(ForbiddenError, match="disabled"):
        issuer.token("exports", AZURE)


def test_a_system_assigned_identity_is_the_resource_that_calls(issuer: Issuer, verifier: Verifier) -> None:
    token = issuer.token(SYSTEM_ASSIGNED, AZURE, "alertDestination/siem").text
    assert verifier.subject(token) == "resource:alertDestination/siem"
    with pytest.raises(NotFoundError):
        issuer.token(SYSTEM_ASSIGNED, AZURE)


def test_a_call_sends_one_token_until_it_is_nearly_over(here: AccessWorld, issuer: Issuer) -> None:
    def sent() -> str:
        return issuer.token_for_call("exports", AZURE, "alertDestination/siem")

    first = sent()
    here.clock.advance(LIFETIME - RENEWED_BEFORE)
    assert sent() == first
    here.clock.advance(1)
    second = sent()
    assert second != first
    issuer.forget(second)
    assert sent() != second
    assert issuer.token_for_call(SYSTEM_ASSIGNED, AZURE, "alertDestination/siem") != sent()


def test_a_kept_token_is_sent_no_more_once_its_identity_or_its_key_is_gone(
    here: AccessWorld, issuer: Issuer, verifier: Verifier
) -> None:
    first = issuer.token_for_call("exports", AZURE, "alertDestination/siem")
    here.user("root", ADMINISTRATOR.id)
    IssuerKeys(here.access.ports).replace_all(here.as_user("root"))
    second = issuer.token_for_call("exports", AZURE, "alertDestination/siem")
    assert (second != first, verifier.subject(second)) == (True, "identity:exports")
    here.world.put(KIND, "exports", {"displayName": "E", "audiences": [AZURE], "enabled": False})
    with pytest.raises(ForbiddenError, match="disabled"):
        issuer.token_for_call("exports", AZURE, "alertDestination/siem")


def test_nobody_makes_a_key_or_an_identity_that_stands_for_callers_by_hand(here: AccessWorld) -> None:
    here.user("root", ADMINISTRATOR.id)
    root = here.as_user("root")
    with pytest.raises(InvalidError, match="is not `system`"):
        here.world.put(KIND, SYSTEM_ASSIGNED, {"displayName": "X", "audiences": [AZURE]}, root)
    with pytest.raises(EscalationError):
        here.world.put(
            "issuerKey", "k", {"private": "p", "public": {}, "signsFrom": 0, "signsUntil": 1}, root
        )


@pytest.mark.parametrize(
    "body",
    [
        {"audiences": []},
        {"audiences": ["a"] * 21},
        {"owner": "alertDestination/x"},
        {"displayName": ""},
        {"audiences": [""]},
    ],
    ids=str,
)
def test_an_identity_that_makes_no_sense_is_refused(here: AccessWorld, body: JsonObject) -> None:
    with pytest.raises(InvalidError):
        here.world.put(KIND, "x", {"displayName": "X", "audiences": [AZURE], **body})


def test_verifiers_that_keep_keys_for_a_day_never_miss_one_through_three_months(
    here: AccessWorld, issuer: Issuer
) -> None:
    keys = IssuerKeys(here.access.ports)
    known: set[str] = set()
    for day in range(90):
        keys.rotate()
        signed_by = unverified(issuer.token("exports", AZURE).text, 0)["kid"]
        assert day == 0 or signed_by in known
        known = {str(key["kid"]) for key in json.loads(json.dumps(issuer.keys()))["keys"]}
        here.clock.advance(DAY)
    assert len(stored_keys(here.world.store)) <= 2


def test_published_keys_are_public(issuer: Issuer) -> None:
    for key in json.loads(json.dumps(issuer.keys()))["keys"]:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


def test_after_a_theft_every_old_token_is_worthless_at_once(
    here: AccessWorld, issuer: Issuer, verifier: Verifier
) -> None:
    stolen = issuer.token("exports", AZURE).text
    assert verifier.subject(stolen)
    here.user("root", ADMINISTRATOR.id)
    IssuerKeys(here.access.ports).replace_all(here.as_user("root"))
    with pytest.raises((JoseError, ValueError)):
        verifier.subject(stolen)
    assert verifier.subject(issuer.token("exports", AZURE).text)


def test_without_a_key_there_is_no_token(here: AccessWorld) -> None:
    here.world.put(KIND, "exports", {"displayName": "E", "audiences": [AZURE]})
    issuer = Issuer("https://app.example.org", here.world.store, here.clock, here.world.randomness)
    with pytest.raises(UnavailableError):
        issuer.token("exports", AZURE)
