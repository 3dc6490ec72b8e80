"""Signing in at a real OpenID provider, and at one that misbehaves."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from joserfc.jwk import RSAKey

from holdfast.access.errors import SignInRefusedError
from holdfast.access.oidc.flow import ASSERTION_TYPE, CALLBACK
from holdfast.access.oidc.metadata import FRESH_SECONDS
from holdfast.access.oidc.tokens import Expected, unverified, verify
from holdfast.access.roles.builtin import OPERATOR
from holdfast.access.sessions.kind import read_session
from holdfast.access.sign_in import Session
from holdfast.kernel.clock import SystemClock
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from tests.access.oidc.issuer import TestIssuer, run_issuer
from tests.access.world import HOME, SITE, AccessWorld
from tests.support.openid_provider import AUDIENCE, CLIENT, CLIENT_SECRET, run_provider, sign_in

REDIRECT = SITE.origins[0] + CALLBACK


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_provider(REDIRECT) as issuer:
        yield issuer


@pytest.fixture
def at_home(here: AccessWorld, provider: str) -> AccessWorld:
    """An instance that knows the provider, at the provider's time."""
    here.clock.current = SystemClock().now()
    body: JsonObject = {
        "displayName": "Canaille",
        "issuer": provider,
        "clientId": CLIENT,
        "clientSecret": CLIENT_SECRET,
        "audiences": [AUDIENCE],
        "scopes": ["openid", "profile", "email", "groups"],
        "algorithms": ["RS256", "RS512"],
        "matchEmail": "trusted",
    }
    here.world.put("identityProvider", "canaille", body)
    return here


def come_in(at_home: AccessWorld, user: str) -> tuple[Session, str]:
    address, ticket = at_home.access.provider.start("canaille", back="/devices")
    return at_home.access.provider.finish(ticket, sign_in(address, user, REDIRECT), HOME)


def test_a_person_signs_in_and_is_recognized_ever_after(at_home: AccessWorld) -> None:
    at_home.user("ada", OPERATOR.id)
    session, back = come_in(at_home, "ada")
    assert back == "/devices"
    principal = at_home.who(cookie=session.cookie)
    assert principal.id == "ada"
    assert principal.methods == {"fed"}
    assert principal.allows(Permission.DEVICE_UPDATE)
    at_home.user("ada", OPERATOR.id, email="renamed@example.org")
    assert come_in(at_home, "ada")[0].principal.id == "ada"


def test_a_person_in_a_group_with_roles_needs_no_entry(at_home: AccessWorld) -> None:
    at_home.user("team", OPERATOR.id, type="adGroup", tenantId="canaille", objectId="engineers")
    session, _ = come_in(at_home, "ada")
    assert at_home.who(cookie=session.cookie).allows(Permission.DEVICE_UPDATE)
    assert at_home.events("federatedIdentity.created")


def test_a_person_without_entry_and_group_stays_outside_and_the_auditor_sees_it(
    at_home: AccessWorld,
) -> None:
    with pytest.raises(SignInRefusedError, match="ask an administrator"):
        come_in(at_home, "bob")


def test_what_the_provider_says_of_factors_counts_only_when_it_is_trusted(at_home: AccessWorld) -> None:
    at_home.user("ada", OPERATOR.id)
    stored = at_home.world.store.get("identityProvider", "canaille")
    assert stored is not None
    at_home.world.put("identityProvider", "canaille", {**stored.body, "trustMethods": True})
    assert come_in(at_home, "ada")[0].principal.methods == {"fed", "pwd"}


def test_code_state_and_browser_belong_together_and_are_good_once(at_home: AccessWorld) -> None:
    at_home.user("ada", OPERATOR.id)
    address, ticket = at_home.access.provider.start("canaille")
    answer = sign_in(address, "ada", REDIRECT)
    _, another = at_home.access.provider.start("canaille")
    with pytest.raises(SignInRefusedError) as caught:
        at_home.access.provider.finish(another, answer, HOME)
    assert "another state" in caught.value.reason
    at_home.access.provider.finish(ticket, answer, HOME)
    with pytest.raises(SignInRefusedError) as caught:
        at_home.access.provider.finish(ticket, answer, HOME)
    assert "replayed" in caught.value.reason


