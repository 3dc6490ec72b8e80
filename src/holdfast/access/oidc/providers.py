"""Identity providers as resources: whose tokens are believed, and what their claims mean here."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from holdfast.access.bodies import Body, read_body, to_body
from holdfast.access.errors import AccessInvalidError
from holdfast.access.escalation import refuse_escalation
from holdfast.access.issuer.tokens import subject_of
from holdfast.access.people.names import check_name
from holdfast.access.roles.builtin import ADMINISTRATOR
from holdfast.kernel.errors import ConflictError, HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant
from holdfast.resources.model import Action, Draft, IndexType, Kind, Reader, Resource
from holdfast.resources.query import All, Compare, Operator, Query

KIND = "identityProvider"
_ID = re.compile(r"[a-z0-9-]{1,48}\Z")
MAXIMUM_URL = 2048
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Only signatures with a public key: whoever verifies with a shared secret could sign (RFC 8725 3.1)."""


class ClaimNames(Body, frozen=True):
    """Where the provider's tokens say what. Entra ID: subject `oid`, tenant `tid`."""

    subject: str = "sub"
    tenant: str = ""
    """Empty: the tenant is the provider's `tenantId`."""
    email: str = "email"
    groups: str = "groups"
    name: str = "name"


class Provider(Body, frozen=True):
    """The body."""

    display_name: str
    issuer: str
    """Exactly as in the tokens' `iss`."""
    client_id: str
    client_secret: str = ""
    client_identity: str = ""
    """The managed identity that proves who this client is, in the place of a secret: its id, or `system`."""
    client_audience: str = ""
    """The `aud` of its tokens, such as `api://AzureADTokenExchange`; empty for the issuer."""
    enabled: bool = True
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    audiences: tuple[str, ...] = ()
    """`aud` of the bearer tokens that the API takes; none: no bearer tokens of this provider."""
    algorithms: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "EdDSA")
    tenant_id: str = ""
    """The `tenantId` of users and groups of this provider; the provider's id when empty."""
    claims: ClaimNames = ClaimNames()
    tenants: tuple[str, ...] = ()
    """Values of the tenant claim that are taken; needed when there is a tenant claim."""
    match_email: Literal["never", "verified", "trusted"] = "verified"
    """Whether a person is recognized by the e-mail address at the first sign-in: never, only when the
    provider says `email_verified`, or always because the provider alone gives out addresses."""
    provision: bool = True
    """Make a user for an unknown person who is in a group that has roles."""
    trust_methods: bool = False
    """Believe `amr` and `acr`; otherwise its sign-ins count as one factor."""
    clock_skew_seconds: Annotated[int, Meta(ge=0, le=300)] = 60


def read_provider(stored: Resource) -> Provider:
    """The body of a stored provider."""
    return read_body(stored.body, Provider)


def client_token_audience(provider: Provider) -> str:
    """For whom the tokens are by which the provider knows this client."""
    return provider.client_audience or provider.issuer


def check_url(text: str, field: str, *, query: bool = False) -> str:
    """An address that may be asked: HTTPS, or plain HTTP on this machine. AccessInvalidError otherwise."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if (
        not host
        or not secure
        or parts.username
        or (parts.query and not query)
        or parts.fragment
        or len(text) > MAXIMUM_URL
    ):
        raise AccessInvalidError(
            f"{field} must be an https:// address without user name, query and fragment.", field
        )
    return text


def _validate(draft: Draft, reader: Reader) -> JsonObject:
    if _ID.match(draft.change.id) is None:
        raise AccessInvalidError(
            "An identity provider's id has 1 to 48 lower-case letters, digits, hyphens.", "/id"
        )
    if draft.organization != ROOT:
        raise AccessInvalidError("Identity providers belong to the application.")
    asked = read_body(draft.body, Provider)
    check_name(asked.display_name, "/displayName")
    check_url(asked.issuer, "/issuer")
    if "openid" not in asked.scopes:
        raise AccessInvalidError("/scopes must hold openid.", "/scopes")
    if not asked.client_id or not asked.algorithms:
        raise AccessInvalidError("A provider needs a clientId and an algorithm.", "/clientId")
    if bool(asked.claims.tenant) != bool(asked.tenants):
        raise AccessInvalidError(
            "/tenants and /claims/tenant belong together: name the claim and the tenants that are taken.",
            "/tenants",
        )
    _check_client(draft.change.id, asked, reader)
    return to_body(asked)


def _check_client(provider_id: str, asked: Provider, reader: Reader) -> None:
    if asked.client_identity and asked.client_secret:
        raise AccessInvalidError(
            "A managed identity takes the place of the client secret: clear /clientSecret.", "/clientSecret"
        )
    if asked.client_audience and not asked.client_identity:
        raise AccessInvalidError("/clientAudience is of a managed identity; name one.", "/clientIdentity")
    if asked.client_identity:
        try:
            subject_of(reader, asked.client_identity, client_token_audience(asked), f"{KIND}/{provider_id}")
        except HoldfastError as error:
            raise AccessInvalidError(f"/clientIdentity: {error}", "/clientIdentity") from None


def _guard(draft: Draft, reader: Reader) -> None:
    # Whoever says which tokens are believed can be anybody.
    refuse_escalation(
        draft.principal, [Grant(ROOT, ADMINISTRATOR.permissions)], "change who vouches for people"
    )
    if draft.change.action is Action.DELETE:
        return
    same_issuer = All(
        (
            Compare("issuer", Operator.EQUAL, str(draft.body["issuer"])),
            Compare("@id", Operator.NOT_EQUAL, draft.change.id),
        )
    )
    found = reader.find(Query(KIND, (ROOT,), same_issuer, limit=1)).items
    if found:
        raise ConflictError(f"The identity provider “{found[0].id}” has this issuer already.")


IDENTITY_PROVIDER = Kind(
    name=KIND,
    read=Permission.ACCESS_READ,
    create=Permission.ACCESS_MANAGE,
    update=Permission.ACCESS_MANAGE,
    delete=Permission.ACCESS_MANAGE,
    validate=_validate,
    guard=_guard,
    indexed={"issuer": IndexType.TEXT, "enabled": IndexType.BOOLEAN},
    secrets=frozenset({"clientSecret"}),
    policy_type="Holdfast.Access/identityProviders",
)
