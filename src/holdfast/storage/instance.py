"""What commands open of an instance that exists: its keys and its control database."""

from dataclasses import dataclass
from pathlib import Path

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import StartupError
from holdfast.keys.file import open_key_ring
from holdfast.keys.port import KeyProvider
from holdfast.keys.ring import RING_FILE, FileKeyRing
from holdfast.storage.control import open_control
from holdfast.storage.database import Database


@dataclass(frozen=True, slots=True)
class Instance:
    """An opened instance; `close` it."""

    ring: FileKeyRing
    database: Database
    clock: Clock
    randomness: Randomness

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def open_instance(
    data_dir: Path,
    clock: Clock,
    randomness: Randomness,
    url: str = "",
    provider: KeyProvider | None = None,
) -> Instance:
    """Open an instance that exists, also while it runs, for reading. StartupError when there is none."""
    if not (data_dir / "keys" / RING_FILE).exists():
        raise StartupError(
            f"There is no instance in {data_dir}; start one with `holdfast up --data {data_dir}`."
        )
    ring = open_key_ring(data_dir, clock, randomness, provider)
    return Instance(ring, open_control(data_dir, ring, url, prepare=False), clock, randomness)
