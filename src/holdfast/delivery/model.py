"""What leaves the product, and how leaving can fail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject


class Urgency(IntEnum):
    """Severity of syslog messages (RFC 5424 §6.2.1), smaller is worse."""

    ALERT = 1
    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFORMATIONAL = 6


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell. Every destination takes from it what its form needs."""

    id: str
    """Stable: receivers may use it against doubles."""
    time: float
    """When it happened, Unix seconds."""
    kind: str
    """What it is about, such as `alert`; the event class of CEF and LEEF, the message id of RFC 5424."""
    title: str
    text: str
    """A sentence or two for people."""
    urgency: Urgency = Urgency.NOTICE
    score: int = 3
    """The severity of the Common Event Format, 0 to 10."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Single values by name, for CEF, LEEF and structured data."""
    body: JsonObject = field(default_factory=dict)
    """The whole as JSON, for webhooks."""


class DeliveryError(HoldfastError):
    """A destination did not take a message."""

    code = "DeliveryFailed"
    status = 502

    def __init__(self, message: str, *, permanent: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.permanent = permanent
        """Trying again with the same message cannot help."""
        self.retry_after = retry_after
        """Seconds for which the destination asked us to wait; 0 where it did not."""


class Sender(Protocol):
    """Brings messages to one destination. Blocking; called by one thread at a time."""

    def send(self, message: Message) -> None:
        """Deliver one message; returns when the destination took it. Raises DeliveryError."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...