def test_a_code_cannot_be_redeemed_with_another_verifier(at_home: AccessWorld) -> None:
    at_home.user("ada", OPERATOR.id)
    address, _ = at_home.access.provider.start("canaille")
    stolen = sign_in(address, "ada", REDIRECT)["code"]
    address, ticket = at_home.access.provider.start("canaille")
    own_state = parse_qs(urlsplit(address).query)["state"][0]
    with pytest.raises(SignInRefusedError) as caught:
        at_home.access.provider.finish(ticket, {"code": stolen, "state": own_state}, HOME)
    assert "answered 400" in caught.value.reason


def test_a_step_that_took_too_long_or_was_forged_begins_again(at_home: AccessWorld) -> None:
    _, ticket = at_home.access.provider.start("canaille")
    at_home.clock.advance(601)
    for text, reason in (
        (ticket, "expired"),
        ("", "missing"),
        ("x" * 5000, "too long"),
        ("AAAA", "readable"),
    ):
        with pytest.raises(SignInRefusedError, match="begin again") as caught:
            at_home.access.provider.finish(text, {}, HOME)
        assert reason in caught.value.reason


def test_an_unknown_or_disabled_provider_is_none(here: AccessWorld) -> None:
    with pytest.raises(NotFoundError):
        here.access.provider.start("nobody")


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    with run_issuer() as running:
        yield running


@pytest.fixture
def shaky(here: AccessWorld, issuer: TestIssuer) -> AccessWorld:
    """An instance whose provider does as it is told."""
    body: JsonObject = {"displayName": "Shaky", "issuer": issuer.issuer, "clientId": "holdfast"}
    here.world.put("identityProvider", "shaky", body)
    here.user("ada", OPERATOR.id)
    return here


def answered(here: AccessWorld, issuer: TestIssuer, **changed: object) -> Session:
    """Sign in with an ID token that differs from a good one by `changed`."""
    address, ticket = here.access.provider.start("shaky", fresh="fresh" in changed)
    sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    now = int(here.clock.now())
    claims = {
        "iss": issuer.issuer,
        "aud": "holdfast",
        "sub": "s-1",
        "exp": now + 60,
        "nonce": sent["nonce"],
        "email": "ada@example.org",
        "email_verified": True,
        "groups": [],
    }
    made = {name: value for name, value in (claims | changed).items() if value is not None}
    issuer.answer("/token", 200, {"id_token": issuer.token(made), "access_token": "opaque"})
    return here.access.provider.finish(ticket, {"code": "c", "state": sent["state"]}, HOME)[0]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"nonce": "another"}, "another nonce"),
        ({"nonce": None}, "another nonce"),
        ({"aud": "another"}, "another audience"),
        ({"aud": ["holdfast", "another"], "azp": "another"}, "another authorized party"),
        ({"iss": "https://elsewhere.example.org"}, "another issuer"),
        ({"exp": 1}, "expired"),
    ],
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    shaky: AccessWorld, issuer: TestIssuer, changed: dict[str, object], reason: str
) -> None:
    with pytest.raises(SignInRefusedError) as caught:
        answered(shaky, issuer, **changed)
    assert reason in caught.value.reason


def test_userinfo_completes_the_token_and_only_about_the_same_person(
    shaky: AccessWorld, issuer: TestIssuer
) -> None:
    told = {"sub": "s-1", "email": "ada@example.org", "email_verified": True, "iss": "ignored"}
    issuer.answer("/userinfo", 200, told)
    assert answered(shaky, issuer, email=None, email_verified=None).principal.id == "ada"
    issuer.answer("/userinfo", 200, {**told, "sub": "s-2"})
    with pytest.raises(SignInRefusedError) as caught:
        answered(shaky, issuer, email=None, email_verified=None)
    assert "another subject" in caught.value.reason


