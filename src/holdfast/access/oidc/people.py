"""From verified claims to a user of this application.

In this order: the person was pinned to a user at an earlier sign-in; a service principal of the same tenant
and object id; a user with the same e-mail address, as far as the provider's entry believes it; a new user,
when the person is in a group that has roles here. Nobody else is let in.
"""

import hashlib
from typing import NamedTuple

from holdfast.access.bodies import to_body
from holdfast.access.directory import Snapshot
from holdfast.access.errors import AccessInvalidError, SignInRefusedError
from holdfast.access.oidc.identities import KIND as IDENTITY
from holdfast.access.oidc.identities import FederatedIdentity, identity_id, user_of
from holdfast.access.oidc.providers import Provider
from holdfast.access.oidc.tokens import refused
from holdfast.access.people.names import check_email, check_name
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import User, read_user
from holdfast.access.ports import Ports
from holdfast.access.sessions.service import acting_for
from holdfast.kernel.errors import ConflictError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import SYSTEM
from holdfast.resources.model import Action, Change, Resource
from holdfast.resources.query import All, Compare, Operator, Query

MAXIMUM_GROUPS = 1000
MAXIMUM_TEXT = 255


class Person(NamedTuple):
    """What a provider says of somebody."""

    subject: str
    """`sub`: what a person is pinned by."""
    tenant: str
    object_id: str
    email: str
    """Empty unless the provider's word for it is believed."""
    name: str
    groups: frozenset[str]


def person_from(claims: JsonObject, provider_id: str, provider: Provider) -> Person:
    """The person that verified claims describe. SignInRefusedError for a foreign tenant or absurd claims."""
    names = provider.claims
    subject, object_id = _text(claims, "sub"), _text(claims, names.subject)
    if not subject or not object_id:
        raise refused(f"it lacks sub or {names.subject}")
    tenant = _text(claims, names.tenant) if names.tenant else provider.tenant_id or provider_id
    if names.tenant and tenant not in provider.tenants:
        raise refused("a foreign tenant")
    believed = provider.match_email == "trusted" or (
        provider.match_email == "verified" and claims.get("email_verified") is True
    )
    return Person(
        subject,
        tenant,
        object_id,
        _email(claims.get(names.email)) if believed else "",
        _text(claims, names.name),
        _groups(claims.get(names.groups)),
    )


class People:
    """Finds the user. Blocking."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def user_for(
        self, person: Person, provider_id: str, provider: Provider, snapshot: Snapshot
    ) -> tuple[Resource, tuple[str, ...]]:
        """The person's user, and the ids of the group users that the person belongs to.

        SignInRefusedError when nobody gave this person access.
        """
        groups = snapshot.groups_named(person.tenant, person.groups)
        user = (
            user_of(self._ports.store, provider_id, person.subject)
            or self._service_principal(person)
            or self._by_email(person, provider_id)
            or self._provisioned(person, provider_id, provider, groups)
        )
        if user is None:
            raise SignInRefusedError(
                "Nobody has given you access here yet; ask an administrator to add your e-mail address or "
                "one of your groups.",
                f"unknown person {person.object_id} of {provider_id}",
            )
        if not read_user(user).enabled:
            raise SignInRefusedError("This account is disabled.", f"user {user.id} is disabled")
        return user, groups

    def _service_principal(self, person: Person) -> Resource | None:
        return self._find(type="servicePrincipal", tenantId=person.tenant, objectId=person.object_id)

    def _by_email(self, person: Person, provider_id: str) -> Resource | None:
        user = self._find(type="email", email=person.email) if person.email else None
        if user is None:
            return None
        pinned = (Compare("user", Operator.EQUAL, user.id), Compare("provider", Operator.EQUAL, provider_id))
        for stored in self._ports.store.find(Query(IDENTITY, (ROOT,), All(pinned))).items:
            if stored.body["userSince"] == user.created:
                # The address now belongs to somebody else at the provider; the account stays its owner's.
                raise SignInRefusedError(
                    "This e-mail address belongs to an account that somebody else signed in to before; ask "
                    "an administrator.",
                    f"{person.email} is pinned to another subject of {provider_id}",
                )
        self._pin(user, person, provider_id)
        return user

    def _provisioned(
        self, person: Person, provider_id: str, provider: Provider, groups: tuple[str, ...]
    ) -> Resource | None:
        if not (groups and provider.provision and person.email):
            return None
        identity = hashlib.sha256(f"{provider_id}\n{person.subject}".encode()).hexdigest()[:24]
        body = to_body(User(type="email", email=person.email, display_name=_name(person.name)))
        made = self._ports.changes.apply(SYSTEM, Change(Action.CREATE, USER, f"oidc-{identity}", body))
        assert made.resource is not None  # a creation always leaves a resource
        self._pin(made.resource, person, provider_id)
        return made.resource

    def _pin(self, user: Resource, person: Person, provider_id: str) -> None:
        body = to_body(FederatedIdentity(provider_id, person.subject, user.id, user.created))
        change = Change(Action.PUT, IDENTITY, identity_id(provider_id, person.subject), body)
        try:
            self._ports.changes.apply(acting_for(user), change)
        except ConflictError:
            if user_of(self._ports.store, provider_id, person.subject) is None:
                raise  # else the same person was pinned at the same moment by another request

    def _find(self, **members: str) -> Resource | None:
        where = All(tuple(Compare(path, Operator.EQUAL, value) for path, value in members.items()))
        found = self._ports.store.find(Query(USER, (ROOT,), where, limit=1)).items
        return found[0] if found else None


def _text(claims: JsonObject, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) and len(value) <= MAXIMUM_TEXT else ""


def _email(value: object) -> str:
    try:
        return check_email(value)
    except AccessInvalidError:
        return ""


def _name(text: str) -> str:
    try:
        return check_name(text, "name")
    except AccessInvalidError:
        return ""


def _groups(value: object) -> frozenset[str]:
    """The group ids. A token that leaves them out because they are too many brings none (no `groups`)."""
    if not isinstance(value, list):
        return frozenset()
    if len(value) > MAXIMUM_GROUPS:
        raise SignInRefusedError(
            f"Your identity provider names {len(value)} groups; at most {MAXIMUM_GROUPS} are taken. Let it "
            "send only the groups that are assigned to this application.",
            f"{len(value)} groups",
        )
    return frozenset(item for item in value if isinstance(item, str) and len(item) <= MAXIMUM_TEXT)
