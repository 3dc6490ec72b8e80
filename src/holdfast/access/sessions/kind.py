"""Sessions of browsers, as resources: who is signed in, since when, how, from where."""

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import EscalationError
from holdfast.access.people.users import KIND as USER
from holdfast.kernel.errors import ConflictError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

KIND = "session"


class Session(Body, frozen=True):
    """The body. Nothing of it changes while the session lives."""

    user: str
    user_since: float
    digest: str
    """Of the secret half of the cookie."""
    expires: float
    """Unix seconds: the end, however busy it is."""
    authenticated_at: float
    methods: tuple[str, ...] = ()
    acr: str = ""
    provider: str = ""
    """The identity provider that vouched; empty for a local account."""
    subject: str = ""
    provider_session: str = ""
    """`sid` of the provider, by which it ends the session (back-channel logout)."""
    id_token: str = ""
    """By which the provider knows whose session to end when the person signs out there too."""
    groups: tuple[str, ...] = ()
    """Ids of group users whose roles the provider's groups brought."""
    address: str = ""
    agent: str = ""


def read_session(stored: Resource) -> Session:
    """The body of a stored session."""
    return read_body(stored.body, Session)


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if draft.before is not None:
        raise ConflictError("A session does not change; it ends.")
    asked = read_body(draft.body, Session)
    user = reader.get(USER, asked.user)
    if user is None or user.created != asked.user_since:
        raise NotFoundError(f"There is no user “{asked.user}”.")
    return to_body(asked)


def _guard(draft: Draft, reader: Reader) -> None:
    """Sessions are made by signing in only; people end their own, administrators those below them."""
    acting = draft.principal
    if acting.kind is PrincipalKind.SYSTEM:
        return
    if draft.change.action is not Action.DELETE or draft.before is None:
        raise EscalationError("Sessions are made by signing in.")
    if read_session(draft.before).user == acting.id and acting.kind is PrincipalKind.USER:
        return
    if not acting.allows(Permission.SESSION_MANAGE, draft.before.organization):
        raise EscalationError(
            f"To end somebody else's session takes {Permission.SESSION_MANAGE} "
            f"at {draft.before.organization}."
        )


SESSION = Kind(
    name=KIND,
    read=Permission.SESSION_READ,
    create=Permission.SESSION_MANAGE,
    update=Permission.SESSION_MANAGE,
    delete=Permission.PROFILE_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={
        "user": IndexType.TEXT,
        "provider": IndexType.TEXT,
        "subject": IndexType.TEXT,
        "providerSession": IndexType.TEXT,
        "expires": IndexType.NUMBER,
    },
    secrets=frozenset({"digest", "idToken"}),
)
