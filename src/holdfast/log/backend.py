"""What the group-commit writer needs from a database: one transaction at a time over log and state.

State is a small ordered key-value store in named spaces (twins, sessions, queues): its changes become
durable with the records of the same transaction or not at all.
"""

from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import msgspec

from holdfast.kernel.errors import UnavailableError
from holdfast.log.rows import Batch


class Limits(msgspec.Struct, frozen=True):
    """When parts of the log begin anew and when they go."""

    file_bytes: int = 64 << 20
    file_seconds: float = 3600.0
    keep_seconds: float = 7 * 86400.0
    """The hub's own default retention is a day; a week leaves room for a weekend without the consumers."""
    keep_bytes: int = 20 << 30


DEFAULT_LIMITS = Limits()


class StateChange(NamedTuple):
    """One write to the state; None deletes."""

    space: str
    key: str
    value: bytes | None


class NotDurableError(UnavailableError):
    """A commit did not become durable; nothing of it may be acknowledged."""

    def __init__(self, message: str, *, fatal: bool) -> None:
        super().__init__(message)
        self.fatal = fatal
        """After a failed fsync the kernel may have thrown the data away and report success the next time
        (fsyncgate, 2018): the process must not acknowledge anything again before it was restarted."""


class StateReading(Protocol):
    """Reads of the state."""

    def get(self, space: str, key: str) -> bytes | None:
        """The value, or None."""
        ...

    def scan(self, space: str, prefix: str) -> list[tuple[str, bytes]]:
        """Keys with the prefix and their values, in order of the keys."""
        ...


class Transaction(StateReading, Protocol):
    """A transaction of the writer; durable when its context ends without an exception."""

    def write(self, batches: list[Batch], changes: list[StateChange]) -> None:
        """Store records and state changes; called once, at the end."""
        ...


class Backend(Protocol):
    """The database under a writer."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin; commits on leaving. Raises NotDurableError when that did not succeed."""
        ...

    def tend(self) -> None:
        """Rotate, expire, checkpoint: whatever is due. Called between commits."""
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...
