"""What credentials were found to mean, remembered for a short while and forgotten at once after a change."""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MAXIMUM = 10_000


@dataclass(slots=True)
class _Entry(Generic[T]):
    value: T
    until: float
    resource: tuple[str, str]
    seen: float


class Remembered(Generic[T]):
    """Values by credential. Credentials are kept as digests. Thread-safe.

    A value that was looked up before a change and arrives after it is not taken: `generation` is drawn before
    the look-up and given back with the value.
    """

    def __init__(self, maximum: int = MAXIMUM) -> None:
        self._maximum = maximum
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, _Entry[T]] = OrderedDict()
        self._generation = 0

    @property
    def generation(self) -> int:
        """Grows whenever something is forgotten."""
        with self._lock:
            return self._generation

    def get(self, credential: str, now: float) -> tuple[T, float] | None:
        """The value, and when it was last asked for; None when it is not known or too old."""
        key = _key(credential)
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.until <= now:
                return None
            self._entries.move_to_end(key)
            seen, entry.seen = entry.seen, now
            return entry.value, seen

    def put(
        self,
        credential: str,
        value: T,
        *,
        now: float,
        until: float,
        resource: tuple[str, str],
        generation: int,
    ) -> None:
        """Remember a value until then, if nothing was forgotten since `generation` was drawn."""
        with self._lock:
            if generation != self._generation:
                return
            self._entries[_key(credential)] = _Entry(value, until, resource, now)
            while len(self._entries) > self._maximum:
                self._entries.popitem(last=False)

    def forget(self, resource: tuple[str, str] | None = None) -> None:
        """Forget what depends on one resource (kind and id), or everything."""
        with self._lock:
            self._generation += 1
            if resource is None:
                self._entries.clear()
                return
            for key in [key for key, entry in self._entries.items() if entry.resource == resource]:
                del self._entries[key]


def _key(credential: str) -> bytes:
    return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).digest()
