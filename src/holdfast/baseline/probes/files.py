"""Raw files of an instance, as somebody would see them who stole the disk."""

import contextlib
import math
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple, TypeVar

CHUNK = 1 << 20
SAMPLE = 64 << 10
"""Bytes from which the entropy of a file is taken."""

ENCRYPTED_ENTROPY = 7.9
"""Bits a byte; 64 KiB of AES output have 7.997, compressed text stays below 7.9 only where it is short."""


class FileKind(StrEnum):
    """Why a file may lie in the data folder."""

    ENCRYPTED = "encrypted"
    WRAPPED = "wrapped keys"
    """Text that holds keys only wrapped by another key."""
    KEY = "the provider's own key"
    """Opens everything; belongs into another place than the data, and is mode 0600 in any case."""
    PUBLIC = "public"
    """A certificate, or numbers without content."""


class Registered(NamedTuple):
    """Files that are known."""

    pattern: str
    kind: FileKind


REGISTERED = (
    Registered("*.db", FileKind.ENCRYPTED),
    Registered("*.db-wal", FileKind.ENCRYPTED),
    Registered("*.db-shm", FileKind.PUBLIC),
    Registered("*.parquet", FileKind.ENCRYPTED),
    Registered("device-files/*", FileKind.ENCRYPTED),
    Registered("defender/*", FileKind.ENCRYPTED),
    Registered("certificates/*.sealed", FileKind.ENCRYPTED),
    Registered("evidence-files/*", FileKind.ENCRYPTED),
    Registered("keys/ring.json", FileKind.WRAPPED),
    Registered("keys/provider.key", FileKind.KEY),
    Registered("audit-heads.jsonl", FileKind.PUBLIC),
    Registered("consumers/*.position", FileKind.PUBLIC),
    Registered("consumers/*.positions", FileKind.PUBLIC),
    Registered("*.lock", FileKind.PUBLIC),
    Registered("root-ca.pem", FileKind.PUBLIC),
)
"""Every kind of file that the product makes. A file of no kind here is a finding."""


def kind_of(name: str) -> FileKind | None:
    """The kind of a file by its path below the data folder; None for a file that nobody registered.

    A file that is written to take another's place (`.NAME.new`) is of that one's kind.
    """
    folder, slash, file = name.rpartition("/")
    if file.startswith(".") and file.endswith(".new"):
        name = f"{folder}{slash}{file[1:-4]}"
    return next((item.kind for item in REGISTERED if fnmatch(name, item.pattern)), None)


T = TypeVar("T")


def read_each(folder: Path, read: Callable[[str, Path], T]) -> Iterator[T]:
    """What `read` makes of every regular file below a folder, in order, with its path below it.

    Sockets and links are none. A file that goes away meanwhile is left out: the instance runs.
    """
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISREG(path.lstat().st_mode):
                yield read(path.relative_to(folder).as_posix(), path)


def entropy(data: bytes) -> float:
    """Shannon entropy in bits a byte: 8 for data without any pattern."""
    if not data:
        return 0.0
    return -sum(count / len(data) * math.log2(count / len(data)) for count in Counter(data).values())


def contains(path: Path, needles: list[bytes]) -> bytes | None:
    """The first of the needles that the file holds, also across the borders of what is read at once."""
    overlap = max(map(len, needles)) - 1
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            window = rest + chunk
            for needle in needles:
                if needle in window:
                    return needle
            rest = window[-overlap:] if overlap else b""
    return None
