"""The second place of the chain's heads: a file outside the database, to which lines are only added.

Keep it (or a copy that something else takes, such as a log shipper) where whoever can change the database
cannot change it too.
"""

import os
from pathlib import Path

import msgspec

from holdfast.keys.files import PRIVATE_FILE
from holdfast.resources.chain import Head

WITNESS_FILE = "audit-heads.jsonl"


_TAIL_BYTES = 1 << 16
"""Enough of the file's end to hold a whole line."""


class _Line(msgspec.Struct, frozen=True):
    first: int
    last: int
    head: str
    time: float
    key: str
    signature: str

    def head_of(self) -> Head:
        return Head(*msgspec.structs.astuple(self))


class HeadFile:
    """A file with one head a line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, heads: list[Head]) -> None:
        """Add heads and make them durable. A line that a crash left unfinished is ended first."""
        lines = b"".join(msgspec.json.encode(head._asdict()) + b"\n" for head in heads)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        with os.fdopen(descriptor, "a+b") as file:
            file.write(self._missing_end(file.fileno()) + lines)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[Head]:
        """Every head that is whole; empty when there is no file."""
        return _heads(self.path.read_bytes()) if self.path.exists() else []

    def last(self) -> int:
        """The last record that the file knows of; 0 when it knows none."""
        if not self.path.exists():
            return 0
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _TAIL_BYTES))
            return max((head.last for head in _heads(file.read())), default=0)

    @staticmethod
    def _missing_end(descriptor: int) -> bytes:
        size = os.fstat(descriptor).st_size
        return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""


def _heads(content: bytes) -> list[Head]:
    heads: list[Head] = []
    for line in content.splitlines():
        try:
            heads.append(msgspec.json.decode(line, type=_Line).head_of())
        except msgspec.DecodeError:
            continue  # a line that a crash left unfinished
    return heads
