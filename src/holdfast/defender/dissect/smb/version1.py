"""SMB version 1 ([MS-CIFS], [MS-SMB]): one record a command; chained (AndX) commands get one each."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.rpc.ntlm import ntlm_fields
from holdfast.defender.dissect.session import TRUNCATED, MalformedError
from holdfast.defender.dissect.smb.commands import NT_TRANSACTIONS, TRANSACTIONS_2, VERSION_1
from holdfast.defender.dissect.smb.shares import Asked, Dialect, Shares, is_refusal, status_name
from holdfast.defender.flows.model import Direction
from holdfast.defender.record import Fields, Record

_HEADER: Final = struct.Struct("<4sBIBH12xHHHH").unpack_from
_HEADER_LENGTH: Final = 32
_RESPONSE, _UNICODE, _NT_STATUS = 0x80, 0x8000, 0x4000
_CLOSE, _TRANSACTION, _TRANSACTION_2, _NT_TRANSACT = 0x04, 0x25, 0x32, 0xA0
_OPEN_ANDX, _READ_ANDX, _WRITE_ANDX, _CREATE_ANDX = 0x2D, 0x2E, 0x2F, 0xA2
_NEGOTIATE, _SESSION_SETUP, _TREE_CONNECT = 0x72, 0x73, 0x75
_ANDX: Final = frozenset(
    {0x24, _OPEN_ANDX, _READ_ANDX, _WRITE_ANDX, _SESSION_SETUP, 0x74, _TREE_CONNECT, _CREATE_ANDX}
)
_NO_MORE: Final = 0xFF
_MAXIMUM_CHAIN: Final = 16
_WITH_PATH: Final = frozenset({0x00, 0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x09, 0x0F, 0x10})
"""Commands whose data begin with a path behind the byte 4."""
_TRANSACT_PIPE: Final = 0x26
_SHOWN_NAME: Final = 1024


class Block(NamedTuple):
    """One command of a message."""

    octets: bytes
    """The whole message: offsets within commands count from its beginning."""
    command: int
    status: int
    flags: int
    more_flags: int
    tree: int
    process: int
    user: int
    number: int
    words: bytes
    start: int
    """Where the command's data begin."""
    end: int

    @property
    def is_response(self) -> bool:
        """Whether a server says it."""
        return bool(self.flags & _RESPONSE)

    @property
    def failed(self) -> bool:
        """Whether it says that the request was refused."""
        if self.more_flags & _NT_STATUS:
            return is_refusal(self.status)
        return bool(self.status)

    def word(self, at: int) -> int:
        """Two bytes of the parameters; 0 behind their end."""
        return int.from_bytes(self.words[at : at + 2], "little")

    def string(self, at: int) -> tuple[str, int]:
        """A string that ends with NUL in the message's encoding at `at`, and where the next thing begins."""
        if self.more_flags & _UNICODE:
            at += at & 1
            stop = at
            while stop + 1 < self.end and self.octets[stop : stop + 2] != b"\0\0":
                stop += 2
            return self.octets[at:stop].decode("utf-16-le", "replace"), stop + 2
        stop = self.octets.find(b"\0", at, self.end)
        stop = self.end if stop < 0 else stop
        return text(self.octets[at:stop]), stop + 1

    def part(self, length: int, offset: int) -> bytes:
        """Bytes of the message that the parameters point to."""
        return self.octets[offset : offset + length]


