"""API tokens: shown once, kept as a digest, never more than their maker may, and unchangeable."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.access.errors import EscalationError
from holdfast.access.people.assignments import Assignment
from holdfast.access.roles.builtin import (
    ADMINISTRATOR,
    OPERATOR,
    ORGANIZATION_ADMINISTRATOR,
    ORGANIZATION_VIEWER,
)
from holdfast.access.tokens.secret import TokenText, digest, matches, new_token, parse_token
from holdfast.kernel.clock import SystemRandomness, isoformat
from holdfast.kernel.errors import ConflictError, HoldfastError, InvalidError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import SYSTEM
from holdfast.protocol.sas import parse_sas
from tests.access.world import AccessWorld

KEY = b"k" * 32


@given(
    st.builds(
        TokenText,
        application=st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()),
        token_id=st.from_regex(r"[A-Za-z0-9_-]{1,48}", fullmatch=True),
        expiry=st.integers(10**12, 10**13 - 1),
        secret=st.binary(min_size=32, max_size=32),
    )
)
def test_a_token_reads_back_as_it_was_written(token: TokenText) -> None:
    assert parse_token(str(token)) == token
    assert matches(token, digest(token, KEY), KEY)


def test_every_part_of_a_token_is_covered_by_its_digest() -> None:
    token = new_token("app", "ci", 2_000_000_000, SystemRandomness())
    kept = digest(token, KEY)
    for changed in (
        token._replace(application="other"),
        token._replace(token_id="other"),
        token._replace(expiry=token.expiry + 1),
        token._replace(secret=bytes(32)),
    ):
        assert not matches(changed, kept, KEY)
    assert not matches(token, kept, b"x" * 32)


@given(st.text(max_size=200))
def test_any_text_is_a_token_or_none_and_nothing_breaks(text: str) -> None:
    token = parse_token(text)
    assert token is None or isinstance(token.secret, bytes)


def test_the_form_is_that_of_the_hosted_service(here: AccessWorld) -> None:
    stored, text = here.access.tokens.issue(SYSTEM, "ci", [Assignment(OPERATOR.id)])
    parsed = parse_sas(text)
    assert (parsed.resource, parsed.key_name) == ("app.example.org", "ci")
    assert len(str(parsed.expiry)) == 13
    assert stored.body["expiry"] == isoformat(parsed.expiry / 1000)


def test_neither_store_nor_audit_can_give_a_token_back(here: AccessWorld) -> None:
    _, text = here.access.tokens.issue(SYSTEM, "ci", [Assignment(OPERATOR.id)])
    secret = text.split("sig=")[1].split("&")[0]
    stored = here.world.store.get("apiToken", "ci")
    assert stored is not None
    (event,) = here.events("apiToken.created")
    for kept in (json.dumps(stored.body), json.dumps(event.data)):
        assert secret not in kept
    assert "digest" not in event.data


@pytest.mark.parametrize(
    ("role", "fits"),
    [
        (Assignment(ORGANIZATION_VIEWER.id, "north"), True),
        (Assignment(ORGANIZATION_VIEWER.id, "south"), False),
        (Assignment(OPERATOR.id), False),
        (Assignment(ADMINISTRATOR.id), False),
    ],
)
def test_a_token_has_no_more_than_its_maker(here: AccessWorld, role: Assignment, *, fits: bool) -> None:
    here.organization("north")
    here.organization("south")
    here.user("boss", (ORGANIZATION_ADMINISTRATOR.id, "north"))
    boss = here.as_user("boss")
    if fits:
        assert here.access.tokens.issue(boss, "t", [role])[0].body["createdBy"] == "boss"
    else:
        with pytest.raises(HoldfastError):
            here.access.tokens.issue(boss, "t", [role])


def test_an_escalation_by_a_custom_role_is_refused_too(here: AccessWorld) -> None:
    makes: JsonObject = {"displayName": "T", "permissions": ["application:api-token:create"]}
    here.world.put("role", "t", makes)
    here.user("ada", "t")
    with pytest.raises(EscalationError):
        here.access.tokens.issue(here.as_user("ada"), "x", [Assignment(OPERATOR.id)])


@pytest.mark.parametrize("days", [-1, 0, 367, 10_000])
def test_a_token_ends_within_what_the_settings_allow(here: AccessWorld, days: float) -> None:
    expiry = isoformat(here.clock.now() + days * 86_400)
    with pytest.raises(InvalidError, match="at most 366 days"):
        here.access.tokens.issue(SYSTEM, "t", [Assignment(OPERATOR.id)], expiry)


@pytest.mark.parametrize(("id", "expiry"), [("a b", ""), ("", ""), ("x" * 49, ""), ("t", "tomorrow")])
def test_ids_and_moments_are_checked(here: AccessWorld, id: str, expiry: str) -> None:
    with pytest.raises(InvalidError):
        here.access.tokens.issue(SYSTEM, id, [Assignment(OPERATOR.id)], expiry)


def test_a_token_without_a_role_is_none(here: AccessWorld) -> None:
    with pytest.raises(InvalidError, match="needs a role"):
        here.access.tokens.issue(SYSTEM, "t", [])


def test_a_token_is_made_once_and_never_changed(here: AccessWorld) -> None:
    stored, _ = here.access.tokens.issue(SYSTEM, "t", [Assignment(OPERATOR.id)])
    with pytest.raises(ConflictError):
        here.access.tokens.issue(SYSTEM, "t", [Assignment(OPERATOR.id)])
    with pytest.raises(ConflictError, match="cannot be changed"):
        here.world.put("apiToken", "t", {**stored.body, "digest": "0" * 64})


def test_where_tokens_are_switched_off_none_is_made(here: AccessWorld) -> None:
    here.organization("north")
    off: JsonObject = {"localMethods": {"apiTokens": False}}
    here.world.put("accessSettings", "north", off, organization="/north/")
    with pytest.raises(ConflictError, match="switched off at /north/"):
        here.access.tokens.issue(SYSTEM, "t", [Assignment(ORGANIZATION_VIEWER.id, "north")])
    here.access.tokens.issue(SYSTEM, "t", [Assignment(OPERATOR.id)])
