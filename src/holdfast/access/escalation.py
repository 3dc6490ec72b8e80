"""Nobody hands out, or takes over, more than they have."""

from collections.abc import Iterable

from holdfast.access.errors import EscalationError
from holdfast.kernel.organizations import OrganizationPath
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Grant, Principal

SHOWN = 3
"""How many missing permissions a message names."""


def lacking(
    principal: Principal, permissions: Iterable[Permission], organization: OrganizationPath
) -> list[Permission]:
    """The permissions that the principal does not hold at `organization`, in order."""
    return sorted(p for p in permissions if not principal.allows(p, organization))


def refuse_escalation(principal: Principal, grants: Iterable[Grant], what: str) -> None:
    """EscalationError unless the principal holds every permission of every grant where it holds.

    `what` completes the sentence "To … you must hold yourself what it allows".
    """
    for grant in grants:
        missing = lacking(principal, grant.permissions, grant.organization)
        if missing:
            named = ", ".join(missing[:SHOWN])
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            raise EscalationError(
                f"To {what} you must hold yourself what it allows; at {grant.organization} you lack "
                f"{named}{more}. Ask somebody who has them."
            )
