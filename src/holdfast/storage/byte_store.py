"""Where bytes lie under names: what a place must offer so that blobs are kept in it, sealed before."""

from typing import Protocol


class ByteStore(Protocol):
    """Immutable bytes by name. Names are checked before they come here; see `blobs.check_name`."""

    def put(self, name: str, content: bytes) -> bool:
        """Store durably and whole unless the name is taken; whether it was stored."""
        ...

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes from `start` up to `end`, or all that follow; fewer at the end. NotFoundError."""
        ...

    def size(self, name: str) -> int:
        """Stored bytes. NotFoundError."""
        ...

    def names(self, prefix: str) -> list[str]:
        """The names that begin with a prefix, in order."""
        ...

    def delete(self, name: str) -> bool:
        """Forget it; whether it was there."""
        ...
