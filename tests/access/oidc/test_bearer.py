"""Bearer tokens: only what an allowed issuer signed for this API, now, with an allowed algorithm."""

import base64
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from holdfast.access.errors import SignInRefusedError
from holdfast.access.roles.builtin import OPERATOR, ORGANIZATION_VIEWER
from holdfast.kernel.errors import UnavailableError
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal, PrincipalKind
from holdfast.resources.model import Action
from tests.access.oidc.issuer import TestIssuer, run_issuer
from tests.access.world import AccessWorld

AUDIENCE = "https://holdfast.example.org"


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    with run_issuer() as running:
        yield running


def provide(here: AccessWorld, issuer: TestIssuer, **more: Any) -> None:
    body = {
        "displayName": "Test",
        "issuer": issuer.issuer,
        "clientId": "holdfast",
        "audiences": [AUDIENCE],
        "algorithms": ["RS256", "ES256"],
        "tenantId": "tenant-1",
        **more,
    }
    here.world.put("identityProvider", "test", body)


def claims(here: AccessWorld, issuer: TestIssuer, **more: Any) -> dict[str, Any]:
    now = int(here.clock.now())
    return {
        "iss": issuer.issuer,
        "aud": AUDIENCE,
        "sub": "robot",
        "iat": now,
        "exp": now + 600,
        **more,
    }


def bearer(here: AccessWorld, token: str) -> Principal:
    return here.who(authorization=f"Bearer {token}")


@pytest.fixture
def robot(here: AccessWorld, issuer: TestIssuer) -> AccessWorld:
    """A service principal that the provider knows."""
    provide(here, issuer)
    here.user("robot", OPERATOR.id, type="servicePrincipal", tenantId="tenant-1", objectId="robot")
    return here


def test_a_service_principal_acts_with_its_roles(robot: AccessWorld, issuer: TestIssuer) -> None:
    principal = bearer(robot, issuer.token(claims(robot, issuer)))
    assert (principal.id, principal.kind) == ("robot", PrincipalKind.SERVICE_PRINCIPAL)
    assert principal.allows(Permission.DEVICE_UPDATE)
    assert not principal.allows(Permission.PROFILE_MANAGE)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://elsewhere.example.org"}, "issued it"),
        ({"aud": "somebody-else"}, "another audience"),
        ({"aud": ["a", "b"]}, "another audience"),
        ({"aud": None}, "another audience"),
        ({"exp": None}, "no expiry"),
        ({"exp": 1}, "expired"),
        ({"exp": "tomorrow"}, "exp is no moment"),
        ({"exp": True}, "exp is no moment"),
        ({"exp": 1e300}, "exp is no moment"),
        ({"nbf": 1_900_000_000}, "nbf lies ahead"),
        ({"iat": 1_900_000_000}, "iat lies ahead"),
        ({"sub": ""}, "lacks sub"),
        ({"sub": 7}, "lacks sub"),
        ({"sub": "x" * 256}, "lacks sub"),
        ({"nonce": "n"}, "an ID token"),
        ({"sub": "stranger"}, "unknown person"),
    ],
)
def test_claims_that_are_not_in_order_are_refused(
    robot: AccessWorld, issuer: TestIssuer, changed: dict[str, Any], reason: str
) -> None:
    made = {name: value for name, value in (claims(robot, issuer) | changed).items() if value is not None}
    with pytest.raises(SignInRefusedError) as caught:
        bearer(robot, issuer.token(made))
    assert reason in caught.value.reason


def test_clocks_may_differ_by_the_configured_skew_and_no_more(robot: AccessWorld, issuer: TestIssuer) -> None:
    token = issuer.token(claims(robot, issuer))
    robot.clock.advance(600 + 59)
    bearer(robot, token)
    robot.clock.advance(1)
    with pytest.raises(SignInRefusedError):
        bearer(robot, token)


def by_hand(header: dict[str, Any], body: dict[str, Any], secret: bytes = b"") -> str:
    """A token that no library would make: without a signature, or signed with the public key as secret."""
    parts = [json.dumps(part).encode() for part in (header, body)]
    signed = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    signature = hmac.digest(secret, signed.encode(), "sha256") if secret else b""
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_algorithm_none_is_refused(robot: AccessWorld, issuer: TestIssuer) -> None:
    with pytest.raises(SignInRefusedError) as caught:
        bearer(robot, by_hand({"alg": "none"}, claims(robot, issuer)))
    assert "'none' is not allowed" in caught.value.reason


def test_the_public_key_is_no_shared_secret(robot: AccessWorld, issuer: TestIssuer) -> None:
    key = issuer.keys[0]
    assert isinstance(key, RSAKey)
    header = {"alg": "HS256", "kid": "first"}
    with pytest.raises(SignInRefusedError):
        bearer(robot, by_hand(header, claims(robot, issuer), key.as_pem(private=False)))


