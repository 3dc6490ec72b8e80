"""The default authorizer: grants of the principal at the place of the resource, before and after."""

from holdfast.kernel.errors import (
    ConflictError,
    ForbiddenError,
    HoldfastError,
    InvalidError,
    NotFoundError,
)
from holdfast.kernel.organizations import ROOT
from holdfast.kernel.permissions import Permission
from holdfast.kernel.principal import Principal
from holdfast.resources.model import Action, Draft, Kind, Resource


class HiddenError(NotFoundError):
    """The resource exists and the principal may not know it: a refusal that reads like an absence."""


class GrantAuthorizer:
    """See `resources.port.Authorizer`."""

    def check(self, principal: Principal, kind: Kind, draft: Draft) -> None:
        """A change needs its permission where the resource is and where it shall be."""
        needed = needed_permission(kind, draft)
        before = draft.before
        if before is not None and not principal.allows(needed, before.organization):
            if not principal.allows(kind.read, before.organization):
                raise _hidden(principal, kind, draft, before)
            raise _forbidden(principal, needed, before.organization)

        if not principal.allows(needed, draft.organization):
            raise _forbidden(principal, needed, draft.organization)


def needed_permission(kind: Kind, draft: Draft) -> Permission:
    """The permission that the change asks for."""
    if draft.change.permission is not None:
        return draft.change.permission
    match draft.change.action:
        case Action.DELETE:
            return kind.delete
        case Action.CREATE:
            return kind.create
        case Action.PUT if draft.before is None:
            return kind.create
        case Action.EMIT:
            raise InvalidError(f"An event about a {kind.name} must name the permission that it needs.")
        case _:
            return kind.update


def _hidden(principal: Principal, kind: Kind, draft: Draft, before: Resource) -> HoldfastError:
    """What an absent resource is answered with; that the id is taken, when the principal may make one."""
    if draft.change.action not in (Action.CREATE, Action.PUT):
        return HiddenError(f"There is no {kind.name} “{before.id}”.")
    target = draft.change.organization or ROOT
    if not principal.allows(kind.create, target):
        return _forbidden(principal, kind.create, target)
    return ConflictError(f"The id “{before.id}” is taken.")


def _forbidden(principal: Principal, needed: Permission, organization: str) -> ForbiddenError:
    return ForbiddenError(
        f"{principal.name} lacks the permission {needed} at {organization}; "
        "ask an administrator for a role that has it."
    )
