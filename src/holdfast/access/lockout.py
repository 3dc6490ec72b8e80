"""Nobody locks everybody out: after every change somebody is left who can sign in and administer.

Looked at as if the change were made. An administrator is *certain* to get in when they have a way to sign in
that no enabled policy can refuse, whatever the network, the hour and the risk; a break-glass account is never
refused. What only some circumstance would allow does not count: an address range can be wrong, a token of the
provider can lack a claim.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.access.bodies import read_body
from holdfast.access.conditional.evaluate import Compiled, compile_policy
from holdfast.access.conditional.kind import KIND as POLICY
from holdfast.access.conditional.model import Client, State, Strength
from holdfast.access.conditional.strength import satisfies
from holdfast.access.elevation.eligible import KIND as ELIGIBLE
from holdfast.access.elevation.eligible import Eligible, read_eligible
from holdfast.access.errors import LastAdministratorError
from holdfast.access.local.credentials import KIND as CREDENTIAL
from holdfast.access.local.credentials import Credential
from holdfast.access.local.passkeys import METHODS as PASSKEY
from holdfast.access.oidc.identities import KIND as IDENTITY
from holdfast.access.oidc.identities import FederatedIdentity
from holdfast.access.oidc.providers import KIND as PROVIDER
from holdfast.access.oidc.providers import read_provider
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import User, read_user
from holdfast.access.reading import everything
from holdfast.access.roles.builtin import ADMINISTRATOR
from holdfast.access.settings import KIND as SETTINGS
from holdfast.access.settings import LocalMethod, allowed_methods, is_allowed
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.principal import PrincipalKind
from holdfast.resources.model import Action, Draft, Reader, Resource
from holdfast.resources.query import Compare, Condition, Operator

Methods = frozenset[str]


class Rows:
    """The resources as they are, or as they would be after a change."""

    def __init__(self, reader: Reader, draft: Draft | None = None) -> None:
        self._reader = reader
        self._draft = draft
        self._after = None if draft is None else _after(draft)

    def get(self, kind: str, identity: str) -> Resource | None:
        """One resource."""
        if self._draft is not None and (kind, identity) == (self._draft.change.kind, self._draft.change.id):
            return self._after
        return self._reader.get(kind, identity)

    def all(self, kind: str, where: Condition | None = None) -> Iterator[Resource]:
        """All of a kind; the changed one is among them whether or not it matches `where`."""
        changed = self._draft is not None and self._draft.change.kind == kind
        for stored in everything(self._reader, kind, where):
            if not (changed and self._draft is not None and stored.id == self._draft.change.id):
                yield stored
        if changed and self._after is not None:
            yield self._after


def _after(draft: Draft) -> Resource | None:
    if draft.change.action is Action.DELETE:
        return None
    created = draft.before.created if draft.before else draft.now
    return Resource(
        draft.change.kind, draft.change.id, draft.organization, draft.body, "", created, draft.now
    )


@dataclass(frozen=True, slots=True)
class Remaining:
    """Who is left."""

    administrators: tuple[str, ...]
    """Ids of enabled people who hold the role, or may take it without waiting for nobody."""
    certain: tuple[str, ...]
    """Those of them who are certain to get in."""


def remaining(rows: Rows) -> Remaining:
    """Who can administer the application, given these rows."""
    people = _People(rows)
    standing = [user for user in rows.all(USER, _IS_ADMINISTRATOR) if read_user(user).administrator]
    eligible = [
        (user, body)
        for stored in rows.all(ELIGIBLE, _FOR_ADMINISTRATORS)
        if (body := read_eligible(stored)).role == ADMINISTRATOR.id
        and (user := people.person(body.user)) is not None
        and user.created == body.user_since
    ]
    certain = [user.id for user in standing if people.is_certain(user, Strength.ANY)]
    certain += [user.id for user, body in eligible if people.can_elevate(user, body)]
    administrators = [user.id for user in standing] + [user.id for user, _ in eligible]
    return Remaining(tuple(dict.fromkeys(administrators)), tuple(dict.fromkeys(certain)))


_IS_ADMINISTRATOR = Compare("administrator", Operator.EQUAL, value=True)
_FOR_ADMINISTRATORS = Compare("role", Operator.EQUAL, ADMINISTRATOR.id)


class _People:
    """What can be said of people's ways in, from the rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._policies = [
            policy for policy in map(compile_policy, rows.all(POLICY)) if policy.state is State.ENABLED
        ]
        allowed = allowed_methods(rows.all(SETTINGS))
        self._local = is_allowed(allowed, LocalMethod.LOCAL_ACCOUNTS, ROOT)
        self._providers = {p.id for p in rows.all(PROVIDER) if read_provider(p).enabled}
        groups = Compare("type", Operator.EQUAL, "adGroup")
        self._groups = frozenset(g.id for g in rows.all(USER, groups) if read_user(g).type == "adGroup")

    def person(self, identity: str) -> Resource | None:
        """An enabled person."""
        user = self._rows.get(USER, identity)
        if user is None or not read_user(user).enabled or read_user(user).type != "email":
            return None
        return user

    def can_elevate(self, user: Resource, eligible: Eligible) -> bool:
        """Whether the person is certain to get in, and the role to be given."""
        if not self.is_certain(user, Strength.MFA if eligible.mfa else Strength.ANY):
            return False
        approvers = map(self.person, eligible.approvers)
        return not eligible.approval or any(
            approver is not None and self.is_certain(approver, Strength.ANY) for approver in approvers
        )

    def is_certain(self, user: Resource, strength: Strength) -> bool:
        """Whether a way to sign in of this strength is open to the person whatever the circumstances."""
        body = read_user(user)
        return any(
            satisfies(methods, strength)
            and (
                body.break_glass
                or not any(self._may_refuse(p, user.id, body, methods) for p in self._policies)
            )
            for methods in self._ways_in(user)
        )

    def _ways_in(self, user: Resource) -> Iterator[Methods]:
        stored = self._rows.get(CREDENTIAL, user.id)
        credential = None if stored is None else read_body(stored.body, Credential)
        if self._local and credential is not None and credential.user_since == user.created:
            if credential.passkeys:
                yield PASSKEY
            if credential.password:
                yield frozenset({"pwd", "otp"} if credential.one_time_secret else {"pwd"})
        for bound in self._rows.all(IDENTITY, Compare("user", Operator.EQUAL, user.id)):
            identity = read_body(bound.body, FederatedIdentity)
            if identity.user == user.id and identity.provider in self._providers:
                yield frozenset()

    def _may_refuse(self, policy: Compiled, identity: str, user: User, methods: Methods) -> bool:
        roles = frozenset(f"role:{assignment.role}" for assignment in user.roles) | {
            f"role:{ADMINISTRATOR.id}"
        }
        if policy.kinds and PrincipalKind.USER not in policy.kinds:
            return False
        if policy.clients and Client.BROWSER not in policy.clients:
            return False
        if identity in policy.exclude or policy.exclude & roles:
            return False
        if policy.include and identity not in policy.include and not policy.include & (roles | self._groups):
            return False
        control = policy.control
        return control.action == "block" or bool(control.acr) or not satisfies(methods, control.strength)


def keep_somebody_in(draft: Draft, reader: Reader) -> None:
    """LastAdministratorError for a change after which nobody is left to administer, or certain to get in."""
    after = remaining(Rows(reader, draft))
    if after.certain:
        return
    before = remaining(Rows(reader))
    if not after.administrators and before.administrators:
        raise LastAdministratorError(
            "This would leave the application without an administrator; make another one first."
        )
    if before.certain or _enables_a_policy(draft):
        raise LastAdministratorError(
            "This would lock everyone out: no administrator would be certain to get in whatever the network, "
            "the hour or the risk. Mark an administrator who can sign in as a break-glass account "
            "(`breakGlass`), or narrow the change."
        )


def _enables_a_policy(draft: Draft) -> bool:
    """Policies ask for more than that nothing gets worse: somebody must be certain to get in at all."""
    return draft.change.kind == POLICY and draft.body.get("state") == State.ENABLED.value
