"""What can go wrong in the domain. Every package raises these or a subclass of them.

The API turns a class into a status code and `code` into the body's `error.code`; the command line prints
the message. Messages say what happened, why, and what to do next, and never hold a secret.
"""

from holdfast.kernel.json import JsonObject


class HoldfastError(Exception):
    """The base of every error that a person may meet."""

    code = "InternalError"
    status = 500


class InvalidError(HoldfastError):
    """The request's content is wrong; `field` names the part (a JSON pointer or a parameter's name)."""

    code = "InvalidBody"
    status = 400

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnauthenticatedError(HoldfastError):
    """Nobody is known behind the request, or the credential is no longer good."""

    code = "Unauthorized"
    status = 401


class ForbiddenError(HoldfastError):
    """The principal is known and may not do this."""

    code = "Forbidden"
    status = 403


class PolicyDeniedError(ForbiddenError):
    """A policy assignment refuses the change of `target` (Azure's `RequestDisallowedByPolicy`)."""

    code = "RequestDisallowedByPolicy"

    def __init__(
        self,
        message: str,
        assignment: str,
        definition: str,
        target: str = "",
        violation: JsonObject | None = None,
    ) -> None:
        super().__init__(message)
        self.assignment = assignment
        self.definition = definition
        self.target = target
        self.violation: JsonObject = violation or {
            "policyAssignmentId": assignment,
            "policyDefinitionId": definition,
        }
        """The `info` of Azure's `PolicyViolation`."""


class NotFoundError(HoldfastError):
    """The thing does not exist, or the principal may not know that it does."""

    code = "NotFound"
    status = 404


class ConflictError(HoldfastError):
    """The change contradicts the present state (the thing exists, is in use, is not empty)."""

    code = "Conflict"
    status = 409


class PreconditionFailedError(HoldfastError):
    """The etag that the caller holds is not the current one."""

    code = "PreconditionFailed"
    status = 412


class TooManyRequestsError(HoldfastError):
    """A limit is reached; `retry_after` says in how many seconds to try again."""

    code = "TooManyRequests"
    status = 429

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(HoldfastError):
    """A part that is needed does not answer now; nothing was changed."""

    code = "ServiceUnavailable"
    status = 503


class StartupError(HoldfastError):
    """The instance refuses to start: one sentence of what is wrong and what to do."""

    code = "StartupRefused"
