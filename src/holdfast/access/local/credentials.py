"""What a person signs in with, as a resource: its id is the user's, and only the person sets it."""

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError, EscalationError
from holdfast.access.local.one_time_codes import is_secret
from holdfast.access.people.names import check_name
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import read_user, refuse_taking_over
from holdfast.kernel.errors import ConflictError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Action, Draft, Kind, Reader, Resource

KIND = "credential"
MAXIMUM_PASSKEYS = 20


class Passkey(Body, frozen=True):
    """A WebAuthn credential."""

    id: str
    """Base64url, as browsers name it."""
    public_key: str
    sign_count: int
    name: str
    created: str


class Credential(Body, frozen=True):
    """The body. A password works together with the one-time codes; a passkey works alone."""

    user_since: float
    """When the user was made: what an earlier user of the same id left behind is not this one's."""
    password: str = ""
    """As `Passwords.hash` keeps it."""
    one_time_secret: str = ""
    passkeys: tuple[Passkey, ...] = ()

    @property
    def can_sign_in(self) -> bool:
        """Whether there is anything to sign in with."""
        return bool(self.password or self.passkeys)


def credential_of(reader: Reader, user: Resource) -> Credential:
    """What the user signs in with locally; an empty one when there is nothing."""
    stored = reader.get(KIND, user.id)
    if stored is not None:
        credential = read_body(stored.body, Credential)
        if credential.user_since == user.created:
            return credential
    return Credential(user_since=user.created)


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    asked = read_body(draft.body, Credential)
    user = reader.get(USER, draft.change.id)
    if user is None or asked.user_since != user.created:
        raise NotFoundError(f"There is no user “{draft.change.id}”.")
    if read_user(user).type != "email":
        raise ConflictError("Service principals and groups sign in through their identity provider only.")
    if asked.password and not asked.password.startswith("$argon2id$"):
        raise AccessInvalidError("A password is kept as its Argon2id hash.", "/password")
    if asked.one_time_secret and not is_secret(asked.one_time_secret):
        raise AccessInvalidError("/oneTimeSecret is none that this product made.", "/oneTimeSecret")
    if len(asked.passkeys) > MAXIMUM_PASSKEYS:
        raise ConflictError(f"There are {MAXIMUM_PASSKEYS} passkeys already; remove one first.")
    if len({passkey.id for passkey in asked.passkeys}) != len(asked.passkeys):
        raise ConflictError("This passkey is registered already.")
    for index, passkey in enumerate(asked.passkeys):
        check_name(passkey.name, f"/passkeys/{index}/name")
    return to_body(asked)


def _guard(draft: Draft, reader: Reader) -> None:
    """People set their own; others may only take theirs away, and then no more than they could do anyway."""
    acting = draft.principal
    own = acting.kind is PrincipalKind.USER and acting.id == draft.change.id
    if own or acting.kind is PrincipalKind.SYSTEM:
        return
    if draft.change.action is not Action.DELETE:
        raise EscalationError(
            "Only the person sets what they sign in with; give them a sign-in link instead."
        )
    user = reader.get(USER, draft.change.id)
    if user is not None:
        if not acting.allows(Permission.CREDENTIAL_RESET, user.organization):
            raise EscalationError(
                f"To reset somebody's sign-in takes {Permission.CREDENTIAL_RESET} at {user.organization}."
            )
        refuse_taking_over(draft, reader, read_user(user), "reset this person's sign-in")


CREDENTIAL = Kind(
    name=KIND,
    read=Permission.USER_READ,
    create=Permission.PROFILE_MANAGE,
    update=Permission.PROFILE_MANAGE,
    delete=Permission.PROFILE_MANAGE,
    validate=_validate,
    guard=_guard,
    secrets=frozenset({"password", "oneTimeSecret"}),
)
