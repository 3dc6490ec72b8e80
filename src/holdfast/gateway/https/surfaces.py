"""The three APIs on the HTTPS port, and how each says that something went wrong."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from holdfast.gateway.https.exchange import Reply
from holdfast.kernel.errors import HoldfastError, TooManyRequestsError
from holdfast.protocol import dps
from holdfast.protocol.https.blocks import encode_error as encode_blob_error


class Refused(HoldfastError):  # noqa: N818 - an answer, not a fault
    """A request is answered with an error of the surface's own."""

    def __init__(self, status: int, code: str, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.number = number
        """The provisioning service's six digits; 0: the status and zeros."""


class Failure(NamedTuple):
    """What went wrong, as every surface gets it."""

    status: int
    code: str
    message: str
    number: int
    retry_after: int
    """Seconds; 0: do not say."""
    tracking: str
    """What a person quotes to find it in our log."""
    now: float

    @property
    def headers(self) -> list[tuple[str, str]]:
        """What goes with every error."""
        wait = [("Retry-After", str(self.retry_after))] if self.retry_after else []
        return [("x-ms-request-id", self.tracking), *wait]


def failure_of(error: HoldfastError, tracking: str, now: float) -> Failure:
    """The error in the terms of HTTP. What is our own fault is told without its cause."""
    status = error.status if error.status in _CODES else 500
    code, message, number = _CODES[status], str(error), 0
    if isinstance(error, Refused):
        code, number = error.code, error.number
    elif status >= 500:
        message = _OWN_FAULTS[status]
    wait = dps.RETRY_AFTER if status == 503 else 0
    if isinstance(error, TooManyRequestsError):
        wait = max(1, round(error.retry_after))
    return Failure(status, code, message, number or status * 1000, wait, tracking, now)


_CODES = {
    400: "ArgumentInvalid",
    401: "IotHubUnauthorizedAccess",
    403: "IotHubQuotaExceeded",
    404: "DeviceNotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    411: "LengthRequired",
    412: "PreconditionFailed",
    413: "MessageTooLarge",
    416: "InvalidRange",
    429: "ThrottlingException",
    414: "ArgumentInvalid",
    431: "ArgumentInvalid",
    500: "ServerError",
    501: "NotImplemented",
    503: "ServiceUnavailable",
}
"""The hub's names for a status."""
_OWN_FAULTS = {
    500: "The request could not be carried out.",
    501: "This is not served here.",
    503: "A part of the platform does not answer; try again.",
}


def _hub(failure: Failure) -> Reply:
    body = msgspec.json.encode(
        {
            "Message": f"ErrorCode:{failure.code};{failure.message}",
            "ExceptionMessage": f"Tracking ID:{failure.tracking}",
        }
    )
    return Reply(failure.status, [("iothub-errorcode", failure.code), *failure.headers], body)


def _provisioning(failure: Failure) -> Reply:
    number = dps.Code.THROTTLED if failure.status == 429 else failure.number
    body = dps.encode_error(number, failure.message, failure.tracking, failure.now)
    return Reply(failure.status, failure.headers, body)


def _blobs(failure: Failure) -> Reply:
    body = encode_blob_error(failure.code, failure.message)
    headers = [("x-ms-error-code", failure.code), *failure.headers]
    return Reply(failure.status, headers, body, "application/xml")


Surface = Callable[[Failure], Reply]
"""Says an error as the clients of one API read it."""

HUB: Surface = _hub
PROVISIONING: Surface = _provisioning
BLOBS: Surface = _blobs
