"""What both versions of SMB keep of a connection: users, shares, open files, and pipes with RPC in them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, NamedTuple, Protocol, TypeVar

from holdfast.defender.dissect.rpc.connected import Connection
from holdfast.defender.dissect.session import MalformedError
from holdfast.defender.dissect.tables import names
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Emit, Fields, Record, Role

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")

_MAXIMUM: Final = 256
"""Shares, files and outstanding requests that are remembered."""
_MAXIMUM_CALL: Final = 256 * 1024
PIPE_SHARE: Final = "IPC$"
_HARMLESS: Final = frozenset({0x00000000, 0x00000103, 0x80000005, 0x80000006, 0x0000010C, 0xC0000016})
"""Statuses that are no refusal: success, pending, more data, no more files, changes, next step of a
sign-in."""
RPC_PIPES: Final = frozenset(
    {
        "atsvc",
        "browser",
        "efsrpc",
        "epmapper",
        "eventlog",
        "initshutdown",
        "lsarpc",
        "lsass",
        "netdfs",
        "netlogon",
        "ntsvcs",
        "samr",
        "scerpc",
        "spoolss",
        "srvsvc",
        "svcctl",
        "winreg",
        "wkssvc",
    }
)


def status_name(status: int) -> str:
    """Microsoft's name of an NT status."""
    return names("nt_status").get(status, f"0x{status:08x}")


def is_refusal(status: int) -> bool:
    """Whether an NT status says that a request failed."""
    return status >> 30 == 3 and status not in _HARMLESS


class Asked(NamedTuple):
    """A request that waits for its answer."""

    record: Record
    details: Fields
    file: Hashable


class Command(Protocol):
    """A command of either version, as far as its record needs it."""

    @property
    def is_response(self) -> bool:
        """Whether a server says it."""
        ...

    @property
    def failed(self) -> bool:
        """Whether it says that the request was refused."""
        ...

    @property
    def status(self) -> int:
        """How the request ended."""
        ...


class Dialect(NamedTuple):
    """What the records of a version have in common."""

    protocol: str
    decode: Callable[[Record], Fields]


class Shares:
    """The state of one connection."""

    __slots__ = ("_pipes", "asked", "emit", "files", "trees", "user")

    def __init__(self, emit: Emit) -> None:
        self.emit = emit
        self.user = ""
        self.trees: dict[int, str] = {}
        self.files: dict[Hashable, str] = {}
        self.asked: dict[Hashable, Asked] = {}
        self._pipes: dict[Hashable, tuple[Connection, list[bytes]]] = {}

    def tell(
        self,
        dialect: Dialect,
        command: Command,
        kind: str,
        about: tuple[str, ...],
        details: Fields,
        asked: Asked | None,
        frame: int,
        time: int,
        direction: Direction,
    ) -> Record:
        """Emit the record of a command; `about` is what it is about, `asked` the request that it answers."""
        if asked is not None and asked.details.get("username"):
            details["username"] = asked.details["username"]
        key: tuple[Hashable, ...] = (kind, *about)
        role = Role.REQUEST
        if command.is_response:
            role = Role.FAILURE if command.failed else Role.RESPONSE
            key = (*key, command.status) if command.failed else key
        if details.get("username"):
            key = (*key, details["username"])
        body = (command, details, about, self.user)
        request = asked.record if asked is not None else None
        record = Record(
            frame, time, direction, dialect.protocol, kind, role, key, body, dialect.decode, request
        )
        self.emit(record)
        return record

    def remember(self, asked: Asked, number: Hashable) -> None:
        """Keep a request until its answer."""
        _keep(self.asked, number, asked)

    def connect(self, tree: int, path: str) -> None:
        """A share was opened."""
        _keep(self.trees, tree, path)

    def open(self, file: Hashable, name: str, tree: int) -> None:
        """A file or pipe was opened."""
        _keep(self.files, file, name)
        pipe = name.rpartition("\\")[2].lower()
        if pipe in RPC_PIPES and self.trees.get(tree, PIPE_SHARE).upper().endswith(PIPE_SHARE):
            _keep(self._pipes, file, (Connection(self.emit, pipe), [b"", b""]))

    def close(self, file: Hashable) -> None:
        """A file or pipe was closed."""
        self.files.pop(file, None)
        self._pipes.pop(file, None)

    def carry(self, file: Hashable, content: bytes, frame: int, time: int, direction: Direction) -> None:
        """Bytes that were written to or read from a file: RPC if it is such a pipe."""
        entry = self._pipes.get(file)
        if entry is None or not content:
            return
        connection, parts = entry
        side = direction.to_server
        content, parts[side] = parts[side] + content, b""
        try:
            used = connection.read(content, 0, len(content), frame, time, direction)
        except MalformedError:
            del self._pipes[file]
            raise
        parts[side] = content[used:][:_MAXIMUM_CALL]


def _keep(known: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    known[key] = value
    if len(known) > _MAXIMUM:
        del known[next(iter(known))]
