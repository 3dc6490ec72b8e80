"""What the services of access control stand on, handed in together."""

from dataclasses import dataclass

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.ids import new_id
from holdfast.keys.port import KeyRing
from holdfast.resources.port import ChangePath, ResourceStore


@dataclass(frozen=True, slots=True)
class Ports:
    """The change path, the store, the keys, time and chance of one instance."""

    changes: ChangePath
    store: ResourceStore
    keys: KeyRing
    clock: Clock
    randomness: Randomness

    def new_id(self) -> str:
        """An identifier that sorts by the moment it was made."""
        return new_id(self.clock, self.randomness)
