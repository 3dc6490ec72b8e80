"""What every decision looks up, in memory: roles, organizations, groups, policies, settings, providers."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from holdfast.access.conditional.evaluate import Compiled, compile_policy
from holdfast.access.conditional.kind import KIND as POLICY
from holdfast.access.conditional.risk import KIND as RISK_SIGNAL
from holdfast.access.conditional.risk import Signals, signals_from
from holdfast.access.oidc.providers import KIND as PROVIDER
from holdfast.access.oidc.providers import Provider, read_provider
from holdfast.access.people.assignments import Assignment, grants_of
from holdfast.access.people.organizations import KIND as ORGANIZATION
from holdfast.access.people.users import KIND as USER
from holdfast.access.people.users import User, read_user
from holdfast.access.reading import everything
from holdfast.access.roles.builtin import Role
from holdfast.access.roles.custom import KIND as ROLE
from holdfast.access.roles.custom import all_roles
from holdfast.access.settings import (
    KIND as SETTINGS,
)
from holdfast.access.settings import (
    AccessSettings,
    LocalMethod,
    LocalMethods,
    allowed_methods,
    application_settings,
    is_allowed,
)
from holdfast.kernel.organizations import ROOT, OrganizationPath
from holdfast.kernel.principal import Grant
from holdfast.resources.model import Reader
from holdfast.resources.query import Compare, Operator

KINDS = frozenset({ROLE, ORGANIZATION, POLICY, SETTINGS, PROVIDER, USER, RISK_SIGNAL})
"""A change of these makes a snapshot old. Users, because groups are among them."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The directory at one moment."""

    roles: Mapping[str, Role]
    nodes: Mapping[str, OrganizationPath]
    """By organization id; the root under the empty one."""
    policies: tuple[Compiled, ...]
    methods: Mapping[OrganizationPath, LocalMethods]
    settings: AccessSettings
    risks: Signals
    providers: Mapping[str, Provider]
    groups: Mapping[str, User]
    """The enabled users that are groups of a provider, by user id."""

    def grants_of(self, assignments: Iterable[Assignment]) -> tuple[Grant, ...]:
        """What role assignments allow."""
        return grants_of(assignments, self.roles.get, self.nodes.get)

    def allows(self, method: LocalMethod, organization: OrganizationPath = ROOT) -> bool:
        """Whether a local method may be used there."""
        return is_allowed(self.methods, method, organization)

    def groups_named(self, tenant: str, objects: frozenset[str]) -> tuple[str, ...]:
        """The ids of the group users that a provider's group ids of one tenant come to."""
        return tuple(
            sorted(
                group_id
                for group_id, group in self.groups.items()
                if group.tenant_id == tenant and group.object_id in objects
            )
        )


class Directory:
    """The newest snapshot, read again after a change. Thread-safe; reading blocks."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._changes = 0

    def current(self) -> Snapshot:
        """The directory as the store has it, or had it at the last change that was told."""
        with self._lock:
            snapshot, changes = self._snapshot, self._changes
        if snapshot is None:
            snapshot = self._read()
            with self._lock:
                if self._changes == changes:
                    self._snapshot = snapshot
        return snapshot

    def forget(self) -> None:
        """Something changed."""
        with self._lock:
            self._snapshot = None
            self._changes += 1

    def _read(self) -> Snapshot:
        reader = self._reader
        groups = Compare("type", Operator.EQUAL, "adGroup")
        return Snapshot(
            roles={role.id: role for role in all_roles(reader)},
            nodes={"": ROOT, **{o.id: o.organization for o in everything(reader, ORGANIZATION)}},
            policies=tuple(compile_policy(policy) for policy in everything(reader, POLICY)),
            methods=allowed_methods(everything(reader, SETTINGS)),
            settings=application_settings(reader),
            risks=signals_from(everything(reader, RISK_SIGNAL)),
            providers={
                stored.id: provider
                for stored in everything(reader, PROVIDER)
                if (provider := read_provider(stored)).enabled
            },
            groups={
                stored.id: group
                for stored in everything(reader, USER, groups)
                if (group := read_user(stored)).enabled
            },
        )