@pytest.mark.parametrize("answer", [{"error": "access_denied"}, {"iss": "https://evil.example.org"}, {}])
def test_an_answer_without_a_code_of_ours_is_refused(shaky: AccessWorld, answer: dict[str, str]) -> None:
    address, ticket = shaky.access.provider.start("shaky")
    state = parse_qs(urlsplit(address).query)["state"][0]
    with pytest.raises(SignInRefusedError):
        shaky.access.provider.finish(ticket, {"state": state, **answer}, HOME)


def test_a_sign_in_is_fresh_only_when_the_provider_says_so_or_was_asked_for_it(
    shaky: AccessWorld, issuer: TestIssuer
) -> None:
    now = shaky.clock.now()
    assert answered(shaky, issuer).principal.authenticated_at == 0
    assert answered(shaky, issuer, auth_time=now - 500).principal.authenticated_at == now - 500
    assert answered(shaky, issuer, auth_time=now + 500).principal.authenticated_at == now
    assert answered(shaky, issuer, fresh=True).principal.authenticated_at == now


@pytest.mark.parametrize("back", ["//evil.example.org", "https://evil.example.org", "/\\evil", "x", "/a\nb"])
def test_the_way_back_never_leads_elsewhere(shaky: AccessWorld, issuer: TestIssuer, back: str) -> None:
    address, ticket = shaky.access.provider.start("shaky", back=back)
    sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    claims = {"iss": issuer.issuer, "aud": "holdfast", "sub": "s-1", "exp": int(shaky.clock.now()) + 60}
    claims |= {"nonce": sent["nonce"], "email": "ada@example.org", "email_verified": True, "groups": []}
    issuer.answer("/token", 200, {"id_token": issuer.token(claims)})
    assert shaky.access.provider.finish(ticket, {"code": "c", "state": sent["state"]}, HOME)[1] == "/"


EVENT: dict[str, dict[str, str]] = {"http://schemas.openid.net/event/backchannel-logout": {}}


def test_the_provider_ends_sessions_here(shaky: AccessWorld, issuer: TestIssuer) -> None:
    first = answered(shaky, issuer, sid="one").cookie
    second = answered(shaky, issuer, sid="two").cookie
    now = int(shaky.clock.now())
    claims = {"iss": issuer.issuer, "aud": "holdfast", "iat": now, "jti": "j-1", "events": EVENT}
    token = issuer.token({**claims, "sid": "one"})
    assert shaky.access.back_channel_logout(token) == 1
    with pytest.raises(SignInRefusedError):
        shaky.who(cookie=first)
    assert shaky.who(cookie=second).id == "ada"
    with pytest.raises(SignInRefusedError, match="not accepted"):
        shaky.access.back_channel_logout(token)
    assert shaky.access.back_channel_logout(issuer.token({**claims, "jti": "j-2", "sub": "s-1"})) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"events": {}},
        {"nonce": "n"},
        {"iat": 1},
        {"iat": None},
        {"jti": None},
        {"sub": None},
        {"aud": "another"},
        {"iss": "https://evil.example.org"},
    ],
    ids=str,
)
def test_what_is_no_logout_token_ends_nothing(
    shaky: AccessWorld, issuer: TestIssuer, changed: dict[str, object]
) -> None:
    cookie = answered(shaky, issuer).cookie
    now = int(shaky.clock.now())
    claims = {"iss": issuer.issuer, "aud": "holdfast", "iat": now, "jti": "j", "events": EVENT, "sub": "s-1"}
    made = {name: value for name, value in (claims | changed).items() if value is not None}
    with pytest.raises(SignInRefusedError):
        shaky.access.back_channel_logout(issuer.token(made))
    foreign = RSAKey.generate_key(2048, {"kid": "first"})
    with pytest.raises(SignInRefusedError):
        shaky.access.back_channel_logout(issuer.token(claims, key=foreign))
    assert shaky.who(cookie=cookie).id == "ada"


