"""SMB versions 2 and 3 ([MS-SMB2]): one record a command; compounds get one a part."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import fields_of
from holdfast.defender.dissect.rpc.ntlm import ntlm_fields
from holdfast.defender.dissect.session import TRUNCATED, MalformedError
from holdfast.defender.dissect.smb.commands import DIALECTS_2, VERSION_2
from holdfast.defender.dissect.smb.shares import Asked, Dialect, Shares, is_refusal, status_name
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Fields, Record

_HEADER: Final = struct.Struct("<4sHHIHHIIQIIQ").unpack_from
_HEADER_LENGTH: Final = 64
_RESPONSE, _SIGNED = 0x01, 0x08
_PENDING: Final = 0x00000103
_NEGOTIATE, _SESSION_SETUP, _TREE_CONNECT, _CREATE, _CLOSE = 0, 1, 3, 5, 6
_READ, _WRITE, _IOCTL, _QUERY_DIRECTORY, _QUERY_INFO, _SET_INFO = 8, 9, 11, 14, 16, 17
_SHARE_TYPES: Final = {1: "DISK", 2: "PIPE", 3: "PRINT"}
_PIPE_TRANSCEIVE: Final = 0x0011C017
_SAME_FILE: Final = b"\xff" * 16
_FILE_AT: Final = {
    _CLOSE: 8,
    _READ: 16,
    _WRITE: 16,
    _IOCTL: 8,
    _QUERY_DIRECTORY: 8,
    _QUERY_INFO: 24,
    _SET_INFO: 16,
}
_RENAME, _DISPOSITION = 10, 13


class Part(NamedTuple):
    """One command of a message."""

    octets: bytes
    """From its header on."""
    command: int
    status: int
    flags: int
    number: int
    tree: int
    session: int

    @property
    def is_response(self) -> bool:
        """Whether a server says it."""
        return bool(self.flags & _RESPONSE)

    @property
    def failed(self) -> bool:
        """Whether it says that the request was refused."""
        return self.is_response and is_refusal(self.status)

    def number_at(self, at: int, size: int) -> int:
        """A number of the body; 0 behind its end."""
        at += _HEADER_LENGTH
        return int.from_bytes(self.octets[at : at + size], "little")

    def body(self, at: int, size: int) -> bytes:
        """Bytes of the body."""
        return self.octets[_HEADER_LENGTH + at : _HEADER_LENGTH + at + size]

    def pointed(self, at: int, sizes: tuple[int, int] = (2, 2)) -> bytes:
        """Bytes that an offset at `at` and the length behind it point to."""
        offset, length = self.number_at(at, sizes[0]), self.number_at(at + sizes[0], sizes[1])
        return self.octets[offset : offset + length]


class Version2:
    """The commands of one connection."""

    __slots__ = ("_newest", "_shares")

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._newest = ""
        """Name of the file that the compound's create opens."""

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        """Read one message. Raises `MalformedError`."""
        self._newest = ""
        for part in _parts(message):
            self._command(part, frame, time, direction)

    def _command(self, part: Part, frame: int, time: int, direction: Direction) -> None:
        shares = self._shares
        kind = VERSION_2.get(part.command, f"unknown-{part.command}")
        call = (2, part.session, part.number)
        asked = None
        if part.is_response:
            asked = shares.asked.get(call) if part.status == _PENDING else shares.asked.pop(call, None)
        details: Fields = {}
        read = (_RESPONSES if part.is_response else _REQUESTS).get(part.command)
        if read is not None and not part.failed:
            read(part, details)
        file = self._file(part, asked)
        about = self._about(part, details, asked, file)
        record = shares.tell(_DIALECT, part, kind, about, details, asked, frame, time, direction)
        if not part.is_response:
            shares.remember(Asked(record, {**details, "name": about[1]}, file), call)
        elif asked is not None and not part.failed and part.status != _PENDING:
            self._answered(part, asked)
        self._pipe(part, file, frame, time, direction)

    def _file(self, part: Part, asked: Asked | None) -> bytes | None:
        if asked is not None:
            return asked.file if isinstance(asked.file, bytes) else None
        at = _FILE_AT.get(part.command)
        return part.body(at, 16) if at is not None and not part.is_response else None

    def _about(self, part: Part, details: Fields, asked: Asked | None, file: bytes | None) -> tuple[str, str]:
        """Share and file that a command is about."""
        given = {**asked.details, **details} if asked is not None else details
        share = given.get("path", "") or self._shares.trees.get(part.tree, "")
        name = given.get("name") or self._shares.files.get(file, "")
        if part.command == _CREATE and not part.is_response:
            self._newest = name
        elif file == _SAME_FILE and not part.is_response:
            name = self._newest
        return share, name

    def _answered(self, part: Part, asked: Asked) -> None:
        shares = self._shares
        if part.command == _TREE_CONNECT:
            shares.connect(part.tree, asked.details.get("path", ""))
        elif part.command == _SESSION_SETUP and asked.details.get("username"):
            shares.user = asked.details["username"]
        elif part.command == _CREATE:
            shares.open(part.body(64, 16), asked.details.get("name", ""), part.tree)
        elif part.command == _CLOSE:
            shares.close(asked.file)

    def _pipe(self, part: Part, file: bytes | None, frame: int, time: int, direction: Direction) -> None:
        if file is None or part.failed:
            return
        content = b""
        if part.command == _READ and part.is_response:
            offset = part.number_at(2, 1)
            content = part.octets[offset : offset + part.number_at(4, 4)]
        elif part.command == _WRITE and not part.is_response:
            content = part.pointed(2, (2, 4))
        elif part.command == _IOCTL and part.number_at(4, 4) == _PIPE_TRANSCEIVE:
            content = part.pointed(32 if part.is_response else 24, (4, 4))
        self._shares.carry(file, content, frame, time, direction)


