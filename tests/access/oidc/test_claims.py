"""Claims that a provider signed and that say anything at all: understood or refused, never an accident."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.errors import SignInRefusedError
from holdfast.access.oidc.bearer import acr_of, methods_of, signed_in_at
from holdfast.access.oidc.people import person_from
from holdfast.access.oidc.providers import ClaimNames, Provider
from holdfast.access.oidc.tokens import Expected, _check_claims
from holdfast.kernel.json import JsonObject, JsonValue

NOW = 1_800_000_000.0
PROVIDER = Provider(
    display_name="P",
    issuer="https://id.example.org",
    client_id="c",
    claims=ClaimNames(tenant="tid"),
    tenants=("t",),
    match_email="trusted",
    trust_methods=True,
)
EXPECTED = Expected(PROVIDER.issuer, frozenset({"c"}), frozenset({"RS256"}), 60)
SCALARS: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=300),
    st.sampled_from(["s", "t", "c", PROVIDER.issuer, NOW, NOW + 600]),
)
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=4), st.dictionaries(st.text(max_size=5), SCALARS, max_size=2)
)
NAMES = (
    "iss",
    "aud",
    "exp",
    "nbf",
    "iat",
    "sub",
    "tid",
    "email",
    "groups",
    "name",
    "amr",
    "acr",
    "auth_time",
)
CLAIMS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES))


@given(CLAIMS)
def test_whatever_is_signed_is_a_person_or_refused(claims: JsonObject) -> None:
    try:
        _check_claims(claims, EXPECTED, NOW)
        person = person_from(claims, "p", PROVIDER)
    except SignInRefusedError:
        return
    assert (person.subject, person.tenant) == (claims["sub"], "t")


@given(CLAIMS)
def test_strength_and_age_are_texts_and_a_moment_that_was(claims: JsonObject) -> None:
    assert 0 <= signed_in_at(claims, NOW) <= NOW
    assert all(isinstance(method, str) for method in methods_of(claims, PROVIDER))
    assert isinstance(acr_of(claims, PROVIDER), str)


@pytest.mark.parametrize("stated", [math.nan, -math.inf, -1, 0, True, "1800000000", None, [], 10**400 * -1])
def test_a_sign_in_at_no_moment_is_long_ago(stated: JsonValue) -> None:
    assert signed_in_at({"auth_time": stated}, NOW) == 0