def test_a_browser_is_led_to_sign_out_at_the_provider_that_has_a_page_for_it(
    shaky: AccessWorld, issuer: TestIssuer
) -> None:
    assert shaky.access.provider.leave("shaky") == ""
    shaky.clock.advance(FRESH_SECONDS)
    end = {"end_session_endpoint": f"{issuer.issuer}/end?tenant=1"}
    issuer.answer("/.well-known/openid-configuration", 200, issuer.metadata() | end)
    address = urlsplit(shaky.access.provider.leave("shaky"))
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{issuer.issuer}/end"
    assert parse_qs(address.query) == {
        "tenant": ["1"],
        "client_id": ["holdfast"],
        "post_logout_redirect_uri": [SITE.origins[0] + "/sign-in"],
    }
    with pytest.raises(NotFoundError):
        shaky.access.provider.leave("nobody")


def test_the_provider_is_told_whose_session_to_end_once_and_only_it(
    shaky: AccessWorld, issuer: TestIssuer
) -> None:
    end = {"end_session_endpoint": f"{issuer.issuer}/end"}
    issuer.answer("/.well-known/openid-configuration", 200, issuer.metadata() | end)
    principal = shaky.who(cookie=answered(shaky, issuer).cookie)
    stored = shaky.world.store.get("session", principal.session)
    assert stored is not None
    flow, session = shaky.access.provider, read_session(stored)

    def hint(ticket: str) -> str:
        return parse_qs(urlsplit(flow.leave("shaky", ticket)).query).get("id_token_hint", [""])[0]

    ticket = flow.farewell(session)
    assert unverified(hint(ticket), 1)["sub"] == "s-1"
    assert hint(ticket) == ""
    assert hint(flow.farewell(msgspec.structs.replace(session, provider="another"))) == ""
    assert hint(flow.start("shaky")[1]) == ""


def test_an_id_token_that_no_cookie_holds_is_not_kept(shaky: AccessWorld, issuer: TestIssuer) -> None:
    groups = [f"group-{number}" for number in range(600)]
    principal = shaky.who(cookie=answered(shaky, issuer, groups=groups).cookie)
    stored = shaky.world.store.get("session", principal.session)
    assert stored is not None
    assert read_session(stored).id_token == ""


def test_the_client_proves_who_it_is_with_a_token_of_its_own_issuer(
    shaky: AccessWorld, issuer: TestIssuer
) -> None:
    """RFC 7521 4.2: the provider keeps the issuer's address and the subject, and nobody a secret."""
    shaky.access.tend()
    stored = shaky.world.store.get("identityProvider", "shaky")
    assert stored is not None
    federated: JsonObject = {**stored.body, "clientIdentity": "system", "clientAudience": "api://exchange"}
    shaky.world.put("identityProvider", "shaky", federated)
    assert answered(shaky, issuer).principal.id == "ada"
    assert answered(shaky, issuer).principal.id == "ada"
    first, second = issuer.forms
    assert (first["client_assertion_type"], "client_secret" in first) == (ASSERTION_TYPE, False)
    expected = Expected(SITE.origins[0], frozenset({"api://exchange"}), frozenset({"RS256"}), 0)
    keys = shaky.access.issuer.keys()["keys"]
    claims = verify(first["client_assertion"], keys, expected, shaky.clock.now())  # type: ignore[arg-type]  # JSON
    assert claims["sub"] == "resource:identityProvider/shaky"
    assert first["client_assertion"] != second["client_assertion"], "some providers take each only once"


def test_a_provider_whose_identity_was_disabled_lets_nobody_in_with_a_sentence(
    shaky: AccessWorld, issuer: TestIssuer
) -> None:
    shaky.access.tend()
    identity: JsonObject = {"displayName": "Client", "audiences": [issuer.issuer]}
    shaky.world.put("managedIdentity", "client", identity)
    stored = shaky.world.store.get("identityProvider", "shaky")
    assert stored is not None
    shaky.world.put("identityProvider", "shaky", {**stored.body, "clientIdentity": "client"})
    assert answered(shaky, issuer).principal.id == "ada"
    shaky.world.put("managedIdentity", "client", {**identity, "enabled": False})
    with pytest.raises(SignInRefusedError, match="tell who administers it") as caught:
        answered(shaky, issuer)
    assert "is disabled" in caught.value.reason
