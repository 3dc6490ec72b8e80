"""What the MQTT parsers raise."""

from holdfast.protocol.errors import ProtocolError
from holdfast.protocol.mqtt.reasons import Reason


class MqttError(ProtocolError):
    """A packet breaks MQTT; the connection has to be closed with `reason`."""

    def __init__(self, message: str, reason: Reason = Reason.MALFORMED_PACKET) -> None:
        super().__init__(message)
        self.reason = reason


class ProtocolViolationError(MqttError):
    """A well-formed packet that may not come now or in this form."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Reason.PROTOCOL_ERROR)
