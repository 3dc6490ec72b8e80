"""What a protocol above the bytes sees of its connection, whatever lies below."""

from enum import IntFlag, auto
from typing import Protocol


class Hold(IntFlag):
    """Why a connection is not read from. It is read again when no reason is left."""

    NONE = 0
    PEER = auto()
    """The device does not take what it is sent."""
    LOG = auto()
    """More waits for the log than memory is given for."""
    WINDOW = auto()
    """The device has too much unacknowledged."""
    RATE = auto()
    """The device sends faster than it may."""
    DECIDING = auto()
    """It is being decided whether the device may come in."""
    STOPPING = auto()
    """The gateway stops."""
    TURN = auto()
    """It waits for its turn to do the TLS handshake."""


class Link(Protocol):
    """A connection that carries bytes."""

    address: str
    """The device's IP address (the one that a trusted balancer named, if there is one)."""
    transport_name: str
    """`mqtt` or `websocket`, for people."""

    def send(self, data: bytes) -> None:
        """Send; ignored once the connection is closing."""
        ...

    def hold(self, reason: Hold) -> None:
        """Stop reading for this reason."""
        ...

    def release(self, reason: Hold) -> None:
        """This reason is over."""
        ...

    def is_held_back(self) -> bool:
        """Whether it is not read from for a reason that is not the device's fault."""
        ...

    def close(self) -> None:
        """Send what is on its way, then close."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...

    def peer_chain(self) -> tuple[bytes, ...]:
        """DER of the certificates that the device presented, leaf first."""
        ...


class Application(Protocol):
    """The protocol above a link."""

    def receive(self, data: bytes) -> None:
        """Bytes came."""
        ...

    def lost(self) -> None:
        """The connection is gone, for whatever reason; called once."""
        ...

    def overdue(self, now: float) -> bool:
        """Called every second with the monotonic time: whether the connection has outlived its welcome.

        The application says goodbye itself when it can; True makes the link close in any case.
        """
        ...