def test_an_algorithm_that_the_provider_entry_does_not_name_is_refused(
    here: AccessWorld, issuer: TestIssuer
) -> None:
    provide(here, issuer, algorithms=["ES256"])
    with pytest.raises(SignInRefusedError) as caught:
        bearer(here, issuer.token(claims(here, issuer)))
    assert "'RS256' is not allowed" in caught.value.reason


@pytest.mark.parametrize("header", ["jwk", "jku", "x5u"])
def test_a_key_that_the_token_brings_along_is_ignored(
    robot: AccessWorld, issuer: TestIssuer, header: str
) -> None:
    own = RSAKey.generate_key(2048, {"kid": "first"})
    brought = {
        "jwk": own.as_dict(private=False),
        "jku": "https://evil.example.org",
        "x5u": "https://e.example",
    }
    token = issuer.token(claims(robot, issuer), key=own, **{header: brought[header]})
    with pytest.raises(SignInRefusedError):
        bearer(robot, token)


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "..", "e30.e30.e30", "\x00.\x00.\x00", "a" * 70_000, "é.é.é"]
)
def test_what_is_no_token_is_refused(robot: AccessWorld, token: str) -> None:
    with pytest.raises(SignInRefusedError):
        bearer(robot, token)


def test_a_new_key_is_found_at_once_and_strangers_cannot_make_us_ask_again_and_again(
    robot: AccessWorld, issuer: TestIssuer
) -> None:
    bearer(robot, issuer.token(claims(robot, issuer)))
    issuer.keys = [ECKey.generate_key("P-256", {"kid": "second"})]
    robot.clock.advance(31)
    assert bearer(robot, issuer.token(claims(robot, issuer))).id == "robot"
    before = issuer.asked.count("/keys")
    for number in range(5):
        stranger = RSAKey.generate_key(2048, {"kid": f"stranger-{number}"})
        with pytest.raises(SignInRefusedError):
            bearer(robot, issuer.token(claims(robot, issuer), key=stranger))
    assert issuer.asked.count("/keys") == before


def test_a_key_that_the_provider_withdrew_is_not_good_any_more(
    robot: AccessWorld, issuer: TestIssuer
) -> None:
    old = issuer.keys[0]
    bearer(robot, issuer.token(claims(robot, issuer)))
    issuer.keys = [RSAKey.generate_key(2048, {"kid": "second"})]
    robot.clock.advance(3601)
    with pytest.raises(SignInRefusedError):
        bearer(robot, issuer.token(claims(robot, issuer), key=old))


def test_known_keys_carry_over_a_provider_that_is_down_for_a_day(
    robot: AccessWorld, issuer: TestIssuer
) -> None:
    bearer(robot, issuer.token(claims(robot, issuer)))
    issuer.answer("/keys", 503, {})
    issuer.answer("/.well-known/openid-configuration", 503, {})
    robot.clock.advance(86_000)
    assert bearer(robot, issuer.token(claims(robot, issuer))).id == "robot"
    robot.clock.advance(90_000)
    with pytest.raises(UnavailableError):
        bearer(robot, issuer.token(claims(robot, issuer)))


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/.well-known/openid-configuration", 200, {"issuer": "https://other.example.org"}),
        ("/.well-known/openid-configuration", 200, {}),
        ("/.well-known/openid-configuration", 302, {}),
        ("/keys", 200, {"keys": "none"}),
        ("/keys", 500, {}),
        ("/keys", 200, {"keys": [{"x": "y" * 600_000}]}),
    ],
)
def test_a_provider_that_lies_or_fails_is_unavailable(
    robot: AccessWorld, issuer: TestIssuer, path: str, status: int, body: dict[str, Any]
) -> None:
    issuer.answer(path, status, body)
    with pytest.raises(UnavailableError):
        bearer(robot, issuer.token(claims(robot, issuer)))


def test_an_answer_that_drips_for_longer_than_ten_seconds_is_given_up(
    robot: AccessWorld, issuer: TestIssuer
) -> None:
    def slowly() -> tuple[int, dict[str, Any]]:
        robot.clock.elapsed += 11
        return 200, {"keys": []}

    issuer.answers["/keys"] = slowly
    with pytest.raises(UnavailableError, match="too long"):
        bearer(robot, issuer.token(claims(robot, issuer)))


def test_a_shared_secret_in_the_key_set_is_no_key(robot: AccessWorld, issuer: TestIssuer) -> None:
    secret = OctKey.import_key({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "first"})
    issuer.answer("/keys", 200, {"keys": [secret.as_dict(private=True)]})
    with pytest.raises(SignInRefusedError):
        bearer(robot, issuer.token(claims(robot, issuer)))


