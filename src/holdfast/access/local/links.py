"""Sign-in links: how a person without anything to sign in with gets in once, and sets something up.

The first administrator gets one from `holdfast up`, everybody else from an administrator. A link is good once
and for an hour. It does not sign in by itself: it only lets the person set up a password with one-time codes,
or a passkey.
"""

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError, SignInRefusedError
from holdfast.access.handles import digest, matches, new_handle, parse_handle
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user, refuse_taking_over
from holdfast.access.ports import Ports
from holdfast.access.reading import everything
from holdfast.access.settings import KIND as SETTINGS
from holdfast.access.settings import LocalMethod, allowed_methods, is_allowed
from holdfast.kernel.errors import ConflictError, NotFoundError, PreconditionFailedError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import SYSTEM, Principal
from holdfast.resources.model import Action, Change, Draft, IndexType, Kind, Reader, Resource

KIND = "signInLink"
LIFETIME = 3600.0


class SignInLink(Body, frozen=True):
    """The body."""

    user: str
    user_since: float
    digest: str
    expires: float


class Links:
    """Makes and takes sign-in links. Blocking."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def make(self, principal: Principal, user_id: str) -> str:
        """The secret part of a link for a person; in the answer and nowhere else.

        Raises EscalationError when the person may do more than the principal.
        """
        ports = self._ports
        user = ports.store.get(USER, user_id)
        if user is None:
            raise NotFoundError(f"There is no user “{user_id}”.")
        handle = new_handle(ports.new_id(), ports.randomness)
        link = SignInLink(user.id, user.created, digest(handle), ports.clock.now() + LIFETIME)
        change = Change(Action.CREATE, KIND, handle.id, to_body(link), organization=user.organization)
        ports.changes.apply(principal, change)
        return str(handle)

    def take(self, text: str, principal: Principal = SYSTEM) -> Resource:
        """The user that a link is for; the link is good no more. SignInRefusedError otherwise."""
        handle = parse_handle(text)
        stored = None if handle is None else self._ports.store.get(KIND, handle.id)
        if handle is None or stored is None:
            raise _refusal("no such link")
        link = read_body(stored.body, SignInLink)
        user = self._ports.store.get(USER, link.user)
        if not matches(handle, link.digest) or link.expires <= self._ports.clock.now():
            raise _refusal("wrong or expired link")
        if user is None or user.created != link.user_since or not read_user(user).enabled:
            raise _refusal("the link's user is gone or disabled")
        try:
            self._ports.changes.apply(principal, Change(Action.DELETE, KIND, handle.id, if_match=stored.etag))
        except (NotFoundError, PreconditionFailedError) as error:
            raise _refusal("the link was taken at the same moment") from error
        return user

    def sweep(self) -> None:
        """Remove links whose time is over."""
        now = self._ports.clock.now()
        for stored in list(everything(self._ports.store, KIND)):
            if read_body(stored.body, SignInLink).expires <= now:
                self._ports.changes.apply(SYSTEM, Change(Action.DELETE, KIND, stored.id))


def _refusal(reason: str) -> SignInRefusedError:
    return SignInRefusedError(
        "This sign-in link was used already, is more than an hour old, or never was one. Ask an "
        "administrator for a new one.",
        reason,
    )


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    asked = read_body(draft.body, SignInLink)
    user = reader.get(USER, asked.user)
    if user is None or user.created != asked.user_since:
        raise NotFoundError(f"There is no user “{asked.user}”.")
    if read_user(user).type != "email":
        raise ConflictError("Service principals and groups sign in through their identity provider only.")
    if draft.organization != user.organization:
        raise AccessInvalidError("A sign-in link lives where its user does.")
    if not draft.now < asked.expires <= draft.now + LIFETIME + 1:
        raise AccessInvalidError("A sign-in link is good for an hour.", "/expires")
    return to_body(asked)


def _guard(draft: Draft, reader: Reader) -> None:
    if draft.change.action is Action.DELETE:
        return
    user = reader.get(USER, read_body(draft.body, SignInLink).user)
    if user is not None:
        refuse_taking_over(draft, reader, read_user(user), "make a sign-in link for this person")
        allowed = allowed_methods(everything(reader, SETTINGS))
        if not is_allowed(allowed, LocalMethod.LOCAL_ACCOUNTS, user.organization):
            raise ConflictError(
                "Local accounts are switched off there; the person signs in through the identity provider."
            )


SIGN_IN_LINK = Kind(
    name=KIND,
    read=Permission.USER_READ,
    create=Permission.CREDENTIAL_RESET,
    update=Permission.CREDENTIAL_RESET,
    delete=Permission.CREDENTIAL_RESET,
    validate=_validate,
    guard=_guard,
    indexed={"user": IndexType.TEXT},
    secrets=frozenset({"digest"}),
)
