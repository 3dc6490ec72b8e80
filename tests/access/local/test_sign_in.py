"""Local sign-in: two factors, each good once, and a stranger's guessing does not lock the owner out."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from holdfast.access.errors import AccessInvalidError, EscalationError, SignInRefusedError
from holdfast.access.local.credentials import KIND as CREDENTIAL
from holdfast.access.people.users import KIND as USER
from holdfast.access.roles.builtin import ADMINISTRATOR, OPERATOR
from holdfast.access.sessions.service import Origin
from holdfast.access.sign_in import Session
from holdfast.kernel.errors import ConflictError, ForbiddenError, NotFoundError, TooManyRequestsError
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change
from tests.access.local.authenticator_device import SoftwarePasskey
from tests.access.world import HOME, AccessWorld

PASSWORD = "nine quiet rivers"
ELSEWHERE = Origin("203.0.113.9", "curl")


def code(secret: str, when: float) -> str:
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(when).decode()


class Ada:
    """A person with a password and an app for one-time codes."""

    def __init__(self, here: AccessWorld, *roles: str) -> None:
        self.here = here
        here.user("ada", *(roles or (OPERATOR.id,)))
        ticket, self.account = here.access.enrolment.open_link(here.access.links.make(SYSTEM, "ada"), HOME)
        offer = here.access.enrolment.offer_codes(ticket)
        self.secret = offer.secret
        self.session = here.access.enrolment.set_password(offer.ticket, PASSWORD, self.code(), HOME)
        here.clock.advance(30)

    def code(self) -> str:
        return code(self.secret, self.here.clock.now())

    def sign_in(
        self, password: str = PASSWORD, given: str | None = None, origin: Origin = HOME, known: str = ""
    ) -> Session:
        given = self.code() if given is None else given
        return self.here.access.local.with_password("ADA@example.org ", password, given, origin, known)


def test_a_link_lets_a_person_set_up_a_password_with_codes_and_then_sign_in(here: AccessWorld) -> None:
    ada = Ada(here)
    assert ada.account == "ada@example.org"
    assert here.who(cookie=ada.session.cookie).id == "ada"
    session = ada.sign_in()
    assert here.who(cookie=session.cookie).methods == {"pwd", "otp"}


def test_a_link_is_good_once_and_for_an_hour(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    link = here.access.links.make(SYSTEM, "ada")
    here.access.enrolment.open_link(link, HOME)
    late = here.access.links.make(SYSTEM, "ada")
    here.clock.advance(3600)
    for text in (link, late, "", "x.y", "a" * 200, "."):
        with pytest.raises(SignInRefusedError, match="Ask an administrator"):
            here.access.enrolment.open_link(text, HOME)


def test_a_link_for_somebody_who_may_do_more_is_refused(here: AccessWorld) -> None:
    here.user("root", ADMINISTRATOR.id)
    here.world.put("role", "help", {"displayName": "Help", "permissions": ["application:credential:reset"]})
    here.user("helper", "help")
    with pytest.raises(EscalationError):
        here.access.links.make(here.as_user("helper"), "root")


@pytest.mark.parametrize("given", ["", "000000", "12345", "1234567", "abcdef", "１２３４５６"])
def test_a_password_without_the_present_code_is_not_enough(here: AccessWorld, given: str) -> None:
    ada = Ada(here)
    assume_wrong = given if given != ada.code() else "111111"
    with pytest.raises(SignInRefusedError, match="wrong"):
        ada.sign_in(given=assume_wrong)


def test_a_code_is_good_once(here: AccessWorld) -> None:
    ada = Ada(here)
    ada.sign_in()
    with pytest.raises(SignInRefusedError) as caught:
        ada.sign_in()
    assert "used twice" in caught.value.reason
    here.clock.advance(30)
    ada.sign_in()


def test_codes_of_a_late_phone_are_taken_for_half_a_minute_and_no_longer(here: AccessWorld) -> None:
    ada = Ada(here)
    late = code(ada.secret, here.clock.now() - 30)
    assert ada.sign_in(given=late)
    with pytest.raises(SignInRefusedError):
        ada.sign_in(given=code(ada.secret, here.clock.now() - 90))


def test_nobody_learns_which_part_was_wrong_or_which_account_exists(here: AccessWorld) -> None:
    ada = Ada(here)
    sentences = set()
    for email, password, given in (
        ("nobody@example.org", PASSWORD, "000000"),
        ("no address", PASSWORD, "000000"),
        ("ada@example.org", "wrong", ada.code()),
        ("ada@example.org", PASSWORD, "000000"),
    ):
        with pytest.raises(SignInRefusedError) as caught:
            here.access.local.with_password(email, password, given, HOME)
        sentences.add(str(caught.value))
    assert len(sentences) == 1


def test_refused_sign_ins_are_on_the_audit_log_with_reason_and_address(here: AccessWorld) -> None:
    ada = Ada(here)
    with pytest.raises(SignInRefusedError):
        ada.sign_in("wrong", origin=ELSEWHERE)
    here.world.changes.close()
    (event,) = here.events("signIn.refused")
    assert (event.resource, event.address, event.detail) == (
        "ada@example.org",
        "203.0.113.9",
        "wrong password for ada@example.org",
    )


def test_guessing_is_slowed_and_does_not_lock_the_owner_out(here: AccessWorld) -> None:
    ada = Ada(here)
    known = ada.sign_in().known_browser
    here.clock.advance(3600)
    refused = 0
    for attempt in range(60):
        try:
            ada.sign_in("guess", origin=Origin(f"203.0.113.{attempt}"))
        except TooManyRequestsError:
            refused += 1
        except SignInRefusedError:
            continue
    assert refused >= 35
    assert ada.sign_in(known=known)


def test_guessing_from_one_address_is_held_back_after_a_few(here: AccessWorld) -> None:
    ada = Ada(here)
    outcomes = []
    for _ in range(7):
        with pytest.raises((SignInRefusedError, TooManyRequestsError)) as caught:
            ada.sign_in("guess", origin=ELSEWHERE)
        outcomes.append(caught.type)
    assert outcomes == [SignInRefusedError] * 5 + [TooManyRequestsError] * 2
    assert ada.sign_in()


def test_a_note_of_another_account_or_a_forged_one_opens_no_extra_bucket(here: AccessWorld) -> None:
    ada = Ada(here)
    here.user("eve", OPERATOR.id)
    eves = here.access.tickets.write("known-browser", {"user": "eve", "browser": "b"}, 100)
    for note in (eves, "forged", "A" * 100):
        here.clock.advance(3600)
        outcomes = []
        for _ in range(6):
            with pytest.raises((SignInRefusedError, TooManyRequestsError)) as caught:
                ada.sign_in("guess", origin=ELSEWHERE, known=note)
            outcomes.append(caught.type)
        assert outcomes[-1] is TooManyRequestsError


def test_a_password_that_is_too_easy_is_not_set(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    ticket, _ = here.access.enrolment.open_link(here.access.links.make(SYSTEM, "ada"), HOME)
    offer = here.access.enrolment.offer_codes(ticket)
    good = code(offer.secret, here.clock.now())
    with pytest.raises(AccessInvalidError):
        here.access.enrolment.set_password(offer.ticket, "ada@example.org!", good, HOME)
    assert here.access.enrolment.set_password(offer.ticket, PASSWORD, good, HOME)


def test_setting_a_password_ends_the_sessions_of_whoever_knew_the_old_one(here: AccessWorld) -> None:
    ada = Ada(here)
    old = ada.sign_in().cookie
    here.clock.advance(60)
    ticket = here.access.enrolment.begin(here.as_user("ada"))
    offer = here.access.enrolment.offer_codes(ticket)
    given = code(offer.secret, here.clock.now())
    new = here.access.enrolment.set_password(offer.ticket, "eleven loud brooks", given, HOME)
    with pytest.raises(SignInRefusedError):
        here.who(cookie=old)
    assert here.who(cookie=new.cookie).id == "ada"


def test_an_old_session_cannot_change_what_one_signs_in_with(here: AccessWorld) -> None:
    Ada(here)
    principal = here.as_user("ada")
    here.clock.advance(601)
    with pytest.raises(SignInRefusedError, match="sign in again"):
        here.access.enrolment.begin(principal)


def test_secrets_of_an_account_are_neither_in_the_audit_log_nor_in_the_file(here: AccessWorld) -> None:
    ada = Ada(here)
    for event in here.events("credential.created"):
        assert ada.secret not in json.dumps(event.data)
        assert "argon2" not in json.dumps(event.data)


def test_only_the_person_sets_it_and_others_at_most_take_it_away(here: AccessWorld) -> None:
    Ada(here)
    here.user("root", ADMINISTRATOR.id)
    stored = here.world.store.get(CREDENTIAL, "ada")
    assert stored is not None
    with pytest.raises(EscalationError, match="sign-in link"):
        here.world.changes.apply(
            here.as_user("root"), Change(Action.MERGE, CREDENTIAL, "ada", {"password": ""})
        )
    here.world.changes.apply(here.as_user("root"), Change(Action.DELETE, CREDENTIAL, "ada"))


def test_what_an_earlier_user_left_behind_is_not_the_next_ones(here: AccessWorld) -> None:
    ada = Ada(here)
    cookie = ada.sign_in().cookie
    here.world.change(Action.DELETE, USER, "ada")
    here.clock.advance(60)
    here.user("ada", OPERATOR.id)
    with pytest.raises(SignInRefusedError):
        ada.sign_in()
    with pytest.raises(SignInRefusedError):
        here.who(cookie=cookie)


def passkey_for(here: AccessWorld, user: str, **more: Any) -> SoftwarePasskey:
    device = SoftwarePasskey(**more)
    ticket, _ = here.access.enrolment.open_link(here.access.links.make(SYSTEM, user), HOME)
    offer = here.access.enrolment.offer_passkey(ticket)
    here.access.enrolment.add_passkey(offer.ticket, device.register(offer.options), "Key", HOME)
    return device


def with_passkey(here: AccessWorld, device: SoftwarePasskey) -> Session:
    options, ticket = here.access.local.passkey_options()
    return here.access.local.with_passkey(ticket, device.answer(options), HOME)


def test_a_passkey_signs_in_without_a_user_name_and_counts_as_strong(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    device = passkey_for(here, "ada")
    session = with_passkey(here, device)
    assert here.who(cookie=session.cookie).methods == {"hwk", "pin", "passkey"}
    assert with_passkey(here, device).principal.id == "ada"


def test_an_answer_is_good_once_and_for_its_own_challenge(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    device = passkey_for(here, "ada")
    options, ticket = here.access.local.passkey_options()
    answer = device.answer(options)
    _, another = here.access.local.passkey_options()
    with pytest.raises(SignInRefusedError):
        here.access.local.with_passkey(another, answer, HOME)
    here.access.local.with_passkey(ticket, answer, HOME)
    with pytest.raises(SignInRefusedError, match="begin again"):
        here.access.local.with_passkey(ticket, answer, HOME)


def test_a_copied_passkey_whose_counter_stands_still_is_refused(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    device = passkey_for(here, "ada")
    with_passkey(here, device)
    device.count = 0
    with pytest.raises(SignInRefusedError):
        with_passkey(here, device)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("origin", "https://evil.example.org"),
        ("host", "evil.example.org"),
        ("flags", 0x01),
        ("user_handle", b"nobody"),
        ("id", b"another"),
    ],
)
def test_a_passkey_of_another_site_person_or_without_verification_is_refused(
    here: AccessWorld, attribute: str, value: object
) -> None:
    here.user("ada", OPERATOR.id)
    device = passkey_for(here, "ada")
    setattr(device, attribute, value)
    with pytest.raises(SignInRefusedError):
        with_passkey(here, device)


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", '{"response": 1}', "x" * 70_000, '{"id": {}}', "[" * 9000]
)
def test_what_is_no_answer_of_a_passkey_is_refused(here: AccessWorld, answer: str) -> None:
    _, ticket = here.access.local.passkey_options()
    with pytest.raises(SignInRefusedError):
        here.access.local.with_passkey(ticket, answer, HOME)


def test_a_passkey_can_be_removed_and_is_registered_once(here: AccessWorld) -> None:
    here.user("ada", OPERATOR.id)
    device = passkey_for(here, "ada")
    ticket = here.access.enrolment.begin(here.as_user("ada"))
    offer = here.access.enrolment.offer_passkey(ticket)
    assert [key["id"] for key in offer.options["excludeCredentials"]]  # type: ignore[union-attr, index, call-overload]  # JSON
    with pytest.raises(ConflictError, match="registered already"):
        here.access.enrolment.add_passkey(offer.ticket, device.register(offer.options), "Again", HOME)
    passkey_id = json.loads(device.register(offer.options))["id"]
    here.access.enrolment.remove_passkey(here.as_user("ada"), passkey_id)
    with pytest.raises(SignInRefusedError):
        with_passkey(here, device)
    with pytest.raises(NotFoundError):
        here.access.enrolment.remove_passkey(here.as_user("ada"), passkey_id)


def test_service_principals_have_no_local_sign_in(here: AccessWorld) -> None:
    here.user("robot", OPERATOR.id, type="servicePrincipal", tenantId="t", objectId="o")
    with pytest.raises(ConflictError, match="identity provider only"):
        here.access.links.make(SYSTEM, "robot")


def test_a_disabled_person_does_not_get_in(here: AccessWorld) -> None:
    ada = Ada(here)
    device = passkey_for(here, "ada")
    here.user("ada", OPERATOR.id, enabled=False)
    with pytest.raises(SignInRefusedError):
        ada.sign_in()
    with pytest.raises((SignInRefusedError, ForbiddenError)):
        with_passkey(here, device)