def test_a_foreign_tenant_of_the_same_issuer_is_refused(here: AccessWorld, issuer: TestIssuer) -> None:
    provide(here, issuer, claims={"subject": "oid", "tenant": "tid"}, tenants=["ours"], tenantId="")
    here.user("robot", OPERATOR.id, type="servicePrincipal", tenantId="ours", objectId="r-1")
    here.user("other", OPERATOR.id, type="servicePrincipal", tenantId="theirs", objectId="r-1")
    assert bearer(here, issuer.token(claims(here, issuer, oid="r-1", tid="ours"))).id == "robot"
    with pytest.raises(SignInRefusedError) as caught:
        bearer(here, issuer.token(claims(here, issuer, oid="r-1", tid="theirs")))
    assert "foreign tenant" in caught.value.reason


def test_groups_of_the_token_bring_their_roles_and_a_user_is_made(
    here: AccessWorld, issuer: TestIssuer
) -> None:
    here.organization("north")
    provide(here, issuer)
    here.user("team", (ORGANIZATION_VIEWER.id, "north"), type="adGroup", tenantId="tenant-1", objectId="g-1")
    person = {"sub": "ada", "email": "ada@example.org", "email_verified": True, "groups": ["g-1", "g-2"]}
    principal = bearer(here, issuer.token(claims(here, issuer, **person)))
    assert principal.name == "ada@example.org"
    assert principal.reach(Permission.DEVICE_READ) == ("/north/",)
    assert (
        bearer(here, issuer.token(claims(here, issuer, **{**person, "groups": []}))).reach(
            Permission.DEVICE_READ
        )
        == ()
    )


def test_ten_thousand_groups_are_refused_with_what_to_do(here: AccessWorld, issuer: TestIssuer) -> None:
    provide(here, issuer)
    here.user("team", OPERATOR.id, type="adGroup", tenantId="tenant-1", objectId="0")
    many = [str(number) for number in range(1001)]
    with pytest.raises(SignInRefusedError, match="1001 groups; at most 1000"):
        bearer(here, issuer.token(claims(here, issuer, groups=many)))
    with pytest.raises(SignInRefusedError):
        bearer(here, issuer.token(claims(here, issuer, groups=[str(n) for n in range(10_000)])))


@pytest.mark.parametrize("verified", [False, None, "true"])
def test_an_address_that_the_provider_did_not_verify_is_nobody(
    here: AccessWorld, issuer: TestIssuer, verified: object
) -> None:
    provide(here, issuer)
    here.user("ada", OPERATOR.id)
    with pytest.raises(SignInRefusedError):
        bearer(here, issuer.token(claims(here, issuer, email="ada@example.org", email_verified=verified)))


def test_an_address_given_to_somebody_else_does_not_bring_the_account_along(
    here: AccessWorld, issuer: TestIssuer
) -> None:
    provide(here, issuer)
    here.user("ada", OPERATOR.id)
    known = {"email": "ada@example.org", "email_verified": True}
    assert bearer(here, issuer.token(claims(here, issuer, sub="first", **known))).id == "ada"
    with pytest.raises(SignInRefusedError, match="somebody else"):
        bearer(here, issuer.token(claims(here, issuer, sub="second", **known)))
    assert bearer(here, issuer.token(claims(here, issuer, sub="first", email="new@example.org"))).id == "ada"


def test_a_new_user_of_the_same_id_does_not_inherit_the_pin(here: AccessWorld, issuer: TestIssuer) -> None:
    provide(here, issuer)
    here.user("ada", OPERATOR.id)
    token = issuer.token(claims(here, issuer, sub="s", email="ada@example.org", email_verified=True))
    assert bearer(here, token).id == "ada"
    here.world.change(Action.DELETE, "user", "ada")
    here.clock.advance(1)
    here.user("ada", OPERATOR.id, email="another@example.org")
    with pytest.raises(SignInRefusedError):
        bearer(here, token)


def test_a_disabled_provider_or_user_is_refused_at_the_next_request(
    robot: AccessWorld, issuer: TestIssuer
) -> None:
    token = issuer.token(claims(robot, issuer))
    bearer(robot, token)
    provide(robot, issuer, enabled=False)
    with pytest.raises(SignInRefusedError):
        bearer(robot, token)
    provide(robot, issuer)
    robot.user(
        "robot", OPERATOR.id, type="servicePrincipal", tenantId="tenant-1", objectId="robot", enabled=False
    )
    with pytest.raises(SignInRefusedError, match="disabled"):
        bearer(robot, token)
