"""What can go wrong with who may do what."""

from holdfast.kernel.errors import ConflictError, ForbiddenError, InvalidError, UnauthenticatedError


class AccessInvalidError(InvalidError):
    """A user, role, policy or another part of access control is described wrongly."""


class EscalationError(ForbiddenError):
    """Somebody tries to hand out, or to take over, more than they have."""

    code = "PrivilegeEscalation"


class LastAdministratorError(ConflictError):
    """The change would leave nobody who can administer the application."""

    code = "LastAdministrator"


class SignInRefusedError(UnauthenticatedError):
    """A sign-in did not succeed. The sentence is for the person; `reason` is for the auditor only."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class ConditionsError(ForbiddenError):
    """Conditional access refuses; `policies` are the ids of those that do."""

    code = "ConditionalAccess"

    def __init__(self, message: str, policies: tuple[str, ...], *, can_retry_with: str = "") -> None:
        super().__init__(message)
        self.policies = policies
        self.can_retry_with = can_retry_with
        """`fresh-sign-in` or `mfa` when signing in again in that way would be enough."""
