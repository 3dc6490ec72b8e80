"""The settings of access control: which local methods may be used where, and the limits of everything.

One resource of kind `accessSettings` belongs to the application, and each organization may have one. A method
is allowed at an organization when the application and every organization above it allow it: a node can close
what is open above, never open what is closed.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from holdfast.access.bodies import Body, read_body
from holdfast.kernel.organizations import ROOT, OrganizationPath, contains
from holdfast.resources.model import Reader, Resource

KIND = "accessSettings"
APPLICATION = "application"
"""The id of the application's settings; those of an organization have its id."""


class LocalMethod(StrEnum):
    """The ways to authenticate that are not the identity provider's."""

    API_TOKENS = "apiTokens"
    LOCAL_ACCOUNTS = "localAccounts"
    """Passwords with one-time codes, and passkeys."""
    DEVICE_SAS = "deviceSas"
    """Symmetric keys of devices; X.509 remains."""


class LocalMethods(Body, frozen=True):
    """Which local methods are allowed."""

    api_tokens: bool = True
    local_accounts: bool = True
    device_sas: bool = True

    def allows(self, method: LocalMethod) -> bool:
        """Whether this node allows the method."""
        return {
            LocalMethod.API_TOKENS: self.api_tokens,
            LocalMethod.LOCAL_ACCOUNTS: self.local_accounts,
            LocalMethod.DEVICE_SAS: self.device_sas,
        }[method]


class SessionLimits(Body, frozen=True):
    """How long a browser stays signed in."""

    idle_minutes: Annotated[int, Meta(ge=1, le=1440)] = 30
    """NIST SP 800-63B 4.2.3 asks for 30 minutes at its second level."""
    absolute_hours: Annotated[int, Meta(ge=1, le=720)] = 12


class PasswordRules(Body, frozen=True):
    """What a local account needs."""

    minimum_length: Annotated[int, Meta(ge=8, le=128)] = 12
    second_factor: bool = True
    """A password alone does not sign in."""


class TokenLimits(Body, frozen=True):
    """API tokens."""

    maximum_days: Annotated[int, Meta(ge=1, le=3650)] = 366
    """How far ahead a token may expire; IoT Central's live about a year."""


class TreeLimits(Body, frozen=True):
    """The organization tree."""

    maximum_depth: Annotated[int, Meta(ge=1, le=32)] = 5
    maximum_count: Annotated[int, Meta(ge=1, le=100_000)] = 10_000


class SupportRules(Body, frozen=True):
    """Time-boxed access of support engineers."""

    enabled: bool = False
    approver_role: str = ""
    """The role whose holders approve; nobody can while it is empty."""
    maximum_hours: Annotated[int, Meta(ge=1, le=72)] = 8


class AuditRules(Body, frozen=True):
    """How long the audit log remembers."""

    retention_days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    """0 keeps every record. Otherwise at least 90: whoever covers tracks must not need one setting only."""


MINIMUM_RETENTION_DAYS = 90


class AccessSettings(Body, frozen=True):
    """All of it. Organizations use `localMethods` only."""

    local_methods: LocalMethods = LocalMethods()
    sessions: SessionLimits = SessionLimits()
    passwords: PasswordRules = PasswordRules()
    tokens: TokenLimits = TokenLimits()
    organizations: TreeLimits = TreeLimits()
    support: SupportRules = SupportRules()
    audit: AuditRules = AuditRules()


DEFAULTS = AccessSettings()


def application_settings(reader: Reader) -> AccessSettings:
    """The application's settings; the defaults until somebody changes them."""
    stored = reader.get(KIND, APPLICATION)
    return DEFAULTS if stored is None else read_body(stored.body, AccessSettings)


def allowed_methods(settings: Iterable[Resource]) -> Mapping[OrganizationPath, LocalMethods]:
    """From the stored settings: what each node with settings of its own allows."""
    return {stored.organization: read_body(stored.body, AccessSettings).local_methods for stored in settings}


def is_allowed(
    nodes: Mapping[OrganizationPath, LocalMethods], method: LocalMethod, organization: OrganizationPath = ROOT
) -> bool:
    """Whether the application and every node from the root down to `organization` allow the method."""
    return all(methods.allows(method) for node, methods in nodes.items() if contains(node, organization))
