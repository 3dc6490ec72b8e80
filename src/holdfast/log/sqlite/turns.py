"""Writers of several processes take turns: the folder's lock, which the kernel frees when one dies."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from holdfast.kernel.clock import SystemRandomness
from holdfast.keys.files import PRIVATE_FILE

LOCK_FILE = "writer.lock"
_MARK_BYTES = 16


class Turns:
    """The lock. Whoever has it leaves a mark in its file, so that the next one knows whether anybody was
    there in between: looking after what others may have done costs as much as a small commit."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        self._mark = SystemRandomness().bytes(_MARK_BYTES)

    @contextlib.contextmanager
    def take(self) -> Iterator[bool]:
        """Wait for the turn; whether nobody else had one since the last time."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            alone = os.pread(self._file, _MARK_BYTES, 0) == self._mark
            if not alone:
                os.pwrite(self._file, self._mark, 0)
            yield alone
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
