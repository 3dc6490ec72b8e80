"""Signing in locally: a password together with a one-time code, or a passkey."""

import base64
from typing import NamedTuple

import msgspec

from holdfast.access.attempts import Attempts
from holdfast.access.bodies import to_body
from holdfast.access.directory import Directory
from holdfast.access.errors import AccessInvalidError, SignInRefusedError
from holdfast.access.local.credentials import KIND as CREDENTIAL
from holdfast.access.local.credentials import Credential, Passkey, credential_of
from holdfast.access.local.one_time_codes import STEP, WINDOW, matching_step
from holdfast.access.local.passkeys import METHODS, RelyingParty, who_answers
from holdfast.access.local.passwords import Passwords
from holdfast.access.people.names import check_email
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user
from holdfast.access.ports import Ports
from holdfast.access.sessions.service import Origin, Sessions, SignedIn, acting_for
from holdfast.access.settings import LocalMethod
from holdfast.access.sign_in import KNOWN_BROWSER, Session, SignIn
from holdfast.access.tickets import Tickets, UsedOnce
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import All, Compare, Operator, Query

PASSKEY = "passkey-sign-in"
STEP_SECONDS = 300.0
_WRONG = "The e-mail address, the password or the one-time code is wrong."
"""One sentence for all of it: which account exists is nobody's business."""


class Parts(NamedTuple):
    """What local sign-in works with beside the ports."""

    directory: Directory
    passwords: Passwords
    attempts: Attempts
    tickets: Tickets
    used: UsedOnce
    party: RelyingParty
    sessions: Sessions
    sign_in: SignIn


class LocalSignIn:
    """Blocking; a password takes tens of milliseconds of a core on purpose."""

    def __init__(self, ports: Ports, parts: Parts) -> None:
        self._ports = ports
        self._parts = parts

    def with_password(
        self, email: str, password: str, code: str, origin: Origin, known_browser: str = ""
    ) -> Session:
        """Sign in with a password and the present one-time code.

        Raises SignInRefusedError, TooManyRequestsError, ConditionsError.
        """
        account = email.strip().lower()[:254]
        try:
            self._parts.attempts.admit(account, origin.address, self._browser_of(known_browser, account))
            return self._with_password(account, password, code, origin)
        except SignInRefusedError as error:
            self._parts.sign_in.refused(error, origin, account)
            raise

    def passkey_options(self) -> tuple[JsonObject, str]:
        """What the browser asks a passkey for, and the ticket that comes back with its answer."""
        challenge = self._ports.randomness.bytes(32)
        data: JsonObject = {"challenge": base64.b64encode(challenge).decode()}
        return self._parts.party.sign_in_options(challenge), self._parts.tickets.write(
            PASSKEY, data, STEP_SECONDS
        )

    def with_passkey(self, ticket: str, response: str, origin: Origin) -> Session:
        """Sign in with a passkey's answer. Raises SignInRefusedError, ConditionsError."""
        try:
            return self._with_passkey(ticket, response, origin)
        except SignInRefusedError as error:
            self._parts.sign_in.refused(error, origin)
            raise

    def _with_password(self, account: str, password: str, code: str, origin: Origin) -> Session:
        user = self._person(account)
        credential = None if user is None else credential_of(self._ports.store, user)
        # The password is hashed whoever it is, so that the time tells nothing of the account.
        right = self._parts.passwords.verify(credential.password if credential else "", password)
        if user is None or credential is None or not right:
            raise SignInRefusedError(_WRONG, f"wrong password for {account}" if user else "unknown account")
        methods = {"pwd"}
        if credential.one_time_secret:
            self._use_code(user, credential, code)
            methods.add("otp")
        elif self._parts.directory.current().settings.passwords.second_factor:
            raise SignInRefusedError(_WRONG, f"{account} has no second factor")
        self._rehash(user, credential, password)
        return self._complete(user, frozenset(methods), origin)

    def _with_passkey(self, ticket: str, response: str, origin: Origin) -> Session:
        data = self._parts.tickets.redeem(PASSKEY, ticket)
        user_id, passkey_id = who_answers(response)
        user = self._ports.store.get(USER, user_id)
        if user is None:
            raise SignInRefusedError("This passkey is not known here.", "passkey of an unknown user")
        credential = credential_of(self._ports.store, user)
        passkey = next((key for key in credential.passkeys if key.id == passkey_id), None)
        if passkey is None:
            raise SignInRefusedError("This passkey is not known here.", f"unknown passkey of {user_id}")
        challenge = base64.b64decode(str(data["challenge"]))
        count = self._parts.party.new_sign_count(response, challenge, passkey)
        if count != passkey.sign_count:
            self._store(user, _with_count(credential, passkey, count), origin)
        return self._complete(user, METHODS, origin)

    def _complete(self, user: Resource, methods: frozenset[str], origin: Origin) -> Session:
        if not self._parts.directory.current().allows(LocalMethod.LOCAL_ACCOUNTS, user.organization):
            raise SignInRefusedError(
                "Local accounts are switched off; sign in through the identity provider.",
                "local accounts are switched off",
            )
        signed_in = SignedIn(methods, self._ports.clock.now())
        return self._parts.sign_in.complete(user, signed_in, origin)

    def _use_code(self, user: Resource, credential: Credential, code: str) -> None:
        step = matching_step(credential.one_time_secret, code, self._ports.clock.now())
        if step is None:
            raise SignInRefusedError(_WRONG, f"wrong one-time code for {user.id}")
        if not self._parts.used.use(f"code:{user.id}:{step}", (step + 2 * WINDOW + 1) * STEP):
            raise SignInRefusedError(_WRONG, f"one-time code of {user.id} used twice")

    def _rehash(self, user: Resource, credential: Credential, password: str) -> None:
        if self._parts.passwords.is_outdated(credential.password):
            hashed = self._parts.passwords.hash(password)
            self._store(user, msgspec.structs.replace(credential, password=hashed), Origin(""))

    def _store(self, user: Resource, credential: Credential, origin: Origin) -> None:
        change = Change(Action.PUT, CREDENTIAL, user.id, to_body(credential), organization=user.organization)
        self._ports.changes.apply(acting_for(user, origin.address), change)

    def _person(self, account: str) -> Resource | None:
        try:
            email = check_email(account)
        except AccessInvalidError:
            return None
        where = All((Compare("email", Operator.EQUAL, email), Compare("type", Operator.EQUAL, "email")))
        found = self._ports.store.find(Query(USER, (ROOT,), where, limit=1)).items
        return found[0] if found and read_user(found[0]).enabled else None

    def _browser_of(self, note: str, account: str) -> str:
        """The id of a known browser, if the note says that this account signed in there."""
        if not note:
            return ""
        try:
            data = self._parts.tickets.read(KNOWN_BROWSER, note)
        except SignInRefusedError:
            return ""
        user = self._person(account)
        return str(data["browser"]) if user is not None and user.id == data["user"] else ""


def _with_count(credential: Credential, used: Passkey, count: int) -> Credential:
    passkeys = tuple(
        msgspec.structs.replace(key, sign_count=count) if key.id == used.id else key
        for key in credential.passkeys
    )
    return msgspec.structs.replace(credential, passkeys=passkeys)