def _parts(message: bytes) -> list[Part]:
    parts: list[Part] = []
    start = 0
    while True:
        if len(message) - start < _HEADER_LENGTH:
            raise MalformedError(TRUNCATED, "A message ends within its header.", start)
        _, size, _, status, command, _, flags, following, number, _, tree, session = _HEADER(message, start)
        if size != _HEADER_LENGTH:
            raise MalformedError("header", f"A header says that it has {size} bytes.", start)
        stop = start + following if following else len(message)
        parts.append(Part(message[start:stop], command, status, flags, number, tree, session))
        if not following:
            return parts
        if following < _HEADER_LENGTH:
            raise MalformedError("compound", "A part of a compound is shorter than its header.", start)
        start = stop


def _wide(octets: bytes) -> str:
    return octets.decode("utf-16-le", "replace")


def _negotiate(part: Part, details: Fields) -> None:
    dialects = part.body(36, 2 * part.number_at(2, 2))
    numbers = (int.from_bytes(dialects[at : at + 2], "little") for at in range(0, len(dialects) - 1, 2))
    details["dialects"] = [DIALECTS_2.get(number, f"0x{number:04x}") for number in numbers]
    details["client_guid"] = part.body(12, 16).hex()
    details["signing_required"] = bool(part.number_at(4, 2) & 2)


def _negotiated(part: Part, details: Fields) -> None:
    number = part.number_at(4, 2)
    details["dialect"] = DIALECTS_2.get(number, f"0x{number:04x}")
    details["server_guid"] = part.body(8, 16).hex()
    details["signing_required"] = bool(part.number_at(2, 2) & 2)


def _session_setup(part: Part, details: Fields) -> None:
    ntlm_fields(part.pointed(12), details)


def _session_set_up(part: Part, details: Fields) -> None:
    flags = part.number_at(2, 2)
    details["guest"], details["anonymous"], details["encrypted"] = (
        bool(flags & 1),
        bool(flags & 2),
        bool(flags & 4),
    )
    ntlm_fields(part.pointed(4), details)


def _tree_connect(part: Part, details: Fields) -> None:
    details["path"] = _wide(part.pointed(4))


def _tree_connected(part: Part, details: Fields) -> None:
    details["share_type"] = _SHARE_TYPES.get(part.number_at(2, 1), "unknown")


def _create(part: Part, details: Fields) -> None:
    details["name"] = _wide(part.pointed(44))
    details["desired_access"] = part.number_at(24, 4)
    details["disposition"], details["options"] = part.number_at(36, 4), part.number_at(40, 4)


def _created(part: Part, details: Fields) -> None:
    details["create_action"] = part.number_at(4, 4)
    details["size"] = part.number_at(48, 8)


def _transfer(part: Part, details: Fields) -> None:
    details["length"], details["offset"] = part.number_at(4, 4), part.number_at(8, 8)


def _ioctl(part: Part, details: Fields) -> None:
    details["control_code"] = f"0x{part.number_at(4, 4):08x}"


def _query_directory(part: Part, details: Fields) -> None:
    details["pattern"] = _wide(part.pointed(24))


def _set_info(part: Part, details: Fields) -> None:
    details["info_type"], details["info_class"] = part.number_at(2, 1), part.number_at(3, 1)
    offset = part.number_at(8, 2)
    content = part.octets[offset : offset + part.number_at(4, 4)]
    if details["info_type"] != 1:
        return
    if details["info_class"] == _RENAME and len(content) >= 20:
        length = int.from_bytes(content[16:20], "little")
        details["new_name"] = _wide(content[20 : 20 + length])
    elif details["info_class"] == _DISPOSITION and content:
        details["delete"] = bool(content[0])


_Read = Callable[[Part, Fields], None]
_REQUESTS: Final[dict[int, _Read]] = {
    _NEGOTIATE: _negotiate,
    _SESSION_SETUP: _session_setup,
    _TREE_CONNECT: _tree_connect,
    _CREATE: _create,
    _READ: _transfer,
    _WRITE: _transfer,
    _IOCTL: _ioctl,
    _QUERY_DIRECTORY: _query_directory,
    _SET_INFO: _set_info,
}
_RESPONSES: Final[dict[int, _Read]] = {
    _NEGOTIATE: _negotiated,
    _SESSION_SETUP: _session_set_up,
    _TREE_CONNECT: _tree_connected,
    _CREATE: _created,
}


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    part: Part
    part, details, (share, name), user = record.body
    fields |= {"version": "SMB2", "command": record.kind, "sub_command": None}
    if part.is_response:
        fields["status"] = status_name(part.status)
    fields |= {"username": user or None, "tree": share or None, "name": name or None}
    fields |= {"tree_id": part.tree, "session_id": part.session, "message_id": part.number}
    fields["signed"] = bool(part.flags & _SIGNED)
    fields |= details


_DIALECT: Final = Dialect("smb2", _fields)
