"""Which person of which provider is which user: pinned at the first sign-in, never guessed again."""

import hashlib

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import EscalationError
from holdfast.access.people.users import KIND as USER
from holdfast.kernel.errors import ConflictError, NotFoundError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource

KIND = "federatedIdentity"


class FederatedIdentity(Body, frozen=True):
    """The body."""

    provider: str
    subject: str
    """`sub`, which the provider never gives to somebody else (OpenID Connect Core 2)."""
    user: str
    user_since: float


def identity_id(provider: str, subject: str) -> str:
    """The id of the resource that says who this is."""
    return hashlib.sha256(f"{provider}\n{subject}".encode()).hexdigest()


def user_of(reader: Reader, provider: str, subject: str) -> Resource | None:
    """The user to whom this person was pinned; None while there is none."""
    stored = reader.get(KIND, identity_id(provider, subject))
    if stored is None:
        return None
    identity = read_body(stored.body, FederatedIdentity)
    user = reader.get(USER, identity.user)
    return user if user is not None and user.created == identity.user_since else None


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    asked = read_body(draft.body, FederatedIdentity)
    if draft.change.id != identity_id(asked.provider, asked.subject):
        raise ConflictError("The id of a federated identity is the digest of provider and subject.")
    user = reader.get(USER, asked.user)
    if user is None or user.created != asked.user_since:
        raise NotFoundError(f"There is no user “{asked.user}”.")
    return to_body(asked)


def _guard(draft: Draft, reader: Reader) -> None:
    if draft.principal.kind is not PrincipalKind.SYSTEM and draft.change.action is not Action.DELETE:
        raise EscalationError("Who is who at a provider is pinned by signing in, never by hand.")
    if draft.change.action is not Action.DELETE and draft.before is not None:
        kept = read_body(draft.before.body, FederatedIdentity)
        if user_of(reader, kept.provider, kept.subject) is not None:
            raise ConflictError("This person of the provider is pinned to a user already.")


FEDERATED_IDENTITY = Kind(
    name=KIND,
    read=Permission.ACCESS_READ,
    create=Permission.ACCESS_MANAGE,
    update=Permission.ACCESS_MANAGE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={"user": IndexType.TEXT, "provider": IndexType.TEXT},
)
