"""SMB on TCP, directly (port 445) or in NetBIOS sessions (port 139).

One `nbss` record a NetBIOS message that carries no SMB; one `smb` (version 1) or `smb2` (versions 2 and 3)
record a command. Keys: of `nbss` (kind, names); of the others (command, share, file, subcommand of version
1), failures with the status behind, sign-ins with the user behind.
"""

from __future__ import annotations

from typing import Final

from holdfast.defender.dissect.decoding import fields_of, text
from holdfast.defender.dissect.it.nbns import decode_name
from holdfast.defender.dissect.session import Dissector, MalformedError, Session
from holdfast.defender.dissect.smb.shares import Shares
from holdfast.defender.dissect.smb.version1 import Version1
from holdfast.defender.dissect.smb.version2 import Version2
from holdfast.defender.flows.model import Direction, Flow
from holdfast.defender.record import Emit, Fields, Record, Role

NAME, NETBIOS, NAME_2 = "smb", "nbss", "smb2"
_MESSAGE, _KEEP_ALIVE = 0x00, 0x85
_SESSION: Final = {
    0x81: ("session request", Role.REQUEST),
    0x82: ("positive response", Role.RESPONSE),
    0x83: ("negative response", Role.FAILURE),
    0x84: ("retarget", Role.RESPONSE),
    _KEEP_ALIVE: ("keep alive", Role.NOTICE),
}
_MAGIC_1, _MAGIC_2, _ENCRYPTED, _COMPRESSED = b"\xffSMB", b"\xfeSMB", b"\xfdSMB", b"\xfcSMB"
_MAGIC: Final = frozenset({_MAGIC_1, _MAGIC_2, _ENCRYPTED, _COMPRESSED})
_SHOWN: Final = 4096
"""Of messages longer than `_WHOLE` bytes, this much is read and the rest is passed over: contents of
files."""
_WHOLE: Final = 128 * 1024


class SmbSession(Session):
    """The messages of one connection."""

    __slots__ = ("_left", "_version1", "_version2")

    def __init__(self, flow: Flow, emit: Emit) -> None:
        super().__init__(flow, emit)
        shares = Shares(emit)
        self._version1 = Version1(shares)
        self._version2 = Version2(shares)
        self._left = [0, 0]
        """Bytes of a long message that are passed over, by direction."""

    def feed(self, data: bytes, start: int, end: int, frame: int, time: int, direction: Direction) -> int:
        """See `Session.feed`."""
        side = direction.to_server
        while start < end:
            if self._left[side]:
                passed = min(self._left[side], end - start)
                self._left[side] -= passed
                start += passed
                continue
            if start + 4 > end:
                return start
            kind, length = data[start], int.from_bytes(data[start + 1 : start + 4], "big")
            if kind != _MESSAGE and (kind not in _SESSION or length > 1024):
                raise MalformedError("type", f"A NetBIOS message has the type {kind} and {length} bytes.")
            whole = length <= _WHOLE
            stop = start + 4 + (length if whole else _SHOWN)
            if stop > end:
                return start
            if not whole:
                self._left[side] = length - _SHOWN
            if kind == _MESSAGE:
                self._message(data[start + 4 : stop], frame, time, direction)
            else:
                self._netbios(kind, data[start + 4 : stop], frame, time, direction)
            start = stop
        return start

    def gap(self, direction: Direction, missing: int) -> None:
        """See `Session.gap`."""
        side = direction.to_server
        self._left[side] = max(self._left[side] - missing, 0)

    def _message(self, message: bytes, frame: int, time: int, direction: Direction) -> None:
        magic = message[:4]
        if magic == _MAGIC_2:
            self._version2.take(message, frame, time, direction)
        elif magic == _MAGIC_1:
            self._version1.take(message, frame, time, direction)
        elif magic in _MAGIC:
            kind = "ENCRYPTED" if magic == _ENCRYPTED else "COMPRESSED"
            self.emit(
                Record(frame, time, direction, NAME_2, kind, Role.NOTICE, (kind,), len(message), _length)
            )
        elif message:
            raise MalformedError("magic", "A message does not begin as one of SMB.", 4)

    def _netbios(self, number: int, body: bytes, frame: int, time: int, direction: Direction) -> None:
        kind, role = _SESSION[number]
        record = Record(frame, time, direction, NETBIOS, kind, role, (kind, body), body, _session_fields)
        self.emit(record)


def recognize(data: bytes, start: int, end: int, expected: bool) -> bool:
    """Whether a payload begins with a message of SMB, or with a NetBIOS session on its port."""
    if end - start < 4:
        return False
    if data[start] == _MESSAGE:
        return data[start + 4 : start + 8] in _MAGIC
    return expected and data[start] in _SESSION and data[start + 1] == 0


@fields_of
def _length(record: Record, fields: Fields) -> None:
    fields["length"] = record.body


@fields_of
def _session_fields(record: Record, fields: Fields) -> None:
    body: bytes = record.body
    if record.role is Role.REQUEST and len(body) >= 68:
        fields["called_name"], fields["called_suffix"] = decode_name(text(body[1:33]))
        fields["calling_name"], fields["calling_suffix"] = decode_name(text(body[35:67]))
    elif record.role is Role.FAILURE and body:
        fields["error_code"] = body[0]


DISSECTOR: Dissector = Dissector(
    name=NAME,
    session=SmbSession,
    recognize=recognize,
    tcp=(445, 139),
    over=("tcp",),
    records=(NAME_2, NETBIOS),
)
