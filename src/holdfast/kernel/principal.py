"""Who acts: a person, a script, a device or a part of the product, with what it may do and where."""

from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.kernel.permissions import Permission


class PrincipalKind(StrEnum):
    """What kind of actor a principal is."""

    USER = "user"
    SERVICE_PRINCIPAL = "service-principal"
    API_TOKEN = "api-token"  # noqa: S105 - the name of a kind
    DEVICE = "device"
    PROBE = "probe"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permissions at one node of the organization tree; they reach everything below it."""

    organization: OrganizationPath
    permissions: frozenset[Permission]
    role: str = ""
    """The id of the role that gives them, for explanations."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated actor. Immutable: a change of rights makes a new one."""

    id: str
    kind: PrincipalKind
    name: str
    """What people read in the audit log: an e-mail address, a token's id, a part's name."""
    grants: tuple[Grant, ...] = ()
    address: str = ""
    """The IP address that the request came from; empty for parts of the product."""
    on_behalf_of: str = ""
    """The principal for whom this one acts (support access, jobs)."""
    session: str = ""
    authenticated_at: float = 0.0
    methods: frozenset[str] = field(default=frozenset())
    """Authentication methods in the words of RFC 8176 (`pwd`, `otp`, `hwk`, …)."""

    def allows(self, permission: Permission, organization: OrganizationPath = ROOT) -> bool:
        """Whether some grant gives `permission` at `organization` or above it."""
        return any(
            permission in grant.permissions and contains(grant.organization, organization)
            for grant in self.grants
        )

    def reach(self, permission: Permission) -> tuple[OrganizationPath, ...]:
        """The highest nodes at which the principal holds `permission`, none below another."""
        nodes = sorted({g.organization for g in self.grants if permission in g.permissions})
        highest: list[OrganizationPath] = []
        for node in nodes:
            if not any(contains(kept, node) for kept in highest):
                highest.append(node)
        return tuple(highest)


SYSTEM = Principal(
    id="system",
    kind=PrincipalKind.SYSTEM,
    name="Holdfast",
    grants=(Grant(ROOT, frozenset(Permission)),),
)
"""The product itself, for changes that no person asked for (first start, retention, provisioning)."""

ANONYMOUS = Principal(id="anonymous", kind=PrincipalKind.ANONYMOUS, name="nobody")