class Version1:
    """The commands of one connection."""

    __slots__ = ("_shares",)

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    def take(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        """Read one message. Raises `MalformedError`."""
        for block in read_blocks(message):
            self._command(block, frame, time, direction)

    def _command(self, block: Block, frame: int, time: int, direction: Direction) -> None:
        shares = self._shares
        kind = VERSION_1.get(block.command, f"unknown-{block.command:#04x}")
        call = (1, block.process, block.number, block.command)
        asked = shares.asked.pop(call, None) if block.is_response else None
        details: Fields = {}
        read = (_RESPONSES if block.is_response else _REQUESTS).get(block.command)
        if read is not None and not block.failed:
            read(block, details)
        file = self._file(block, asked)
        about = self._about(block, details, asked, file)
        record = shares.tell(_DIALECT, block, kind, about, details, asked, frame, time, direction)
        if not block.is_response:
            shares.remember(Asked(record, details, file), call)
        elif not block.failed:
            self._answered(block, asked)
        self._pipe(block, file, frame, time, direction)

    def _file(self, block: Block, asked: Asked | None) -> tuple[int, int] | None:
        if asked is not None:
            return asked.file if isinstance(asked.file, tuple) else None
        at = {_READ_ANDX: 4, _WRITE_ANDX: 4, _CLOSE: 0, _TRANSACTION: 30}.get(block.command)
        if at is None or block.is_response:
            return None
        return 1, block.word(at)

    def _about(
        self, block: Block, details: Fields, asked: Asked | None, file: tuple[int, int] | None
    ) -> tuple[str, str, str]:
        """Share, file and subcommand that a command is about."""
        given = {**asked.details, **details} if asked is not None else details
        share = self._shares.trees.get(block.tree, "") or given.get("path", "")
        return share, given.get("name") or self._shares.files.get(file, ""), given.get("sub_command", "")

    def _answered(self, block: Block, asked: Asked | None) -> None:
        shares = self._shares
        if asked is None:
            return
        if block.command == _TREE_CONNECT:
            shares.connect(block.tree, asked.details.get("path", ""))
        elif block.command == _SESSION_SETUP and asked.details.get("username"):
            shares.user = asked.details["username"]
        elif block.command in (_CREATE_ANDX, _OPEN_ANDX):
            number = block.word(5 if block.command == _CREATE_ANDX else 4)
            shares.open((1, number), asked.details.get("name", ""), block.tree)
        elif block.command == _CLOSE:
            shares.close(asked.file)

    def _pipe(
        self, block: Block, file: tuple[int, int] | None, frame: int, time: int, direction: Direction
    ) -> None:
        if file is None or block.failed:
            return
        content = b""
        if block.command == _READ_ANDX and block.is_response:
            content = block.part(block.word(10), block.word(12))
        elif block.command == _WRITE_ANDX and not block.is_response:
            content = block.part(block.word(20), block.word(22))
        elif block.command == _TRANSACTION and block.is_response:
            content = block.part(block.word(12), block.word(14))
        elif block.command == _TRANSACTION and block.word(28) == _TRANSACT_PIPE:
            content = block.part(block.word(22), block.word(24))
        self._shares.carry(file, content, frame, time, direction)


def read_blocks(message: bytes) -> list[Block]:
    """The commands of a message."""
    if len(message) < _HEADER_LENGTH + 3:
        raise MalformedError(TRUNCATED, "A message ends within its header.", len(message))
    _, command, status, flags, more, tree, process, user, number = _HEADER(message)
    blocks: list[Block] = []
    at = _HEADER_LENGTH
    while len(blocks) < _MAXIMUM_CHAIN and at < len(message):
        start = at + 1 + 2 * message[at]
        if start + 2 > len(message):
            raise MalformedError(TRUNCATED, "A command is longer than its message.", at)
        words = message[at + 1 : start]
        end = start + 2 + int.from_bytes(message[start : start + 2], "little")
        ends = (start + 2, min(end, len(message)))
        blocks.append(Block(message, command, status, flags, more, tree, process, user, number, words, *ends))
        if command not in _ANDX or len(words) < 4 or words[0] == _NO_MORE:
            break
        command, following = words[0], int.from_bytes(words[2:4], "little")
        if following <= at:
            break
        at = following
    return blocks


def _negotiate(block: Block, details: Fields) -> None:
    dialects = block.octets[block.start : block.end].split(b"\0")
    details["dialects"] = [text(dialect[1:]) for dialect in dialects if dialect.startswith(b"\x02")]


def _negotiated(block: Block, details: Fields) -> None:
    details["dialect_index"] = block.word(0)
    if len(block.words) >= 34:
        details["signing_required"] = bool(block.words[2] & 0x08)
        details["user_level_security"] = bool(block.words[2] & 0x01)


def _session_setup(block: Block, details: Fields) -> None:
    if len(block.words) == 24:
        blob = block.octets[block.start : block.start + block.word(14)]
        ntlm_fields(blob, details)
        at = block.start + block.word(14)
    else:
        at = block.start + block.word(14) + block.word(16)
        account, at = block.string(at)
        domain, at = block.string(at)
        details["username"], details["domainname"] = account or None, domain or None
    details["native_os"], at = block.string(at)
    details["native_lan_manager"], _ = block.string(at)


def _session_set_up(block: Block, details: Fields) -> None:
    details["guest"] = bool(block.word(4) & 1)
    at = block.start
    if len(block.words) == 8:
        ntlm_fields(block.octets[at : at + block.word(6)], details)
        at += block.word(6)
    details["native_os"], at = block.string(at)
    details["native_lan_manager"], _ = block.string(at)


def _tree_connect(block: Block, details: Fields) -> None:
    details["path"], at = block.string(block.start + block.word(6))
    details["service"] = text(block.octets[at : block.end])


def _tree_connected(block: Block, details: Fields) -> None:
    stop = block.octets.find(b"\0", block.start, block.end)
    if stop >= 0:
        details["service"] = text(block.octets[block.start : stop])
        details["native_file_system"], _ = block.string(stop + 1)


def _create(block: Block, details: Fields) -> None:
    details["name"] = block.string(block.start)[0][:_SHOWN_NAME]
    if len(block.words) >= 40:
        details["desired_access"] = int.from_bytes(block.words[15:19], "little")
        details["disposition"] = block.word(35)


def _path(block: Block, details: Fields) -> None:
    details["name"], at = block.string(block.start + 1)
    if block.command == 0x07:
        details["new_name"], _ = block.string(at + 1)


def _transfer(block: Block, details: Fields) -> None:
    details["offset"] = int.from_bytes(block.words[6:10], "little")
    details["length"] = block.word(10 if block.command == _READ_ANDX else 20)


def _transaction(block: Block, details: Fields) -> None:
    details["name"] = block.string(block.start)[0][:_SHOWN_NAME]
    details["parameter_length"], details["data_length"] = block.word(18), block.word(22)
    if details["name"].upper().startswith("\\PIPE\\") and len(block.words) >= 30:
        details["sub_command"] = f"0x{block.word(28):02x}"


def _transaction_2(block: Block, details: Fields) -> None:
    number = block.word(28)
    details["sub_command"] = TRANSACTIONS_2.get(number, f"unknown-{number:#06x}")
    details["timeout"] = int.from_bytes(block.words[12:16], "little")
    details["parameter_length"], details["data_length"] = block.word(18), block.word(22)


def _nt_transaction(block: Block, details: Fields) -> None:
    number = block.word(36)
    details["sub_command"] = NT_TRANSACTIONS.get(number, f"unknown-{number:#06x}")


_Read = Callable[[Block, Fields], None]
_REQUESTS: Final[dict[int, _Read]] = {
    _NEGOTIATE: _negotiate,
    _SESSION_SETUP: _session_setup,
    _TREE_CONNECT: _tree_connect,
    _CREATE_ANDX: _create,
    _OPEN_ANDX: _create,
    _READ_ANDX: _transfer,
    _WRITE_ANDX: _transfer,
    _TRANSACTION: _transaction,
    _TRANSACTION_2: _transaction_2,
    _NT_TRANSACT: _nt_transaction,
    **dict.fromkeys(_WITH_PATH, _path),
}
_RESPONSES: Final[dict[int, _Read]] = {
    _NEGOTIATE: _negotiated,
    _SESSION_SETUP: _session_set_up,
    _TREE_CONNECT: _tree_connected,
}


@fields_of
def _fields(record: Record, fields: Fields) -> None:
    block: Block
    block, details, (share, name, subcommand), user = record.body
    fields |= {"version": "SMB1", "command": record.kind, "sub_command": subcommand or None}
    if block.is_response:
        known = block.more_flags & _NT_STATUS or not block.status
        fields["status"] = status_name(block.status) if known else f"DOS-0x{block.status:08x}"
    fields |= {"username": user or None, "tree": share or None, "name": name or None}
    fields |= {"tree_id": block.tree, "user_id": block.user, "process_id": block.process}
    fields["multiplex_id"] = block.number
    fields |= details


_DIALECT: Final = Dialect("smb", _fields)
