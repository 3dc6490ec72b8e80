"""What the gateway raises."""

from holdfast.kernel.errors import UnauthenticatedError
from holdfast.protocol.mqtt.reasons import Reason


class RefusedError(UnauthenticatedError):
    """A CONNECT is refused.

    `reason` is what the device is told; the message is for our log and the audit, and says more than a
    stranger may know.
    """

    def __init__(self, message: str, reason: Reason = Reason.NOT_AUTHORIZED, *, guilty: bool = True) -> None:
        super().__init__(message)
        self.reason = reason
        self.guilty = guilty
        """Whether it counts as a failed authentication of its address and device."""
