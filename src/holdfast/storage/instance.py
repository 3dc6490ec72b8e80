"""What every role, command and test opens first: the folder, its keys and the control database."""

from dataclasses import dataclass
from pathlib import Path

from holdfast.kernel.clock import Clock, Randomness
from holdfast.kernel.errors import StartupError
from holdfast.keys.file import open_key_ring
from holdfast.keys.port import KeyProvider
from holdfast.keys.ring import RING_FILE, FileKeyRing
from holdfast.storage.control import CONTROL_FILE, open_control
from holdfast.storage.database import Database
from holdfast.storage.folder import open_folder


@dataclass(frozen=True, slots=True)
class Instance:
    """An opened instance; `close` it."""

    data_dir: Path
    ring: FileKeyRing
    database: Database
    clock: Clock
    randomness: Randomness

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def prepare_instance(
    data_dir: Path,
    clock: Clock,
    randomness: Randomness,
    url: str = "",
    provider: KeyProvider | None = None,
) -> Instance:
    """Open an instance for the role that writes: checks the folder, makes what is missing, migrates.

    `provider` defaults to the key file in the folder. StartupError says what is wrong and what to do.
    """
    open_folder(data_dir)
    has_keys = (data_dir / "keys" / RING_FILE).exists()
    if not has_keys and (data_dir / CONTROL_FILE).exists():
        raise StartupError(
            f"{data_dir} holds data but no {RING_FILE} in its keys folder; "
            "restore the whole folder from one backup."
        )
    ring = open_key_ring(data_dir, clock, randomness, provider)
    return Instance(data_dir, ring, open_control(data_dir, ring, url), clock, randomness)


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
    return Instance(data_dir, ring, open_control(data_dir, ring, url, prepare=False), clock, randomness)
