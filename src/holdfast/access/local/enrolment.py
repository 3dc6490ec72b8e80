"""Setting up what a person signs in with: after a sign-in link, or later in their own profile.

Two steps, bound by a ticket that only this browser holds: the offer (a secret for one-time codes, a challenge
for a passkey), and the proof that the person has it working. Nothing is stored before the proof.
"""

import base64
from typing import NamedTuple

import msgspec

from holdfast.access.bodies import to_body
from holdfast.access.errors import SignInRefusedError
from holdfast.access.local.credentials import KIND as CREDENTIAL
from holdfast.access.local.credentials import Credential, credential_of
from holdfast.access.local.links import Links
from holdfast.access.local.one_time_codes import matching_step, new_secret, provisioning_uri
from holdfast.access.local.passkeys import METHODS
from holdfast.access.local.passwords import check_password
from holdfast.access.local.sign_in import Parts
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.access.ports import Ports
from holdfast.access.sessions.service import Origin, SignedIn, acting_for
from holdfast.access.sign_in import Session
from holdfast.kernel.clock import isoformat
from holdfast.kernel.errors import NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.principal import Principal
from holdfast.resources.model import Action, Change, Resource

ENROLMENT = "enrolment"
PASSWORD_OFFER = "enrolment-password"  # noqa: S105 - the purpose of a ticket
PASSKEY_OFFER = "enrolment-passkey"
ENROLMENT_SECONDS = 900.0
RECENT_SECONDS = 600.0
"""How fresh a session must be to change what one signs in with: a browser left open is not enough."""
ISSUER = "Holdfast"


class CodeOffer(NamedTuple):
    """A secret for one-time codes, to be scanned."""

    secret: str
    uri: str
    ticket: str


class PasskeyOffer(NamedTuple):
    """What the browser passes to `navigator.credentials.create`."""

    options: JsonObject
    ticket: str


class Enrolment:
    """Blocking."""

    def __init__(self, ports: Ports, parts: Parts, links: Links) -> None:
        self._ports = ports
        self._parts = parts
        self._links = links

    def open_link(self, link: str, origin: Origin) -> tuple[str, str]:
        """Take a sign-in link; a ticket to set something up with, and the account's name.

        SignInRefusedError when the link is not good (any more).
        """
        try:
            user = self._links.take(link)
        except SignInRefusedError as error:
            self._parts.sign_in.refused(error, origin)
            raise
        self._ports.changes.record(acting_for(user, origin.address), "signInLink.used", resource=user.id)
        return self._ticket(user), read_user(user).name

    def begin(self, principal: Principal) -> str:
        """A ticket for somebody who is signed in and wants to add or change something.

        SignInRefusedError when the sign-in is too old for that.
        """
        if self._ports.clock.now() - principal.authenticated_at > RECENT_SECONDS:
            raise SignInRefusedError(
                "To change what you sign in with, sign in again first.", "profile change in an old session"
            )
        return self._ticket(self._user(principal.id))

    def offer_codes(self, ticket: str) -> CodeOffer:
        """A new secret for one-time codes."""
        user = self._holder(ticket)
        secret = new_secret(self._ports.randomness)
        data: JsonObject = {**self._parts.tickets.read(ENROLMENT, ticket), "secret": secret}
        offer = self._parts.tickets.write(PASSWORD_OFFER, data, ENROLMENT_SECONDS)
        return CodeOffer(secret, provisioning_uri(secret, read_user(user).name, ISSUER), offer)

    def set_password(self, offer: str, password: str, code: str, origin: Origin) -> Session:
        """Keep the password and the offered secret, once a code proves that the app has it; and sign in.

        Raises AccessInvalidError for a password that is too easy, SignInRefusedError for a wrong code.
        """
        data = self._parts.tickets.read(PASSWORD_OFFER, offer)
        user = self._user_of(data)
        body = read_user(user)
        rules = self._parts.directory.current().settings.passwords
        check_password(password, rules.minimum_length, (body.email, body.display_name))
        secret = str(data["secret"])
        if matching_step(secret, code, self._ports.clock.now()) is None:
            raise SignInRefusedError(
                "This is not the present code of the app; check the phone's clock and try the next one.",
                f"wrong first code of {user.id}",
            )
        self._parts.tickets.redeem(PASSWORD_OFFER, offer)
        kept = msgspec.structs.replace(
            credential_of(self._ports.store, user),
            password=self._parts.passwords.hash(password),
            one_time_secret=secret,
        )
        # Whoever knew the old password is out.
        self._parts.sessions.end_all(acting_for(user, origin.address), user.id)
        return self._keep(user, kept, frozenset({"pwd", "otp"}), origin)

    def offer_passkey(self, ticket: str) -> PasskeyOffer:
        """A challenge for a new passkey."""
        user = self._holder(ticket)
        challenge = self._ports.randomness.bytes(32)
        data: JsonObject = {
            **self._parts.tickets.read(ENROLMENT, ticket),
            "challenge": base64.b64encode(challenge).decode(),
        }
        present = credential_of(self._ports.store, user).passkeys
        options = self._parts.party.registration_options(user.id, read_user(user).name, challenge, present)
        return PasskeyOffer(options, self._parts.tickets.write(PASSKEY_OFFER, data, ENROLMENT_SECONDS))

    def add_passkey(self, offer: str, response: str, name: str, origin: Origin) -> Session:
        """Keep the passkey that answered the challenge, and sign in. SignInRefusedError when it is wrong."""
        data = self._parts.tickets.redeem(PASSKEY_OFFER, offer)
        user = self._user_of(data)
        created = isoformat(self._ports.clock.now())
        challenge = base64.b64decode(str(data["challenge"]))
        passkey = self._parts.party.registered(response, challenge, name or "Passkey", created)
        present = credential_of(self._ports.store, user)
        kept = msgspec.structs.replace(present, passkeys=(*present.passkeys, passkey))
        return self._keep(user, kept, METHODS, origin)

    def remove_passkey(self, principal: Principal, passkey_id: str) -> None:
        """Forget one of one's own passkeys. NotFoundError when there is no such."""
        user = self._user(principal.id)
        present = credential_of(self._ports.store, user)
        left = tuple(passkey for passkey in present.passkeys if passkey.id != passkey_id)
        if len(left) == len(present.passkeys):
            raise NotFoundError("There is no such passkey.")
        self._store(principal, user, msgspec.structs.replace(present, passkeys=left))

    def _keep(
        self, user: Resource, credential: Credential, methods: frozenset[str], origin: Origin
    ) -> Session:
        self._store(acting_for(user, origin.address), user, credential)
        return self._parts.sign_in.complete(user, SignedIn(methods, self._ports.clock.now()), origin)

    def _store(self, principal: Principal, user: Resource, credential: Credential) -> None:
        change = Change(Action.PUT, CREDENTIAL, user.id, to_body(credential), organization=user.organization)
        self._ports.changes.apply(principal, change)

    def _ticket(self, user: Resource) -> str:
        data: JsonObject = {"user": user.id, "since": user.created}
        return self._parts.tickets.write(ENROLMENT, data, ENROLMENT_SECONDS)

    def _holder(self, ticket: str) -> Resource:
        return self._user_of(self._parts.tickets.read(ENROLMENT, ticket))

    def _user_of(self, data: JsonObject) -> Resource:
        user = self._user(str(data["user"]))
        if user.created != data["since"]:
            raise NotFoundError("This account is not there any more.")
        return user

    def _user(self, user_id: str) -> Resource:
        user = self._ports.store.get(USER, user_id)
        if user is None:
            raise NotFoundError("This account is not there any more.")
        return user
